/**
 * Hosts: resources of other providers that can carry managed identities, as azid reads them (docs/azure-facts.md section 7). The
 * types here are what the rest of azid reads and writes of a host, with what makes two observations of one the same; how each type spells and answers stands in `capabilities.ts`.
 */

/** An entry of `identity.userAssignedIdentities`. */
export interface AttachedIdentity {
  /** ARM id in the spelling of Azure's answer: removals send it back as it is. */
  readonly id: string;
  /** `armKey(id)`. */
  readonly key: string;
  /** Null in Azure for an identity that was deleted or made again since: then absent here, and the entry is dead. */
  readonly principalId?: string;
  readonly clientId?: string;
}

/** `identity` as a set, whatever the provider's spelling of `type`. */
export interface HostIdentityValue {
  /** The system-assigned identity is on. */
  readonly system: boolean;
  /** Of the system-assigned identity. */
  readonly principalId?: string;
  readonly tenantId?: string;
  readonly userAssigned: readonly AttachedIdentity[];
  /** A word of `type` that azid does not know: nothing is written to such a host (docs/guarantees.md G4). */
  readonly unknownType?: string;
}

/** A host as Azure shows it. */
export interface AzureHost {
  readonly id: string;
  /** `armKey(id)`. */
  readonly key: string;
  /** In the table's spelling: `Microsoft.Compute/virtualMachines`, `Microsoft.Web/sites/slots`. */
  readonly type: string;
  /** `kind`, `orchestrationMode`, `osType` where the capability depends on it, lower case: `functionapp`, `flexible`, `windows`. */
  readonly variant?: string;
  readonly location?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly identity: HostIdentityValue;
  /** As given: `Succeeded`, `Updating`, `Deleting`, `Failed`, …; absent means settled (docs/azure-facts.md section 8). */
  readonly provisioningState?: string;
  /** For `If-Match`; only where the type honours it. */
  readonly etag?: string;
  /**
   * Changes when the resource is deleted and made again under its name: `vmId`, creation time. Absent where the type
   * has neither.
   */
  readonly instance?: string;
}

/** What azid wants changed in a host's `identity`. Ids in any spelling; nothing else of the host is touched. */
export interface IdentityWish {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly system: 'on' | 'off' | 'keep';
}

/** `identity` as it goes over the wire: only own adds (`{}`) and own removals (`null`), never what was read. */
export interface IdentityBody {
  readonly type: string;
  readonly userAssignedIdentities?: Readonly<Record<string, Record<string, never> | null>> | null;
}

export type IdentityDelta =
  /** Nothing to say: no call. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'write';
      readonly identity: IdentityBody;
      /** Keys of what this write adds and removes: fewer than wished where the limit per request splits it. */
      readonly adds: readonly string[];
      readonly removes: readonly string[];
      readonly system: 'on' | 'off' | 'keep';
    }
  /** This host cannot have what is wished; `keys` are the identities it concerns, empty for the host as a whole. */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly message: string;
      readonly keys: readonly string[];
    };

/** A long-running operation (docs/azure-facts.md section 8). */
export interface HostOperation {
  readonly url: string;
  readonly style: 'asyncOperation' | 'location';
}

export type OperationState =
  | { readonly state: 'running'; readonly retryAfterMs?: number }
  | { readonly state: 'succeeded' }
  /** `code`, `message`: Azure's own words. */
  | { readonly state: 'failed'; readonly code: string; readonly message: string }
  /** Azure no longer has the operation: only a read of the host shows how it ended. */
  | { readonly state: 'unknown' };

/**
 * Whether two observations say the same. An etag is no content: it changes with what azid does not read. The
 * spelling of an attached identity is none either; its principal is, since a dead entry shows none.
 */
export function sameHost(left: AzureHost, right: AzureHost): boolean {
  return (
    left.key === right.key &&
    agree(left.instance, right.instance) &&
    left.variant === right.variant &&
    stateOf(left) === stateOf(right) &&
    sameTags(left.tags, right.tags) &&
    sameIdentity(left.identity, right.identity)
  );
}

/**
 * Whether they are the same one, not one made again under the same id (docs/azure-facts.md section 7: another `vmId`
 * or creation time, else another system principal). A host whose system-assigned identity was switched off and on is
 * still the same if its `instance` is. Where there is neither, it is taken for the same.
 */
export function sameHostInstance(left: AzureHost, right: AzureHost): boolean {
  if (left.instance !== undefined && right.instance !== undefined) return left.instance === right.instance;
  return agree(left.identity.principalId?.toLowerCase(), right.identity.principalId?.toLowerCase());
}

/**
 * Whether `AzureHost.instance` is that of one resource alone, wherever it is moved to: `vmId` of a machine, `uniqueId` of a
 * scale set. Creation times are not: two resources may have the same.
 */
export function isUniqueInstance(instance: string | undefined): instance is string {
  return instance !== undefined && /^(vmId|uniqueId):./.test(instance);
}

/** Equal where both say something: some answers of a provider say less than others. */
function agree(left: string | undefined, right: string | undefined): boolean {
  return left === undefined || right === undefined || left === right;
}

/** Absent means settled (docs/azure-facts.md section 8). */
function stateOf({ provisioningState = 'Succeeded' }: AzureHost): string {
  return provisioningState.toLowerCase();
}

function sameIdentity(left: HostIdentityValue, right: HostIdentityValue): boolean {
  const entries = new Map(right.userAssigned.map(({ key, principalId }) => [key, lower(principalId)]));
  return (
    left.system === right.system &&
    left.unknownType === right.unknownType &&
    lower(left.principalId) === lower(right.principalId) &&
    left.userAssigned.length === right.userAssigned.length &&
    left.userAssigned.every(
      ({ key, principalId }) => entries.has(key) && entries.get(key) === lower(principalId),
    )
  );
}

/** Order is not content. */
function sameTags(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
}

function lower(text: string | undefined): string | undefined {
  return text?.toLowerCase();
}
