import { describe, expect, test } from 'vitest';
import { type AzureHost, type HostIdentityValue, sameHost, sameHostInstance } from './host.ts';

const entry = (name: string, principalId?: string) => ({
  id: `/ID/${name}`,
  key: `/id/${name}`,
  ...(principalId !== undefined && { principalId }),
});
const identity: HostIdentityValue = {
  system: true,
  principalId: 'p1',
  userAssigned: [entry('a', 'pa'), entry('b', 'pb')],
};
const vm: AzureHost = {
  id: '/vm',
  key: '/vm',
  type: 'Microsoft.Compute/virtualMachines',
  tags: { team: 'a' },
  identity,
  provisioningState: 'Succeeded',
  etag: '1',
  instance: 'i1',
};
const { provisioningState: _, ...settled } = vm;
const { instance: __, ...mute } = vm;
const withIdentity = (change: Partial<HostIdentityValue>): AzureHost => ({
  ...vm,
  identity: { ...identity, ...change },
});

describe('two observations say the same', () => {
  test.each<[string, AzureHost]>([
    ['with another etag', { ...vm, etag: '2' }],
    ['without a state, which means settled', settled],
    ['with a state in another case', { ...vm, provisioningState: 'succeeded' }],
    ['with entries in another order', withIdentity({ userAssigned: identity.userAssigned.toReversed() })],
    [
      'with an entry spelt differently',
      withIdentity({ userAssigned: [{ ...entry('a', 'PA'), id: '/Id/A' }, entry('b', 'pb')] }),
    ],
    ['when one does not tell its instance', mute],
  ])('%s', (_name, other) => {
    expect(sameHost(vm, other)).toBe(true);
    expect(sameHost(other, vm)).toBe(true);
  });
});

describe('two observations differ', () => {
  test.each<[string, AzureHost]>([
    ['by a tag', { ...vm, tags: { team: 'b' } }],
    ['by one tag more', { ...vm, tags: { team: 'a', env: 'x' } }],
    ['by their state', { ...vm, provisioningState: 'Updating' }],
    ['by their instance', { ...vm, instance: 'i2' }],
    ['by their kind', { ...vm, variant: 'functionapp' }],
    ['by the system identity', withIdentity({ system: false })],
    ['by its principal', withIdentity({ principalId: 'p2' })],
    ['by one entry less', withIdentity({ userAssigned: [entry('a', 'pa')] })],
    ['by another entry', withIdentity({ userAssigned: [entry('a', 'pa'), entry('c', 'pb')] })],
    ['by an entry that is dead', withIdentity({ userAssigned: [entry('a'), entry('b', 'pb')] })],
    ['by the principal of an entry', withIdentity({ userAssigned: [entry('a', 'new'), entry('b', 'pb')] })],
    ['by a type nobody knows', withIdentity({ unknownType: 'Delegated' })],
  ])('%s', (_name, other) => {
    expect(sameHost(vm, other)).toBe(false);
    expect(sameHost(other, vm)).toBe(false);
  });
});

test.each<[string, AzureHost, AzureHost, boolean]>([
  ['another instance is another host', vm, { ...vm, instance: 'i2' }, false],
  ['an identity switched off and on is not', vm, withIdentity({ principalId: 'p2' }), true],
  ['without an instance the principal tells', mute, { ...withIdentity({ principalId: 'p2' }) }, false],
  ['one that is off tells nothing', mute, { ...mute, identity: { system: false, userAssigned: [] } }, true],
])('%s', (_name, left, right, same) => {
  expect(sameHostInstance(left, right)).toBe(same);
});
