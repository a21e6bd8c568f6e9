import { type Failure, RECHECK_OUTSIDE_MS, type Summary } from '../../decision.ts';
import { stalledOutside, summaryOf } from '../../status/summary.ts';
import type { Facts, Target } from '../facts.ts';
import { describe } from '../stop.ts';

/** What Azure's refusal of a PUT means here, where it means more than its code says. */
export function summaryOfRefusal(failure: Failure, target: Target, facts: Facts): Summary {
  const { principal, azure } = facts;
  // The GET after the refusal says whether there is anything to grant on.
  if (azure?.state === 'absent' && azure.missing === 'scope') return scopeNotFound(target.scope);
  switch (failure.reason) {
    case 'PrincipalNotFound':
      return principal.state === 'known' && principal.young
        ? { state: 'retrying', failure }
        : stalledOutside(
            'PrincipalNotFound',
            `Azure's directory has no principal ${target.principalId}; give the object id (not the client id) of a principal that exists`,
          );
    case 'AuthorizationFailed':
      return isDelegationDenial(failure)
        ? {
            state: 'stalled',
            reason: 'AzureDelegationDenied',
            message: `Azure does not let azid grant ${describe(target)}: give azid's identity Microsoft.Authorization/roleAssignments/write there, or name role ${target.roleGuid} in the condition of its own role assignment; ${failure.message}`,
            recheckMs: RECHECK_OUTSIDE_MS,
          }
        : summaryOf(failure);
    case 'AssignmentNameConflict':
    case 'RoleAssignmentUpdateNotPermitted':
      // One that may pass has another try, and then the next name has one.
      return facts.namesExhausted === true
        ? nameTaken(target, failure.message)
        : { state: 'retrying', failure: { ...failure, kind: 'transient' } };
    case 'RoleAssignmentExists':
    case 'AlreadyExists':
      return {
        state: 'retrying',
        failure: { ...failure, kind: 'transient', reason: 'RoleAssignmentExists' },
      };
    default:
      return isScopeMissing(failure) ? scopeNotFound(target.scope) : summaryOf(failure);
  }
}

/**
 * Of a call whose names and principal follow from azid itself only what it is made at can be missing, whatever Azure
 * calls that: the scope.
 */
export function isScopeMissing({ reason }: Failure): boolean {
  return SCOPE_MISSING.has(reason);
}

const SCOPE_MISSING: ReadonlySet<string> = new Set([
  'ParentNotFound',
  'ResourceGroupNotFound',
  'ResourceNotFound',
  'ScopeNotFound',
]);

/** None of the names is free: only whoever has them, or Azure's support, can free one. */
export function nameTaken(target: Target, answer?: string): Summary {
  return stalledOutside(
    'AssignmentNameConflict',
    `Azure takes none of the ${target.ids.length} names that azid may give to ${describe(target)}: remove what has them, or ask Azure's support; azid tries again every ${RECHECK_OUTSIDE_MS / 60_000} minutes: ${target.ids.join(', ')}${answer === undefined ? '' : `; ${answer}`}`,
  );
}

export function scopeNotFound(scope: string): Summary {
  return stalledOutside(
    'ScopeNotFound',
    `scope ${scope} does not exist, or azid cannot see it; make it, or correct spec.scope: azid tries again every ${RECHECK_OUTSIDE_MS / 60_000} minutes`,
  );
}

/**
 * The text of every refused roleAssignments/write (docs/azure-facts.md section 5): it is the same for a condition and
 * for a missing right.
 */
function isDelegationDenial({ message }: Failure): boolean {
  return /ABAC condition/i.test(message);
}
