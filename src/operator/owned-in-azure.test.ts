import { describe, expect, it } from 'vitest';
import type { HostIdentity } from '../api/host-identity.ts';
import type { ManagedObject } from '../api/schema/common.ts';
import { armKey } from '../azure/names/resource-id.ts';
import { partOf } from '../hints/activity/call.ts';
import type { KubeObject } from '../kube/types.ts';
import { SYSTEM } from '../reconcilers/hosts/ledger/lines.ts';
import { emptyStores, meta, put } from '../reconcilers/stores.fixture.ts';
import { KINDS } from './registry.ts';

/** Of what each kind shows, and whom a call concerns: the two must agree, or news would lead to no object. */

const GROUP = '/subscriptions/00000000-0000-4000-8000-00000000000a/resourceGroups/rg1';
const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
const CREDENTIAL = `${IDENTITY}/federatedIdentityCredentials/ci`;
const VM = `${GROUP}/providers/Microsoft.Compute/virtualMachines/web`;
const OTHER_VM = `${GROUP}/providers/Microsoft.Compute/virtualMachines/other`;
const ASSIGNMENT = `${GROUP}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000001`;
const OLD = `${GROUP}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000002`;

const of = (spec: object, status: object): KubeObject =>
  ({ metadata: meta('it'), spec, status }) as unknown as KubeObject;

const owner = { kind: 'IdentityAttachment', namespace: 'shop', name: 'it', uid: 'uid-it' };
const host = {
  metadata: meta('host'),
  spec: { resourceId: OTHER_VM },
  status: { entries: [{ identityId: IDENTITY, owners: [owner] }] },
} as unknown as HostIdentity;

const ROWS: readonly (readonly [
  string,
  keyof ReturnType<typeof emptyStores>,
  KubeObject,
  readonly string[],
])[] = [
  ['userassignedidentity', 'identities', of({ name: 'app' }, { id: IDENTITY }), [armKey(IDENTITY)]],
  [
    'rolegrant',
    'grants',
    of({ principal: {}, role: {} }, { assignmentId: ASSIGNMENT, ledger: [OLD] }),
    [armKey(OLD), armKey(ASSIGNMENT)],
  ],
  [
    'federatedidentitycredential',
    'credentials',
    of({ identityRef: { name: 'app' } }, { id: 'not this', ledger: [CREDENTIAL] }),
    [armKey(CREDENTIAL)],
  ],
  ['systemassignedidentity', 'systemIdentities', of({ resourceId: VM }, {}), [partOf(VM, SYSTEM)]],
  ['hostidentity', 'hosts', of({ resourceId: VM }, {}), [armKey(VM)]],
  [
    'identityattachment',
    'attachments',
    of({ target: { resourceId: VM } }, { identityId: IDENTITY }),
    [partOf(VM, armKey(IDENTITY))],
  ],
  [
    'identityattachment',
    'attachments',
    of(
      { target: { selector: { subscriptionId: 'x', type: 'y' } } },
      { identityId: IDENTITY, targets: [{ resourceId: OTHER_VM }] },
    ),
    [partOf(OTHER_VM, armKey(IDENTITY))],
  ],
];

describe.each(ROWS)('a %s', (name, store, object, keys) => {
  const owned = KINDS.find((each) => each.name === name)?.ownedInAzure;

  it('shows what was done to what it has', () => {
    expect(owned?.of(object as ManagedObject).map(({ key }) => key)).toEqual(keys);
  });

  it('has nothing before it has a status', () => {
    const { status: _, ...fresh } = object as ManagedObject;
    const without = owned?.of(fresh as ManagedObject).map(({ key }) => key);
    // The resource of a host is known from the start.
    expect(without).toEqual(['hosts', 'systemIdentities'].includes(store) ? keys : []);
  });

  it('is found by each of them, and by nothing else', () => {
    const stores = emptyStores();
    if (store !== 'hosts') put(stores.hosts, host);
    put(stores[store] as never, object as never);
    for (const key of keys) expect([...(owned?.ownersOf(key, stores) ?? [])], key).toContain('shop/it');
    for (const key of [`${GROUP.toLowerCase()}/x/y`, 'no id', '', partOf('no id', 'x'), `${IDENTITY}?x`])
      expect([...(owned?.ownersOf(key, stores) ?? [])], key).toEqual([]);
  });
});

it('a part of a resource is no identity of its own', () => {
  const stores = emptyStores();
  put(stores.identities, of({ name: 'app' }, { id: IDENTITY }) as never);
  for (const { ownedInAzure } of KINDS)
    expect([...(ownedInAzure?.ownersOf(partOf(VM, armKey(IDENTITY)), stores) ?? [])]).toEqual([]);
});

it('other writes to a resource than those that took something away concern no ledger', () => {
  const { concerns } = KINDS.find(({ name }) => name === 'hostidentity')?.ownedInAzure ?? {};
  const call = {
    at: 0,
    azure: {},
    operation: 'x',
    change: 'write',
    result: 'Succeeded',
    own: false,
  } as const;
  expect(concerns?.(call)).toBe(false);
  expect(concerns?.({ ...call, own: true })).toBe(true);
  expect(concerns?.({ ...call, blamed: true })).toBe(true);
  expect(concerns?.({ ...call, change: 'delete' })).toBe(true);
});
