import { expect } from 'vitest';
import { commandLines } from '../commands.ts';

const has = (fields: object) => expect.arrayContaining([expect.objectContaining(fields)]);

commandLines('group, resource, tag, lock, account, provider, rest', [
  { az: 'account show', out: { id: '{subscription}', tenantId: '{tenant}', state: 'Enabled' } },
  { az: 'account list', out: [{ id: '{subscription}' }] },
  { az: 'account list-locations', out: has({ name: 'westeurope', displayName: 'West Europe' }) },
  {
    az: 'group create -n rg2 -l westeurope --tags a=1',
    out: {
      name: 'rg2',
      location: 'westeurope',
      tags: { a: '1' },
      properties: { provisioningState: 'Succeeded' },
    },
  },
  { az: 'group create -n rg2 -l northeurope', code: 1, err: 'InvalidResourceGroupLocation' },
  { az: 'group create -n rg3 -l atlantis', code: 1, err: 'LocationNotAvailableForResourceGroup' },
  { az: 'group show -n rg2', out: { tags: { a: '1' } } },
  { az: 'group show -n none', code: 3, err: 'ResourceGroupNotFound' },
  { az: 'group exists -n rg2', out: true },
  { az: 'group exists -n none', out: false },
  { az: 'group update -n rg2 --set tags.a=2', out: { tags: { a: '2' } } },
  { az: 'group update -n rg2 --tags b=3', out: { tags: { b: '3' } } },
  { az: 'group list', out: has({ name: 'rg2' }) },
  { az: 'group list --tag b=3', out: [{ name: 'rg2' }] },
  { az: 'group list --tag b=4', out: [] },
  { az: 'identity create -g rg2 -n app -l westeurope --tags a=1', keep: { id: 'id' } },
  {
    az: 'resource list -g rg2',
    out: [{ name: 'app', type: 'Microsoft.ManagedIdentity/userAssignedIdentities' }],
  },
  {
    az: 'resource list --resource-type Microsoft.ManagedIdentity/userAssignedIdentities',
    out: has({ name: 'app' }),
  },
  { az: 'resource list --name app', out: [{ name: 'app' }] },
  { az: 'resource list --tag a=1', out: has({ name: 'app' }) },
  { az: 'resource show --ids {id}', out: { name: 'app' } },
  {
    az: 'resource show -g rg2 -n app --resource-type Microsoft.ManagedIdentity/userAssignedIdentities',
    out: { name: 'app' },
  },
  {
    az: 'resource show -g rg2 -n none --resource-type Microsoft.ManagedIdentity/userAssignedIdentities',
    code: 3,
    err: 'ResourceNotFound',
  },
  { az: 'resource tag --ids {id} --tags a=2', out: { tags: { a: '2' } } },
  { az: 'resource update --ids {id} --set tags.c=4', out: { tags: { c: '4' } } },
  { az: 'tag list --resource-id {id}', out: { properties: { tags: { c: '4' } } } },
  { az: 'tag create --resource-id {id} --tags d=5', out: { properties: { tags: { d: '5' } } } },
  {
    az: 'tag update --resource-id {id} --operation merge --tags e=6',
    out: { properties: { tags: { d: '5', e: '6' } } },
  },
  {
    az: 'tag update --resource-id {id} --operation delete --tags d=5',
    out: { properties: { tags: { e: '6' } } },
  },
  { az: 'tag delete --resource-id {id} --yes' },
  { az: 'identity show --ids {id}', out: { tags: {} } },
  {
    az: 'lock create -n keep -t CanNotDelete -g rg2',
    out: { name: 'keep', level: 'CanNotDelete' },
    keep: { lock: 'id' },
  },
  { az: 'identity delete --ids {id}', code: 1, err: 'ScopeLocked' },
  { az: 'group delete -n rg2 --yes', code: 1, err: 'ScopeLocked' },
  { az: 'lock list -g rg2', out: [{ name: 'keep' }] },
  { az: 'lock show -n keep -g rg2', out: { level: 'CanNotDelete' } },
  {
    az: 'lock update -n keep -g rg2 --lock-type ReadOnly --notes why',
    out: { level: 'ReadOnly', notes: 'why' },
  },
  { az: 'identity update --ids {id} --set tags.a=x', code: 1, err: 'ScopeLocked' },
  { az: 'lock list', out: has({ name: 'keep' }) },
  { az: 'lock delete --ids {lock}' },
  {
    az: 'lock create -n own -t CanNotDelete -g rg2 --resource app --resource-type Microsoft.ManagedIdentity/userAssignedIdentities',
    out: { name: 'own' },
  },
  { az: 'identity delete --ids {id}', code: 1, err: 'ScopeLocked' },
  {
    az: 'lock delete -n own -g rg2 --resource app --resource-type Microsoft.ManagedIdentity/userAssignedIdentities',
  },
  { az: 'resource delete --ids {id}' },
  { az: 'resource show --ids {id}', code: 3, err: 'ResourceNotFound' },
  {
    az: 'provider list',
    out: has({ namespace: 'Microsoft.ManagedIdentity', registrationState: 'Registered' }),
  },
  { az: 'provider show -n Microsoft.Compute', out: { namespace: 'Microsoft.Compute' } },
  { az: 'provider show -n Microsoft.Void', code: 3, err: 'InvalidResourceNamespace' },
  {
    az: 'rest -m get -u /subscriptions/{subscription}/resourceGroups/rg2?api-version=2021-04-01',
    out: { name: 'rg2' },
  },
  {
    az: 'rest -m put -u {group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/byrest?api-version=2024-11-30 --body \'{"location":"westeurope"}\'',
    out: { name: 'byrest' },
  },
  {
    az: 'rest -m get -u /subscriptions/{subscription}/resourceGroups/rg2?api-version=1999-01-01',
    code: 1,
    err: 'InvalidResourceType',
  },
  {
    az: 'rest -m get -u {group}/providers/Microsoft.Network/virtualNetworks?api-version=2024-01-01',
    code: 1,
    err: 'NotSimulated',
  },
  {
    az: 'rest -m get -u /subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups?api-version=2021-04-01',
    code: 1,
    err: 'not found',
  },
  { az: 'group delete -n rg2 --yes' },
  { az: 'group exists -n rg2', out: false },
]);
