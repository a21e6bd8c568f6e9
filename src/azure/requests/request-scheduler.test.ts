import { describe, expect, test } from 'vitest';
import type { Priority } from '../../runtime/outcome.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { AzureError } from '../arm/errors.ts';
import { AZURE_LIMITS, MANAGED_IDENTITY } from '../limits.ts';
import type { ScheduledRequest } from './request.ts';
import { advanceUntil, settle, setup, throttled } from './request-scheduler.fixture.ts';
import { RequestScheduler } from './request-scheduler.ts';

/** The most calls above `capacity + perSecond * window` over all windows; at most 0 if the bucket holds. */
function excess(times: readonly number[], capacity: number, perSecond: number): number {
  let worst = Number.NEGATIVE_INFINITY;
  let low = Number.POSITIVE_INFINITY;
  for (const [index, at] of times.entries()) {
    const level = index - (at / 1000) * perSecond;
    low = Math.min(low, level);
    worst = Math.max(worst, level - low + 1 - capacity);
  }
  return worst;
}

describe('buckets', () => {
  test('2,000 grants from cold stay under 90 % of the bucket in every window, and use it', async () => {
    const { clock, submit, started } = setup();
    for (let n = 0; n < 2000; n++) void submit(`${n}`);
    await advanceUntil(clock, () => started.length === 2000);
    const times = started.map(({ at }) => at);
    expect(excess(times, 180, 9)).toBeLessThanOrEqual(0.001);
    expect(times.at(-1)).toBeLessThanOrEqual(1.2 * 180_000);
  });

  test('many identities are made no faster than the provider allows in one subscription', async () => {
    const { clock, submit, started } = setup();
    for (let n = 0; n < 100; n++)
      void submit(`${n}`, { provider: MANAGED_IDENTITY, resourceId: `/subscriptions/sub-a/x/${n}` });
    await advanceUntil(clock, () => started.length === 100);
    const times = started.map(({ at }) => at);
    expect(excess(times, 18, 1.8)).toBeLessThanOrEqual(0.001);
  });

  test('subscriptions share what the provider allows in the tenant', async () => {
    const { clock, submit, started } = setup();
    for (let n = 0; n < 400; n++)
      void submit(`${n}`, {
        provider: MANAGED_IDENTITY,
        subscriptionId: `sub-${n % 10}`,
        resourceId: `/x/${n}`,
      });
    await advanceUntil(clock, () => started.length === 400);
    const times = started.map(({ at }) => at);
    expect(excess(times, 90, 9)).toBeLessThanOrEqual(0.01);
    expect(times.at(-1)).toBeGreaterThan(30_000);
  });

  test('subscriptions do not share Resource Manager’s buckets, two callers in one neither', async () => {
    const { submit, started } = setup();
    for (let n = 0; n < 600; n++)
      void submit(`${n}`, { subscriptionId: `sub-${n % 2}`, credential: `azid-${n % 3}` });
    await settle();
    expect(started).toHaveLength(600);
  });

  test('one identity, however it is spelt, is written only as often as the provider allows; others go on', async () => {
    const { clock, submit, started, labels } = setup();
    const write = { kind: 'write', provider: MANAGED_IDENTITY } as const;
    void submit('1', { ...write, resourceId: '/subscriptions/s/resourceGroups/RG/x/Web' });
    void submit('2', { ...write, resourceId: '/subscriptions/s/resourcegroups/rg/x/web/' });
    void submit('3', { ...write, resourceId: '//subscriptions/S/resourceGroups/rg/x/WEB' });
    void submit('other', { ...write, resourceId: '/subscriptions/s/resourceGroups/RG/x/Api' });
    await settle();
    expect(labels()).toEqual(['1', '2', 'other']);
    await advanceUntil(clock, () => started.length === 4);
    expect(clock.monotonic()).toBeGreaterThan(3000);
  });

  test('reads do not wait for writes', async () => {
    const { submit, labels } = setup();
    for (let n = 0; n < 200; n++) void submit('write');
    void submit('read', { kind: 'read' });
    await settle();
    expect(labels().filter((label) => label === 'write')).toHaveLength(180);
    expect(labels()).toContain('read');
  });
});

describe('order', () => {
  test('an edit overtakes a backlog, an event a resync, and equals go in order of arrival', async () => {
    const { clock, submit, labels } = setup({
      arm: { ...AZURE_LIMITS.arm, write: { capacity: 1, perSecond: 1 } },
    });
    for (let n = 0; n < 50; n++) void submit(`resync ${n}`);
    for (let n = 0; n < 2; n++) void submit(`event ${n}`, { priority: 'event' });
    for (let n = 0; n < 2; n++) void submit(`edit ${n}`, { priority: 'edit' });
    await advanceUntil(clock, () => labels().length === 7);
    expect(labels()).toEqual(['resync 0', 'edit 0', 'edit 1', 'event 0', 'event 1', 'resync 1', 'resync 2']);
  });

  test('what waited long gets one token in ten while edits keep coming', async () => {
    const { clock, submit, labels } = setup({
      arm: { ...AZURE_LIMITS.arm, write: { capacity: 1, perSecond: 1 } },
    });
    const edits = (): void => void submit('edit', { priority: 'edit' }).then(edits);
    edits();
    edits();
    for (let n = 0; n < 3; n++) void submit('old');
    await advanceUntil(clock, () => clock.monotonic() >= AZURE_LIMITS.longWaitMs - 2000);
    expect(labels()).not.toContain('old');
    await advanceUntil(clock, () => labels().includes('old'));
    const from = labels().length;
    await advanceUntil(clock, () => labels().length >= from + 20);
    expect(
      labels()
        .slice(from, from + 20)
        .filter((label) => label === 'old'),
    ).toHaveLength(2);
  });

  test('slow resyncs leave slots free for an edit', async () => {
    const { scheduler, request, labels, submit } = setup({ concurrency: 4, reserved: 1 });
    const release = Promise.withResolvers<void>();
    const slow = Array.from({ length: 10 }, () => scheduler.run(request(), () => release.promise));
    await settle();
    expect(scheduler.stats()).toEqual({ waiting: { edit: 0, event: 0, resync: 7 }, running: 3 });
    await submit('edit', { priority: 'edit' });
    expect(labels()).toEqual(['edit']);
    release.resolve();
    await Promise.all(slow);
    await settle();
    expect(scheduler.stats().running).toBe(0);
  });
});

describe('a 429', () => {
  test('in a storm of 60 s no call is early, another subscription goes on, and all is done afterwards', async () => {
    const { clock, scheduler, request, submit, started } = setup();
    const until = clock.monotonic() + 60_000;
    let notBefore = 0;
    let early = 0;
    let done = 0;
    /** An Azure that refuses for a minute and says 17 s each time; the caller comes back until it worked. */
    const attempt = (): Promise<void> =>
      scheduler
        .run(request(), async () => {
          const now = clock.monotonic();
          if (now < notBefore) early++;
          await settle();
          if (now >= until) return void done++;
          notBefore = now + 17_000;
          throw throttled(17_000);
        })
        .catch(attempt);
    void attempt();
    await settle();
    await settle();
    for (let n = 0; n < 300; n++) void attempt();
    for (let n = 0; n < 20; n++) void submit(`b${n}`, { subscriptionId: 'sub-b' });
    await settle();
    expect(started).toHaveLength(20);
    expect(clock.monotonic()).toBe(0);
    await advanceUntil(clock, () => done === 301);
    expect(early).toBe(0);
  });

  test('without a time holds the rate-limit scope for 30 s, and afterwards only the refill goes through', async () => {
    const { clock, scheduler, request, submit, started } = setup();
    await expect(scheduler.run(request(), () => Promise.reject(throttled()))).rejects.toThrow('slow');
    for (let n = 0; n < 50; n++) void submit(`${n}`);
    await settle();
    clock.advance(29_999);
    await settle();
    expect(started).toEqual([]);
    await advanceUntil(clock, () => started.length === 50);
    // A timer rounds up to whole ms, and what refilled meanwhile is not lost: 9/s * 1 ms.
    expect(started[0]?.at).toBe(30_000);
    expect(
      excess(
        started.map(({ at }) => at),
        1,
        9,
      ),
    ).toBeLessThanOrEqual(0.01);
  });

  test('on a write does not hold the reads', async () => {
    const { scheduler, request, submit, labels } = setup();
    await expect(scheduler.run(request(), () => Promise.reject(throttled()))).rejects.toThrow();
    await submit('read', { kind: 'read' });
    expect(labels()).toEqual(['read']);
  });

  test('sends away at once who will not wait so long, be it in line already, and keeps who will', async () => {
    const { clock, scheduler, request, submit, labels } = setup({
      arm: { ...AZURE_LIMITS.arm, write: { capacity: 1, perSecond: 1 } },
    });
    const first = scheduler.run(request(), () => Promise.reject(throttled(60_000)));
    const inLine = submit('in line', { patienceMs: 5_000 });
    const patient = submit('patient');
    await expect(first).rejects.toThrow('slow');
    await expect(inLine).rejects.toMatchObject({
      code: 'TooManyRequests',
      retryAfterMs: 60_000,
      heldBack: true,
    });
    clock.advance(20_000);
    await expect(submit('late', { patienceMs: 5_000 })).rejects.toMatchObject({
      retryAfterMs: 40_000,
      heldBack: true,
    });
    await expect(submit('other', { patienceMs: 5_000, subscriptionId: 'sub-b' })).resolves.not.toThrow();
    await advanceUntil(clock, () => labels().includes('patient'));
    await patient;
    expect(labels()).toEqual(['other', 'patient']);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(60_000);
  });

  test('is recognised in any shape an SDK throws', async () => {
    const { clock, scheduler, request, submit, started } = setup();
    const text = new Error(
      "The long-running operation has failed. TooManyRequests. Please try again after '9' seconds.",
    );
    await expect(scheduler.run(request(), () => Promise.reject(text))).rejects.toBe(text);
    void submit('next');
    await advanceUntil(clock, () => started.length === 1);
    expect(clock.monotonic()).toBe(9000);
  });
});

describe('giving up', () => {
  test('takes the call out of the line without using a token, and leaves the others', async () => {
    const { clock, scheduler, submit, labels } = setup({
      arm: { ...AZURE_LIMITS.arm, write: { capacity: 1, perSecond: 1 } },
    });
    const abort = new AbortController();
    void submit('first');
    const lost = submit('lost', { signal: abort.signal, priority: 'edit' });
    void submit('last');
    abort.abort();
    await expect(lost).rejects.toMatchObject({ code: 'Aborted' });
    await advanceUntil(clock, () => labels().length === 2);
    expect(labels()).toEqual(['first', 'last']);
    expect(clock.monotonic()).toBeLessThan(1200);
    expect(scheduler.stats().waiting).toEqual({ edit: 0, event: 0, resync: 0 });
  });

  test('before the call is added refuses it', async () => {
    const { submit, labels } = setup();
    await expect(submit('never', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Aborted' });
    expect(labels()).toEqual([]);
  });
});

test('the waits of each class are measured, and throttling is counted', async () => {
  const clock = new FakeClock();
  const seen: unknown[] = [];
  const scheduler = new RequestScheduler({
    clock,
    metrics: {
      waited: (seconds, labels) => seen.push([seconds, labels]),
      throttled: (seconds, labels) => seen.push([seconds, labels]),
    },
  });
  const priority: Priority = 'edit';
  const request: ScheduledRequest = {
    tenantId: 't',
    subscriptionId: 'S',
    credential: 'c',
    kind: 'read',
    provider: 'P',
    priority,
  };
  await expect(
    scheduler.run(request, () =>
      Promise.reject(new AzureError({ status: 429, code: 'x', message: 'x', retryAfterMs: 2000 })),
    ),
  ).rejects.toThrow();
  expect(seen).toEqual([
    [0, { kind: 'read', priority: 'edit' }],
    [2, { subscriptionId: 's', kind: 'read' }],
  ]);
});

describe('exclusive calls', () => {
  /** Calls that run until the test ends them. */
  function held() {
    const it = setup();
    const ends = new Map<string, () => void>();
    const start = (label: string, more: Partial<ScheduledRequest> = {}) =>
      it.scheduler.run(it.request({ exclusive: 'id1', ...more }), async () => {
        it.started.push({ label, at: it.clock.monotonic() });
        await new Promise<void>((resolve) => ends.set(label, resolve));
      });
    const end = async (label: string) => {
      ends.get(label)?.();
      await settle();
    };
    return { ...it, start, end };
  }

  test('of one key run one by one, the most urgent first, over all rate-limit scopes', async () => {
    const { start, end, labels } = held();
    void start('a');
    void start('b');
    void start('c', { kind: 'delete' });
    void start('d', { priority: 'edit', credential: 'other' });
    await settle();
    expect(labels()).toEqual(['a']);
    await end('a');
    expect(labels()).toEqual(['a', 'd']);
    await end('d');
    await end('b');
    expect(labels()).toEqual(['a', 'd', 'b', 'c']);
  });

  test('hold up no other key and no call without one', async () => {
    const { start, submit, labels } = held();
    void start('a');
    void start('b');
    void start('other', { exclusive: 'id2' });
    void submit('free');
    await settle();
    expect(labels()).toEqual(['a', 'other', 'free']);
  });

  test('take no token while they wait for each other, and arm no timer', async () => {
    const two = { capacity: 2 / AZURE_LIMITS.share, perSecond: 0.001 };
    const { clock, scheduler, request, submit, labels } = setup({ arm: { ...AZURE_LIMITS.arm, write: two } });
    void scheduler.run(request({ exclusive: 'id1' }), () => new Promise(() => {}));
    void submit('waits', { exclusive: 'id1' });
    await settle();
    expect(clock.untilNext()).toBeUndefined();
    void submit('free');
    await settle();
    expect(labels()).toEqual(['free']);
  });

  test('leave their place to the next when they fail or are given up', async () => {
    const { scheduler, request, start, labels } = held();
    const given = new AbortController();
    const failed = scheduler.run(request({ exclusive: 'id1' }), () => Promise.reject(new Error('no')));
    const dropped = start('dropped', { signal: given.signal });
    void start('next');
    given.abort();
    await expect(failed).rejects.toThrow('no');
    await expect(dropped).rejects.toMatchObject({ code: 'Aborted' });
    await settle();
    expect(labels()).toEqual(['next']);
  });
});
