import { describe, expect, test } from 'vitest';
import { hostIdOf, uai } from '../hosts.fixture.ts';
import { isSettled, readHost, readIdentityValue, UNREADABLE } from './read-host.ts';

const VM = 'Microsoft.Compute/virtualMachines';
const id = hostIdOf(VM);
const own = '99999999-0000-0000-0000-000000000000';

test('a virtual machine is read with all that azid uses', () => {
  const dead = uai('dead-id').toLowerCase();
  const host = readHost({
    id: id.toUpperCase(),
    name: 'web-1',
    location: 'westeurope',
    tags: { team: 'a', count: 3 },
    etag: '"7"',
    properties: { vmId: 'AB-1', timeCreated: '2026-01-01T00:00:00Z', provisioningState: 'Updating' },
    identity: {
      type: 'SystemAssigned, UserAssigned',
      principalId: own,
      tenantId: 't',
      userAssignedIdentities: {
        [uai('web-id')]: { principalId: 'p', clientId: 'c' },
        [dead]: { principalId: null, clientId: null },
      },
    },
  });
  expect(host).toEqual({
    id: id.toUpperCase(),
    key: id.toLowerCase(),
    type: VM,
    location: 'westeurope',
    tags: { team: 'a' },
    etag: '"7"',
    instance: 'vmId:ab-1',
    provisioningState: 'Updating',
    identity: {
      system: true,
      principalId: own,
      tenantId: 't',
      userAssigned: [
        { id: uai('web-id'), key: uai('web-id').toLowerCase(), principalId: 'p', clientId: 'c' },
        { id: dead, key: dead },
      ],
    },
  });
});

test('null and absent are the same: no tags, no identity', () => {
  const bare = {
    id,
    key: id.toLowerCase(),
    type: VM,
    tags: {},
    identity: { system: false, userAssigned: [] },
  };
  for (const nothing of [{}, { tags: null, identity: null, properties: null, location: null }])
    expect(readHost({ id, ...nothing })).toEqual(bare);
});

test.each([undefined, null, 'text', {}, { id: '' }, { id: '/subscriptions/s' }])(
  '%j is no host',
  (answer) => {
    expect(() => readHost(answer)).toThrow('expected a resource with its id');
  },
);

describe('identity', () => {
  test.each([
    ['SystemAssigned', true],
    ['SystemAssigned,UserAssigned', true],
    ['systemassigned, userassigned', true],
    ['UserAssigned', false],
    ['None', false],
    ['', false],
    [null, false],
  ])('of type %j: system-assigned is %s', (type, system) => {
    expect(readIdentityValue({ type, userAssignedIdentities: null })).toEqual({ system, userAssigned: [] });
  });

  test('with a word that azid does not know says so', () => {
    expect(readIdentityValue({ type: 'SystemAssigned, Delegated' })).toMatchObject({
      system: true,
      unknownType: 'Delegated',
    });
  });

  test.each([
    ['a text', 'SystemAssigned'],
    ['a number for its type', { type: 1 }],
    ['a list for its map', { type: 'UserAssigned', userAssignedIdentities: ['x'] }],
    ['a principal and no type', { principalId: own }],
    ['identities and no type', { userAssignedIdentities: { [uai('a-id')]: {} } }],
  ])('that is %s cannot be read, and no host is hidden by it', (_, identity) => {
    expect(readHost({ id, identity }).identity.unknownType).toBe(UNREADABLE);
  });

  test('counts by the map, also where the type forgets it', () => {
    const map = { [uai('a-id')]: { principalId: 'p' } };
    expect(
      readIdentityValue({ type: 'SystemAssigned', userAssignedIdentities: map }).userAssigned,
    ).toHaveLength(1);
  });
});

describe('which incarnation', () => {
  test.each([
    [VM, { vmId: 'x' }, 'vmId:x'],
    [VM, { timeCreated: '2026-01-01T00:00:00.1234567+00:00' }, 'timeCreated:2026-01-01T00:00:00.000Z'],
    ['Microsoft.Compute/virtualMachineScaleSets', { uniqueId: 'u' }, 'uniqueId:u'],
    ['Microsoft.ContainerService/managedClusters', { resourceUID: 'r' }, 'resourceUID:r'],
    [
      'Microsoft.Storage/storageAccounts',
      { creationTime: '2026-01-01T00:00:00Z' },
      'creationTime:2026-01-01T00:00:00.000Z',
    ],
    ['Microsoft.Web/sites', {}, undefined],
  ])('of %s with %j is %s', (type, properties, instance) => {
    expect(readHost({ id: hostIdOf(type), properties }).instance).toBe(instance);
  });
});

test.each([
  ['Microsoft.Web/sites', { kind: 'functionapp,Linux' }, 'functionapp,linux'],
  ['Microsoft.Web/sites/slots', { kind: 'app' }, 'app'],
  [
    'Microsoft.Compute/virtualMachineScaleSets',
    { properties: { orchestrationMode: 'Flexible' } },
    'flexible',
  ],
  ['Microsoft.ContainerInstance/containerGroups', { properties: { osType: 'Windows' } }, 'windows'],
  ['Microsoft.Storage/storageAccounts', { kind: 'StorageV2' }, undefined],
])('the variant of %s with %j is %s', (type, fields, variant) => {
  expect(readHost({ id: hostIdOf(type, 'app/slot'), ...fields }).variant).toBe(variant);
});

test('an etag is kept only where writes honour it', () => {
  expect(readHost({ id: hostIdOf('Microsoft.ContainerService/managedClusters'), eTag: '1' }).etag).toBe('1');
  expect(readHost({ id: hostIdOf('Microsoft.Web/sites'), etag: '1' }).etag).toBeUndefined();
});

test.each([
  [undefined, true],
  ['Succeeded', true],
  ['failed', true],
  ['Canceled', true],
  ['Updating', false],
  ['Deleting', false],
])('a host in state %s is settled: %s', (provisioningState, settled) => {
  expect(isSettled(provisioningState === undefined ? {} : { provisioningState })).toBe(settled);
});
