import { AT_ONCE, type Stage, sdkCalls } from './calls.ts';
import { at, has, holds, IDENTITY, NO_SUCH_IDENTITY, NO_SUCH_RESOURCE, some, user } from './host-calls.ts';

const accounts = ({ client }: Stage) =>
  client('@azure/arm-storage', 'StorageManagementClient').storageAccounts;
const ACCOUNT = { ...at, kind: 'StorageV2', sku: { name: 'Standard_LRS' } };
const NAME = 'azidjs1';

sdkCalls(
  'arm-storage',
  ['@azure/arm-storage', '@azure/arm-msi'],
  [
    IDENTITY,
    {
      name: 'create',
      call: (s) => accounts(s).create('rg1', NAME, { ...ACCOUNT, identity: user(s) }, AT_ONCE),
      out: holds(),
    },
    {
      name: 'getProperties',
      call: (s) => accounts(s).getProperties('rg1', NAME),
      out: {
        name: NAME,
        encryption: { keySource: 'Microsoft.Storage' },
        ...{ provisioningState: 'Succeeded' },
      },
    },
    {
      name: 'getProperties of none',
      call: (s) => accounts(s).getProperties('rg1', 'none'),
      refused: NO_SUCH_RESOURCE,
    },
    { name: 'list', call: (s) => accounts(s).list(), out: has({ name: NAME }) },
    {
      name: 'listByResourceGroup',
      call: (s) => accounts(s).listByResourceGroup('rg1'),
      out: [{ name: NAME }],
    },
    {
      name: 'create once more, without `identity`, keeps it',
      call: (s) => accounts(s).create('rg1', NAME, ACCOUNT, AT_ONCE),
      out: holds(),
    },
    {
      name: 'update to both kinds',
      call: (s) =>
        accounts(s).update('rg1', NAME, { identity: { ...user(s), type: 'SystemAssigned,UserAssigned' } }),
      out: { identity: { type: 'SystemAssigned,UserAssigned', principalId: some } },
    },
    {
      name: 'update with an identity that does not exist is refused',
      call: (s) => accounts(s).update('rg1', NAME, { identity: user(s, 'none') }),
      refused: NO_SUCH_IDENTITY,
    },
    {
      name: 'update to None says None',
      call: (s) => accounts(s).update('rg1', NAME, { identity: { type: 'None' } }),
      out: { identity: { type: 'None' } },
    },
    {
      name: 'checkNameAvailability of a name that is taken',
      call: (s) =>
        accounts(s).checkNameAvailability({ name: NAME, type: 'Microsoft.Storage/storageAccounts' }),
      out: { nameAvailable: false, reason: 'AlreadyExists' },
    },
    { name: 'delete', call: (s) => accounts(s).delete('rg1', NAME) },
    {
      name: 'checkNameAvailability of a free one',
      call: (s) =>
        accounts(s).checkNameAvailability({ name: NAME, type: 'Microsoft.Storage/storageAccounts' }),
      out: { nameAvailable: true },
    },
  ],
);
