import { beforeEach, expect, it } from 'vitest';
import type { RoleGrant } from '../../api/role-grant.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { partOf } from '../../hints/activity/call.ts';
import { SYSTEM } from '../hosts/ledger/lines.ts';
import { emptyStores, KINDS, meta, put } from '../stores.fixture.ts';
import type { Stores } from '../stores.ts';
import { isOwnedBy } from './owned.ts';

const SUB = '/subscriptions/00000000-0000-4000-8000-00000000000a';
const group = (name: string) => `${SUB}/resourcegroups/${name}`;
const ID = `${SUB}/resourceGroups/RG1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const VM = `${SUB}/resourceGroups/rg2/providers/Microsoft.Compute/virtualMachines/vm`;
const ASSIGNMENT = `${SUB}/providers/Microsoft.Authorization/roleAssignments/x`;

let stores: Stores;
let isOwned: (key: string) => boolean;

beforeEach(() => {
  stores = emptyStores();
  isOwned = isOwnedBy(KINDS, stores);
  put(stores.identities, {
    metadata: meta('web'),
    spec: {},
    status: { id: ID },
  } as unknown as UserAssignedIdentity);
  put(stores.systemIdentities, {
    metadata: meta('vm'),
    spec: { resourceId: VM },
  } as unknown as SystemAssignedIdentity);
  put(stores.grants, {
    metadata: meta('read'),
    spec: { principal: {}, role: {} },
    status: { ledger: [ASSIGNMENT] },
  } as unknown as RoleGrant);
});

it.each([
  ['what an object has', ID.toLowerCase(), true],
  ['what none has', `${ID}2`.toLowerCase(), false],
  ['a part that an object has', partOf(VM, SYSTEM), true],
  ['what is outside of all groups', ASSIGNMENT.toLowerCase(), true],
  ['the group of what an object has', group('rg1'), true],
  ['the group of a part that an object has', group('rg2'), true],
  ['a group in which nobody has anything', group('rg'), false],
])('%s', (_, key, owned) => {
  expect(isOwned(key)).toBe(owned);
});

it('a group is owned as long as something in it is', () => {
  put(stores.identities, { metadata: meta('web'), spec: {}, status: {} } as unknown as UserAssignedIdentity);
  expect(isOwned(group('rg1'))).toBe(false);
});
