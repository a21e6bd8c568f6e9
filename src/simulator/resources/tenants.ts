import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import type { Operation } from '../http/operation.ts';

const TYPE = 'Microsoft.Resources/tenants';

/** GET `/tenants`: the one directory there is. */
export function tenantOperations({ world }: Frame): readonly Operation[] {
  return [
    {
      id: 'tenants.list',
      method: 'GET',
      pattern: '/tenants',
      resourceType: TYPE,
      apiVersions: versionsOf(TYPE),
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
