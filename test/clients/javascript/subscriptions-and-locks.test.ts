import { type Stage, sdkCalls } from './calls.ts';
import { at, has } from './host-calls.ts';

const subscriptions = ({ client }: Stage) =>
  client('@azure/arm-resources-subscriptions', 'SubscriptionClient');

sdkCalls(
  'arm-resources-subscriptions',
  ['@azure/arm-resources-subscriptions'],
  [
    {
      name: 'subscriptions.list',
      call: (s) => subscriptions(s).subscriptions.list(),
      out: (s: Stage) => [{ subscriptionId: s.subscription, state: 'Enabled' }],
    },
    {
      name: 'subscriptions.get',
      call: (s) => subscriptions(s).subscriptions.get(s.subscription),
      out: (s: Stage) => ({ tenantId: s.simulator.tenantId }),
    },
    {
      name: 'subscriptions.get of none',
      call: (s) => subscriptions(s).subscriptions.get('11111111-1111-4111-8111-111111111111'),
      refused: [404, 'SubscriptionNotFound'],
    },
    {
      name: 'subscriptions.listLocations',
      call: (s) => subscriptions(s).subscriptions.listLocations(s.subscription),
      out: has({ name: 'westeurope', displayName: 'West Europe' }),
    },
    {
      name: 'tenants.list',
      call: (s) => subscriptions(s).tenants.list(),
      out: (s: Stage) => [{ tenantId: s.simulator.tenantId }],
    },
  ],
);

const locks = ({ client }: Stage) => client('@azure/arm-locks', 'ManagementLockClient').managementLocks;

sdkCalls(
  'arm-locks',
  ['@azure/arm-locks', '@azure/arm-msi'],
  [
    {
      name: 'createOrUpdateAtResourceGroupLevel',
      call: (s) => locks(s).createOrUpdateAtResourceGroupLevel('rg1', 'keep', { level: 'ReadOnly' }),
      out: { name: 'keep', level: 'ReadOnly' },
    },
    {
      name: 'a write beneath it is refused',
      call: ({ client }) =>
        client('@azure/arm-msi', 'ManagedServiceIdentityClient').userAssignedIdentities.createOrUpdate(
          'rg1',
          'a',
          at,
        ),
      refused: [409, 'ScopeLocked'],
    },
    {
      name: 'listAtResourceGroupLevel',
      call: (s) => locks(s).listAtResourceGroupLevel('rg1'),
      out: [{ name: 'keep' }],
    },
    {
      name: 'listAtSubscriptionLevel',
      call: (s) => locks(s).listAtSubscriptionLevel(),
      out: has({ name: 'keep' }),
    },
    { name: 'getByScope', call: (s) => locks(s).getByScope(s.group, 'keep'), out: { level: 'ReadOnly' } },
    { name: 'deleteAtResourceGroupLevel', call: (s) => locks(s).deleteAtResourceGroupLevel('rg1', 'keep') },
    {
      name: 'getByScope of none',
      call: (s) => locks(s).getByScope(s.group, 'keep'),
      refused: [404, 'LockNotFound'],
    },
  ],
);
