import { expect, it } from 'vitest';
import { eventSource } from '../../src/api/event-source.ts';
import { HOME_SHARD, SHARD_LABEL } from '../../src/api/schema/shard.ts';
import { LEASE_TIMES } from '../../src/kube/lease/lease-record.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { EventStage } from '../support/kinds/events.ts';
import { until } from '../support/testbed.ts';
import { BLUE, useShards } from './shard-stage.ts';

const shards = useShards();

it('each shard has a queue of its own, and puts right within seconds what an event tells it of', async () => {
  const stage = new EventStage(shards.cluster, shards.world);
  const { control } = shards.world.azure;
  const queue = control.createQueue({ namespace: 'events', name: 'azid-blue', duplicateDetection: true }).id;
  const own = control.identities({}).find(({ id }) => id.endsWith('/azid-controller'));
  const role = 'Azure Service Bus Data Receiver';
  control.grant({ principalId: own?.principalId ?? '', role, scope: queue });
  control.createEventSubscription({ topic: stage.topic, name: 'to-blue', queue });
  control.settle();
  const listen = { host: '127.0.0.1', port: 0 };
  // The wait for messages is one in real time, in which a clock that is moved stands still: what is handed over by renewals is so soon.
  const leaseTimes = LEASE_TIMES;
  const home = await shards.start(HOME_SHARD, { ...(await stage.operator()), listen, leaseTimes });
  const blue = await shards.start(BLUE, { ...(await stage.operator()), listen, leaseTimes });
  await stage.declare('main');
  await stage.declare('blue', { serviceBus: { namespace: stage.namespace, queue: 'azid-blue' } });
  await shards.cluster.patch(eventSource.resource, 'blue', { metadata: { labels: { [SHARD_LABEL]: BLUE } } });
  for (const name of ['main', 'blue']) await stage.reason(name, 'Ready', 'Receiving');
  const receives = async ({ url }: Operator, source: string) =>
    (await (await fetch(`${url}/metrics`)).text()).includes(
      `azid_event_source_state{source="${source}",state="receiving"} 1`,
    );
  await until(
    'each to receive for its own',
    async () => (await receives(home, 'main')) && receives(blue, 'blue'),
  );
  expect([await receives(home, 'blue'), await receives(blue, 'main')]).toEqual([false, false]);
  const assignments = () => control.assignments().map(({ id }) => id);
  const before = assignments();
  await shards.blue.grantSystem('read', { principal: { identityRef: { name: 'app' } } });
  await shards.blue.granted('read');
  const [made = ''] = assignments().filter((id) => !before.includes(id));
  const written = shards.since();
  await control.arm({ method: 'DELETE', path: `${made}?api-version=2022-04-01` });
  await until('it to be given again', async () => assignments().includes(made));
  expect(written()).toEqual([`${BLUE}: PUT ${made.split('/').at(-1)}`]);
});
