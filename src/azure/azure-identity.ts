import type { Identity } from '@azure/arm-msi';
import { AzureError, LOCAL_CODES } from './arm/errors.ts';
import { armKey, parseIdentityId } from './names/resource-id.ts';

/** A user-assigned identity as Azure showed it. Spelling as given; compare by `key`. */
export interface AzureIdentity {
  readonly id: string;
  /** `armKey(id)`. */
  readonly key: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly clientId: string;
  /** Object id of its service principal; another one under the same id means it was recycled. */
  readonly principalId: string;
  readonly tenantId: string;
  readonly isolationScope?: string;
}

/**
 * An answer of the SDK, checked. One without ids is no identity yet and is refused as `IncompleteAnswer`, which comes to
 * a retry; a list keeps it with empty ids (`lenient`), since one odd entry must not hide all others.
 */
export function readIdentity(identity: Identity, how?: 'lenient' | 'written'): AzureIdentity {
  const { id, name, location, tags, clientId, principalId, tenantId, isolationScope } = identity;
  if (!id || ((!clientId || !principalId || !tenantId) && how !== 'lenient'))
    throw new AzureError({
      code: LOCAL_CODES.incomplete,
      message: `expected an identity with id, clientId, principalId and tenantId, got ${id ? `${id} without all of them` : 'none'}`,
      ambiguous: how === 'written',
    });
  const coordinates = parseIdentityId(id);
  return {
    id,
    key: armKey(id),
    name: name ?? coordinates.name,
    subscriptionId: coordinates.subscriptionId,
    resourceGroup: coordinates.resourceGroup,
    location: location ?? '',
    tags: tags ?? {},
    clientId: clientId ?? '',
    principalId: principalId ?? '',
    tenantId: tenantId ?? '',
    ...(isolationScope && { isolationScope }),
  };
}

/** Whether two observations say the same. Tag order is not content. */
export function sameContent(left: AzureIdentity, right: AzureIdentity): boolean {
  return (
    left.key === right.key &&
    left.clientId === right.clientId &&
    left.principalId === right.principalId &&
    left.tenantId === right.tenantId &&
    left.location === right.location &&
    // Absent is the default `None`; only some of Azure's answers include it.
    (left.isolationScope ?? 'None') === (right.isolationScope ?? 'None') &&
    sameTags(left.tags, right.tags)
  );
}

/** Whether they are the same one, not one made again under the same id. */
export function sameInstance(left: AzureIdentity, right: AzureIdentity): boolean {
  return left.principalId === right.principalId;
}

function sameTags(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key]);
}
