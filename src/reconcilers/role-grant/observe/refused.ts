import type { AzureError } from '../../../azure/arm/errors.ts';
import { ASSIGNMENT_NAMES } from '../../../azure/names/assignment-name.ts';
import type { Target } from '../facts.ts';

/**
 * What Azure refused this process, by uid of the object: the next observation begins there. Nothing is lost with it but
 * one try more.
 */

/** A name refused so often is given up for the next: parallel creations may be refused once (docs/azure-facts.md section 5). */
const TRIES = 2;

interface Refused {
  /** The first name's id of the assignment that was tried: another one starts anew. */
  readonly first: string | undefined;
  readonly names: number;
  readonly limited: boolean;
}

const NOTHING: Refused = { first: undefined, names: 0, limited: false };

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
