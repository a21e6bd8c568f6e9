import { AT_ONCE, type Stage, sdkCalls } from './calls.ts';
import {
  at,
  has,
  holds,
  IDENTITY,
  NO_SUCH_IDENTITY,
  NO_SUCH_RESOURCE,
  some,
  USER,
  user,
} from './host-calls.ts';

const web = ({ client }: Stage) => client('@azure/arm-appservice', 'WebSiteManagementClient').webApps;

sdkCalls(
  'arm-appservice',
  ['@azure/arm-appservice', '@azure/arm-msi'],
  [
    IDENTITY,
    {
      name: 'createOrUpdate of a site',
      call: (s) => web(s).createOrUpdate('rg1', 'web1', { ...at, identity: user(s) }, AT_ONCE),
      out: (s: Stage) => ({ name: 'web1', location: 'West Europe', ...holds('resourcegroups')(s) }),
    },
    {
      name: 'get',
      call: (s) => web(s).get('rg1', 'web1'),
      out: { name: 'web1', state: 'Running', serverFarmId: some },
    },
    { name: 'get of none', call: (s) => web(s).get('rg1', 'none'), refused: NO_SUCH_RESOURCE },
    { name: 'list', call: (s) => web(s).list(), out: has({ name: 'web1' }) },
    { name: 'listByResourceGroup', call: (s) => web(s).listByResourceGroup('rg1'), out: [{ name: 'web1' }] },
    {
      name: 'update to both kinds',
      call: (s) =>
        web(s).update('rg1', 'web1', { identity: { ...user(s), type: 'SystemAssigned, UserAssigned' } }),
      out: { identity: { type: 'SystemAssigned, UserAssigned', principalId: some } },
    },
    {
      name: 'update with an identity that does not exist is refused',
      call: (s) => web(s).update('rg1', 'web1', { identity: user(s, 'none') }),
      refused: NO_SUCH_IDENTITY,
    },
    { name: 'getConfiguration', call: (s) => web(s).getConfiguration('rg1', 'web1'), out: { name: 'web1' } },
    {
      name: 'createOrUpdateSlot',
      call: (s) =>
        web(s).createOrUpdateSlot(
          'rg1',
          'web1',
          'staging',
          { ...at, identity: { type: 'SystemAssigned' } },
          AT_ONCE,
        ),
      out: { name: 'web1/staging', identity: { type: 'SystemAssigned', principalId: some } },
    },
    {
      name: 'createOrUpdateSlot of a site that does not exist is refused',
      call: (s) => web(s).createOrUpdateSlot('rg1', 'none', 'staging', at, AT_ONCE),
      refused: [404, 'ParentResourceNotFound'],
    },
    { name: 'getSlot', call: (s) => web(s).getSlot('rg1', 'web1', 'staging'), out: { name: 'web1/staging' } },
    { name: 'listSlots', call: (s) => web(s).listSlots('rg1', 'web1'), out: [{ name: 'web1/staging' }] },
    {
      name: 'updateSlot',
      call: (s) => web(s).updateSlot('rg1', 'web1', 'staging', { identity: user(s) }),
      out: holds('resourcegroups'),
    },
    {
      name: 'swapSlot leaves each identity with its slot',
      call: async (s) => {
        await web(s).swapSlot(
          'rg1',
          'web1',
          'staging',
          { targetSlot: 'production', preserveVnet: true },
          AT_ONCE,
        );
        return web(s).getSlot('rg1', 'web1', 'staging');
      },
      out: { identity: USER },
    },
    { name: 'deleteSlot', call: (s) => web(s).deleteSlot('rg1', 'web1', 'staging') },
    { name: 'delete', call: (s) => web(s).delete('rg1', 'web1') },
    { name: 'list without it', call: (s) => web(s).list(), out: [] },
  ],
);
