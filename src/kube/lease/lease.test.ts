import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Log, silentLog } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { KubeClient } from '../client.ts';
import { ScriptedServer } from '../transport/scripted-server.fixture.ts';
import { KubeTransport } from '../transport/transport.ts';
import { until } from '../until.fixture.ts';
import { LeaderElector, type LeaderElectorOptions } from './lease.ts';
import { LeaseServer } from './lease-server.fixture.ts';

/** Knows how many timers wait. */
class CountingClock extends FakeClock {
  armed = 0;

  override timer(ms: number, fn: () => void): Disposable {
    this.armed++;
    let waits = true;
    const end = () => {
      if (waits) this.armed--;
      waits = false;
    };
    const timer = super.timer(ms, () => {
      end();
      fn();
    });
    return {
      [Symbol.dispose]: () => {
        end();
        timer[Symbol.dispose]();
      },
    };
  }
}

interface Candidate {
  readonly elector: LeaderElector;
  readonly stop: AbortController;
  readonly done: Promise<void>;
  readonly log: string[];
}

let server: ScriptedServer;
let leases: LeaseServer;
let clock: CountingClock;
let underWay: number;
let alive: number;
let running: Candidate[];
let transports: KubeTransport[];

beforeEach(async () => {
  server = await ScriptedServer.start();
  leases = new LeaseServer();
  server.handler = leases.handle;
  clock = new CountingClock();
  underWay = 0;
  alive = 0;
  running = [];
  transports = [];
});

afterEach(async () => {
  server.handler = leases.handle;
  for (const { stop } of running) stop.abort();
  await Promise.all(running.map(({ done }) => done));
  await Promise.all(transports.map((transport) => transport.close()));
  await server[Symbol.asyncDispose]();
});

function candidate(identity: string, options: Partial<LeaderElectorOptions> = {}): Candidate {
  return campaigning(made(identity, options));
}

type Made = Pick<Candidate, 'elector' | 'log'>;

function campaigning({ elector, log }: Made): Candidate {
  const stop = new AbortController();
  alive++;
  const done = elector.run(stop.signal).finally(() => alive--);
  const candidate = { elector, stop, done, log };
  running.push(candidate);
  return candidate;
}

/** It does not ask for the Lease yet. */
function made(identity: string, options: Partial<LeaderElectorOptions> = {}): Made {
  // Its own transport, as in production.
  const transport = new KubeTransport({
    endpoint: server.endpoint,
    clock,
    userAgent: 'azid/test',
    intercept: async (request, next) => {
      underWay++;
      return next(request).finally(() => underWay--);
    },
  });
  transports.push(transport);
  const log: string[] = [];
  const elector = new LeaderElector({
    client: new KubeClient(transport),
    clock,
    random: () => 0,
    namespace: 'azid-system',
    name: 'azid',
    identity,
    onStarted: () => log.push('started'),
    onLost: (why) => log.push(why),
    watch: false,
    ...options,
  });
  return { elector, log };
}

/** Lets `ms` pass in steps of a second, with every call that falls due answered before the next step. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    clock.advance(Math.min(1_000, ms - passed));
    await settled();
  }
}

/** Until no call is under way and every elector that has not ended sleeps: each then has exactly one timer. */
const settled = () => until(() => underWay === 0 && clock.armed === alive);

const started = ({ log }: Candidate) => until(() => log.includes('started'));

describe('a follower', () => {
  const logged = (lines: unknown[]): Log => {
    const record = (level: string) => (fields: object, message: string) => {
      if (level !== 'debug') lines.push({ level, ...fields, message });
    };
    return {
      ...silentLog,
      debug: record('debug'),
      info: record('info'),
      warn: record('warn'),
      error: record('error'),
    };
  };

  it('says who leads, once, and again when another one does', async () => {
    await started(candidate('a'));
    const lines: unknown[] = [];
    candidate('b', { log: logged(lines) });
    await pass(30_000);
    const report = (holder: string) => ({
      level: 'info',
      identity: 'b',
      lease: 'azid-system/azid',
      holder,
      message: 'standing by: another process leads',
    });
    expect(lines).toEqual([report('a')]);
    const { lease } = leases;
    if (lease) leases.write({ ...lease, spec: { ...lease.spec, holderIdentity: 'c' } });
    await pass(5_000);
    expect(lines).toEqual([report('a'), report('c')]);
  });

  it('that cannot have the lease says why, once, and that another leads when it can read it again', async () => {
    await started(candidate('a'));
    const lines: { level?: string; status?: number; message?: string }[] = [];
    server.handler = (exchange) => {
      exchange.fail(403, 'Forbidden');
      return true;
    };
    candidate('b', { log: logged(lines) });
    // The leader goes without renewals for less than its deadline.
    await pass(6_000);
    server.handler = leases.handle;
    await pass(6_000);
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([
      expect.objectContaining({
        status: 403,
        message: expect.stringContaining('check that azid may get, create, update and watch it'),
      }),
    ]);
  });
});

describe('taking the lease', () => {
  it('makes it, with six digits in its times', async () => {
    const a = candidate('a');
    await started(a);
    expect(a.elector.isLeaderNow()).toBe(true);
    expect(leases.lease?.spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-11-23T10:00:00.000000Z',
      renewTime: '2026-11-23T10:00:00.000000Z',
      leaseTransitions: 0,
    });
  });

  it('leaves it to the one who holds and renews it', async () => {
    const a = candidate('a');
    await started(a);
    const b = candidate('b');
    await pass(60_000);
    expect([a.elector.isLeaderNow(), b.elector.isLeaderNow()]).toEqual([true, false]);
    expect(b.elector.holder).toBe('a');
    expect(leases.lease?.spec).toMatchObject({
      acquireTime: '2026-11-23T10:00:00.000000Z',
      renewTime: '2026-11-23T10:01:00.000000Z',
    });
  });

  it('takes it over 15 s after the last change it observed, with any times written in it', async () => {
    // The holder's clock is an hour ahead: by the record's own times this lease would be good for another hour.
    leases.write({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        namespace: 'azid-system',
        name: 'azid',
        uid: '',
        resourceVersion: '',
        creationTimestamp: '',
      },
      spec: { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '2026-11-23T11:00:00.000000Z' },
    });
    const b = candidate('b');
    await settled();
    await pass(14_000);
    // A label is no sign of life.
    const lease = leases.lease ?? expect.fail('no lease');
    leases.write({ ...lease, metadata: { ...lease.metadata, labels: { seen: 'yes' } } });
    expect(b.log).toEqual([]);
    await pass(3_000);
    expect(b.log).toEqual(['started']);
    expect(leases.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('does not take a lease with an old time that is still being renewed', async () => {
    const a = candidate('a');
    await started(a);
    // A follower that starts late has not seen the change itself, so it waits the full time.
    await pass(14_000);
    running.splice(running.indexOf(a), 1);
    transports.splice(0, 1).forEach((transport) => void transport.close());
    const b = candidate('b');
    await settled();
    await pass(13_000);
    expect(b.log).toEqual([]);
    a.stop.abort();
    await a.done;
  });

  it('goes to one of two that ask at the same time', async () => {
    const [a, b] = [candidate('a'), candidate('b')];
    await until(() => a.log.length + b.log.length > 0);
    await pass(20_000);
    expect([a, b].filter(({ elector }) => elector.isLeaderNow()).length).toBe(1);
    expect([...a.log, ...b.log]).toEqual(['started']);
  });
});

describe('losing the lease', () => {
  it('when no renewal succeeds for 10 s, and the other one starts only after that', async () => {
    const a = candidate('a');
    await started(a);
    const b = candidate('b');
    await pass(4_000);
    // From now on only b gets through.
    const [first] = server.exchanges;
    server.handler = (exchange) => {
      if (exchange.socket === first?.socket) return exchange.fail(500, 'InternalError') === undefined;
      return leases.handle(exchange);
    };
    await pass(9_000);
    expect(a.elector.isLeaderNow()).toBe(true);
    await pass(1_000);
    expect(a.elector.isLeaderNow()).toBe(false);
    expect(a.log).toEqual(['started', 'no renewal succeeded within 10000 ms']);
    expect(b.log).toEqual([]);
    await a.done;
    await pass(10_000);
    expect(b.log).toEqual(['started']);
  });

  it('when the API server falls silent: the call that hangs is cut at the deadline', async () => {
    const a = candidate('a');
    await started(a);
    server.handler = undefined;
    clock.advance(2_000);
    const hanging = await server.next();
    clock.advance(7_999);
    expect(a.elector.isLeaderNow()).toBe(true);
    clock.advance(1);
    expect(a.elector.isLeaderNow()).toBe(false);
    await a.done;
    expect(a.log.length).toBe(2);
    await until(() => hanging.closed);
  });

  it('is known at once to a process that was stalled, before its own timers have run', async () => {
    const a = candidate('a');
    await started(a);
    const requests = server.exchanges.length;
    // Synchronous: nothing of the elector runs in between.
    clock.advance(10_000);
    expect(a.elector.isLeaderNow()).toBe(false);
    await a.done;
    expect(a.log.at(-1)).toMatch(/no renewal/);
    expect(server.exchanges.length).toBe(requests);
  });

  it('at once when another one is found in it', async () => {
    const a = candidate('a');
    await started(a);
    const lease = leases.lease ?? expect.fail('no lease');
    leases.write({ ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } });
    await pass(4_000);
    await a.done;
    expect(a.log).toEqual(['started', 'the lease is held by "thief"']);
  });

  it('counts from the start of a renewal, not from its late answer', async () => {
    const a = candidate('a');
    await started(a);
    server.handler = undefined;
    clock.advance(2_000);
    const renewal = await server.next();
    clock.advance(4_000);
    leases.handle(renewal);
    await settled();
    clock.advance(5_999);
    expect(a.elector.isLeaderNow()).toBe(true);
    clock.advance(1);
    expect(a.elector.isLeaderNow()).toBe(false);
    await a.done;
  });

  it('also when the lease is found free: another one may have led and released it', async () => {
    const a = candidate('a');
    await started(a);
    const lease = leases.lease ?? expect.fail('no lease');
    leases.write({ ...lease, spec: { ...lease.spec, holderIdentity: '' } });
    await pass(4_000);
    await a.done;
    expect(a.log).toEqual(['started', 'the lease was found free']);
  });

  it('does not follow from a conflict alone: a user put a label on it', async () => {
    const a = candidate('a');
    await started(a);
    const lease = leases.lease ?? expect.fail('no lease');
    leases.write({ ...lease, metadata: { ...lease.metadata, labels: { seen: 'yes' } } });
    await pass(20_000);
    expect(a.log).toEqual(['started']);
    expect(leases.lease?.metadata.labels).toEqual({ seen: 'yes' });
  });
});

describe('releasing the lease', () => {
  it('on stop lets the other one start at its next poll', async () => {
    const a = candidate('a');
    await started(a);
    const b = candidate('b');
    await pass(5_000);
    a.stop.abort();
    await a.done;
    expect(leases.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    expect(a.elector.isLeaderNow()).toBe(false);
    await pass(2_000);
    expect(b.log).toEqual(['started']);
    expect(a.log).toEqual(['started']);
  });

  it('ends leadership before the release is sent', async () => {
    const a = candidate('a');
    await started(a);
    let leading: boolean | undefined;
    server.handler = (exchange) => {
      leading = a.elector.isLeaderNow();
      return leases.handle(exchange);
    };
    a.stop.abort();
    await a.done;
    expect(leading).toBe(false);
  });

  it('reads again when the renewal that the stop cut off got through', async () => {
    const a = candidate('a');
    await started(a);
    server.handler = undefined;
    clock.advance(2_000);
    const renewal = await server.next();
    leases.write(renewal.body);
    server.handler = leases.handle;
    a.stop.abort();
    await a.done;
    expect(leases.lease?.spec?.holderIdentity).toBe('');
  });

  it('leaves the lease to another one that took it unseen', async () => {
    const a = candidate('a');
    await started(a);
    const lease = leases.lease ?? expect.fail('no lease');
    leases.write({ ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } });
    a.stop.abort();
    await a.done;
    expect(leases.lease?.spec?.holderIdentity).toBe('thief');
  });

  it('does not touch the lease of another one', async () => {
    const a = candidate('a');
    await started(a);
    const b = candidate('b');
    await settled();
    b.stop.abort();
    await b.done;
    expect(leases.lease?.spec?.holderIdentity).toBe('a');
  });
});

describe('bad options', () => {
  it.each([
    [
      { renewDeadlineMs: 15_000 },
      /expected leaseDurationMs to be at least 1.25 times renewDeadlineMs \(15s\), got 15s: .* raise the one or lower the other/,
    ],
    [{ retryMs: 9_000 }, /expected renewDeadlineMs to be above 1.2 times retryMs \(9s\), got 10s: /],
    [{ leaseDurationMs: 15_500 }, /expected leaseDurationMs to be whole seconds, such as 15s, got 15.5s/],
    [{ identity: '' }, /Expected the identity of the elector to be set/],
  ])('%o are refused', (options, message) => {
    expect(() => candidate('a', options)).toThrow(message);
  });
});

describe('whether anybody has led since the Lease was seen', () => {
  const never = new AbortController().signal;
  const released = async () => {
    const before = candidate('a');
    await started(before);
    before.stop.abort();
    await before.done;
  };

  it('no other process has, if it is taken as it was given back', async () => {
    await released();
    const next = made('b');
    expect(await next.elector.isFree(never)).toBe(true);
    expect(next.elector.nobodyBetween).toBe(false);
    await started(campaigning(next));
    expect(next.elector.nobodyBetween).toBe(true);
    await pass(10_000);
    expect(next.elector.nobodyBetween).toBe(true);
  });

  it('another may have, where it was written meanwhile, though it was given back again', async () => {
    await released();
    const next = made('b');
    expect(await next.elector.isFree(never)).toBe(true);
    await released();
    await started(campaigning(next));
    expect(next.elector.nobodyBetween).toBe(false);
  });

  it('a Lease that is held, ran out, or is not there proves nothing', async () => {
    const early = made('b');
    expect(await early.elector.isFree(never)).toBe(false);
    await started(campaigning(early));
    expect(early.elector.nobodyBetween).toBe(false);
    const next = made('c');
    expect(await next.elector.isFree(never)).toBe(false);
    const { lease } = leases;
    // The leader is cut off from now on: its Lease runs out.
    if (lease) leases.write({ ...lease, spec: { ...lease.spec, holderIdentity: 'dead' } });
    const follower = campaigning(next);
    await pass(30_000);
    expect(follower.log).toEqual(['started']);
    expect(next.elector.nobodyBetween).toBe(false);
  });

  it('no free Lease was seen without a read', async () => {
    await released();
    const next = candidate('b');
    await started(next);
    expect(next.elector.nobodyBetween).toBe(false);
  });
});
