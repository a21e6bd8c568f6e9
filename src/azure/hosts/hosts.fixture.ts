/** Builders for tests of hosts. */
import { armKey, identityId } from '../names/resource-id.ts';
import type { AttachedIdentity, HostIdentityValue, IdentityWish } from './host.ts';

export const SUBSCRIPTION = '11111111-2222-3333-4444-555555555555';

export function hostIdOf(type: string, name = 'web-1'): string {
  const [provider, ...path] = type.split('/');
  const [first, ...rest] = name.split('/');
  const pairs = path.map((each, at) => `${each}/${[first, ...rest][at] ?? 'x'}`);
  return `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1/providers/${provider}/${pairs.join('/')}`;
}

export function uai(name: string): string {
  return identityId({ subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', name });
}

/** As Azure shows it: alive, unless given without a principal. */
export function attached(id: string, principalId: string | null = 'p'): AttachedIdentity {
  return { id, key: armKey(id), ...(principalId !== null && { principalId, clientId: 'c' }) };
}

export function identityValue(
  system: boolean,
  userAssigned: readonly AttachedIdentity[] = [],
): HostIdentityValue {
  return { system, userAssigned, ...(system && { principalId: 'own' }) };
}

export function wish(part: Partial<IdentityWish>): IdentityWish {
  return { add: [], remove: [], system: 'keep', ...part };
}
