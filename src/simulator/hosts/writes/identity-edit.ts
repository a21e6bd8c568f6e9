import { z } from 'zod';
import { ArmError } from '../../http/operation.ts';
import { scopeKey } from '../../scope.ts';
import type { HeldIdentity } from '../host.ts';

/** The `identity` of a request: an ARM body as it came. */
export const identitySchema = z.looseObject({
  type: z.string().nullish(),
  userAssignedIdentities: z.record(z.string(), z.unknown()).nullish(),
});

type GivenIdentity = z.infer<typeof identitySchema>;

/** What a request asks of a host's identities. */
export interface IdentityEdit {
  /** What `type` names: the wished total, whatever the map says (docs/azure-facts.md section 7). */
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
  /** What was not named stays even where the type says that all go (docs/azure-facts.md section 7, "others": API Management). */
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

/** ARM checks ids in bodies before the provider sees them; code and text are unsure for this property. */
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
