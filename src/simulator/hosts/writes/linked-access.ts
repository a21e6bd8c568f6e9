import type { Authorizer } from '../../authorizer.ts';
import type { Frame } from '../../frame.ts';
import { ArmError, type Caller } from '../../http/operation.ts';
import type { HeldIdentity, HostAddress } from '../host.ts';
import type { IdentityEdit } from './identity-edit.ts';

const ASSIGN = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';

/**
 * ARM's check before the provider sees the request: each identity it attaches must exist and the caller must have
 * `assign/action` on it (docs/azure-facts.md section 7 and 12). One dead identity fails the whole request. Removing needs neither.
 */
export function assertLinkedAccess(
  { identities, authorizer, knobs, world }: Frame,
  { id: hostId, type }: HostAddress,
  caller: Caller,
  edit: IdentityEdit,
  held: HeldIdentity,
): void {
  const { linkedAccess, deadEntriesFail } = knobs.values.hosts;
  const tenantOf = (id: string) => world.subscription(id.split('/')[2] ?? '')?.tenantId;
  const tenant = tenantOf(hostId);
  const strange = [...edit.added.values()].find((id) => (tenantOf(id) ?? tenant) !== tenant);
  // Text verified in Microsoft's documentation of other linked resources.
  if (strange !== undefined)
    throw new ArmError(
      403,
      'LinkedAuthorizationFailed',
      `The client '${caller.appId}' with object id '${caller.objectId}' has permission to perform action '${type}/write' on scope '${hostId}'; however, the current tenant '${tenant}' is not authorized to access linked subscription '${strange.split('/')[2]}'.`,
    );
  const mustExist =
    deadEntriesFail === 'held' ? new Map([...heldIds(held, edit), ...edit.added]) : edit.added;
  const dead = [...mustExist.values()].filter((id) => !identities.get(id));
  const assigned = [...edit.added]
    .filter(([key]) => linkedAccess === 'named' || !held.user.has(key))
    .map(([, id]) => id);
  const forbidden = assigned.filter((id) => !mayAssign(authorizer, caller, id));
  const scopes = [...new Set([...dead, ...forbidden])];
  if (scopes.length === 0) return;
  const actions = scopes.map(() => ASSIGN).join(',');
  throw new ArmError(
    403,
    'LinkedAuthorizationFailed',
    `The client '${caller.appId}' with object id '${caller.objectId}' has permission to perform action '${type}/write' on scope '${hostId}'; however, it does not have permission to perform action(s) '${actions}' on the linked scope(s) '${scopes.join(',')}' (respectively) or the linked scope(s) are invalid.`,
  );
}

/**
 * Errors name `userAssignedIdentities/assign/action`, the built-in role Managed Identity Operator grants
 * `userAssignedIdentities/*\/assign/action` (docs/azure-facts.md sections 7 and 12), and custom roles are written either way: both
 * act. A deny of either beats them.
 */
function mayAssign(authorizer: Authorizer, caller: Caller, id: string): boolean {
  const named = ASSIGN.replace('/assign/', `/${id.split('/').at(-1) ?? ''}/assign/`);
  const verdicts = [ASSIGN, named].map((action) => authorizer.authorize(caller, action, id));
  const denied = verdicts.some((each) => !each.allowed && each.code === 'DenyAssignmentAuthorizationFailed');
  return !denied && verdicts.some(({ allowed }) => allowed);
}

function heldIds({ user }: HeldIdentity, edit: IdentityEdit): Map<string, string> {
  const kept = [...user].filter(([key]) => edit.user && !edit.removed.has(key));
  return new Map(kept.map(([key, { id }]) => [key, id]));
}
