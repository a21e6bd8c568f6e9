import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../log.ts';
import { type ControllerMetrics, noControllerMetrics } from '../metrics.ts';
import type { Outcome } from '../outcome.ts';
import { WorkQueue } from '../queue/queue.ts';
import { FakeClock } from '../time/fake-clock.fixture.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import type { ReconcileRequest } from './reconcile-request.ts';
import type { Waits } from './workers.ts';

/** A reconcile that waits for a rate limit gives its worker back (docs/guarantees.md G24). */

const MINUTE = 60_000;
let clock: FakeClock;
let queue: WorkQueue;
let stop: AbortController;
let cut: AbortController;
let actives: number[];
let results: string[];
let held: { readonly request: ReconcileRequest; readonly waits: Waits; end(outcome?: Outcome): void }[];
let run: Promise<void>;
let controller: Controller;
let edition: string;

beforeEach(() => {
  clock = new FakeClock();
  queue = new WorkQueue({ clock, random: () => 1 });
  stop = new AbortController();
  cut = new AbortController();
  [actives, results, held, edition] = [[], [], [], 'first'];
});

afterEach(async () => {
  stop.abort();
  for (const each of held) each.end();
  await run;
});

function start(options: Partial<ControllerOptions> = {}): void {
  const metrics: ControllerMetrics = {
    ...noControllerMetrics,
    active: (reconciles) => void actives.push(reconciles),
    finished: (result) => void results.push(result),
  };
  controller = new Controller({
    name: 'identity',
    queue,
    clock,
    workers: 1,
    metrics,
    log: silentLog,
    random: () => 0.5,
    editionOf: () => edition,
    reconcile: (request) => {
      const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
      request.signal.addEventListener('abort', () => reject(request.signal.reason));
      if (!request.waits) throw new Error('a reconcile can always wait');
      held.push({ request, waits: request.waits, end: (outcome = { type: 'done' }) => resolve(outcome) });
      return promise;
    },
    ...options,
  });
  run = controller.run(stop.signal, cut.signal);
}

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 200) throw new Error('waited in vain');
    await turn();
  }
}

const keys = () => held.map(({ request }) => request.key);

test('its worker takes another key meanwhile, and counts as no active one', async () => {
  start();
  for (const key of ['a/1', 'b/1', 'c/1']) controller.enqueue(key, 'edit');
  await until(() => held.length === 1);
  const waiting = held[0]?.waits.begin();
  await until(() => held.length === 2);
  expect(keys()).toEqual(['a/1', 'b/1']);
  expect(actives.at(-1)).toBe(1);
  expect(queue.snapshot()).toMatchObject({ waiting: 1, running: { edit: 2 } });
  // It goes on as soon as its turn comes; no key is taken until there is a worker again.
  waiting?.[Symbol.dispose]();
  held[1]?.end();
  for (let n = 0; n < 5; n++) await turn();
  expect(keys()).toHaveLength(2);
  held[0]?.end();
  await until(() => held.length === 3);
});

test('goes on with a worker of its own, also while all are taken or one waits for a key', async () => {
  start({ workers: 2 });
  controller.enqueue('a/1', 'edit');
  await until(() => held.length === 1);
  const waiting = held[0]?.waits.begin();
  controller.enqueue('b/1', 'edit');
  await until(() => held.length === 2);
  waiting?.[Symbol.dispose]();
  controller.enqueue('c/1', 'edit');
  for (let n = 0; n < 5; n++) await turn();
  expect(keys()).toEqual(['a/1', 'b/1']);
  held[1]?.end();
  await until(() => held.length === 3);
});

test('an edit begins at once while resyncs hold all the workers they may have', async () => {
  start({ workers: 8 });
  for (let n = 0; n < 20; n++) controller.enqueue(`many-${n}/a`, 'resync');
  await until(() => held.length === 6);
  for (let n = 0; n < 20; n++) await turn();
  expect(held).toHaveLength(6);
  controller.enqueue('few/a', 'edit');
  await until(() => held.length === 7);
  expect(keys().at(-1)).toBe('few/a');
});

test('an edit begins at once while resyncs that waited go on, however many', async () => {
  start({ workers: 8 });
  for (let n = 0; n < 20; n++) controller.enqueue(`many-${n}/a`, 'resync');
  const waits: (Disposable | undefined)[] = [];
  for (let n = 0; n < 20; n++) {
    await until(() => held.length === n + 1);
    waits.push(held[n]?.waits.begin());
  }
  for (const wait of waits) wait?.[Symbol.dispose]();
  expect(actives.at(-1)).toBe(20);
  controller.enqueue('few/a', 'edit');
  await until(() => held.length === 21);
  controller.enqueue('few/b', 'edit');
  await until(() => held.length === 22);
  // More than those kept for them wait, as ever, until others have ended.
  controller.enqueue('few/c', 'edit');
  controller.enqueue('more/a', 'resync');
  for (let n = 0; n < 20; n++) await turn();
  expect(keys().slice(20)).toEqual(['few/a', 'few/b']);
  held[20]?.end();
  await until(() => held.length === 23);
  expect(keys().at(-1)).toBe('few/c');
});

test('waits of one reconcile at the same time are one', async () => {
  start();
  controller.enqueue('a/1', 'edit');
  await until(() => held.length === 1);
  const [one, two] = [held[0]?.waits.begin(), held[0]?.waits.begin()];
  one?.[Symbol.dispose]();
  one?.[Symbol.dispose]();
  expect(queue.snapshot().waiting).toBe(1);
  two?.[Symbol.dispose]();
  expect(queue.snapshot().waiting).toBe(0);
  expect(actives).toEqual([1, 0, 1]);
});

test('its time limit stands still', async () => {
  start({ timeLimitMs: 2 * MINUTE });
  controller.enqueue('a/1', 'edit');
  await until(() => held.length === 1);
  clock.advance(MINUTE);
  const waiting = held[0]?.waits.begin();
  clock.advance(60 * MINUTE);
  waiting?.[Symbol.dispose]();
  clock.advance(MINUTE - 1);
  expect(held[0]?.request.signal.aborted).toBe(false);
  clock.advance(1);
  expect(held[0]?.request.signal.reason).toMatchObject({ code: 'TimeLimitExceeded' });
});

test('an edit of its object ends the wait: it begins anew, and nothing is counted against it', async () => {
  start();
  controller.enqueue('a/1', 'resync');
  await until(() => held.length === 1);
  held[0]?.waits.begin();
  edition = 'second';
  controller.enqueue('a/1', 'event');
  await until(() => held.length === 2);
  expect(held[0]?.request.signal.reason).toMatchObject({ code: 'Superseded' });
  expect(held[1]?.request).toMatchObject({ key: 'a/1', priority: 'event', attempt: 1 });
  expect(results).toEqual(['requeue']);
});

test('an event that is no edit does not end the wait, nor does an edit end a reconcile that works', async () => {
  start();
  controller.enqueue('a/1', 'resync');
  await until(() => held.length === 1);
  const waiting = held[0]?.waits.begin();
  controller.enqueue('a/1', 'event');
  expect(held[0]?.request.signal.aborted).toBe(false);
  waiting?.[Symbol.dispose]();
  edition = 'second';
  controller.enqueue('a/1', 'event');
  expect(held[0]?.request.signal.aborted).toBe(false);
  held[0]?.end();
  await until(() => held.length === 2);
});

test('an edit does not cost a write its place in line, nor a turn that is kept for it', async () => {
  start();
  controller.enqueue('a/1', 'edit');
  await until(() => held.length === 1);
  const edit = () => {
    edition += '+';
    controller.enqueue('a/1', 'edit');
  };
  const place = held[0]?.waits.begin({ cuttable: false });
  edit();
  const kept = held[0]?.waits.keepPlace();
  place?.[Symbol.dispose]();
  // It decides anew, and reads before it does.
  const read = held[0]?.waits.begin();
  edit();
  expect(held[0]?.request.signal.aborted).toBe(false);
  kept?.[Symbol.dispose]();
  edit();
  expect(held[0]?.request.signal.reason).toMatchObject({ code: 'Superseded' });
  read?.[Symbol.dispose]();
});

test('an edit ends the wait of a write that stands in a slower line than its own', async () => {
  start();
  controller.enqueue('a/1', 'resync');
  await until(() => held.length === 1);
  held[0]?.waits.begin({ cuttable: false });
  edition = 'second';
  controller.enqueue('a/1', 'resync');
  expect(held[0]?.request.signal.aborted).toBe(false);
  controller.enqueue('a/1', 'edit');
  await until(() => held.length === 2);
  expect(held[1]?.request.priority).toBe('edit');
});

test('an edit while a call is under way ends the wait that comes after it', async () => {
  start();
  controller.enqueue('a/1', 'resync');
  await until(() => held.length === 1);
  edition = 'second';
  controller.enqueue('a/1', 'edit');
  expect(held[0]?.request.signal.aborted).toBe(false);
  held[0]?.waits.begin();
  expect(held[0]?.request.signal.reason).toMatchObject({ code: 'Superseded' });
  await until(() => held.length === 2);
  expect(results).toEqual(['requeue']);
});

test('a stop ends waits at once and lets work end; who would wait then does not', async () => {
  start({ workers: 2 });
  for (const key of ['a/1', 'b/1', 'c/1']) controller.enqueue(key, 'edit');
  await until(() => held.length === 2);
  held[0]?.waits.begin();
  await until(() => held.length === 3);
  stop.abort();
  await until(() => controller.running === 2);
  expect(held.map(({ request }) => request.signal.aborted)).toEqual([true, false, false]);
  expect(held[0]?.request.signal.reason).toMatchObject({ code: 'Stopping' });
  held[1]?.waits.begin();
  await until(() => controller.running === 1);
  held[2]?.end();
  await run;
  // Not a moment of the grace time was needed.
  expect(clock.monotonic()).toBe(0);
});

test('what it was given and did not use goes back when it ends, and what it left waiting is given up', async () => {
  start();
  controller.enqueue('a/1', 'edit');
  await until(() => held.length === 1);
  const [first] = held;
  let back = 0;
  first?.waits.atEnd(() => back++);
  first?.waits.begin();
  first?.end();
  await until(() => results.length === 1);
  expect(back).toBe(1);
  expect(first?.request.signal.aborted).toBe(true);
  controller.enqueue('b/1', 'edit');
  await until(() => held.length === 2);
  expect(actives.at(-1)).toBe(1);
});
