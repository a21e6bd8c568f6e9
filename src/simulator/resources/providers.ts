import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import { ArmError, type Operation } from '../http/operation.ts';
import type { Router } from '../http/router.ts';

/** GET `/subscriptions/{s}/providers/{namespace}`: the types and api-versions served (azure.md section 2, unsure). */
export function providerOperations(
  { world }: Frame,
  router: () => Pick<Router, 'apiVersions'>,
): readonly Operation[] {
  return [
    {
      id: 'providers.get',
      method: 'GET',
      pattern: '/subscriptions/{subscriptionId}/providers/{namespace}',
      resourceType: 'Microsoft.Resources/providers',
      apiVersions: versionsOf('Microsoft.Resources/resourceGroups'),
      action: 'Microsoft.Resources/subscriptions/providers/read',
      handle(_request, { subscriptionId = '', namespace = '' }) {
        const prefix = `${namespace.toLowerCase()}/`;
        const types = [...router().apiVersions()].filter(([type]) => type.toLowerCase().startsWith(prefix));
        const [first] = types;
        if (!first || !world.subscription(subscriptionId))
          throw new ArmError(
            404,
            'InvalidResourceNamespace',
            `The resource namespace '${namespace}' is invalid.`,
          );
        const name = first[0].slice(0, namespace.length);
        return {
          status: 200,
          body: {
            id: `/subscriptions/${subscriptionId}/providers/${name}`,
            namespace: name,
            registrationState: 'Registered',
            resourceTypes: types.map(([type, apiVersions]) => ({
              resourceType: type.slice(prefix.length),
              locations: ['West Europe', 'North Europe'],
              // Newest first, as the service answers.
              apiVersions: [...apiVersions].sort().reverse(),
            })),
          },
        };
      },
    },
  ];
}
