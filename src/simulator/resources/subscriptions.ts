import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import { type Operation, page } from '../http/operation.ts';
import { type Subscription, subscriptionNotFound } from '../world/world.ts';
import { locations } from './locations.ts';

const TYPE = 'Microsoft.Resources/subscriptions';

/** GET of one subscription, and of those in which the caller may read anything at their scope. */
export function subscriptionOperations({ world, authorizer, knobs }: Frame): readonly Operation[] {
  const common = { resourceType: TYPE, apiVersions: versionsOf(TYPE), action: `${TYPE}/read` };
  return [
    {
      ...common,
      id: 'subscriptions.get',
      method: 'GET',
      pattern: '/subscriptions/{subscriptionId}',
      handle(_request, { subscriptionId = '' }) {
        const subscription = world.subscription(subscriptionId);
        if (!subscription) throw subscriptionNotFound(subscriptionId);
        return { status: 200, body: bodyOf(subscription) };
      },
    },
    {
      ...common,
      id: 'subscriptions.listLocations',
      method: 'GET',
      pattern: '/subscriptions/{subscriptionId}/locations',
      action: 'Microsoft.Resources/subscriptions/locations/read',
      handle: (_request, { subscriptionId = '' }) => ({
        status: 200,
        body: { value: locationList(subscriptionId) },
      }),
    },
    {
      ...common,
      id: 'subscriptions.list',
      method: 'GET',
      pattern: '/subscriptions',
      checksRights: true,
      handle(request) {
        const shape = (subscription: Subscription) =>
          authorizer.authorize(request.caller, common.action, `/subscriptions/${subscription.id}`).allowed
            ? bodyOf(subscription)
            : undefined;
        return {
          status: 200,
          body: page(request, world.subscriptions(), knobs.values.paging.pageSize, shape),
        };
      },
    },
  ];
}

/** GET `/subscriptions/{s}/locations`. */
function locationList(subscriptionId: string): unknown[] {
  return locations().map(({ name, displayName, geography }) => ({
    id: `/subscriptions/${subscriptionId}/locations/${name}`,
    name,
    type: 'Region',
    displayName,
    regionalDisplayName: `(${geography}) ${displayName}`,
    metadata: {
      regionType: 'Physical',
      regionCategory: 'Recommended',
      geography,
      geographyGroup: geography,
    },
  }));
}

const bodyOf = ({ id, tenantId, displayName, state }: Subscription) => ({
  id: `/subscriptions/${id}`,
  authorizationSource: 'RoleBased',
  subscriptionId: id,
  tenantId,
  displayName,
  state,
  subscriptionPolicies: {
    locationPlacementId: 'Public_2014-09-01',
    quotaId: 'PayAsYouGo_2014-09-01',
    spendingLimit: 'Off',
  },
  managedByTenants: [],
});

const TENANTS = 'Microsoft.Resources/tenants';

/** GET `/tenants`: the one directory there is. */
export function tenantOperations({ world }: Frame): readonly Operation[] {
  return [
    {
      id: 'tenants.list',
      method: 'GET',
      pattern: '/tenants',
      resourceType: TENANTS,
      apiVersions: versionsOf(TENANTS),
      action: '',
      checksRights: true,
      handle: () => ({
        status: 200,
        body: {
          value: [
            {
              id: `/tenants/${world.tenantId}`,
              tenantId: world.tenantId,
              countryCode: 'NL',
              displayName: 'Simulated directory',
              defaultDomain: 'simulated.onmicrosoft.com',
              domains: ['simulated.onmicrosoft.com'],
              tenantCategory: 'Home',
              tenantType: 'AAD',
            },
          ],
        },
      }),
    },
  ];
}
