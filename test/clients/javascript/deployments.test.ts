import { AT_ONCE, type Stage, sdkCalls } from './calls.ts';
import { has, some } from './host-calls.ts';

const client = (stage: Stage) => stage.client('@azure/arm-resourcesdeployments', 'DeploymentsClient');
const deployments = (stage: Stage) => client(stage).deployments;
const UAI = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const idOf = ({ group }: Stage, name = 'app') => `${group}/providers/${UAI}/${name}`;

const deployment = (tag: string, resources: readonly object[] = []) => ({
  properties: {
    mode: 'Incremental',
    parameters: { name: { value: 'app' } },
    template: {
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      parameters: { name: { type: 'string' } },
      resources: [
        {
          type: UAI,
          apiVersion: '2024-11-30',
          name: "[parameters('name')]",
          location: 'westeurope',
          tags: { by: tag },
        },
        ...resources,
      ],
      outputs: {
        client: { type: 'string', value: `[reference(resourceId('${UAI}', 'app'), '2024-11-30').clientId]` },
      },
    },
  },
});
const VM = {
  type: 'Microsoft.Compute/virtualMachines',
  apiVersion: '2024-07-01',
  name: 'vm1',
  location: 'westeurope',
  dependsOn: [`[resourceId('${UAI}', 'app')]`],
  identity: { type: 'UserAssigned', userAssignedIdentities: { [`[resourceId('${UAI}', 'app')]`]: {} } },
};

sdkCalls(
  'arm-resourcesdeployments',
  ['@azure/arm-resourcesdeployments', '@azure/arm-compute'],
  [
    {
      name: 'validate',
      call: (s) => deployments(s).validate('rg1', 'd1', deployment('a'), AT_ONCE),
      out: (s: Stage) => ({ properties: { validatedResources: [{ id: idOf(s) }] } }),
    },
    {
      name: 'whatIf, before',
      call: (s) => deployments(s).whatIf('rg1', 'd1', deployment('a'), AT_ONCE),
      out: (s: Stage) => ({ changes: [{ changeType: 'Create', resourceId: idOf(s) }] }),
    },
    {
      name: 'createOrUpdate',
      call: (s) => deployments(s).createOrUpdate('rg1', 'd1', deployment('a'), AT_ONCE),
      out: (s: Stage) => ({
        name: 'd1',
        properties: {
          provisioningState: 'Succeeded',
          outputs: { client: { value: some } },
          outputResources: [{ id: idOf(s) }],
        },
      }),
    },
    {
      name: 'createOrUpdate of a machine that carries the identity waits for it',
      call: (s) => deployments(s).createOrUpdate('rg1', 'd2', deployment('a', [VM]), AT_ONCE),
      out: { properties: { provisioningState: 'Succeeded', outputResources: has({ id: some }) } },
    },
    {
      name: 'which has it then',
      call: (s) =>
        s.client('@azure/arm-compute', 'ComputeManagementClient').virtualMachines.get('rg1', 'vm1'),
      out: (s: Stage) => ({ identity: { userAssignedIdentities: { [idOf(s)]: { principalId: some } } } }),
    },
    {
      name: 'whatIf of another tag',
      call: (s) => deployments(s).whatIf('rg1', 'd1', deployment('b'), AT_ONCE),
      out: (s: Stage) => ({
        changes: has({
          changeType: 'Modify',
          resourceId: idOf(s),
          delta: has({ path: 'tags.by', before: 'a', after: 'b' }),
        }),
      }),
    },
    {
      name: 'get',
      call: (s) => deployments(s).get('rg1', 'd1'),
      out: { properties: { provisioningState: 'Succeeded' } },
    },
    {
      name: 'get of none',
      call: (s) => deployments(s).get('rg1', 'none'),
      refused: [404, 'DeploymentNotFound'],
    },
    { name: 'checkExistence', call: (s) => deployments(s).checkExistence('rg1', 'd1'), out: { body: true } },
    {
      name: 'listByResourceGroup',
      call: (s) => deployments(s).listByResourceGroup('rg1'),
      out: has({ name: 'd2' }),
    },
    {
      name: 'deploymentOperations.list',
      call: (s) => client(s).deploymentOperations.list('rg1', 'd1'),
      out: [{ properties: { provisioningState: 'Succeeded', targetResource: { resourceName: 'app' } } }],
    },
    {
      name: 'exportTemplate',
      call: (s) => deployments(s).exportTemplate('rg1', 'd1'),
      out: { template: { contentVersion: '1.0.0.0' } },
    },
    {
      name: 'a template that is none is refused',
      call: (s) =>
        deployments(s).createOrUpdate(
          'rg1',
          'd1',
          deployment('a', [{ ...VM, name: "[concat('a']" }]),
          AT_ONCE,
        ),
      refused: [400, 'InvalidTemplate'],
    },
    {
      name: 'a template with what is not simulated says so',
      call: (s) =>
        deployments(s).validate('rg1', 'd1', deployment('a', [{ ...VM, copy: { count: 2 } }]), AT_ONCE),
      refused: [501, 'NotSimulated'],
    },
    { name: 'delete', call: (s) => deployments(s).delete('rg1', 'd1', AT_ONCE) },
    {
      name: 'get of what was deleted',
      call: (s) => deployments(s).get('rg1', 'd1'),
      refused: [404, 'DeploymentNotFound'],
    },
  ],
);
