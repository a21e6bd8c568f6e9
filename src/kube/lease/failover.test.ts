import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import type { Lease } from '../builtin.ts';
import { KubeClient } from '../client.ts';
import { ScriptedServer } from '../transport/scripted-server.fixture.ts';
import { KubeTransport } from '../transport/transport.ts';
import { until } from '../until.fixture.ts';
import { LeaderElector, type LeaderElectorOptions } from './lease.ts';
import { RENEW_DEADLINE } from './lease-record.ts';
import { LeaseServer } from './lease-server.fixture.ts';

/** Wall time that can be set, beside a monotonic one. */
class TwoClocks extends FakeClock {
  setForwardMs = 0;

  override now(): number {
    return super.now() + this.setForwardMs;
  }
}

let server: ScriptedServer;
let leases: LeaseServer;
let clock: TwoClocks;
let ends: (() => Promise<void>)[];

beforeEach(async () => {
  server = await ScriptedServer.start();
  leases = new LeaseServer();
  server.handler = leases.handle;
  clock = new TwoClocks();
  ends = [];
});

afterEach(async () => {
  server.handler = leases.handle;
  for (const end of ends) await end();
  await server[Symbol.asyncDispose]();
});

interface Candidate {
  readonly elector: LeaderElector;
  readonly stop: AbortController;
  readonly done: Promise<void>;
  readonly log: string[];
  /** Of each time that the Lease was running out. */
  readonly over: AbortSignal[];
}

function candidate(identity: string, options: Partial<LeaderElectorOptions> = {}): Candidate {
  const transport = new KubeTransport({
    endpoint: server.endpoint,
    clock,
    userAgent: 'azid/test',
    pingMs: 1e9,
  });
  const log: string[] = [];
  const over: AbortSignal[] = [];
  const elector = new LeaderElector({
    client: new KubeClient(transport),
    clock,
    random: () => 0.99,
    namespace: 'azid-system',
    name: 'azid',
    identity,
    watchIdleMs: 1e9,
    onStarted: () => log.push(`started at ${clock.monotonic()}`),
    onLost: (why) => log.push(why),
    onRunningOut: (signal) => over.push(signal),
    ...options,
  });
  const stop = new AbortController();
  const done = elector.run(stop.signal);
  ends.push(async () => {
    stop.abort();
    await done;
    await transport.close();
  });
  return { elector, stop, done, log, over };
}

/** A follower that has its watch, of a Lease that somebody else holds. */
async function follower(options: Partial<LeaderElectorOptions> = {}): Promise<Candidate> {
  const reads = leases.reads;
  const made = candidate('b', options);
  await until(() => leases.watches > 0 && leases.reads > reads && made.elector.holder === 'a');
  return made;
}

/** Somebody else's Lease, as it writes it. */
function held(by = 'a', deadline = `${by} 10s`): Lease {
  return leases.write({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      namespace: 'azid-system',
      name: 'azid',
      uid: '',
      resourceVersion: '',
      creationTimestamp: '',
      ...(deadline !== '' && { annotations: { [RENEW_DEADLINE]: deadline } }),
    },
    spec: {
      holderIdentity: by,
      leaseDurationSeconds: 15,
      renewTime: `${new Date(clock.now()).toISOString().slice(0, 23)}000Z`,
    },
  });
}

/** Time passes in small steps, with a turn for what goes over the wire after each. */
async function pass(ms: number, stepMs = 250): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(Math.min(stepMs, ms - passed));
    const { length } = server.exchanges;
    await until(() => server.exchanges.length === length && server.exchanges.every(isAnswered));
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

const isAnswered = ({ closed, query }: ScriptedServer['exchanges'][number]) =>
  closed || query.get('watch') === 'true';

describe('a follower that watches the Lease', () => {
  it('takes it the moment it is given back, without any time passing', async () => {
    held();
    const { log } = await follower();
    held('');
    await until(() => log.length > 0);
    expect(log).toEqual(['started at 0']);
  });

  it('takes it the moment it runs out, not at its next try after that', async () => {
    held();
    const { log, elector } = await follower();
    await pass(7_000);
    held('c');
    await until(() => elector.holder === 'c');
    const renewedAt = clock.monotonic();
    await pass(14_750);
    expect(log).toEqual([]);
    // The tries are seconds apart: from here on no time passes.
    clock.advance(250);
    await until(() => log.length > 0);
    expect(log).toEqual([`started at ${renewedAt + 15_000}`]);
  });

  it('whose watch is silent finds by reading that the Lease was renewed', async () => {
    held();
    const { log } = await follower();
    const silent = leases;
    // From here on what is written reaches no watch.
    leases = new LeaseServer();
    leases.lease = silent.lease;
    server.handler = leases.handle;
    for (let round = 0; round < 10; round++) {
      held();
      await pass(3_000);
    }
    expect(log).toEqual([]);
  });

  it('that may not watch it reads it as before', async () => {
    held();
    server.handler = (exchange) => {
      if (exchange.query.get('watch') === 'true') return exchange.fail(403, 'Forbidden') === undefined;
      return leases.handle(exchange);
    };
    const made = candidate('b');
    await until(() => made.elector.holder === 'a');
    await pass(3_000);
    held('');
    await pass(5_000);
    expect(made.log.length).toBe(1);
  });
});

describe('a Lease that runs out', () => {
  it('is known to do so a while after its holder has given up, and no process led in between if it stays as it was', async () => {
    held();
    const { log, over } = await follower();
    await pass(11_000);
    expect(over).toEqual([]);
    await pass(500);
    await until(() => over.length > 0);
    expect(log).toEqual([]);
    await pass(4_000);
    await until(() => log.length > 0);
    expect(over.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it('no more, where its holder renews it after all', async () => {
    held();
    const { log, over } = await follower();
    await pass(12_000);
    await until(() => over.length > 0);
    held();
    await until(() => over[0]?.aborted === true);
    await pass(10_000);
    expect(log).toEqual([]);
    expect(over.length).toBe(1);
    await pass(3_000);
    expect(over.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  it('no more, where a third one is quicker', async () => {
    held();
    const { over, stop, done } = await follower();
    await pass(12_000);
    await until(() => over.length > 0);
    held('c');
    await until(() => over[0]?.aborted === true);
    stop.abort();
    await done;
  });

  it.each([
    ['', 'does not say when it gives up'],
    ['z 10s', 'is another one than the one that said it'],
    ['a soon', 'says it in no known form'],
  ])('is not known to (%j) where its holder %s', async (deadline) => {
    held('a', deadline);
    const { over, log } = await follower();
    await pass(15_000, 500);
    await until(() => log.length > 0);
    expect(over).toEqual([]);
  });
});

describe('a Lease that only dead processes held', () => {
  it('is taken at once by the next process in the same pod', async () => {
    held('pod-1-before');
    const { log, elector } = candidate('pod-1-now', { isDead: (holder) => holder.startsWith('pod-1-') });
    await until(() => log.length > 0);
    expect(elector.isLeaderNow()).toBe(true);
    expect(leases.lease?.spec).toMatchObject({ holderIdentity: 'pod-1-now', leaseTransitions: 1 });
  });

  it('waits for that of another pod', async () => {
    held('pod-2-before');
    const { log, elector } = candidate('pod-1-now', { isDead: (holder) => holder.startsWith('pod-1-') });
    await until(() => elector.holder === 'pod-2-before');
    await pass(10_000, 1_000);
    expect(log).toEqual([]);
  });
});

describe('a leader', () => {
  it('whose machine was suspended writes nothing before it has renewed, though no monotonic time has passed', async () => {
    const { elector, log } = candidate('a');
    await until(() => log.length > 0);
    clock.setForwardMs = 3_600_000;
    expect(elector.isLeaderNow()).toBe(false);
    clock.advance(2_000);
    await until(() => elector.isLeaderNow());
    expect(log.length).toBe(1);
  });

  it('that fails leaves the Lease to run out within a second, and does not give it back', async () => {
    const a = candidate('a');
    await until(() => a.log.length > 0);
    const b = candidate('b', { random: () => 0 });
    await until(() => b.elector.holder === 'a' && leases.watches > 1);
    a.elector.abandon();
    a.stop.abort();
    await a.done;
    expect(leases.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 1 });
    await pass(750);
    expect(b.log).toEqual([]);
    clock.advance(250);
    await until(() => b.log.length > 0);
    expect(b.log).toEqual(['started at 1000']);
  });
});
