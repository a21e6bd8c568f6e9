import { z } from 'zod';
import type { Authorizer } from '../../authorizer.ts';
import type { Frame } from '../../frame.ts';
import { ArmError, type Caller } from '../../http/operation.ts';
import { scopeKey } from '../../world/scope.ts';
import type { HeldIdentity, HostAddress } from '../host.ts';

/** The `identity` of a request: an ARM body as it came. */
export const identitySchema = z.looseObject({
  type: z.string().nullish(),
  userAssignedIdentities: z.record(z.string(), z.unknown()).nullish(),
});

type GivenIdentity = z.infer<typeof identitySchema>;

/** What a request asks of a host's identities. */
export interface IdentityEdit {
  /** What `type` names: the total that is asked for, even against the map (docs/azure-facts.md section 7). */
  readonly system: boolean;
  readonly user: boolean;
  /** Ids with an object as value, by `scopeKey`, in the case sent. */
  readonly added: ReadonlyMap<string, string>;
  /** Ids with null as value, likewise. */
  readonly removed: ReadonlyMap<string, string>;
  /** Ids whose object is not empty. */
  readonly populated: readonly string[];
  /** The map is there and has no key. */
  readonly emptyMap: boolean;
}

export const NOTHING: IdentityEdit = {
  system: false,
  user: false,
  added: new Map(),
  removed: new Map(),
  populated: [],
  emptyMap: false,
};

/** Reads the request. The type is compared as a set: split at commas, any case, any spaces. */
export function readIdentity(given: GivenIdentity): IdentityEdit {
  const kinds = new Set((given.type ?? '').split(',').map((kind) => kind.trim().toLowerCase()));
  const known = new Set(['none', 'systemassigned', 'userassigned']);
  if (![...kinds].every((kind) => known.has(kind)) || (kinds.has('none') && kinds.size > 1))
    throw new ArmError(
      400,
      'InvalidRequestContent',
      `The request content was invalid and could not be deserialized: 'identity.type' has the value '${given.type ?? ''}'.`,
    );
  const entries = Object.entries(given.userAssignedIdentities ?? {});
  for (const [id] of entries) assertIdentityId(id);
  const objects = entries.filter(([, value]) => value !== null);
  return {
    system: kinds.has('systemassigned'),
    user: kinds.has('userassigned'),
    added: new Map(objects.map(([id]) => [scopeKey(id), id])),
    removed: new Map(entries.filter(([, value]) => value === null).map(([id]) => [scopeKey(id), id])),
    populated: objects.filter(([, value]) => !isEmptyObject(value)).map(([id]) => id),
    emptyMap: Boolean(given.userAssignedIdentities) && entries.length === 0,
  };
}

export interface EditMode {
  /** PUT: keys that are not named go. PATCH: they stay. */
  readonly replaces: boolean;
  /** What was not named stays even where `type` takes all away (docs/azure-facts.md section 7, "others": API Management). */
  readonly keepsRemoved: boolean;
}

/**
 * The ids a host has after the edit, by `scopeKey` (docs/azure-facts.md section 7): `type` decides first, then
 * `{}` adds and null removes. An id that was there keeps its old spelling.
 */
export function idsAfter(
  held: HeldIdentity,
  edit: IdentityEdit,
  { replaces, keepsRemoved }: EditMode,
): ReadonlyMap<string, string> {
  const before = [...held.user].map(([key, { id }]) => [key, id] as const);
  const kept = before.filter(([key]) => !edit.removed.has(key));
  if (!edit.user) return new Map(keepsRemoved && edit.system ? kept : []);
  const stay = kept.filter(([key]) => !replaces || edit.added.has(key));
  return new Map([...stay, ...[...edit.added].filter(([key]) => !held.user.has(key))]);
}

const IDENTITY_ID =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i;

/** ARM checks ids in bodies before the provider gets them; code and text are unsure for this property. */
function assertIdentityId(id: string): void {
  if (IDENTITY_ID.test(id)) return;
  throw new ArmError(
    400,
    'LinkedInvalidPropertyId',
    `Property id '${id}' at path 'identity.userAssignedIdentities' is invalid. Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.`,
  );
}

const isEmptyObject = (value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

const ASSIGN = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';

/**
 * ARM's check before the provider gets the request: each identity it attaches must exist and the caller must have
 * `assign/action` on it (docs/azure-facts.md section 7 and 12). One missing identity fails the whole request. Removing needs neither.
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
  const missing = [...mustExist.values()].filter((id) => !identities.get(id));
  const assigned = [...edit.added]
    .filter(([key]) => linkedAccess === 'named' || !held.user.has(key))
    .map(([, id]) => id);
  const forbidden = assigned.filter((id) => !mayAssign(authorizer, caller, id));
  const scopes = [...new Set([...missing, ...forbidden])];
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
