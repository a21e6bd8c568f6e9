import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type BusStage, startBusStage } from '../../simulator/service-bus/stage.fixture.ts';
import { noSourceMetrics } from '../metrics.fixture.ts';
import type { SourceMetrics } from '../metrics.ts';
import { QueueConsumer } from './queue-consumer.ts';

/**
 * A broker, or a network, that accepts and then says nothing: no call of the client comes back by itself. The consumer goes on within
 * its own bounds, loses nothing, and stops when it is told to.
 */

/** Between the client and the broker. Silent, it keeps connections and hands on not a byte, in neither direction. */
class Network implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #silent = false;
  /** Ends of connections that have fallen silent, for good. */
  readonly #dead = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const broker = connect(port, '127.0.0.1');
      for (const [from, to] of [
        [client, broker],
        [broker, client],
      ] as const) {
        this.#sockets.add(from);
        if (this.#silent) this.#dead.add(from);
        from.on('data', (bytes) => void (this.#dead.has(from) || to.write(bytes)));
        from.on('error', () => {});
        from.on('close', () => {
          this.#sockets.delete(from);
          if (!this.#dead.has(from)) to.destroy();
        });
      }
    });
  }

  static async before(port: number): Promise<Network> {
    const network = new Network(port);
    await new Promise<void>((resolve) => network.#server.listen(0, '127.0.0.1', resolve));
    return network;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('unreachable');
    return `sb://127.0.0.1:${address.port}`;
  }

  silence(): void {
    this.#silent = true;
    for (const socket of this.#sockets) this.#dead.add(socket);
  }

  /** Whoever connects from now on is heard; what fell silent stays so. */
  mend(): void {
    this.#silent = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let stage: BusStage;
let network: Network;
let clock: FakeClock;
let running: AsyncDisposableStack;
beforeEach(async () => {
  stage = await startBusStage();
  network = await Network.before(Number(new URL(stage.namespace.endpoint).port));
  clock = new FakeClock();
  running = new AsyncDisposableStack();
});
afterEach(async () => {
  await running.disposeAsync();
  await network[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

const LONG = { timeout: 30_000 };
const send = (...ids: string[]) =>
  stage.send(
    ...ids.map((id) =>
      JSON.stringify({
        id,
        subject: `/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/${id}`,
        eventType: 'Microsoft.Resources.ResourceWriteSuccess',
        eventTime: new Date(stage.clock.now() - 1_000).toISOString(),
        dataVersion: '2',
        metadataVersion: '1',
        data: { operationName: 'Microsoft.Compute/virtualMachines/write' },
      }),
    ),
  );

function start(onTaken: () => void = () => {}) {
  const taken: string[] = [];
  const settled: string[] = [];
  const metrics: SourceMetrics = { ...noSourceMetrics, settled: (outcome) => void settled.push(outcome) };
  const end = new AbortController();
  const consumer = new QueueConsumer({
    address: { namespace: stage.namespace.host, queue: 'events' },
    // The client by itself would wait for an hour.
    access: { credential: stage.credential(), endpoint: network.endpoint, callLimitMs: 3_600_000 },
    sink: {
      take({ id }) {
        taken.push(id.split('/').at(-1) ?? '');
        onTaken();
        return 'read';
      },
    },
    metrics,
    clock,
    random: () => 0,
    log: silentLog,
  });
  const ended = consumer.run(end.signal);
  let over = false;
  void ended.then(() => {
    over = true;
  });
  /** Passes time in steps until it has stopped; gives how much, ms. */
  const stop = async () => {
    end.abort(new Error('stop'));
    const from = clock.monotonic();
    await expect
      .poll(() => {
        if (!over) clock.advance(1_000);
        return over;
      }, LONG)
      .toBe(true);
    return clock.monotonic() - from;
  };
  running.defer(async () => void (await stop()));
  return { consumer, taken, settled, stop };
}

type Started = ReturnType<typeof start>;

const connection = ({ consumer }: Started) => expect.poll(() => consumer.state.connection, LONG);
/** Passes fake time until it holds. */
const passing = <T>(read: () => T, stepMs = 5_000) =>
  expect.poll(() => {
    clock.advance(stepMs);
    return read();
  }, LONG);

const waits = async () => {
  await expect.poll(() => stage.control.brokerLinks(), LONG).toMatchObject([{ waits: true }]);
};

/** At which moment the broker falls silent. */
const MOMENTS: readonly (readonly [string, () => Promise<Started>])[] = [
  [
    'as it connects',
    async () => {
      network.silence();
      return start();
    },
  ],
  [
    'as it shows its token',
    async () => {
      stage.control.addBrokerFault({ at: 'put-token', effect: 'silence', count: 1 });
      return start();
    },
  ],
  [
    'while it waits for messages',
    async () => {
      const started = start();
      await connection(started).toMatchObject({ state: 'receiving' });
      await waits();
      network.silence();
      return started;
    },
  ],
  [
    'between receiving and settling',
    async () => {
      send('a', 'b');
      let first = true;
      const started = start(() => {
        if (first) network.silence();
        first = false;
      });
      await expect.poll(() => started.taken, LONG).toEqual(['a', 'b']);
      return started;
    },
  ],
];

describe('a broker that falls silent', () => {
  test.each(MOMENTS)(
    '%s is given up, and what it had is taken from it when it is back, once',
    async (_, reach) => {
      const started = await reach();
      await passing(() => started.consumer.state.connection).toMatchObject({
        state: 'broken',
        failure: { reason: 'BrokerUnavailable', code: 'ServiceTimeout' },
      });
      network.mend();
      // The broker finds out by itself.
      stage.control.dropBrokerConnections();
      stage.clock.advance(60_000);
      if (!started.taken.includes('a')) send('a', 'b');
      send('c');
      await passing(() => stage.state(), 1_000).toMatchObject({ ready: 0, locked: 0, deadLetters: [] });
      expect(started.taken.toSorted()).toEqual(['a', 'b', 'c']);
      expect(started.consumer.state.connection.state).toBe('receiving');
    },
  );

  test.each(MOMENTS)('%s does not delay a stop', async (_, reach) => {
    const started = await reach();
    // As long as giving back and closing are waited for.
    expect(await started.stop()).toBeLessThanOrEqual(11_000);
  });

  test('counts what it did not settle, each once', async () => {
    const started = await (MOMENTS.at(-1)?.[1] ?? (() => start()))();
    await passing(() => started.settled).toEqual(['failed', 'failed']);
    network.mend();
    stage.control.dropBrokerConnections();
    stage.clock.advance(60_000);
    await passing(() => started.settled, 1_000).toEqual(['failed', 'failed', 'completed', 'completed']);
  });
});
