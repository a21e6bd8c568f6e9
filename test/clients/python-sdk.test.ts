/** The Python SDKs that come with the Azure CLI: what they read out of the simulator's answers. */
import { expect } from 'vitest';
import { pythonOfAz } from './az-cli.ts';
import { among, type ExpectedCalls, one, toldCalls } from './told.ts';

const SCRIPT = new URL('python-sdk.py', import.meta.url).pathname;

const CALLS: ExpectedCalls = [
  ['identity put', { value: one({ name: 'id1', location: 'westeurope' }) }],
  ['identity get', { value: one({ name: 'id1' }) }],
  ['identity patch', { value: one({ tags: { a: '1' } }) }],
  ['identity list', { value: among({ name: 'id1' }) }],
  ['identity list of group', { value: among({ name: 'id1' }) }],
  ['identity missing', { status: 404, code: 'ResourceNotFound' }],
  ['credential put', { value: one({ name: 'fic1' }) }],
  ['credential get', { value: one({ name: 'fic1' }) }],
  ['credential list', { value: among({ name: 'fic1' }) }],
  ['credential delete', { value: null }],
  ['assignment put', { value: one({ type: 'Microsoft.Authorization/roleAssignments' }) }],
  ['assignment get', { value: one({ type: 'Microsoft.Authorization/roleAssignments' }) }],
  ['assignment list', { value: expect.any(Array) }],
  ['assignment delete', { value: one({ type: 'Microsoft.Authorization/roleAssignments' }) }],
  ['definition list', { value: [expect.anything()] }],
  ['permissions', { value: expect.any(Array) }],
  ['deny assignments', { value: [] }],
  ['machine get', { value: one({ name: 'vm1' }) }],
  ['machine list', { value: among({ name: 'vm1' }) }],
  ['machine patch', { value: one({ identity: one({ type: 'UserAssigned' }) }) }],
  ['scale set patch', { value: one({ identity: one({ type: 'UserAssigned' }) }) }],
  ['machine delete', { value: null }],
  ['site get', { value: one({ name: 'app1', location: 'West Europe' }) }],
  ['site list', { value: among({ name: 'app1' }) }],
  ['site slots', { value: [] }],
  ['account put', { value: one({ name: 'azidpython' }) }],
  ['account get', { value: one({ name: 'azidpython' }) }],
  ['container groups', { value: [] }],
  ['cluster get', { value: one({ name: 'aks1' }) }],
  ['group put', { value: one({ name: 'rg9' }) }],
  ['group list', { value: among({ name: 'rg9' }) }],
  ['resources', { value: among({ name: 'app1' }) }],
  ['group delete', { value: null }],
  ['providers', { value: one({ namespace: 'Microsoft.Compute' }) }],
  ['activity log', { value: expect.any(Array) }],
];

toldCalls('Python SDKs', CALLS, async ({ control, caFile }) => {
  await control('createResourceGroup', { name: 'rg1' });
  const { principalId } = await control<{ principalId: string }>('createIdentity', {
    name: 'app',
    resourceGroup: 'rg1',
  });
  const make = (type: string, name: string) => control('createHost', { type, name, resourceGroup: 'rg1' });
  await make('Microsoft.Compute/virtualMachines', 'vm1');
  await make('Microsoft.Compute/virtualMachineScaleSets', 'ss1');
  await make('Microsoft.Web/sites', 'app1');
  await make('Microsoft.ContainerService/managedClusters', 'aks1');
  const { accessToken } = await control<{ accessToken: string }>('token');
  const env = { TOKEN: accessToken, PRINCIPAL: principalId, REQUESTS_CA_BUNDLE: caFile };
  return { file: await pythonOfAz(), args: [SCRIPT], env };
});
