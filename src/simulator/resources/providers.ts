import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import { ArmError, type Operation, page } from '../http/operation.ts';
import type { Router } from '../http/router.ts';
import { locations } from './locations.ts';

/** GET `/subscriptions/{s}/providers[/{namespace}]`: the types and api-versions served (docs/azure-facts.md section 2, unsure). */
export function providerOperations({ knobs }: Frame, router: () => Router): readonly Operation[] {
  const common = {
    method: 'GET',
    resourceType: 'Microsoft.Resources/providers',
    apiVersions: versionsOf('Microsoft.Resources/resourceGroups'),
    action: 'Microsoft.Resources/subscriptions/providers/read',
  } as const;
  return [
    {
      ...common,
      id: 'providers.get',
      pattern: '/subscriptions/{subscriptionId}/providers/{namespace}',
      handle(_request, { subscriptionId = '', namespace = '' }) {
        const found = providers(router()).find(({ name }) => same(name, namespace));
        if (found) return { status: 200, body: bodyOf(subscriptionId, found) };
        throw new ArmError(
          404,
          'InvalidResourceNamespace',
          `The resource namespace '${namespace}' is invalid.`,
        );
      },
    },
    {
      ...common,
      id: 'providers.list',
      pattern: '/subscriptions/{subscriptionId}/providers',
      handle: (request, { subscriptionId = '' }) => ({
        status: 200,
        body: page(request, providers(router()), knobs.values.paging.pageSize, (each) =>
          bodyOf(subscriptionId, each),
        ),
      }),
    },
  ];
}

interface Provider {
  readonly name: string;
  /** Type without its namespace, with its versions. */
  readonly types: readonly (readonly [type: string, apiVersions: readonly string[]])[];
}

function providers(router: Router): Provider[] {
  const byNamespace = Map.groupBy(router.apiVersions(), ([type]) => type.split('/')[0] ?? '');
  return [...byNamespace].map(([name, types]) => ({
    name,
    types: types.map(([type, versions]) => [type.slice(name.length + 1), versions] as const),
  }));
}

const bodyOf = (subscriptionId: string, { name, types }: Provider) => ({
  id: `/subscriptions/${subscriptionId}/providers/${name}`,
  namespace: name,
  registrationState: 'Registered',
  registrationPolicy: 'RegistrationRequired',
  resourceTypes: types.map(([resourceType, apiVersions]) => ({
    resourceType,
    locations: locations().map(({ displayName }) => displayName),
    // Newest first, as the service answers.
    apiVersions: [...apiVersions].sort().reverse(),
  })),
});

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
