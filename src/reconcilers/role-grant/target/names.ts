import type { AzureError } from '../../../azure/arm/errors.ts';
import { type AzureRoleAssignment, sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { ASSIGNMENT_NAMES } from '../../../azure/names/assignment-name.ts';
import type { AssignmentCache } from '../../../cache/assignments.ts';
import type { RoleGrant } from '../facts.ts';
import type { SeenAssignment, Target } from '../observed.ts';
import type { ReportedExisting } from './duplicate.ts';
import { isAsked, named, sameGrant } from './target.ts';

/**
 * Under which of its names a grant stands or is to be made. Azure allows the grant once, so an assignment of it that stands under one of
 * them is the one; while none does, the first that Azure does not refuse.
 */

interface NameDeps {
  readonly assignmentCache: Pick<AssignmentCache, 'observe'>;
  readonly reported: ReadonlyMap<string, ReportedExisting>;
  readonly refused: Pick<RefusedWrites, 'name'>;
}

export function chosenName(object: RoleGrant, first: Target, deps: NameDeps): Target {
  const { uid } = object.metadata;
  const present = first.ids.findIndex((id) => {
    const seen = deps.assignmentCache.observe(id);
    return seen.state === 'present' && sameGrant(seen.resource, first);
  });
  if (present >= 0) return named(first, present);
  const reported = deps.reported.get(uid);
  const existing = reported && isAsked(first, reported.targetId) ? reported.existingId : undefined;
  const known = first.ids.findIndex((id) => sameAssignmentId(existing, id));
  if (known >= 0) return named(first, known);
  const { at, exhausted } = deps.refused.name(uid, first);
  // Azure refused all of them: each has its turn, also those that the ledger does not name.
  if (exhausted) return free(named(first, at), deps);
  // What another process came to use after it was refused the first.
  const recorded = first.ids.findLastIndex((id) =>
    object.status?.ledger?.some((each) => sameAssignmentId(each, id)),
  );
  return free(named(first, Math.max(at, recorded, 0)), deps);
}

/** The name, or the next under which no assignment is known that grants something else. */
function free(target: Target, { assignmentCache }: NameDeps): Target {
  const start = target.ids.findIndex((id) => sameAssignmentId(id, target.id));
  for (let step = 0; step < target.ids.length; step++) {
    const at = (start + step) % target.ids.length;
    const seen = assignmentCache.observe(target.ids[at] ?? target.id);
    if (seen.state !== 'present' || !isAnothers(seen.resource, target)) return named(target, at);
  }
  return target;
}

/** Read whole, and it grants something else: it is another tool's or a user's, also under a name of azid's. */
export function isAnothers(found: SeenAssignment | AzureRoleAssignment, target: Target): boolean {
  const whole = found.scope !== '' && found.roleGuid !== '' && found.principalId !== '';
  return whole && !sameGrant(found, target);
}

/** A name refused so often is given up for the next: parallel creations may be refused once (docs/azure-facts.md section 5). */
const TRIES = 2;

interface Refused {
  /** The first name's id of the assignment that was tried: another one starts anew. */
  readonly first: string | undefined;
  readonly names: number;
  readonly limited: boolean;
}

const NOTHING: Refused = { first: undefined, names: 0, limited: false };

/**
 * What Azure refused this process, by uid of the object: the next observation begins there. Nothing is lost with it but
 * one try more.
 */
export class RefusedWrites {
  readonly #byUid = new Map<string, Refused>();

  /** A PUT for this target failed; undefined: a write that takes away, which uses up no name. */
  record(uid: string, error: AzureError, target: Target | undefined): void {
    const before = this.#of(uid, target);
    const [first] = target?.ids ?? [];
    this.#byUid.set(uid, {
      first: first ?? before.first,
      names: before.names + (target ? weightOf(error, before.names) : 0),
      limited: before.limited || (target !== undefined && codeOf(error) === 'roleassignmentlimitexceeded'),
    });
  }

  /** A PUT was taken. */
  written(uid: string): void {
    this.#byUid.delete(uid);
  }

  /** No more assignments can be created where this one belongs. */
  limited(uid: string, target: Target): boolean {
    return this.#of(uid, target).limited;
  }

  /** Which of the names is to be tried, from 0, and whether all were tried in vain: then one at a time, in turn. */
  name(uid: string, target: Target): { readonly at: number; readonly exhausted: boolean } {
    const { names } = this.#of(uid, target);
    const exhausted = names >= TRIES * ASSIGNMENT_NAMES;
    return { at: exhausted ? names % ASSIGNMENT_NAMES : Math.floor(names / TRIES), exhausted };
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }

  #of(uid: string, target: Target | undefined): Refused {
    const held = this.#byUid.get(uid) ?? NOTHING;
    return target === undefined || held.first === target.ids[0] ? held : NOTHING;
  }
}

/** So many tries of the name are used up: one by a clash that may pass, all that it has by one that does not. */
function weightOf(error: AzureError, names: number): number {
  switch (codeOf(error)) {
    case 'hashconflictondifferentroleassignmentids':
      return 1;
    case 'roleassignmentupdatenotpermitted':
      return names >= TRIES * ASSIGNMENT_NAMES ? 1 : TRIES - (names % TRIES);
    default:
      return 0;
  }
}

function codeOf({ code }: AzureError): string {
  return code.toLowerCase();
}
