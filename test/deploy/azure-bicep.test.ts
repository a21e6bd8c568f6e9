import { expect, it } from 'vitest';
import { type EventSource, eventSource } from '../../src/api/event-source.ts';
import { HOST_CAPABILITIES } from '../../src/azure/hosts/capabilities.ts';
import { hearing } from '../support/kinds/events.ts';
import { type Cluster, until, type World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';
import { deployAzure, GIVEN } from './azure-template.ts';
import { lifeOfEveryKind } from './life-of-every-kind.ts';

/** azid with what deploy/azure/bicep gives it in Azure, and nothing else. */

const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';

let cluster: Cluster;
let world: World;
useWorld(async (own) => {
  ({ cluster, world } = own);
});

const ALL = {
  ...GIVEN,
  hostTypes: HOST_CAPABILITIES.map(({ type }) => type),
  grantableRoles: [READER],
  // The roles of the files are there, by their names.
  roleSuffix: ' deployed',
};

/** Takes all rights away that azid's identity had, and deploys. */
async function deploy(given: Readonly<Record<string, unknown>>) {
  world.moveRights();
  const deployed = await deployAzure(world.azure, given, (done) =>
    world.until('the deployment to end', done),
  );
  expect(deployed).toMatchObject({ state: 'Succeeded' });
  world.azure.control.settle();
  return deployed.outputs;
}

it('makes, grants, attaches and deletes what every kind declares', async () => {
  const { principalId } = await deploy({ ...ALL, orphans: true, events: false });
  const held = world.azure.control.assignments({}).filter((each) => each.principalId === principalId);
  expect(held.length).toBeGreaterThan(10);
  await world.start();
  await lifeOfEveryKind(cluster, world);
  const refused = world.azure
    .requests()
    .filter(({ caller, status }) => caller === 'controller' && status === 403);
  expect(refused.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});

it('hears from the queue that was made', async () => {
  const {
    queueNamespace,
    queueNames: [queue = ''],
  } = await deploy(ALL);
  await world.start(await hearing(world));
  const serviceBus = { namespace: queueNamespace, queue };
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'EventSource',
    metadata: { name: 'main' },
    spec: { serviceBus },
  });
  const found = async (): Promise<EventSource | undefined> => cluster.get(eventSource.resource, 'main');
  await until('the source to receive', async () =>
    ((await found())?.status?.conditions ?? []).some(
      ({ type, reason }) => type === 'Ready' && reason === 'Receiving',
    ),
  );
  // Somebody else writes, and the event comes by the topic's own identity.
  const path = `/subscriptions/${world.azure.subscriptionId}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/new?api-version=2024-11-30`;
  await world.azure.control.arm({ method: 'PUT', path, body: { location: 'westeurope' }, headers: {} });
  await until('the event to arrive', async () => (await found())?.status?.lastEventTime !== undefined);
});
