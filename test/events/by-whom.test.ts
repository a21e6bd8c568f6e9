import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ActivityEntry } from '../../src/api/schema/activity.ts';
import type { Condition } from '../../src/kube/types.ts';
import { EventStage } from '../support/kinds/events.ts';
import { conditionOf, HostStage, identityIdOf, vmId } from '../support/kinds/hosts.ts';
import { Cluster, until, World } from '../support/testbed.ts';

/** Who changed it, from the call in Azure by its event and the queue to the object: nothing else tells of it. */
let cluster: Cluster;
let world: World;
let stage: HostStage;
let queue: string;

beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster);
  const events = new EventStage(cluster, world);
  queue = events.queue;
  stage = new HostStage(cluster, world);
  await stage.prepare();
  stage.createVm('vm1');
  await events.declare('main');
  await world.start(await events.operator());
  await stage.identity('web', { tags: { app: 'shop' } });
  await stage.grantSystem('read', { principal: { identityRef: { name: 'app' } } });
  await stage.attach('vm1');
  await events.reason('main', 'Ready', 'Receiving');
  await seen('web', () => stage.userIdentity('web'), isReady);
  await seen('read', () => stage.grant('read'), isReady);
  await seen('vm1', () => stage.attachment('vm1'), isReady);
}, 120_000);
afterAll(async () => {
  await world?.dispose();
  await cluster?.clean();
  await cluster?.stop();
});

/** Every event was received, and nothing that it led to is under way. */
beforeEach(() =>
  until('azid to rest', async () => {
    const { ready, locked } = world.azure.control.queue({ id: queue });
    return ready === 0 && locked === 0 && world.quiet;
  }),
);

interface Shown {
  readonly status?:
    | {
        readonly conditions?: readonly Condition[] | undefined;
        readonly activity?: readonly ActivityEntry[] | undefined;
      }
    | undefined;
}
const deletionIn = ({ status }: Shown) =>
  status?.activity?.find(({ operation }) => operation.endsWith('/delete'));
const isReady = (object: Shown) =>
  object.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

async function seen<T extends Shown>(
  name: string,
  get: () => Promise<T | undefined>,
  holds: (object: T) => boolean,
): Promise<T> {
  let found: T | undefined;
  await until(`${name} to be as wanted`, async () => {
    found = await get();
    return found !== undefined && holds(found);
  });
  if (!found) throw new Error('unreachable');
  return found;
}

/** By the hand of someone else; gives the correlation id of the call. */
async function byOthers(
  method: 'PATCH' | 'DELETE',
  id: string,
  version: string,
  body?: object,
): Promise<string> {
  const path = `${id}?api-version=${version}`;
  const answer = await world.azure.control.arm({ method, path, ...(body && { body }) });
  expect(answer.status).toBeLessThan(300);
  return new Headers(answer.headers as Record<string, string>).get('x-ms-correlation-request-id') ?? '';
}

/** The object of one that azid put right, as Ready says. */
async function repaired<T extends Shown & Parameters<typeof conditionOf>[0]>(
  name: string,
  get: () => Promise<T | undefined>,
  verb: string,
  correlationId: string,
): Promise<T> {
  const object = await seen(name, get, (each) =>
    (conditionOf(each, 'Ready')?.message ?? '').includes('azid put it right'),
  );
  const message = conditionOf(object, 'Ready')?.message;
  expect(message).toMatch(
    new RegExp(
      `it was ${verb} in Azure by application [0-9a-f-]{36} at \\d\\d:\\d\\d UTC, correlation id ${correlationId}`,
    ),
  );
  const activity = object.status?.activity ?? [];
  const foreign = activity.find((each) => each.correlationId === correlationId);
  expect(foreign).toMatchObject({ result: 'Succeeded', caller: expect.stringMatching(/^application /) });
  expect(activity[0]).toMatchObject({
    caller: expect.stringMatching(/^azid \(/),
    repaired: expect.stringContaining(correlationId),
  });
  return object;
}

describe('by an event the object names who', () => {
  it('removed a grant', async () => {
    const { status } = (await stage.grant('read')) ?? {};
    const correlationId = await byOthers('DELETE', status?.assignmentId ?? '', '2022-04-01');
    await repaired('read', () => stage.grant('read'), 'removed', correlationId);
    expect(await stage.event('read', 'Regranted')).toContain(correlationId);
  });

  it('edited an identity', async () => {
    const { tags } = world.azure.control.identities().find(({ name }) => name === 'web') ?? {};
    const correlationId = await byOthers('PATCH', identityIdOf('web'), '2024-11-30', {
      tags: { ...tags, app: 'other' },
    });
    await repaired('web', () => stage.userIdentity('web'), 'last changed', correlationId);
  });

  it('took an identity off a machine', async () => {
    const correlationId = await byOthers('PATCH', vmId('vm1'), '2024-07-01', { identity: { type: 'None' } });
    const object = await repaired('vm1', () => stage.attachment('vm1'), 'last written to', correlationId);
    expect(object.status?.activity?.map(({ resourceId }) => resourceId)).toEqual(
      object.status?.activity?.map(() => vmId('vm1')),
    );
  });

  it('did nothing that Azure names anybody for: nobody', async () => {
    const before = await stage.userIdentity('web');
    // Deleted without a word; then an event without claims.
    world.azure.control.deleteIdentity({ id: identityIdOf('web') });
    world.azure.control.publishEvent({
      subject: identityIdOf('web'),
      eventType: 'Microsoft.Resources.ResourceDeleteSuccess',
      data: { operationName: 'Microsoft.ManagedIdentity/userAssignedIdentities/delete' },
    });
    const object = await seen(
      'web',
      () => stage.userIdentity('web'),
      (each) =>
        isReady(each) &&
        each.status?.principalId !== before?.status?.principalId &&
        deletionIn(each) !== undefined &&
        // Of the edit before: another write of azid's ends that.
        !conditionOf(each, 'Ready')?.message.includes('put it right'),
    );
    expect(await stage.event('web', 'Recreated')).not.toContain('it was');
    expect(deletionIn(object)).not.toHaveProperty('caller');
  });
});
