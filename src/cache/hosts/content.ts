/** What makes two observations of a host the same. */
import type { AzureHost, HostIdentityValue } from '../../azure/hosts/host.ts';

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
