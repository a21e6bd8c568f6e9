import { expect, it } from 'vitest';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

let cluster: Cluster;
let world: World;
useWorld(async (own) => {
  ({ cluster, world } = own);
});

it('makes an identity', async () => {
  await cluster.applyYaml(`
apiVersion: v1
kind: Namespace
metadata: { name: team-a }
---
apiVersion: azid.dev/v1alpha1
kind: IdentityPolicy
metadata: { name: team-a }
spec:
  namespaces: { names: [team-a] }
  identities: { scopes: [/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1] }
  defaults: { subscriptionId: ${SUBSCRIPTION}, resourceGroup: rg1, location: westeurope }
---
apiVersion: azid.dev/v1alpha1
kind: UserAssignedIdentity
metadata: { name: web, namespace: team-a }
spec: { tags: { app: shop }, output: { configMap: { name: web-identity } } }
`);
  await world.start();
  await world.until('Ready', async () => {
    const object = await cluster.get(userAssignedIdentity.resource, 'team-a/web');
    return object?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
  });
  const writes = world.azure
    .requests()
    .filter(({ method, caller }) => method !== 'GET' && caller === 'controller');
  expect(writes.map(({ method, status }) => [method, status])).toEqual([['PUT', 201]]);
});
