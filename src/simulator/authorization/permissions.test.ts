import { expect, test } from 'vitest';
import { BUILT_IN_ROLES, permissionSet } from './definitions/definitions.ts';
import { type Denial, evaluate, type Holding, matchesAction, permits } from './permissions.ts';

const builtIn = (name: string) => {
  const role = BUILT_IN_ROLES.find(({ roleName }) => roleName === name);
  if (!role) throw new Error(`no role ${name}`);
  return permissionSet(role);
};
const SUBSCRIPTION = '/subscriptions/s1';
const GROUP = `${SUBSCRIPTION}/resourcegroups/rg1`;
const VM = `${GROUP}/providers/microsoft.compute/virtualmachines/vm1`;
const MANAGEMENT_GROUP = '/providers/microsoft.management/managementgroups/mg1';
const LINEAGE = [VM, GROUP, SUBSCRIPTION, MANAGEMENT_GROUP, '/'];
const holding = (scope: string, role: string, holds = true): Holding => ({
  scope,
  sets: [{ ...builtIn(role), holds: () => holds }],
});
const denial = (scope: string, ...actions: string[]): Denial => ({
  id: 'd1',
  name: 'd1',
  scope,
  sets: [permissionSet({ actions })],
});
const WRITE_VM = 'Microsoft.Compute/virtualMachines/write';

test.for([
  ['*', 'Microsoft.Compute/virtualMachines/write', true],
  ['*/read', 'Microsoft.Compute/virtualMachines/read', true],
  ['*/read', 'Microsoft.Compute/virtualMachines/readers/write', false],
  ['Microsoft.Compute/*', 'microsoft.compute/VIRTUALMACHINES/write', true],
  ['Microsoft.Compute/*/read', 'Microsoft.Compute/virtualMachines/extensions/read', true],
  ['Microsoft.Compute/virtualMachines/read', 'Microsoft.Compute/virtualMachines/read/x', false],
  // The dot is a dot.
  ['Microsoft.Compute/*', 'MicrosoftXCompute/virtualMachines/read', false],
  [
    'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action',
    'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
    false,
  ],
] as const)('pattern %s against %s: %s', ([pattern, action, expected]) => {
  expect(matchesAction(pattern, action)).toBe(expected);
});

test('notActions take out what actions grant', () => {
  const contributor = builtIn('Contributor');
  expect(permits(contributor, 'Microsoft.Compute/virtualMachines/write')).toBe(true);
  expect(permits(contributor, 'Microsoft.Authorization/roleAssignments/write')).toBe(false);
  expect(permits(contributor, 'Microsoft.Authorization/roleAssignments/read')).toBe(true);
});

test('control-plane rights give no data and data rights no control plane', () => {
  const read = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read';
  expect(permits(builtIn('Owner'), read, 'data')).toBe(false);
  expect(permits(builtIn('Storage Blob Data Reader'), read, 'data')).toBe(true);
  expect(permits(builtIn('Storage Blob Data Reader'), read, 'control')).toBe(false);
});

test('notDataActions take out what dataActions grant', () => {
  const admin = builtIn('Azure Kubernetes Service RBAC Admin');
  const base = 'Microsoft.ContainerService/managedClusters';
  expect(permits(admin, `${base}/pods/write`, 'data')).toBe(true);
  expect(permits(admin, `${base}/namespaces/write`, 'data')).toBe(false);
});

test.for([VM, GROUP, SUBSCRIPTION, MANAGEMENT_GROUP, '/'])(
  'a role at %s reaches down to the machine',
  (scope) => {
    expect(evaluate([holding(scope, 'Contributor')], [], WRITE_VM, LINEAGE)).toEqual({ type: 'allowed' });
  },
);

test('a role beneath or beside the scope gives nothing', () => {
  const elsewhere = [
    holding(`${VM}/extensions/x`, 'Owner'),
    holding(`${SUBSCRIPTION}/resourcegroups/rg10`, 'Owner'),
  ];
  expect(evaluate(elsewhere, [], WRITE_VM, LINEAGE)).toEqual({ type: 'not granted' });
});

test('another role may grant what one leaves out', () => {
  const both = [holding(GROUP, 'Contributor'), holding(GROUP, 'User Access Administrator')];
  const action = 'Microsoft.Authorization/roleAssignments/write';
  expect(evaluate([holding(GROUP, 'Contributor')], [], action, LINEAGE)).toEqual({ type: 'not granted' });
  expect(evaluate(both, [], action, LINEAGE)).toEqual({ type: 'allowed' });
});

test('a role whose condition does not hold gives nothing', () => {
  expect(evaluate([holding(GROUP, 'Owner', false)], [], WRITE_VM, LINEAGE)).toEqual({ type: 'not granted' });
});

test('a deny at the scope or above beats Owner, one beneath or for another action does not', () => {
  const owner = [holding('/', 'Owner')];
  const denied = denial(SUBSCRIPTION, 'Microsoft.Compute/*/write');
  expect(evaluate(owner, [denied], WRITE_VM, LINEAGE)).toEqual({ type: 'denied', by: denied });
  const others = [denial(`${VM}/extensions/x`, '*'), denial(GROUP, 'Microsoft.Network/*')];
  expect(evaluate(owner, others, WRITE_VM, LINEAGE)).toEqual({ type: 'allowed' });
});
