import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type RoleGrant, roleGrant } from '../../src/api/role-grant.ts';
import { EventStage } from '../support/kinds/events.ts';
import { GrantStage, NAMESPACE } from '../support/kinds/grants.ts';
import { Cluster, until, World } from '../support/testbed.ts';

/**
 * Trouble with the broker while somebody removes a grant, and no list for a day: the event is not lost for good, and what it leads to is
 * done once.
 */
let cluster: Cluster;
let world: World;
let stage: EventStage;
beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster);
  stage = new EventStage(cluster, world);
  const grants = new GrantStage(cluster, world);
  await grants.prepare();
  await grants.declare('read');
  await stage.declare('main');
  await world.start(await stage.operator());
  await stage.reason('main', 'Ready', 'Receiving');
  await until('the grant to be ready', async () =>
    ((await grant())?.status?.conditions ?? []).some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    ),
  );
}, 120_000);
afterAll(async () => {
  await world?.dispose();
  await cluster?.clean();
  await cluster?.stop();
});

const control = () => world.azure.control;
const grant = (): Promise<RoleGrant | undefined> => cluster.get(roleGrant.resource, `${NAMESPACE}/read`);
const path = async () => `${(await grant())?.status?.assignmentId}?api-version=2022-04-01`;
const isThere = async () => (await control().arm({ method: 'GET', path: await path() })).status === 200;
const remove = async () =>
  expect((await control().arm({ method: 'DELETE', path: await path() })).status).toBe(200);
const inQueue = () => {
  const { ready, locked, messages } = control().queue({ id: stage.queue });
  return { ready, locked, messages: messages.length };
};
const empty = () =>
  until(
    'every message to be settled',
    async () => {
      // Locks end by the broker's clock.
      world.clock.advance(1_000);
      const { ready, locked } = inQueue();
      return ready === 0 && locked === 0 && world.quiet;
    },
    90_000,
  );
beforeEach(() => empty());

async function madeAgainOnce(since: number): Promise<void> {
  await until('the assignment to be there again', isThere, 90_000);
  await empty();
  const calls = stage.calls(since);
  expect(calls.filter((call) => !call.startsWith('GET'))).toHaveLength(1);
  expect(calls.filter((call) => /roleAssignments$/i.test(call))).toEqual([]);
  expect(control().queue({ id: stage.queue }).deadLetters).toEqual([]);
}

it('the broker is away as it happens', async () => {
  const since = stage.mark;
  await control().brokerAway();
  await remove();
  await until('the event to wait', async () => inQueue().messages > 0);
  expect(await isThere()).toBe(false);
  await control().brokerBack();
  await madeAgainOnce(since);
  await stage.reason('main', 'Ready', 'Receiving');
});

it.each([
  [
    'the connection is dropped as it happens, and the first settlement refused',
    () => {
      control().addBrokerFault({ at: 'settle', effect: 'lock-lost', count: 1 });
      control().dropBrokerConnections();
    },
  ],
  ['the lock is lost', () => void control().addBrokerFault({ at: 'settle', effect: 'lock-lost', count: 1 })],
  [
    'the settlement is not answered',
    () => void control().addBrokerFault({ at: 'settle', effect: 'silence', count: 1 }),
  ],
])('%s', async (_, trouble) => {
  const since = stage.mark;
  trouble();
  await remove();
  await madeAgainOnce(since);
});

it('every event comes twice', async () => {
  const since = stage.mark;
  control().setKnobs({ events: { duplicateShare: 1 } });
  await remove();
  await madeAgainOnce(since);
  control().setKnobs({ events: { duplicateShare: 0 } });
});
