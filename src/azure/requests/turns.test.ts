import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Waits } from '../../runtime/controller/workers.ts';
import { PRIORITIES, type Priority } from '../../runtime/outcome.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { AzureError } from '../arm/errors.ts';
import { AUTHORIZATION, AZURE_LIMITS, type Limits, MANAGED_IDENTITY } from '../limits.ts';
import type { ScheduledRequest } from './request.ts';
import { advanceUntil, request as anyRequest, settle } from './request-scheduler.fixture.ts';
import { RequestScheduler } from './request-scheduler.ts';

/** Namespaces take turns in the rate limits (docs/guarantees.md G24), and a turn that came is not lost. Turns are counted. */

const SLOW: Partial<Limits> = {
  share: 1,
  arm: { ...AZURE_LIMITS.arm, write: { capacity: 1, perSecond: 1 } },
};

let clock: FakeClock;
let scheduler: RequestScheduler;
let started: string[];

function use(limits: Partial<Limits> = SLOW): void {
  clock = new FakeClock();
  scheduler = new RequestScheduler({ clock, limits: { ...AZURE_LIMITS, ...limits } });
  started = [];
}
beforeEach(() => use());

const request = (more: Partial<ScheduledRequest> = {}) => anyRequest({ priority: 'edit', ...more });
const call = (label: string, more: Partial<ScheduledRequest> = {}) =>
  scheduler.run(request({ turn: label.split('/')[0], ...more }), async () => void started.push(label));

/** Moves time until so many have started. */
const until = (count: number) => advanceUntil(clock, () => started.length >= count);

describe('namespaces', () => {
  test('take turns: two hundred calls of one delay the call of another by one', async () => {
    for (let n = 0; n < 200; n++) void call(`many/${n}`);
    await until(3);
    void call('few/a');
    void call('few/b');
    await until(7);
    expect(started.slice(3)).toEqual(['many/3', 'few/a', 'many/4', 'few/b']);
  });

  test('take turns over all providers that draw from the same bucket', async () => {
    void call('first/1');
    for (let n = 0; n < 20; n++) {
      void call(`many/${n}`);
      void call(`many/identity-${n}`, { provider: MANAGED_IDENTITY, resourceId: `/x/${n}` });
    }
    void call('few/a');
    await until(4);
    expect(started.slice(1, 3)).toContain('few/a');
  });

  test('take turns over all subscriptions that draw from the tenant’s bucket', async () => {
    const provider = { tenant: 0.1, subscription: 10, resource: 10 };
    use({ share: 1, providers: { p: { write: provider } } });
    const at = (subscriptionId: string) => ({ provider: 'p', subscriptionId });
    void call('first/1', at('0'));
    for (let n = 0; n < 30; n++) void call(`many/${n}`, at(`${n % 6}`));
    void call('few/a', at('9'));
    void call('few/b', at('9'));
    await until(6);
    expect(started.slice(1)).toEqual(['many/0', 'few/a', 'many/1', 'few/b', 'many/2']);
  });

  test('go behind those that wait when they come back', async () => {
    const again = (): void => void call('busy/1').then(again);
    again();
    again();
    for (const label of ['a/1', 'b/1', 'a/2']) void call(label);
    await until(8);
    expect(started.filter((label) => !label.startsWith('busy'))).toEqual(['a/1', 'b/1', 'a/2']);
    expect(started.indexOf('a/2')).toBeLessThanOrEqual(6);
  });

  test('between two turns of one that waits, every other has at most one in its class', async () => {
    const arrival = fc.record({
      turn: fc.constantFrom('a', 'b', 'c', 'd'),
      priority: fc.constantFrom(...PRIORITIES),
      provider: fc.constantFrom(AUTHORIZATION, 'other'),
      afterMs: fc.constantFrom(0, 0, 0, 1_000, 3_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, { maxLength: 60, size: 'max' }), async (arrivals) => {
        // No share for long waits here: it has turns of its own.
        use({ ...SLOW, longWaitMs: Number.MAX_SAFE_INTEGER });
        const waiting = new Map<string, { count: number; since: Set<string> }>();
        const nameOf = (turn: string, priority: Priority) => `${priority} ${turn}`;
        for (const { turn, priority, provider, afterMs } of arrivals) {
          clock.advance(afterMs);
          await settle();
          const name = nameOf(turn, priority);
          const own = waiting.get(name) ?? { count: 0, since: new Set() };
          own.count += 1;
          waiting.set(name, own);
          void scheduler.run(request({ turn, priority, provider }), async () => {
            own.count -= 1;
            own.since = new Set();
            if (own.count === 0) waiting.delete(name);
            for (const [other, { since }] of waiting) {
              if (other === name || !other.startsWith(`${priority} `)) continue;
              expect(since).not.toContain(name);
              since.add(name);
            }
            started.push(name);
          });
        }
        await until(arrivals.length);
      }),
      { numRuns: 100 },
    );
  });

  test('share the tokens kept for what waited long', async () => {
    use({ ...SLOW, longWaitMs: 5_000 });
    for (let n = 0; n < 50; n++) void call(`many/${n}`, { priority: 'resync' });
    void call('few/old', { priority: 'resync' });
    await until(1);
    const edits = (): void => void call('busy/1').then(edits);
    edits();
    edits();
    await until(35);
    const old = started.slice(1).filter((label) => !label.startsWith('busy'));
    expect(old.slice(0, 3)).toContain('few/old');
    expect(old.filter((label) => label.startsWith('many')).length).toBeGreaterThan(0);
  });

  test('a token that is owed stays owed until a call that waited long can take it', async () => {
    use({ ...SLOW, longWaitMs: 20_000 });
    const edits = (): void => void call('busy/1').then(edits);
    edits();
    edits();
    void call('few/old', { priority: 'resync' });
    // More than nine tokens were given by urgency before anybody had waited long.
    await until(19);
    expect(started).not.toContain('few/old');
    await until(23);
    expect(started.slice(19)).toContain('few/old');
  });

  test('slow calls of one leave slots for another, and arm no timer meanwhile', async () => {
    use({ concurrency: 6, reserved: 2 });
    for (let n = 0; n < 10; n++)
      void scheduler.run(request({ turn: 'many' }), () => {
        started.push(`many/${n}`);
        return new Promise(() => {});
      });
    await settle();
    expect(started).toHaveLength(4);
    expect(clock.untilNext()).toBeUndefined();
    await call('few/a');
    expect(started).toHaveLength(5);
  });
});

describe('a reconcile', () => {
  let changes: boolean[];
  let waits: Waits;
  beforeEach(() => {
    changes = [];
    waits = new Waits((waiting) => changes.push(waiting));
  });

  test('is notified that a call waits, and that it goes on', async () => {
    await call('a/1', { waits });
    expect(changes).toEqual([]);
    const second = call('a/2', { waits });
    expect(changes).toEqual([true]);
    clock.advance(1_000);
    await second;
    expect(changes).toEqual([true, false]);
  });

  test('waits no more when its call is given up, refused, or it was aborted as it began', async () => {
    await call('a/1');
    const given = new AbortController();
    const first = call('a/2', { waits, signal: given.signal });
    given.abort();
    await expect(first).rejects.toMatchObject({ code: 'Aborted' });
    const stopping = new AbortController();
    const aborting = new Waits((waiting) => {
      changes.push(waiting);
      if (waiting) stopping.abort();
    });
    await expect(call('a/3', { waits: aborting, signal: stopping.signal })).rejects.toMatchObject({
      code: 'Aborted',
    });
    expect(changes).toEqual([true, false, true, false]);
    expect(scheduler.stats().waiting).toEqual({ edit: 0, event: 0, resync: 0 });
  });

  test('decides again before a write that rests on what has changed, and keeps its turn', async () => {
    await call('first/1');
    let stale = false;
    const own = { waits, isStale: () => stale, resourceId: '/x/1' };
    const write = call('a/1', own);
    void call('b/1');
    stale = true;
    clock.advance(1_000);
    await expect(write).rejects.toMatchObject({ code: 'DecideAgain' });
    stale = false;
    await call('a/1', own);
    // No token more was needed for it: the next one is b's.
    expect(started).toEqual(['first/1', 'a/1']);
    clock.advance(1_000);
    await settle();
    expect(started).toEqual(['first/1', 'a/1', 'b/1']);
  });

  test('may be ended by an edit while it reads, not while a write of it waits or has a turn kept', async () => {
    await call('first/1');
    let stale = false;
    const read = call('a/read', { waits });
    expect(waits.cuttable).toBe(true);
    const write = call('a/1', { waits, isStale: () => stale });
    expect(waits.cuttable).toBe(false);
    stale = true;
    clock.advance(2_000);
    await read;
    clock.advance(2_000);
    await expect(write).rejects.toMatchObject({ code: 'DecideAgain' });
    expect([waits.waiting, waits.cuttable]).toEqual([false, false]);
    stale = false;
    await call('a/1', { waits, isStale: () => stale });
    expect(waits.cuttable).toBe(true);
  });

  test('may find it stale over and over, and still has its turn', async () => {
    let stale = 3;
    const own = { waits, isStale: () => stale-- > 0 };
    for (let n = 0; n < 3; n++) await expect(call('a/1', own)).rejects.toMatchObject({ code: 'DecideAgain' });
    await call('a/1', own);
    expect(clock.monotonic()).toBe(0);
  });

  test('gives back a turn that it does not use when it ends: token, and key that excludes others', async () => {
    const own = { waits, isStale: () => true, exclusive: 'id1' };
    await expect(call('a/1', own)).rejects.toMatchObject({ code: 'DecideAgain' });
    void call('b/1', { exclusive: 'id1' });
    await settle();
    expect(started).toEqual([]);
    waits.end();
    await settle();
    expect(started).toEqual(['b/1']);
    expect(clock.monotonic()).toBe(0);
  });

  test('is not held up by a turn of its own, when it decides for another call that excludes the same others', async () => {
    let stale = true;
    const own = { waits, isStale: () => stale, exclusive: 'id1' };
    await expect(call('a/put', own)).rejects.toMatchObject({ code: 'DecideAgain' });
    stale = false;
    await call('a/delete', { ...own, kind: 'delete' });
    expect(started).toEqual(['a/delete']);
  });

  test('its turn is for the same call only, and for no call while Azure asked to wait', async () => {
    use({ share: 1, arm: { ...AZURE_LIMITS.arm, write: { capacity: 2, perSecond: 1 } } });
    let stale = true;
    const own = { waits, isStale: () => stale };
    await expect(call('a/1', own)).rejects.toMatchObject({ code: 'DecideAgain' });
    stale = false;
    const busy = new AzureError({ status: 429, code: 'x', message: 'slow', retryAfterMs: 9_000 });
    await expect(scheduler.run(request(), () => Promise.reject(busy))).rejects.toThrow('slow');
    void call('a/1', own);
    await settle();
    expect(started).toEqual([]);
    clock.advance(9_000);
    await settle();
    expect(started).toEqual([]);
    // From then on only the refill goes through: the token that was kept is Azure's now.
    clock.advance(1_000);
    await settle();
    expect(started).toEqual(['a/1']);
    void call('a/2', own);
    waits.end();
    await settle();
    expect(started).toEqual(['a/1']);
  });
});

test('a shorter Retry-After does not shorten a longer one', async () => {
  use({});
  const refused = (retryAfterMs: number) => {
    const error = new AzureError({ status: 429, code: 'x', message: 'slow', retryAfterMs });
    const { promise, reject } = Promise.withResolvers<never>();
    return { run: scheduler.run(request(), () => promise).catch(() => {}), refuse: () => reject(error) };
  };
  const [long, short] = [refused(60_000), refused(5_000)];
  await settle();
  long.refuse();
  await long.run;
  short.refuse();
  await short.run;
  // Whoever has no patience hears of the longer one.
  const impatient = call('a/0', { patienceMs: 30_000 });
  await expect(impatient).rejects.toMatchObject({ code: 'TooManyRequests', retryAfterMs: 60_000 });
  void call('a/1');
  clock.advance(59_999);
  await settle();
  expect(started).toEqual([]);
  clock.advance(1);
  await settle();
  expect(started).toEqual(['a/1']);
});
