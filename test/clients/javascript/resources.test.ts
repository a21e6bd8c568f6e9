import { AT_ONCE, type Stage, sdkCalls } from './calls.ts';
import { at, has, NO_SUCH_RESOURCE, some } from './host-calls.ts';

const UAI = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const VERSION = '2024-11-30';
const resources = ({ client }: Stage) => client('@azure/arm-resources', 'ResourceManagementClient');
const groups = (stage: Stage) => resources(stage).resourceGroups;
const generic = (stage: Stage) => resources(stage).resources;
const tags = (stage: Stage) => resources(stage).tagsOperations;
const idIn = ({ subscription }: Stage) =>
  `subscriptions/${subscription}/resourceGroups/rg2/providers/${UAI}/app`;
const named = ['rg2', 'Microsoft.ManagedIdentity', '', 'userAssignedIdentities', 'app', VERSION] as const;

sdkCalls(
  'arm-resources',
  ['@azure/arm-resources'],
  [
    {
      name: 'resourceGroups.createOrUpdate',
      call: (s) => groups(s).createOrUpdate('rg2', { ...at, tags: { a: '1' } }),
      out: { name: 'rg2', tags: { a: '1' }, properties: { provisioningState: 'Succeeded' } },
    },
    {
      name: 'createOrUpdate elsewhere is refused',
      call: (s) => groups(s).createOrUpdate('rg2', { location: 'northeurope' }),
      refused: [409, 'InvalidResourceGroupLocation'],
    },
    {
      name: 'resourceGroups.update',
      call: (s) => groups(s).update('rg2', { tags: { b: '2' } }),
      out: { tags: { b: '2' } },
    },
    { name: 'resourceGroups.get', call: (s) => groups(s).get('rg2'), out: { tags: { b: '2' } } },
    { name: 'get of none', call: (s) => groups(s).get('none'), refused: [404, 'ResourceGroupNotFound'] },
    { name: 'checkExistence', call: (s) => groups(s).checkExistence('rg2'), out: { body: true } },
    { name: 'checkExistence of none', call: (s) => groups(s).checkExistence('none'), out: { body: false } },
    {
      name: 'resourceGroups.list by tag',
      call: (s) => groups(s).list({ filter: "tagName eq 'b' and tagValue eq '2'" }),
      out: [{ name: 'rg2' }],
    },
    {
      name: 'resourceGroups.list in pages of one',
      call: (s) => groups(s).list({ top: 1 }),
      out: has({ name: 'rg2' }),
    },
    {
      // Made, but the SDK then polls the relative `Location` that Azure was recorded to answer, which has no api-version.
      name: 'resources.createOrUpdate of a new identity trips over its Location',
      call: (s) => generic(s).createOrUpdate(...named, at, AT_ONCE),
      refused: [400, 'MissingApiVersionParameter'],
    },
    {
      name: 'resources.createOrUpdate of one that is there',
      call: (s) => generic(s).createOrUpdate(...named, at, AT_ONCE),
      out: { name: 'app', properties: { principalId: some } },
    },
    { name: 'resources.get', call: (s) => generic(s).get(...named), out: { name: 'app' } },
    { name: 'resources.getById', call: (s) => generic(s).getById(idIn(s), VERSION), out: { name: 'app' } },
    {
      name: 'getById of none',
      call: (s) => generic(s).getById(`${idIn(s)}-none`, VERSION),
      refused: NO_SUCH_RESOURCE,
    },
    {
      name: 'getById of an api-version that Azure never had',
      call: (s) => generic(s).getById(idIn(s), '1999-01-01'),
      refused: [404, 'InvalidResourceType'],
    },
    {
      name: 'getById of a type that is not simulated says so',
      call: ({ group, ...s }) =>
        generic({ group, ...s }).getById(
          `${group.slice(1)}/providers/Microsoft.Network/virtualNetworks/a`,
          '2024-05-01',
        ),
      refused: [501, 'NotSimulated'],
    },
    {
      name: 'resources.createOrUpdateById',
      call: (s) => generic(s).createOrUpdateById(idIn(s), VERSION, { ...at, tags: { c: '3' } }, AT_ONCE),
      out: { tags: { c: '3' } },
    },
    {
      name: 'resources.updateById',
      call: (s) => generic(s).updateById(idIn(s), VERSION, { tags: { d: '4' } }, AT_ONCE),
      out: { tags: { d: '4' } },
    },
    {
      name: 'resources.list by type',
      call: (s) => generic(s).list({ filter: `resourceType eq '${UAI}'` }),
      out: has({ name: 'app', type: UAI }),
    },
    {
      name: 'resources.listByResourceGroup',
      call: (s) => generic(s).listByResourceGroup('rg2'),
      out: [{ name: 'app' }],
    },
    {
      name: 'tagsOperations.createOrUpdateAtScope',
      call: (s) => tags(s).createOrUpdateAtScope(idIn(s), { properties: { tags: { e: '5' } } }, AT_ONCE),
      out: { properties: { tags: { e: '5' } } },
    },
    {
      name: 'tagsOperations.updateAtScope merges',
      call: (s) =>
        tags(s).updateAtScope(idIn(s), { operation: 'Merge', properties: { tags: { f: '6' } } }, AT_ONCE),
      out: { properties: { tags: { e: '5', f: '6' } } },
    },
    {
      name: 'tagsOperations.getAtScope',
      call: (s) => tags(s).getAtScope(idIn(s)),
      out: { properties: { tags: { e: '5', f: '6' } } },
    },
    { name: 'tagsOperations.deleteAtScope', call: (s) => tags(s).deleteAtScope(idIn(s), AT_ONCE) },
    {
      name: 'providers.get',
      call: (s) => resources(s).providers.get('Microsoft.ManagedIdentity'),
      out: { namespace: 'Microsoft.ManagedIdentity', registrationState: 'Registered' },
    },
    {
      name: 'providers.list',
      call: (s) => resources(s).providers.list(),
      out: has({ namespace: 'Microsoft.Compute' }),
    },
    {
      name: 'providers.get of none',
      call: (s) => resources(s).providers.get('Microsoft.Void'),
      refused: [404, 'InvalidResourceNamespace'],
    },
    { name: 'resources.delete', call: (s) => generic(s).delete(...named, AT_ONCE) },
    { name: 'resourceGroups.delete', call: (s) => groups(s).delete('rg2', AT_ONCE) },
    {
      name: 'checkExistence of what was deleted',
      call: (s) => groups(s).checkExistence('rg2'),
      out: { body: false },
    },
  ],
);
