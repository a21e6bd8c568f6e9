import { expect } from 'vitest';
import { type Stage, sdkCalls } from './calls.ts';

const has = (fields: object) => expect.arrayContaining([expect.objectContaining(fields)]);
const authorization = ({ client }: Stage) =>
  client('@azure/arm-authorization', 'AuthorizationManagementClient');
const assignments = (stage: Stage) => authorization(stage).roleAssignments;

const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const CONTRIBUTOR = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const OWN = '11111111-1111-4111-8111-1111111111aa';
const name = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const role = ({ subscription }: Stage, guid = READER) =>
  `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
const reader = (stage: Stage, more: object = {}) => ({
  roleDefinitionId: role(stage),
  principalId: stage.kept.principal,
  principalType: 'ServicePrincipal',
  ...more,
});
const VM = 'Microsoft.Compute/virtualMachines';

sdkCalls(
  'arm-authorization',
  ['@azure/arm-authorization', '@azure/arm-msi'],
  [
    {
      name: 'an identity to grant to',
      call: ({ client }) =>
        client('@azure/arm-msi', 'ManagedServiceIdentityClient').userAssignedIdentities.createOrUpdate(
          'rg1',
          'app',
          { location: 'westeurope' },
        ),
      keep: { principal: 'principalId' },
    },
    {
      name: 'roleAssignments.create',
      call: (s) => assignments(s).create(s.group, name(1), reader(s)),
      out: (s: Stage) => ({
        name: name(1),
        scope: s.group,
        principalId: s.kept.principal,
        principalType: 'ServicePrincipal',
        roleDefinitionId: role(s),
        type: 'Microsoft.Authorization/roleAssignments',
      }),
      keep: { assignment: 'id' },
    },
    {
      name: 'create once more changes the description',
      call: (s) => assignments(s).create(s.group, name(1), reader(s, { description: 'why' })),
      out: { name: name(1), description: 'why' },
    },
    {
      name: 'the same under another name is refused',
      call: (s) => assignments(s).create(s.group, name(2), reader(s)),
      refused: [409, 'RoleAssignmentExists'],
    },
    {
      name: 'another role under the same name is refused',
      call: (s) =>
        assignments(s).create(s.group, name(1), reader(s, { roleDefinitionId: role(s, CONTRIBUTOR) })),
      refused: [400, 'RoleAssignmentUpdateNotPermitted'],
    },
    {
      name: 'the wrong type of principal is refused',
      call: (s) =>
        assignments(s).create(
          s.group,
          name(3),
          reader(s, { roleDefinitionId: role(s, CONTRIBUTOR), principalType: 'User' }),
        ),
      refused: [400, 'UnmatchedPrincipalType'],
    },
    {
      name: 'a role that does not exist is refused',
      call: (s) => assignments(s).create(s.group, name(3), reader(s, { roleDefinitionId: role(s, OWN) })),
      refused: [400, 'RoleDefinitionDoesNotExist'],
    },
    {
      name: 'a resource that does not exist is no scope',
      call: (s) => assignments(s).create(`${s.group}/providers/${VM}/none`, name(3), reader(s)),
      refused: [404, 'ResourceNotFound'],
    },
    {
      name: 'create with a condition',
      call: (s) =>
        assignments(s).create(
          s.group,
          name(4),
          reader(s, {
            roleDefinitionId: role(s, '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'),
            condition:
              "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'a'",
            conditionVersion: '2.0',
          }),
        ),
      out: { conditionVersion: '2.0' },
    },
    {
      name: 'roleAssignments.get',
      call: (s) => assignments(s).get(s.group, name(1)),
      out: (s: Stage) => ({ id: s.kept.assignment, createdBy: s.principalId }),
    },
    {
      name: 'roleAssignments.getById',
      call: (s) => assignments(s).getById(s.kept.assignment),
      out: { name: name(1) },
    },
    {
      name: 'get of none',
      call: (s) => assignments(s).get(s.group, name(9)),
      refused: [404, 'RoleAssignmentNotFound'],
    },
    {
      name: 'listForScope, at it and above',
      call: (s) => assignments(s).listForScope(s.group, { filter: 'atScope()' }),
      out: has({ name: name(1) }),
    },
    {
      name: 'listForResourceGroup, of one principal',
      call: (s) =>
        assignments(s).listForResourceGroup('rg1', { filter: `principalId eq '${s.kept.principal}'` }),
      out: has({ name: name(4) }),
    },
    {
      name: 'listForSubscription, of one principal',
      call: (s) => assignments(s).listForSubscription({ filter: `principalId eq '${s.kept.principal}'` }),
      out: has({ name: name(1) }),
    },
    {
      name: 'roleAssignments.delete answers what was there',
      call: (s) => assignments(s).delete(s.group, name(1)),
      out: { name: name(1) },
    },
    { name: 'delete once more', call: (s) => assignments(s).delete(s.group, name(1)) },
    {
      name: 'roleAssignments.deleteById',
      call: (s) =>
        assignments(s).deleteById(`${s.group}/providers/Microsoft.Authorization/roleAssignments/${name(4)}`),
      out: { name: name(4) },
    },
    {
      name: 'permissions.listForResourceGroup',
      call: (s) => authorization(s).permissions.listForResourceGroup('rg1'),
      out: [{ actions: ['*'] }],
    },
    {
      name: 'permissions.listForResource',
      before: ({ simulator: { control } }) =>
        control('createHost', { type: VM, name: 'vm1', resourceGroup: 'rg1' }),
      call: (s) =>
        authorization(s).permissions.listForResource(
          'rg1',
          'Microsoft.Compute',
          '',
          'virtualMachines',
          'vm1',
        ),
      out: [{ actions: ['*'] }],
    },
    {
      name: 'denyAssignments.listForScope, of what a deny at the control endpoint made',
      before: ({ simulator: { control }, group, kept }) =>
        control('deny', { principalId: kept.principal, scope: group, actions: ['*/write'] }),
      call: (s) => authorization(s).denyAssignments.listForScope(s.group),
      out: [{ permissions: [{ actions: ['*/write'] }] }],
    },
  ],
);
