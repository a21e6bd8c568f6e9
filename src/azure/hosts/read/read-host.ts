/**
 * Models of Azure read into `AzureHost`: strict about what a write is decided from, lenient about all else, since one
 * odd field must not hide a host, nor one odd host a list.
 */
import { z } from 'zod';
import { AzureError, LOCAL_CODES } from '../../arm/errors.ts';
import { armKey } from '../../names/resource-id.ts';
import { capabilityOf, genericCapability, type HostCapability, hostTypeOf } from '../capabilities.ts';
import type { AttachedIdentity, AzureHost, HostIdentityValue } from '../host.ts';

const text = z.string().min(1).optional().catch(undefined);

const model = z.looseObject({
  id: z.string().min(1),
  location: text,
  tags: z.record(z.string(), z.unknown()).nullish().catch(undefined),
  etag: text,
  eTag: text,
  properties: z.looseObject({ provisioningState: text }).optional().catch(undefined),
});

const ids = z
  .object({ principalId: text, clientId: text })
  .catch({ principalId: undefined, clientId: undefined });

const identity = z.object({
  type: z.string().nullish(),
  principalId: text,
  tenantId: text,
  userAssignedIdentities: z.record(z.string(), ids).nullish(),
});

/** What `unknownType` says where there is an identity that cannot be read at all. */
export const UNREADABLE = 'unreadable';

/**
 * A GET's or list item's model. Throws `AzureError` of code `IncompleteAnswer`, which comes to a retry, for one without
 * an id of a resource.
 */
export function readHost(answer: unknown, how?: 'written'): AzureHost {
  const read = model.safeParse(answer);
  const type = read.success ? typeOrNone(read.data.id) : undefined;
  if (!read.success || type === undefined)
    throw new AzureError({
      code: LOCAL_CODES.incomplete,
      message: 'expected a resource with its id, got an answer without one',
      ambiguous: how === 'written',
    });
  const { id, location, tags, properties, etag = read.data.eTag } = read.data;
  const capability = capabilityOf(type) ?? genericCapability(type, '');
  const variant = variantOf(capability, read.data);
  const instance = instanceOf(capability, read.data);
  return {
    id,
    key: armKey(id),
    type,
    ...(variant !== undefined && { variant }),
    ...(location !== undefined && { location }),
    tags: readTags(tags ?? {}),
    identity: readIdentityValue(read.data.identity),
    ...(properties?.provisioningState && { provisioningState: properties.provisioningState }),
    ...(capability.ifMatch && etag !== undefined && { etag }),
    ...(instance !== undefined && { instance }),
  };
}

/** One answer that is no host is no reason to fail: a 202 has no body, or one of its own. */
export function readHostIfAny(body: unknown): AzureHost | undefined {
  try {
    return readHost(body);
  } catch {
    return undefined;
  }
}

/** `identity` of a model; absent and null are none. Entries count by the map, not by `type`. */
export function readIdentityValue(value: unknown): HostIdentityValue {
  if (value === undefined || value === null) return { system: false, userAssigned: [] };
  const read = identity.safeParse(value);
  if (!read.success) return { system: false, userAssigned: [], unknownType: UNREADABLE };
  const { type, principalId, tenantId, userAssignedIdentities } = read.data;
  const words = (type ?? '').split(',').map((word) => word.trim());
  const set = new Set(words.map((word) => word.toLowerCase()));
  const userAssigned = Object.entries(userAssignedIdentities ?? {}).map(
    ([id, of]): AttachedIdentity => ({
      id,
      key: armKey(id),
      ...(of.principalId && { principalId: of.principalId }),
      ...(of.clientId && { clientId: of.clientId }),
    }),
  );
  const unknown = words.find((word) => word !== '' && !WORDS.has(word.toLowerCase()));
  // A type that is missing beside identities says nothing: not even that there is no system-assigned one.
  const missing = !type && (userAssigned.length > 0 || principalId !== undefined);
  return {
    system: set.has('systemassigned'),
    ...(principalId !== undefined && { principalId }),
    ...(tenantId !== undefined && { tenantId }),
    userAssigned,
    ...(unknown !== undefined && { unknownType: unknown }),
    ...(missing && { unknownType: UNREADABLE }),
  };
}

const WORDS = new Set(['systemassigned', 'userassigned', 'none']);

/** Terminal are exactly these; a missing state means done (docs/azure-facts.md section 8). */
export function isSettled({ provisioningState }: Pick<AzureHost, 'provisioningState'>): boolean {
  return provisioningState === undefined || /^(succeeded|failed|cancell?ed)$/i.test(provisioningState);
}

/**
 * Whether an identity on a host gives tokens, as far as one read shows. An entry without ids is dead only on a
 * resource that Azure is done with: while any operation runs there, azid's or another's, a new entry shows no ids, for
 * 16 min and longer (docs/azure-facts.md, "The `identity` property").
 */
type Liveness = 'alive' | 'dead' | 'unsettled';

export function livenessOf(
  host: Pick<AzureHost, 'provisioningState'>,
  { principalId }: Pick<AttachedIdentity, 'principalId'>,
): Liveness {
  if (principalId !== undefined) return 'alive';
  return isSettled(host) ? 'dead' : 'unsettled';
}

function typeOrNone(id: string): string | undefined {
  try {
    return hostTypeOf(id);
  } catch {
    return undefined;
  }
}

function readTags(tags: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(tags).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function variantOf({ variantOf: path }: HostCapability, of: object): string | undefined {
  const value = path && at(of, path);
  return typeof value === 'string' && value !== '' ? value.toLowerCase() : undefined;
}

/** Named by its field, so that an answer that shows another field is not taken for another resource of that value. */
function instanceOf({ instance }: HostCapability, of: object): string | undefined {
  for (const path of instance) {
    const value = at(of, path);
    if (typeof value === 'string' && value !== '') return `${path.split('.').at(-1)}:${normal(value)}`;
  }
  return undefined;
}

/** Lists and GETs may give the same time to different digits. */
function normal(value: string): string {
  const time = /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? value.toLowerCase() : new Date(Math.trunc(time / 1000) * 1000).toISOString();
}

function at(of: unknown, path: string): unknown {
  let value = of;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
