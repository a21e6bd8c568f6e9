import { expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { createAuthorization } from '../authorization/index.ts';
import type { Frame } from '../frame.ts';
import type { ArmRequest } from '../http/operation.ts';
import { Knobs } from '../knobs/knobs.ts';
import { createRandom } from '../random.ts';
import { Directory } from '../world/directory.ts';
import { World } from '../world/world.ts';
import { type Association, Associations, associationOperations } from './associations.ts';
import { Identities } from './identities.ts';
import { SystemIdentities, systemIdentityOperations } from './system-identity.ts';

const clock = new FakeClock();
const random = createRandom(1);
const knobs = new Knobs('fast', random);
const world = new World('t');
const directory = new Directory(clock, knobs, random);
const foundation = { clock, random, knobs, world, directory };
const identities = new Identities(foundation);
const frame: Frame = { ...foundation, identities, authorizer: createAuthorization(foundation).authorizer };
world.addSubscription({ id: 's' });
world.addResourceGroup('s', 'rg1');
const { id } = identities.create({ subscriptionId: 's', resourceGroup: 'rg1', name: 'id1' }, 'westeurope');

function request(query: Record<string, string>): ArmRequest {
  return {
    method: 'POST',
    path: `${id}/listAssociatedResources`,
    query: new Map(Object.entries(query)),
    headers: {},
    body: undefined,
    origin: 'https://127.0.0.1:1',
    apiVersion: '2021-09-30-preview',
    caller: { objectId: 'o', appId: 'a', tenantId: 't', name: 'test', tokenIssuedAt: 0 },
  };
}

const resource = (name: string): Association => ({
  identityId: id.toUpperCase(),
  resource: {
    id: `/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/${name}`,
    name,
    type: 'microsoft.compute/virtualmachines',
    resourceGroup: 'rg1',
    subscriptionId: 's',
    subscriptionDisplayName: 's',
  },
});

test('associated resources come from an index that lags; $top=0 gives the count alone', async () => {
  const associations = new Associations(foundation);
  const [operation] = associationOperations(frame, associations);
  const call = async (query: Record<string, string> = {}) =>
    (await operation?.handle(request(query), { subscriptionId: 's', resourceGroup: 'rg1', name: 'id1' }))
      ?.body;
  knobs.set({ propagation: { resourceGraphLagMs: 60_000 } });
  associations.attach(resource('vm1'));
  associations.attach(resource('vm2'));
  expect(await call()).toEqual({ totalCount: 0, value: [] });
  clock.advance(60_000);
  expect(await call()).toEqual({
    totalCount: 2,
    value: [resource('vm1').resource, resource('vm2').resource],
  });
  expect(await call({ $top: '0' })).toEqual({ totalCount: 2, value: [] });
  expect(await call({ $skip: '1' })).toEqual({ totalCount: 2, value: [resource('vm2').resource] });
  associations.detach(resource('vm1'));
  expect(await call()).toMatchObject({ totalCount: 2 });
  associations.settle();
  expect(await call()).toMatchObject({ totalCount: 1 });
});

test('identities/default shows what the host noted, with the clientId', async () => {
  const systemIdentities = new SystemIdentities();
  const [operation] = systemIdentityOperations(systemIdentities);
  const scope = '/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm1';
  const noted = { location: 'westeurope', tags: {}, tenantId: 't', principalId: 'p', clientId: 'c' };
  systemIdentities.set(scope.toUpperCase(), noted);
  const answer = await operation?.handle(request({}), { scope });
  expect(answer?.body).toMatchObject({
    name: 'default',
    location: 'westeurope',
    properties: { tenantId: 't', principalId: 'p', clientId: 'c', clientSecretUrl: expect.any(String) },
  });
});
