import { expect } from 'vitest';
import { commandLines } from '../commands.ts';

const has = (fields: object) => expect.arrayContaining([expect.objectContaining(fields)]);
const write = { operationName: { value: 'Microsoft.ManagedIdentity/userAssignedIdentities/write' } };

commandLines('monitor activity-log', [
  { az: 'identity create -g rg1 -n app -l westeurope', keep: { id: 'id' } },
  { az: 'monitor activity-log list --offset 1h', out: has({ caller: '{me}', resourceGroupName: 'rg1' }) },
  {
    az: 'monitor activity-log list -g rg1 --offset 1h',
    out: [{ eventName: { value: 'EndRequest' }, ...write }, write],
  },
  {
    az: 'monitor activity-log list --namespace Microsoft.ManagedIdentity --offset 1h',
    out: has({ caller: '{me}' }),
  },
  { az: 'monitor activity-log list --namespace Microsoft.Compute --offset 1h', out: [] },
  { az: 'identity delete --ids {id}' },
  {
    az: 'monitor activity-log list --resource-id {id} --offset 1h --max-events 1',
    out: [{ status: { value: 'Succeeded' } }],
  },
]);
