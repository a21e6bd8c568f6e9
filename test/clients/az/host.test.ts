import { expect } from 'vitest';
import { commandLines } from '../commands.ts';

const some = expect.any(String);
const ID =
  '/subscriptions/{subscription}/resourcegroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities';
/** As az writes it from a name. */
const SENT = ID.replace('/resourcegroups/', '/resourceGroups/');
const both = { type: 'SystemAssigned, UserAssigned', principalId: some };
const host = (type: string, name: string, more: object = {}) =>
  ({
    before: ({ control }: { control(verb: string, input: unknown): Promise<unknown> }) =>
      control('createHost', { type, name, resourceGroup: 'rg1', ...more }),
  }) as const;

commandLines('vm, vmss, webapp, functionapp, container, containerapp, aks, storage: identity', [
  { az: 'identity create -g rg1 -n app -l westeurope', keep: { app: 'id' } },
  { az: 'identity create -g rg1 -n other -l westeurope', keep: { other: 'id' } },
  {
    ...host('Microsoft.Compute/virtualMachines', 'vm1'),
    az: 'vm list -g rg1',
    out: [{ name: 'vm1', provisioningState: 'Succeeded' }],
  },
  { az: 'vm show -g rg1 -n vm1', out: { name: 'vm1', vmId: some } },
  { az: 'vm show -g rg1 -n none', code: 3, err: 'ResourceNotFound' },
  { az: 'vm identity show -g rg1 -n vm1' },
  { az: 'vm identity assign -g rg1 -n vm1', out: { systemAssignedIdentity: some } },
  {
    az: 'vm identity assign -g rg1 -n vm1 --identities app',
    out: { userAssignedIdentities: { [`${SENT}/app`]: {} } },
  },
  { az: 'vm identity assign -g rg1 -n vm1 --identities {other}', out: { systemAssignedIdentity: some } },
  {
    az: 'vm identity show -g rg1 -n vm1',
    out: {
      ...both,
      userAssignedIdentities: { [`${SENT}/app`]: { clientId: some, principalId: some }, [`${ID}/other`]: {} },
    },
  },
  { az: 'vm identity assign -g rg1 -n vm1 --identities none', code: 1, err: 'LinkedAuthorizationFailed' },
  {
    az: 'vm identity remove -g rg1 -n vm1 --identities app',
    out: { userAssignedIdentities: { [`${ID}/other`]: {} } },
  },
  { az: 'vm identity remove -g rg1 -n vm1 --identities [system]', out: { type: 'UserAssigned' } },
  { az: 'vm identity remove -g rg1 -n vm1 --identities other' },
  { az: 'vm update -g rg1 -n vm1 --set tags.a=x', out: { tags: { a: 'x' } } },
  { az: 'vm delete -g rg1 -n vm1 --yes' },
  { az: 'vm list -g rg1', out: [] },
  {
    ...host('Microsoft.Compute/virtualMachineScaleSets', 'ss1'),
    az: 'vmss show -g rg1 -n ss1',
    out: { name: 'ss1' },
  },
  { az: 'vmss list -g rg1', out: [{ name: 'ss1' }] },
  { az: 'vmss identity assign -g rg1 -n ss1', out: { systemAssignedIdentity: some } },
  {
    az: 'vmss identity assign -g rg1 -n ss1 --identities app',
    out: { userAssignedIdentities: { [`${SENT}/app`]: {} } },
  },
  { az: 'vmss identity show -g rg1 -n ss1', out: both },
  { az: 'vmss identity remove -g rg1 -n ss1 --identities app' },
  { az: 'vmss identity remove -g rg1 -n ss1' },
  {
    ...host('Microsoft.Web/sites', 'web1', { kind: 'app,linux' }),
    az: 'webapp list -g rg1',
    out: [{ name: 'web1', location: 'West Europe' }],
  },
  { az: 'webapp show -g rg1 -n web1', out: { name: 'web1', state: 'Running' } },
  { az: 'webapp identity assign -g rg1 -n web1', out: { type: 'SystemAssigned', principalId: some } },
  { az: 'webapp identity assign -g rg1 -n web1 --identities {app}', out: both },
  {
    az: 'webapp identity show -g rg1 -n web1',
    out: { ...both, userAssignedIdentities: { [`${ID}/app`]: { principalId: some } } },
  },
  { az: 'webapp identity remove -g rg1 -n web1 --identities {app}' },
  { az: 'webapp identity remove -g rg1 -n web1' },
  { az: 'webapp config show -g rg1 -n web1', out: { name: 'web1' } },
  {
    ...host('Microsoft.Web/sites/slots', 'web1/staging'),
    az: 'webapp deployment slot list -g rg1 -n web1',
    out: [{ name: 'staging' }],
  },
  {
    az: 'webapp identity assign -g rg1 -n web1 --slot staging',
    out: { type: 'SystemAssigned', principalId: some },
  },
  { az: 'webapp identity show -g rg1 -n web1 --slot staging', out: { type: 'SystemAssigned' } },
  {
    ...host('Microsoft.Web/sites', 'fun1', { kind: 'functionapp' }),
    az: 'functionapp show -g rg1 -n fun1',
    out: { name: 'fun1' },
  },
  { az: 'functionapp list -g rg1', out: [{ name: 'fun1' }] },
  { az: 'functionapp identity assign -g rg1 -n fun1 --identities {app}', out: { type: 'UserAssigned' } },
  { az: 'functionapp identity show -g rg1 -n fun1', out: { type: 'UserAssigned' } },
  { az: 'functionapp identity remove -g rg1 -n fun1 --identities {app}' },
  {
    az: 'container create -g rg1 -n aci1 -l westeurope --image mcr.microsoft.com/hello --os-type Linux --cpu 1 --memory 1 --assign-identity {app}',
    out: {
      name: 'aci1',
      identity: {
        type: 'UserAssigned',
        tenantId: '{tenant}',
        userAssignedIdentities: { [`${ID}/app`]: { principalId: some } },
      },
    },
  },
  { az: 'container show -g rg1 -n aci1', out: { name: 'aci1', provisioningState: 'Succeeded' } },
  { az: 'container list -g rg1', out: [{ name: 'aci1' }] },
  { az: 'container delete -g rg1 -n aci1 --yes' },
  {
    ...host('Microsoft.App/containerApps', 'ca1'),
    az: 'containerapp show -g rg1 -n ca1',
    out: { name: 'ca1' },
  },
  { az: 'containerapp list -g rg1', out: [{ name: 'ca1' }] },
  {
    az: 'containerapp identity assign -g rg1 -n ca1 --system-assigned',
    out: { type: 'SystemAssigned', principalId: some },
  },
  {
    az: 'containerapp identity assign -g rg1 -n ca1 --user-assigned app',
    out: { type: 'SystemAssigned,UserAssigned' },
  },
  { az: 'containerapp identity show -g rg1 -n ca1', out: { type: 'SystemAssigned,UserAssigned' } },
  { az: 'containerapp identity remove -g rg1 -n ca1 --user-assigned app', out: { type: 'SystemAssigned' } },
  { az: 'containerapp identity remove -g rg1 -n ca1 --system-assigned', out: { type: 'None' } },
  {
    ...host('Microsoft.ContainerService/managedClusters', 'aks1', { identity: { type: 'SystemAssigned' } }),
    az: 'aks show -g rg1 -n aks1',
    out: {
      name: 'aks1',
      type: 'Microsoft.ContainerService/ManagedClusters',
      identity: { type: 'SystemAssigned' },
    },
  },
  { az: 'aks list -g rg1', out: [{ name: 'aks1' }] },
  {
    az: 'aks update -g rg1 -n aks1 --enable-managed-identity --assign-identity {app} --yes',
    out: {
      identity: { type: 'UserAssigned', userAssignedIdentities: { [`${ID}/app`]: { principalId: some } } },
    },
  },
  { az: 'aks delete -g rg1 -n aks1 --yes' },
  {
    az: 'storage account create -g rg1 -n azidstore1 -l westeurope --sku Standard_LRS --identity-type UserAssigned --user-identity-id {app}',
    out: { name: 'azidstore1', identity: { type: 'UserAssigned' } },
  },
  {
    az: 'storage account show -g rg1 -n azidstore1',
    out: {
      name: 'azidstore1',
      identity: { type: 'UserAssigned', userAssignedIdentities: { [`${ID}/app`]: { principalId: some } } },
    },
  },
  { az: 'storage account list -g rg1', out: [{ name: 'azidstore1' }] },
  {
    az: 'storage account update -g rg1 -n azidstore1 --identity-type SystemAssigned',
    out: { identity: { type: 'SystemAssigned', principalId: some } },
  },
  {
    az: 'storage account update -g rg1 -n azidstore1 --identity-type None',
    out: { identity: { type: 'None' } },
  },
  { az: 'storage account check-name -n azidstore1', out: { nameAvailable: false, reason: 'AlreadyExists' } },
  { az: 'storage account check-name -n azidstore2', out: { nameAvailable: true } },
  { az: 'storage account delete -g rg1 -n azidstore1 --yes' },
]);
