import { scopeKey } from '../world/scope.ts';

/** A resource that can carry managed identities, as the simulated Azure holds it. */
export interface Host {
  /** In the case it was made with. */
  readonly id: string;
  /** `vm1`; of a slot `app/staging`. */
  readonly name: string;
  /** In the table's case. */
  readonly type: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly kind?: string;
  readonly sku?: unknown;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Everything that was sent, with what GET hides; without what only the service sets. */
  readonly properties: Properties;
  /** Other fields beside `properties`: `zones`, `plan`, `extendedLocation`. */
  readonly extra: Properties;
  /** New for each creation under the same id; shown as `vmId` by a virtual machine, `uniqueId` by a scale set. */
  readonly uniqueId: string;
  readonly identity: HeldIdentity;
  readonly provisioningState: ProvisioningState;
  /** Counts changes; the types that have an etag make it of this. */
  readonly revision: number;
  /** How often the app was started again because its identities changed. */
  readonly restarts: number;
  /** Wall ms. */
  readonly createdAt: number;
  readonly changedAt: number;
}

export type Properties = Readonly<Record<string, unknown>>;
export type ProvisioningState =
  | 'Succeeded'
  | 'Pending'
  | 'Creating'
  | 'Updating'
  | 'Deleting'
  | 'Failed'
  | 'Canceled';

export interface HeldIdentity {
  readonly system?: SystemEntry;
  /** By `scopeKey` of the identity. */
  readonly user: ReadonlyMap<string, UserEntry>;
  /** A write has named `identity`, if only to take everything away. */
  readonly stated?: boolean;
}

export interface SystemEntry {
  readonly principalId: string;
  readonly clientId: string;
  readonly tenantId: string;
}

/** What was attached, and whose principal it was then: null when there was no such identity. */
export interface UserEntry {
  /** In the case it was sent in. */
  readonly id: string;
  readonly principalId: string | null;
  readonly clientId: string | null;
  /** Shown without ids: it is new, and the operation that brings it runs. */
  readonly withoutIds?: boolean;
}

export const NO_IDENTITY: HeldIdentity = { user: new Map() };

export interface HostAddress {
  readonly id: string;
  readonly name: string;
  /** In the case of the id. */
  readonly type: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

const HOST_ID =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+)((?:\/[^/]+\/[^/]+)+)$/i;

/** The parts of a host's id; undefined when it is not the id of a resource in a group. */
export function parseHostId(id: string): HostAddress | undefined {
  const found = HOST_ID.exec(id);
  if (!found) return undefined;
  const [, subscriptionId = '', resourceGroup = '', namespace = '', path = ''] = found;
  const pairs = path.slice(1).split('/');
  const names = pairs.filter((_, i) => i % 2 === 1);
  const types = pairs.filter((_, i) => i % 2 === 0);
  return { id, name: names.join('/'), type: [namespace, ...types].join('/'), subscriptionId, resourceGroup };
}

/** The id of a host by its parts; the names of a nested type are parted by `/`. */
export function hostId(at: Omit<HostAddress, 'id'>): string {
  const [namespace = '', ...types] = at.type.split('/');
  const names = at.name.split('/');
  const path = types.map((type, i) => `${type}/${names[i] ?? ''}`).join('/');
  return `/subscriptions/${at.subscriptionId}/resourceGroups/${at.resourceGroup}/providers/${namespace}/${path}`;
}

export const sameType = (a: string, b: string): boolean => scopeKey(a) === scopeKey(b);
