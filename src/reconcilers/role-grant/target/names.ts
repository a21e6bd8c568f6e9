import { type AzureRoleAssignment, sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import type { AssignmentCache } from '../../../cache/assignments.ts';
import type { RoleGrant, SeenAssignment, Target } from '../facts.ts';
import type { RefusedWrites } from '../observe/refused.ts';
import type { ReportedExisting } from '../ownership/duplicates.ts';
import { isAsked, named, sameGrant } from './target.ts';

/**
 * Under which of its names a grant stands or is to be made. Azure allows the grant once, so whatever stands under one of
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
  // All were tried in vain: each has its turn, whatever the ledger has of the tries.
  if (exhausted) return free(named(first, at), deps);
  // What another process came to use after it was refused the first.
  const recorded = first.ids.findLastIndex((id) =>
    object.status?.ledger?.some((each) => sameAssignmentId(each, id)),
  );
  return free(named(first, Math.max(at, recorded, 0)), deps);
}

/** The name, or the next that nobody else's assignment is known to have. */
function free(target: Target, { assignmentCache }: NameDeps): Target {
  const start = target.ids.findIndex((id) => sameAssignmentId(id, target.id));
  for (let step = 0; step < target.ids.length; step++) {
    const at = (start + step) % target.ids.length;
    const seen = assignmentCache.observe(target.ids[at] ?? target.id);
    if (seen.state !== 'present' || !isAnothers(seen.resource, target)) return named(target, at);
  }
  return target;
}

/** Read whole, and it grants something else: somebody else's, whatever it is called. */
export function isAnothers(found: SeenAssignment | AzureRoleAssignment, target: Target): boolean {
  const whole = found.scope !== '' && found.roleGuid !== '' && found.principalId !== '';
  return whole && !sameGrant(found, target);
}
