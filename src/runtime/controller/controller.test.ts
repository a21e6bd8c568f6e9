import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Fields, Log } from '../log.ts';
import type { ControllerMetrics, ReconcileResult } from '../metrics.ts';
import type { Outcome, Priority } from '../outcome.ts';
import { WorkQueue } from '../queue/queue.ts';
import { FakeClock } from '../time/fake-clock.fixture.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import type { ReconcileRequest } from './reconcile-request.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

interface Line extends Fields {
  readonly level: string;
  readonly message: string;
}

function recordingLog(lines: Line[], bound: Fields = {}): Log {
  const write = (level: string) => (fields: Fields, message: string) =>
    void lines.push({ ...bound, ...fields, level, message });
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => recordingLog(lines, { ...bound, ...fields }),
  };
}

class Counts implements ControllerMetrics {
  readonly results: ReconcileResult[] = [];
  readonly actives: number[] = [];
  most = 0;
  errors = 0;
  terminals = 0;
  panics = 0;
  timeouts = 0;
  workers(most: number): void {
    this.most = most;
  }
  active(reconciles: number): void {
    this.actives.push(reconciles);
  }
  finished(result: ReconcileResult): void {
    this.results.push(result);
  }
  failed(): void {
    this.errors += 1;
  }
  terminal(): void {
    this.terminals += 1;
  }
  panicked(): void {
    this.panics += 1;
  }
  timedOut(): void {
    this.timeouts += 1;
  }
}

let clock: FakeClock;
let queue: WorkQueue;
let counts: Counts;
let lines: Line[];
let stop: AbortController;
let runs: Promise<void>[];

beforeEach(() => {
  clock = new FakeClock();
  queue = new WorkQueue({ clock, random: () => 1 });
  counts = new Counts();
  lines = [];
  stop = new AbortController();
  runs = [];
});

afterEach(async () => {
  stop.abort();
  await turn();
  clock.advance(MINUTE);
  await Promise.all(runs);
});

/** A running controller with defaults for what a test does not care about. */
function started(options: Partial<ControllerOptions> & Pick<ControllerOptions, 'reconcile'>): Controller {
  const controller = controllerOf(options);
  runs.push(controller.run(stop.signal));
  return controller;
}

function controllerOf(
  options: Partial<ControllerOptions> & Pick<ControllerOptions, 'reconcile'>,
): Controller {
  const log = recordingLog(lines);
  const defaults = { name: 'identity', queue, clock, workers: 1, metrics: counts, log, random: () => 0.5 };
  return new Controller({ ...defaults, ...options });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Runs one reconcile that ends with the outcome, or throws the error. */
async function reconcileEndingIn(end: Outcome | Error, priority: Priority = 'event'): Promise<void> {
  const controller = started({
    reconcile: async () => {
      if (end instanceof Error) throw end;
      return end;
    },
  });
  controller.enqueue('team/app', priority);
  await until(() => counts.results.length === 1);
  await turn();
}

/** A reconcile that ends when told to, and knows whether its signal aborted. */
function heldReconciles() {
  const held: {
    readonly request: ReconcileRequest;
    end(outcome: Outcome): void;
    fail(error: unknown): void;
  }[] = [];
  const reconcile = (request: ReconcileRequest) => {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    held.push({ request, end: resolve, fail: reject });
    return promise;
  };
  return { held, reconcile };
}

const failed = new Error('connection lost');

describe('the result map', () => {
  test.each<{
    readonly title: string;
    readonly end: Outcome | Error;
    readonly nextMs: number | undefined;
    readonly nextClass: Priority;
    readonly failures: number;
    readonly result: ReconcileResult;
    readonly counted: Partial<Pick<Counts, 'errors' | 'terminals' | 'panics'>>;
    readonly level: string;
    readonly message: string;
  }>([
    {
      title: 'done: nothing more to do',
      end: { type: 'done' },
      nextMs: undefined,
      nextClass: 'resync',
      failures: 0,
      result: 'success',
      counted: {},
      level: 'debug',
      message: 'reconcile done',
    },
    {
      title: 'done, reconcile again: a resync later',
      end: { type: 'done', nextMs: MINUTE },
      nextMs: MINUTE,
      nextClass: 'resync',
      failures: 0,
      result: 'requeue_after',
      counted: {},
      level: 'debug',
      message: 'reconcile done',
    },
    {
      title: 'again: exactly then, in its class',
      end: { type: 'again', afterMs: 10 * SECOND, why: 'operation running' },
      nextMs: 10 * SECOND,
      nextClass: 'edit',
      failures: 0,
      result: 'requeue_after',
      counted: {},
      level: 'debug',
      message: 'reconcile to be continued',
    },
    {
      title: 'waiting: the safety net',
      end: { type: 'waiting', for: 'identity team/other', recheckMs: MINUTE },
      nextMs: MINUTE,
      nextClass: 'resync',
      failures: 0,
      result: 'requeue_after',
      counted: {},
      level: 'debug',
      message: 'reconcile waits for another object',
    },
    {
      title: 'stalled: a terminal error, reconciled again all the same',
      end: { type: 'stalled', reason: 'AuthorizationFailed', recheckMs: 5 * MINUTE },
      nextMs: 5 * MINUTE,
      nextClass: 'resync',
      failures: 0,
      result: 'error',
      counted: { errors: 1, terminals: 1 },
      level: 'warn',
      message: 'reconcile stalled until someone acts',
    },
    {
      title: 'retry: back-off, in its class',
      end: { type: 'retry', reason: 'Unavailable', error: failed },
      nextMs: SECOND,
      nextClass: 'edit',
      failures: 1,
      result: 'error',
      counted: { errors: 1 },
      level: 'warn',
      message: 'reconcile failed, will be retried',
    },
    {
      title: 'retry, with a time from the server: not before',
      end: { type: 'retry', reason: 'TooManyRequests', error: failed, notBeforeMs: MINUTE },
      nextMs: MINUTE,
      nextClass: 'edit',
      failures: 1,
      result: 'error',
      counted: { errors: 1 },
      level: 'warn',
      message: 'reconcile failed, will be retried',
    },
    {
      title: 'held back by a closed rate-limit scope: when it opens, in its class, and no failure',
      end: { type: 'heldBack', reason: 'Throttled', notBeforeMs: MINUTE },
      nextMs: MINUTE,
      nextClass: 'edit',
      failures: 0,
      result: 'requeue_after',
      counted: {},
      level: 'debug',
      message: 'reconcile held back by a closed rate-limit scope',
    },
    {
      title: 'a throw: counted as a panic, retried',
      end: failed,
      nextMs: SECOND,
      nextClass: 'edit',
      failures: 1,
      result: 'error',
      counted: { errors: 1, panics: 1 },
      level: 'error',
      message: 'reconcile failed unexpectedly',
    },
    {
      title: 'an outcome with an impossible time: a panic too',
      end: { type: 'done', nextMs: Number.NaN },
      nextMs: SECOND,
      nextClass: 'edit',
      failures: 1,
      result: 'error',
      counted: { errors: 1, panics: 1 },
      level: 'error',
      message: 'reconcile failed unexpectedly',
    },
  ])('$title', async ({ end, nextMs, nextClass, failures, result, counted, level, message }) => {
    await reconcileEndingIn(end, 'edit');
    expect(queue.nextDueMs()).toBe(nextMs);
    if (nextMs !== undefined) expect(queue.size.delayed[nextClass]).toBe(1);
    expect(queue.failures('team/app')).toBe(failures);
    expect(counts.results).toEqual([result]);
    expect(counts).toMatchObject({ errors: 0, terminals: 0, panics: 0, timeouts: 0, ...counted });
    expect(lines).toEqual([
      expect.objectContaining({ level, message, controller: 'identity', namespace: 'team', name: 'app' }),
    ]);
  });

  test.each<Outcome>([
    { type: 'done', nextMs: MINUTE },
    { type: 'again', afterMs: MINUTE, why: 'operation running' },
    { type: 'waiting', for: 'identity team/other', recheckMs: MINUTE },
    // Not one failure more: with the next thing that goes wrong the back-off begins anew.
    { type: 'stalled', reason: 'AuthorizationFailed', recheckMs: MINUTE },
  ])('an outcome that is no passing failure forgets earlier ones: $type', async (end) => {
    const ends: Outcome[] = [{ type: 'retry', reason: 'Unavailable', error: failed }, end];
    const attempts: number[] = [];
    const controller = started({
      reconcile: async ({ attempt }) => {
        attempts.push(attempt);
        return ends.shift() ?? { type: 'done' };
      },
    });
    controller.enqueue('a', 'event');
    await until(() => attempts.length === 1 && queue.idle());
    clock.advance(SECOND);
    await until(() => attempts.length === 2 && queue.idle());
    clock.advance(MINUTE);
    await until(() => attempts.length === 3);
    expect(attempts).toEqual([1, 2, 1]);
  });

  test.each([
    [0, 0.9],
    [1, 1.1],
  ])('rechecks get jitter: random %d gives %d of the time', async (random, share) => {
    const controller = started({
      reconcile: async () => ({ type: 'done', nextMs: MINUTE }),
      random: () => random,
    });
    controller.enqueue('a', 'event');
    await until(() => counts.results.length === 1 && queue.idle());
    expect(queue.nextDueMs()).toBeCloseTo(share * MINUTE);
  });

  test('a throw that is known becomes its outcome, and is no panic', async () => {
    const controller = started({
      reconcile: async () => {
        throw failed;
      },
      outcomeOf: (error) =>
        error === failed ? { type: 'stalled', reason: 'Known', recheckMs: MINUTE } : undefined,
    });
    controller.enqueue('a', 'event');
    await until(() => counts.results.length === 1);
    expect(counts).toMatchObject({ terminals: 1, panics: 0 });
  });

  test('a mapping of errors that throws does not hide the error', async () => {
    const controller = started({
      reconcile: () => {
        throw failed;
      },
      outcomeOf: () => {
        throw new Error('mapping failed');
      },
    });
    controller.enqueue('a', 'event');
    await until(() => counts.results.length === 1);
    expect(lines).toEqual([expect.objectContaining({ level: 'error', error: failed })]);
  });
});

describe('reconciles', () => {
  test('never overlap for a key, and run once more for what came meanwhile', async () => {
    const { held, reconcile } = heldReconciles();
    const controller = started({ reconcile, workers: 3 });
    controller.enqueue('a', 'event');
    await until(() => held.length === 1);
    controller.enqueue('a', 'event');
    controller.enqueue('b', 'event');
    await until(() => held.length === 2);
    expect(held[1]?.request.key).toBe('b');
    expect(controller.running).toBe(2);
    held[0]?.end({ type: 'done' });
    await until(() => held.length === 3);
    expect(held[2]?.request.key).toBe('a');
    for (const { end } of held) end({ type: 'done' });
    await until(() => controller.idle());
    expect(counts.results).toHaveLength(3);
    expect(counts.most).toBe(3);
    expect(Math.max(...counts.actives)).toBe(2);
    expect(counts.actives.at(-1)).toBe(0);
  });

  test('are classified by the object: an edit overtakes, by whichever way it was enqueued', async () => {
    const seen: string[] = [];
    const controller = controllerOf({
      reconcile: async ({ key, priority }) => {
        seen.push(`${key} ${priority}`);
        return { type: 'done' };
      },
      classify: (key, proposed) => (key === 'edited' ? 'edit' : proposed),
    });
    for (const key of ['a', 'b', 'edited']) controller.enqueue(key, 'resync');
    runs.push(controller.run(stop.signal));
    await until(() => seen.length === 3);
    expect(seen).toEqual(['edited edit', 'a resync', 'b resync']);
  });

  test('of an edit overtake a backlog of 10,000 keys: it is the very next one', async () => {
    const seen: string[] = [];
    const controller = started({
      reconcile: async ({ key }) => {
        seen.push(key);
        if (seen.length === 100) controller.enqueue('edited', 'edit');
        return { type: 'done' };
      },
    });
    for (let i = 0; i < 10_000; i++) controller.enqueue(`k${i}`, 'resync');
    await until(() => controller.idle());
    expect(seen).toHaveLength(10_001);
    expect(seen.indexOf('edited')).toBe(100);
  });

  test('are not lost when their class cannot be determined', async () => {
    const controller = started({
      reconcile: async () => ({ type: 'done' }),
      classify: () => {
        throw failed;
      },
    });
    controller.enqueue('a', 'event');
    await until(() => counts.results.length === 1);
    expect(lines[0]).toMatchObject({ level: 'error', error: failed, name: 'a' });
  });

  test('that do no I/O still let the event loop turn', async () => {
    let reconciles = 0;
    const controller = started({
      reconcile: async () => {
        reconciles += 1;
        return { type: 'done' };
      },
    });
    for (let i = 0; i < 1_000; i++) controller.enqueue(`k${i}`, 'resync');
    await turn();
    await turn();
    expect(reconciles).toBeLessThan(10);
    await until(() => controller.idle());
    expect(reconciles).toBe(1_000);
  });
});

test('several controllers with full queues begin one reconcile in a turn of the event loop', async () => {
  let [begun, most, turns] = [0, 0, 0];
  const all = Array.from({ length: 10 }, () =>
    started({
      workers: 64,
      queue: new WorkQueue({ clock, random: () => 0.5 }),
      reconcile: async () => {
        begun += 1;
        return { type: 'done' };
      },
    }),
  );
  for (const controller of all) for (let i = 0; i < 100; i++) controller.enqueue(`k${i}`, 'resync');
  // The first of each begins with its controller.
  await turn();
  expect(begun).toBeLessThanOrEqual(2 * all.length);
  for (let before = begun; before < 1_000; before = begun) {
    await turn();
    most = Math.max(most, begun - before);
    turns += 1;
  }
  expect(most).toBeLessThanOrEqual(2);
  expect(turns).toBeLessThan(1_100);
});

describe('the time limit', () => {
  test('aborts the reconcile; the key stays running until the promise really settles', async () => {
    const { held, reconcile } = heldReconciles();
    const controller = started({ reconcile, workers: 2, timeLimitMs: MINUTE });
    controller.enqueue('a', 'event');
    await until(() => held.length === 1);
    clock.advance(MINUTE);
    const { signal } = held[0]?.request ?? {};
    expect(signal?.reason).toMatchObject({
      code: 'TimeLimitExceeded',
      message: 'the reconcile took longer than 60 s',
    });
    expect(counts.timeouts).toBe(1);
    controller.enqueue('a', 'edit');
    for (let i = 0; i < 20; i++) await turn();
    expect(held).toHaveLength(1);
    expect(controller.running).toBe(1);
    held[0]?.fail(signal?.reason);
    await until(() => held.length === 2);
    expect(counts).toMatchObject({ results: ['error'], errors: 1, panics: 0 });
    expect(lines.at(-1)).toMatchObject({ reason: 'TimeLimitExceeded' });
    held[1]?.end({ type: 'done' });
  });

  test('an outcome that comes late still counts', async () => {
    const { held, reconcile } = heldReconciles();
    const controller = started({ reconcile, timeLimitMs: MINUTE });
    controller.enqueue('a', 'event');
    await until(() => held.length === 1);
    clock.advance(2 * MINUTE);
    held[0]?.end({ type: 'done' });
    await until(() => controller.idle());
    expect(counts).toMatchObject({ results: ['success'], timeouts: 1, errors: 0 });
  });

  test('leaves no timer when the reconcile ends in time', async () => {
    await reconcileEndingIn({ type: 'done' });
    expect(clock.untilNext()).toBeUndefined();
  });
});

describe('stop', () => {
  test('takes no further key and lets running reconciles end', async () => {
    const { held, reconcile } = heldReconciles();
    const controller = controllerOf({ reconcile });
    const run = controller.run(stop.signal);
    controller.enqueue('a', 'event');
    controller.enqueue('b', 'event');
    await until(() => held.length === 1);
    stop.abort();
    await turn();
    clock.advance(29 * SECOND);
    expect(held[0]?.request.signal.aborted).toBe(false);
    held[0]?.end({ type: 'done' });
    await run;
    expect(held).toHaveLength(1);
    expect(counts.results).toEqual(['success']);
    expect(clock.untilNext()).toBeUndefined();
  });

  test('aborts what still runs after the grace period, and counts no failure for it', async () => {
    const { held, reconcile } = heldReconciles();
    const controller = controllerOf({ reconcile });
    const run = controller.run(stop.signal);
    controller.enqueue('a', 'event');
    await until(() => held.length === 1);
    stop.abort();
    await turn();
    clock.advance(30 * SECOND);
    await until(() => held[0]?.request.signal.aborted === true);
    held[0]?.fail(held[0].request.signal.reason);
    await run;
    expect(controller.running).toBe(0);
    expect(counts).toMatchObject({ results: ['requeue'], errors: 0, panics: 0 });
  });

  test('leaves behind what does not heed its signal, and says so', async () => {
    const { held, reconcile } = heldReconciles();
    const controller = controllerOf({ reconcile });
    const run = controller.run(stop.signal);
    controller.enqueue('team/deaf', 'event');
    await until(() => held.length === 1);
    stop.abort();
    await turn();
    clock.advance(30 * SECOND);
    await until(() => held[0]?.request.signal.aborted === true);
    await turn();
    clock.advance(5 * SECOND);
    await run;
    expect(controller.running).toBe(1);
    expect(lines.at(-1)).toMatchObject({ message: 'reconciles left behind', keys: ['team/deaf'] });
    held[0]?.end({ type: 'done' });
  });

  test('a cut aborts at once, without grace', async () => {
    const { held, reconcile } = heldReconciles();
    const controller = controllerOf({ reconcile });
    const cut = new AbortController();
    const run = controller.run(stop.signal, cut.signal);
    controller.enqueue('a', 'event');
    await until(() => held.length === 1);
    cut.abort();
    await until(() => held[0]?.request.signal.aborted === true);
    held[0]?.fail(held[0].request.signal.reason);
    await run;
  });

  test('before the start means no reconcile at all', async () => {
    stop.abort();
    const controller = controllerOf({ reconcile: async () => ({ type: 'done' }) });
    controller.enqueue('a', 'event');
    await controller.run(stop.signal);
    expect(counts.results).toEqual([]);
  });

  test('in the moment a key is handed out starts no reconcile', async () => {
    const controller = controllerOf({ reconcile: async () => ({ type: 'done' }) });
    const run = controller.run(stop.signal);
    controller.enqueue('a', 'event');
    stop.abort();
    await run;
    expect(counts.results).toEqual([]);
    expect(controller.idle()).toBe(true);
  });

  test('a controller runs once', async () => {
    const controller = started({ reconcile: async () => ({ type: 'done' }) });
    await expect(controller.run(stop.signal)).rejects.toThrow(
      'Expected controller `identity` to be run once',
    );
  });
});

test('the number of workers is checked', () => {
  const reconcile = async (): Promise<Outcome> => ({ type: 'done' });
  expect(() => controllerOf({ reconcile, workers: 0 })).toThrow(
    'Expected `workers` to be an integer from 1 up, got `0`',
  );
});
