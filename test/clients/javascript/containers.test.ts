import { AT_ONCE, type Stage, sdkCalls } from './calls.ts';
import {
  at,
  has,
  holds,
  IDENTITY,
  idOf,
  NO_SUCH_IDENTITY,
  NO_SUCH_RESOURCE,
  some,
  user,
  withoutIdentity,
} from './host-calls.ts';

const groups = ({ client }: Stage) =>
  client('@azure/arm-containerinstance', 'ContainerInstanceManagementClient').containerGroups;
const GROUP = {
  ...at,
  osType: 'Linux',
  containers: [
    { name: 'a', image: 'mcr.microsoft.com/hello', resources: { requests: { cpu: 1, memoryInGB: 1 } } },
  ],
};

sdkCalls(
  'arm-containerinstance',
  ['@azure/arm-containerinstance', '@azure/arm-msi'],
  [
    IDENTITY,
    {
      name: 'createOrUpdate, with the tenant beside the identity',
      call: (s) =>
        groups(s).beginCreateOrUpdateAndWait('rg1', 'aci1', { ...GROUP, identity: user(s) }, AT_ONCE),
      out: (s: Stage) => {
        const { identity } = holds()(s);
        return { name: 'aci1', identity: { ...identity, tenantId: s.simulator.tenantId } };
      },
    },
    { name: 'get', call: (s) => groups(s).get('rg1', 'aci1'), out: { name: 'aci1', osType: 'Linux' } },
    { name: 'get of none', call: (s) => groups(s).get('rg1', 'none'), refused: NO_SUCH_RESOURCE },
    { name: 'list', call: (s) => groups(s).list(), out: has({ name: 'aci1' }) },
    {
      name: 'listByResourceGroup',
      call: (s) => groups(s).listByResourceGroup('rg1'),
      out: [{ name: 'aci1' }],
    },
    {
      name: 'update is of tags alone',
      call: (s) => groups(s).update('rg1', 'aci1', { ...at, tags: { a: 'b' } }),
      out: { tags: { a: 'b' }, identity: { type: 'UserAssigned' } },
    },
    {
      name: 'createOrUpdate with an identity that does not exist is refused',
      call: (s) =>
        groups(s).beginCreateOrUpdateAndWait('rg1', 'aci1', { ...GROUP, identity: user(s, 'none') }, AT_ONCE),
      refused: NO_SUCH_IDENTITY,
    },
    {
      name: 'createOrUpdate of Windows with an identity is refused',
      call: (s) =>
        groups(s).beginCreateOrUpdateAndWait(
          'rg1',
          'aci2',
          { ...GROUP, osType: 'Windows', identity: user(s) },
          AT_ONCE,
        ),
      refused: [400, 'IdentityNotSupportedOnWindows'],
    },
    {
      name: 'createOrUpdate without `identity` takes it away',
      call: (s) => groups(s).beginCreateOrUpdateAndWait('rg1', 'aci1', GROUP, AT_ONCE),
      out: withoutIdentity,
    },
    { name: 'delete', call: (s) => groups(s).beginDeleteAndWait('rg1', 'aci1', AT_ONCE) },
    { name: 'get of what was deleted', call: (s) => groups(s).get('rg1', 'aci1'), refused: NO_SUCH_RESOURCE },
  ],
);

const apps = ({ client }: Stage) =>
  client('@azure/arm-appcontainers', 'ContainerAppsAPIClient').containerApps;
const SECRET = { configuration: { secrets: [{ name: 'a', value: 'hidden' }] } };

sdkCalls(
  'arm-appcontainers',
  ['@azure/arm-appcontainers', '@azure/arm-msi'],
  [
    IDENTITY,
    {
      name: 'createOrUpdate',
      call: (s) => apps(s).createOrUpdate('rg1', 'ca1', { ...at, ...SECRET, identity: user(s) }, AT_ONCE),
      out: holds('resourcegroups'),
    },
    {
      name: 'get names its secrets without their values',
      call: (s) => apps(s).get('rg1', 'ca1'),
      out: { name: 'ca1', configuration: { secrets: [{ name: 'a' }] } },
    },
    { name: 'get of none', call: (s) => apps(s).get('rg1', 'none'), refused: NO_SUCH_RESOURCE },
    {
      name: 'listSecrets',
      call: (s) => apps(s).listSecrets('rg1', 'ca1'),
      out: { value: [{ value: 'hidden' }] },
    },
    { name: 'listBySubscription', call: (s) => apps(s).listBySubscription(), out: has({ name: 'ca1' }) },
    { name: 'listByResourceGroup', call: (s) => apps(s).listByResourceGroup('rg1'), out: [{ name: 'ca1' }] },
    {
      name: 'update to both kinds',
      call: (s) =>
        apps(s).update(
          'rg1',
          'ca1',
          { ...at, identity: { ...user(s), type: 'SystemAssigned,UserAssigned' } },
          AT_ONCE,
        ),
      out: { identity: { type: 'SystemAssigned,UserAssigned', principalId: some } },
    },
    {
      name: 'update to None says None',
      call: (s) => apps(s).update('rg1', 'ca1', { ...at, identity: { type: 'None' } }, AT_ONCE),
      out: { identity: { type: 'None' } },
    },
    { name: 'delete', call: (s) => apps(s).delete('rg1', 'ca1', AT_ONCE) },
    { name: 'list without it', call: (s) => apps(s).listByResourceGroup('rg1'), out: [] },
  ],
);

const clusters = ({ client }: Stage) =>
  client('@azure/arm-containerservice', 'ContainerServiceClient').managedClusters;
const CLUSTER = { ...at, dnsPrefix: 'aks', agentPoolProfiles: [{ name: 'a', count: 1, mode: 'System' }] };

sdkCalls(
  'arm-containerservice',
  ['@azure/arm-containerservice', '@azure/arm-msi'],
  [
    IDENTITY,
    {
      name: 'createOrUpdate',
      call: (s) => clusters(s).createOrUpdate('rg1', 'aks1', { ...CLUSTER, identity: user(s) }, AT_ONCE),
      out: (s: Stage) => ({
        type: 'Microsoft.ContainerService/ManagedClusters',
        ...holds('resourcegroups')(s),
      }),
    },
    {
      name: 'get',
      call: (s) => clusters(s).get('rg1', 'aks1'),
      out: { name: 'aks1', eTag: some, identityProfile: { kubeletidentity: { clientId: some } } },
    },
    { name: 'get of none', call: (s) => clusters(s).get('rg1', 'none'), refused: NO_SUCH_RESOURCE },
    { name: 'list', call: (s) => clusters(s).list(), out: has({ name: 'aks1' }) },
    {
      name: 'listByResourceGroup',
      call: (s) => clusters(s).listByResourceGroup('rg1'),
      out: [{ name: 'aks1' }],
    },
    {
      name: 'updateTags leaves the identity alone',
      call: (s) => clusters(s).updateTags('rg1', 'aks1', { tags: { a: 'b' } }, AT_ONCE),
      out: { tags: { a: 'b' }, identity: { type: 'UserAssigned' } },
    },
    {
      name: 'createOrUpdate of both kinds is refused',
      call: (s) =>
        clusters(s).createOrUpdate(
          'rg1',
          'aks1',
          { ...CLUSTER, identity: { ...user(s), type: 'SystemAssigned, UserAssigned' } },
          AT_ONCE,
        ),
      refused: [400, 'InvalidIdentityType'],
    },
    {
      name: 'createOrUpdate of two identities is refused',
      before: ({ simulator: { control } }) =>
        control('createIdentity', { name: 'other', resourceGroup: 'rg1' }),
      call: (s) => {
        const two = { [idOf(s, 'app', 'resourcegroups')]: {}, [idOf(s, 'other')]: {} };
        const identity = { type: 'UserAssigned', userAssignedIdentities: two };
        return clusters(s).createOrUpdate('rg1', 'aks1', { ...CLUSTER, identity }, AT_ONCE);
      },
      refused: [400, 'InvalidUserAssignedIdentities'],
    },
    { name: 'delete', call: (s) => clusters(s).delete('rg1', 'aks1', AT_ONCE) },
    { name: 'list without it', call: (s) => clusters(s).list(), out: [] },
  ],
);
