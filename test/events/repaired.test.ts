import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type RoleGrant, roleGrant } from '../../src/api/role-grant.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { MAKERS } from '../../src/azure/names/identity-marks.ts';
import { EventStage } from '../support/kinds/events.ts';
import { GrantStage, NAMESPACE, RG1, WEB } from '../support/kinds/grants.ts';
import { Cluster, until, World } from '../support/testbed.ts';

/**
 * What somebody else changes in Azure is put right because an event told of it: no list is made meanwhile, and what it costs is
 * counted.
 */
let cluster: Cluster;
let world: World;
let stage: EventStage;
let grants: GrantStage;

beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster);
  stage = new EventStage(cluster, world);
  grants = new GrantStage(cluster, world);
  await grants.prepare();
  await grants.declare('read');
  await stage.declare('main');
  await world.start(await stage.operator());
  await ready('web', userAssignedIdentity.resource);
  await ready('read', roleGrant.resource);
  await stage.reason('main', 'Ready', 'Receiving');
  await rested();
}, 120_000);
afterAll(async () => {
  await world?.dispose();
  await cluster?.clean();
  await cluster?.stop();
});
beforeEach(() => rested());

const get = <T extends UserAssignedIdentity | RoleGrant>(
  name: string,
  resource: Parameters<Cluster['get']>[0],
) => cluster.get(resource, `${NAMESPACE}/${name}`) as Promise<T | undefined>;

const ready = (name: string, resource: Parameters<Cluster['get']>[0]) =>
  until(`${name} to be ready`, async () => {
    const object = await get(name, resource);
    return (
      object?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
    );
  });

/** Every event was received, and nothing that it led to is under way. */
const rested = () =>
  until('azid to rest', async () => {
    const { ready: waiting, locked } = world.azure.control.queue({ id: stage.queue });
    return waiting === 0 && locked === 0 && world.quiet;
  });

const assignmentOf = async () => {
  const grant = await get<RoleGrant>('read', roleGrant.resource);
  return grant?.status?.assignmentId ?? '';
};
const isThere = (id: string) =>
  world.azure.control
    .arm({ method: 'GET', path: `${id}?api-version=2022-04-01` })
    .then(({ status }) => status === 200);

it('a grant that somebody removes is made again, by one read and one write', async () => {
  const id = await assignmentOf();
  const since = stage.mark;
  const { status } = await world.azure.control.arm({
    method: 'DELETE',
    path: `${id}?api-version=2022-04-01`,
  });
  expect(status).toBe(200);
  await until('the assignment to be there again', () => isThere(id));
  await rested();
  const calls = stage.calls(since);
  expect(calls.filter((call) => call.startsWith('PUT'))).toHaveLength(1);
  expect(calls.filter((call) => /^GET .*\/roleAssignments$/i.test(call))).toEqual([]);
  expect(calls.length, calls.join('\n')).toBeLessThanOrEqual(6);
});

it('the marks of an identity that somebody takes off are put back', async () => {
  const path = `${WEB}?api-version=2024-11-30`;
  const tags = async () =>
    ((await world.azure.control.arm({ method: 'GET', path })).body as { tags: Record<string, string> }).tags;
  const before = await tags();
  expect(Object.keys(before)).toContain('azid-owner');
  const since = stage.mark;
  await world.azure.control.arm({ method: 'PATCH', path, body: { tags: {} } });
  // As whom azid kept it before nobody knows then: that tag is not made up (docs/design/2026-11-29-who-made-it.md).
  const { [MAKERS]: _, ...marks } = before;
  await until('the marks to be back', async () => JSON.stringify(await tags()) === JSON.stringify(marks));
  await rested();
  const calls = stage.calls(since);
  expect(calls.filter((call) => /userAssignedIdentities$/i.test(call))).toEqual([]);
  expect(calls.filter((call) => !call.startsWith('GET'))).toHaveLength(1);
});

it('an identity that somebody deletes is made again, and its grant follows', async () => {
  const before = (await get<UserAssignedIdentity>('web', userAssignedIdentity.resource))?.status?.principalId;
  const since = stage.mark;
  await world.azure.control.arm({ method: 'DELETE', path: `${WEB}?api-version=2024-11-30` });
  await until('another principal to have the grant', async () => {
    const identity = await get<UserAssignedIdentity>('web', userAssignedIdentity.resource);
    const grant = await get<RoleGrant>('read', roleGrant.resource);
    const principal = identity?.status?.principalId;
    return principal !== undefined && principal !== before && grant?.status?.principalId === principal;
  });
  await ready('read', roleGrant.resource);
  expect(
    stage.calls(since).filter((call) => /^GET .*(userAssignedIdentities|roleAssignments)$/i.test(call)),
  ).toEqual([]);
});

it('its own writes, and what nobody declares, lead to no call', async () => {
  await grants.identity('own');
  await ready('own', userAssignedIdentity.resource);
  await rested();
  const since = stage.mark;
  const foreign = `${RG1}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/foreign?api-version=2024-11-30`;
  await world.azure.control.arm({ method: 'PUT', path: foreign, body: { location: 'westeurope' } });
  world.azure.control.publishEvent({
    subject: `${RG1}/providers/Microsoft.Compute/virtualMachines/nobodys`,
    data: { operationName: 'Microsoft.Compute/virtualMachines/write' },
  });
  await rested();
  const calls = stage.calls(since);
  expect(calls.filter((call) => !/\/foreign$/.test(call))).toEqual([]);
  expect(calls.length).toBeLessThanOrEqual(1);
});

it('a subscription that nobody uses, a group that holds nothing, and an event out of its time lead to no call', async () => {
  const since = stage.mark;
  const event = (subject: string, more: object = {}) =>
    JSON.stringify({
      id: subject,
      subject,
      eventType: 'Microsoft.Resources.ResourceWriteSuccess',
      eventTime: '2019-01-01T00:00:00Z',
      data: { operationName: 'Microsoft.ManagedIdentity/userAssignedIdentities/write' },
      ...more,
    });
  const elsewhere = WEB.replace(
    /\/subscriptions\/[^/]+/,
    '/subscriptions/00000000-0000-4000-8000-00000000beef',
  );
  world.azure.control.sendMessages({
    id: stage.queue,
    bodies: [
      event(elsewhere),
      event(elsewhere.replace(/\/providers.*/, ''), {
        eventType: 'Microsoft.Resources.ResourceDeleteSuccess',
        data: { operationName: 'Microsoft.Resources/subscriptions/resourceGroups/delete' },
      }),
    ],
  });
  await rested();
  expect(stage.calls(since)).toEqual([]);
  expect(world.azure.control.queue({ id: stage.queue }).deadLetters).toEqual([]);
});
