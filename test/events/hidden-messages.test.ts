import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { EventStage } from '../support/kinds/events.ts';
import { HostStage, hostIdOf } from '../support/kinds/hosts.ts';
import { Cluster, until, World } from '../support/testbed.ts';

/**
 * A slot that is made again, its messages doubled and swapped on their way through the broker: the same end, by one write. What comes
 * of the other changes is shown without a broker, by test/azure-api/hidden-host-events.test.ts.
 */
let cluster: Cluster;
let world: World;
let events: EventStage;
let stage: HostStage;
const SLOT = hostIdOf('Microsoft.Web/sites/slots', 'web/staging');
const control = () => world.azure.control;

beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster);
  events = new EventStage(cluster, world);
  stage = new HostStage(cluster, world);
  await stage.prepare();
  stage.createHost('Microsoft.Web/sites', 'web', { kind: 'app' });
  stage.createHost('Microsoft.Web/sites/slots', 'web/staging', { kind: 'app' });
  await events.declare('main');
  await world.start(await events.operator());
  await events.reason('main', 'Ready', 'Receiving');
  await stage.attach('staging', { target: { resourceId: SLOT } });
  await until('it to be attached', isWhole, 60_000);
}, 120_000);
afterAll(async () => {
  await world?.dispose();
  await cluster?.clean();
  await cluster?.stop();
});
beforeEach(() => rested());

async function isWhole(): Promise<boolean> {
  const object = await stage.attachment('staging');
  const isReady = object?.status?.conditions?.some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  );
  return stage.on(SLOT).join() === 'app' && isReady === true;
}
/** Every event was received, and nothing that it led to is under way. */
const rested = () =>
  until('azid to rest', async () => {
    const { ready, locked } = control().queue({ id: events.queue });
    return ready === 0 && locked === 0 && world.quiet;
  });

async function byOthers(method: 'PUT' | 'DELETE', body?: object): Promise<void> {
  const path = `${SLOT}?api-version=2024-04-01`;
  expect((await control().arm({ method, path, ...(body && { body }) })).status).toBeLessThan(300);
  control().settle();
}

it.each<[string, (sent: readonly string[]) => readonly string[]]>([
  ['each message twice', (sent) => [...sent, ...sent]],
  ['the later message first', (sent) => sent.toReversed()],
])('%s', async (_, deliver) => {
  const since = stage.mark;
  // Held back while nothing is received, and sent on as the row wants it.
  await events.declare('main', { suspend: true });
  await until('nothing to be received', async () => control().brokerLinks().length === 0);
  await byOthers('DELETE');
  await byOthers('PUT', { location: 'westeurope', kind: 'app', properties: {} });
  const sent = control()
    .queue({ id: events.queue })
    .messages.map(({ body }) => String(body));
  expect(sent).toHaveLength(2);
  control().purgeQueue({ id: events.queue });
  control().sendMessages({ id: events.queue, bodies: [...deliver(sent)] });
  await events.declare('main', { suspend: false });
  await until('the slot to have its identity', async () => stage.on(SLOT).join() === 'app', 60_000);
  await rested();
  await until('it to be whole', isWhole, 60_000);
  expect(stage.writes(since)).toEqual(['PATCH staging']);
});
