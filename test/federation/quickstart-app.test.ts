import { readFile } from 'node:fs/promises';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ManagedObject } from '../../src/api/schema/common.ts';
import { configMaps } from '../../src/kube/builtin.ts';
import { type Examples, readExamples } from '../../src/sandbox/project.ts';
import { readinessOf } from '../../src/sandbox/screen/object-row.ts';
import { all, clientOptions, refusal } from '../../src/simulator/sdk.fixture.ts';
import { Pod, publishIssuer } from '../support/process/pod.ts';
import { Cluster, SUBSCRIPTION, World } from '../support/testbed.ts';

/** examples/quickstart as an application: what its pod can do in Azure and what it cannot, by Azure's unchanged SDKs. */

const NAMESPACE = 'quickstart';
const APP = 'shop-frontend';
const SCOPE = 'https://management.azure.com/.default';

let cluster: Cluster;
let world: World;
let pod: Pod;
let examples: Examples;

beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster);
  pod = await Pod.start(cluster, world);
  world.azure.control.createResourceGroup({ name: 'quickstart' });
  examples = await readExamples();
  for (const file of examples.files) await cluster.applyYaml(await readFile(file, 'utf8'));
  await world.start({ clusterIssuer: await publishIssuer(cluster, world) });
});
afterAll(async () => {
  await pod?.[Symbol.asyncDispose]();
  await world?.dispose();
  await cluster?.stop();
});

const credential = async (serviceAccount: string) => {
  // As the pod does: the client id comes from the ConfigMap that azid wrote.
  const map = await cluster.get(configMaps, `${NAMESPACE}/${APP}-identity`);
  return pod.credential(NAMESPACE, serviceAccount, map?.data?.clientId ?? '');
};

it('every object of the example becomes ready', async () => {
  await world.until('all of them', async () => {
    const found = await Promise.all(examples.objects.map(({ resource, key }) => cluster.get(resource, key)));
    return found.every(
      (object) => object !== undefined && readinessOf(object as ManagedObject).readiness === 'Ready',
    );
  });
  expect(examples.objects.map(({ resource }) => resource.kind).toSorted()).toEqual([
    'FederatedIdentityCredential',
    'IdentityPolicy',
    'RoleGrant',
    'RoleGrant',
    'UserAssignedIdentity',
  ]);
});

it('its pod becomes the identity and reads what it was granted, and nothing else', async () => {
  const own = await credential(APP);
  const map = await cluster.get(configMaps, `${NAMESPACE}/${APP}-identity`);
  expect(decodeJwt((await own.getToken(SCOPE)).token)).toMatchObject({ oid: map?.data?.principalId });

  const { userAssignedIdentities } = new ManagedServiceIdentityClient(
    own,
    SUBSCRIPTION,
    clientOptions(world.azure),
  );
  // Reader on this group ...
  const found = await all(userAssignedIdentities.listByResourceGroup('quickstart'));
  expect(found.map(({ name }) => name)).toEqual([APP]);
  // ... is no right in another one: a list there is empty without a word, a GET is refused. And none to change anything.
  expect(await all(userAssignedIdentities.listByResourceGroup('azid-system'))).toEqual([]);
  const forbidden = { status: 403, code: 'AuthorizationFailed' };
  expect(await refusal(userAssignedIdentities.get('azid-system', 'azid-controller'))).toMatchObject(
    forbidden,
  );
  expect(await refusal(userAssignedIdentities.delete('quickstart', APP))).toMatchObject(forbidden);
});

it('another ServiceAccount of the namespace does not become the identity', async () => {
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'other', namespace: NAMESPACE },
  });
  const other = await credential('other');
  await expect(other.getToken(SCOPE)).rejects.toThrow('AADSTS70021');
});

it('deleted all at once, in whatever order, nothing of it stays in Azure', async () => {
  for (const { resource, key } of examples.objects) await cluster.delete(resource, key);
  await world.until('all of them to go', async () => {
    const left = await Promise.all(examples.objects.map(({ resource, key }) => cluster.get(resource, key)));
    return left.every((object) => object === undefined);
  });
  expect(world.azure.control.identities({}).map(({ name }) => name)).toEqual(['azid-controller']);
});
