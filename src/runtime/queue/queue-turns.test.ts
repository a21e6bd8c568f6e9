import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { PRIORITIES, type Priority } from '../outcome.ts';
import { FakeClock } from '../time/fake-clock.fixture.ts';
import { type QueueItem, WorkQueue } from './queue.ts';

/** Namespaces take turns (docs/guarantees.md G24). Turns are counted, not seconds. */

const MINUTE = 60_000;
let clock: FakeClock;
let queue: WorkQueue;

beforeEach(() => {
  clock = new FakeClock();
  queue = new WorkQueue({ clock, random: () => 1 });
});

const take = async (from = queue): Promise<QueueItem> => {
  const item = await from.get(AbortSignal.timeout(1_000));
  if (!item) throw new Error('the queue has ended');
  return item;
};
const namespaceOf = ({ key }: QueueItem) => key.split('/')[0] ?? '';

async function order(count: number): Promise<string[]> {
  const keys: string[] = [];
  for (let n = 0; n < count; n++) {
    const { key } = await take();
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe('namespaces', () => {
  test('a thousand edits of one delay the edit of another by one turn', async () => {
    for (let n = 0; n < 1_000; n++) queue.add(`many/${n}`, 'edit');
    queue.done((await take()).key);
    queue.add('few/a', 'edit');
    queue.add('few/b', 'edit');
    expect(await order(4)).toEqual(['many/1', 'few/a', 'many/2', 'few/b']);
  });

  test('that come back at once go behind those that wait', async () => {
    for (const key of ['many/1', 'many/2', 'few/a']) queue.add(key, 'edit');
    const first = await take();
    queue.add(first.key, 'edit');
    queue.done(first.key);
    expect(await order(3)).toEqual(['few/a', 'many/2', 'many/1']);
  });

  test('of any number and class: between two turns of one that waits, every other has at most one', async () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          namespace: fc.constantFrom('a', 'b', 'c', 'd'),
          name: fc.integer({ min: 0, max: 5 }),
          priority: fc.constantFrom(...PRIORITIES),
        }),
      },
      { weight: 2, arbitrary: fc.constant('take' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
        const queue = new WorkQueue({ clock: new FakeClock(), random: () => 1 });
        /** By class, then by namespace that waits there: whose turns came since its own, or since it began to wait. */
        const since = new Map(PRIORITIES.map((priority) => [priority, new Map<string, Set<string>>()]));
        const held = new Map<string, Priority>();
        for (const step of steps) {
          if (step === 'take') {
            if (queue.nextDueMs() !== 0) continue;
            const item = await take(queue);
            const waiting = since.get(item.priority);
            const namespace = namespaceOf(item);
            held.delete(item.key);
            waiting?.delete(namespace);
            for (const turns of waiting?.values() ?? []) {
              expect(turns).not.toContain(namespace);
              turns.add(namespace);
            }
            if ([...held].some(([key, each]) => each === item.priority && key.startsWith(`${namespace}/`)))
              waiting?.set(namespace, new Set());
            queue.done(item.key);
          } else {
            const key = `${step.namespace}/${step.name}`;
            queue.add(key, step.priority);
            const before = held.get(key);
            const raised =
              before === undefined || PRIORITIES.indexOf(step.priority) < PRIORITIES.indexOf(before);
            if (!raised) continue;
            held.set(key, step.priority);
            const waiting = since.get(step.priority);
            if (!waiting?.has(step.namespace)) waiting?.set(step.namespace, new Set());
            const isLeft = [...held].some(
              ([each, its]) => its === before && each.startsWith(`${step.namespace}/`),
            );
            if (before && !isLeft) since.get(before)?.delete(step.namespace);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('share what is kept for keys that waited long', async () => {
    for (let n = 0; n < 100; n++) queue.add(`many/${n}`, 'resync');
    queue.add('few/old', 'resync');
    clock.advance(6 * MINUTE);
    for (let n = 0; n < 60; n++) queue.add(`busy/${n}`, 'edit');
    // One turn in ten, and of these the second is the other namespace's.
    expect((await order(25)).filter((key) => !key.startsWith('busy/'))).toEqual(['many/0', 'few/old']);
  });

  test('the share that is owed stays owed until an old key can have it', async () => {
    queue.add('few/old', 'resync');
    clock.advance(1);
    for (let n = 0; n < 12; n++) queue.add(`busy/${n}`, 'edit');
    await order(12);
    clock.advance(6 * MINUTE);
    queue.add('busy/next', 'edit');
    expect(await order(2)).toEqual(['few/old', 'busy/next']);
  });

  test('wait in a class of their own: an edit of one goes before the event of another', async () => {
    queue.add('many/1', 'event');
    queue.add('many/2', 'event');
    queue.add('few/a', 'edit');
    expect(await order(3)).toEqual(['few/a', 'many/1', 'many/2']);
  });
});

describe('a key of several namespaces', () => {
  beforeEach(() => {
    const turnsOf = (key: string) => (key === 'azid/host' ? ['many', 'few'] : [key.split('/')[0] ?? '']);
    queue = new WorkQueue({ clock, random: () => 1, turnsOf });
  });

  test('runs once, in the first turn that comes to one of them, and says whose', async () => {
    for (let n = 0; n < 50; n++) queue.add(`many/${n}`, 'edit');
    queue.add('azid/host', 'edit');
    expect((await take()).key).toBe('many/0');
    expect(await take()).toMatchObject({ key: 'azid/host', turn: 'few' });
    expect((await take()).key).toBe('many/1');
  });

  test('is raised in all of their lines', async () => {
    queue.add('azid/host', 'resync');
    queue.add('other/a', 'event');
    queue.add('azid/host', 'edit');
    expect(await order(2)).toEqual(['azid/host', 'other/a']);
    expect(queue.idle()).toBe(true);
  });
});

describe('how much of one namespace may be under way', () => {
  beforeEach(() => {
    const limits = { workersPerNamespace: 2, perNamespace: 3, total: 5 };
    queue = new WorkQueue({ clock, random: () => 1, limits });
    for (let n = 0; n < 10; n++) queue.add(`many/${n}`, 'edit');
  });

  const nothingFor = async () =>
    expect(await queue.get(AbortSignal.timeout(5)).catch(() => 'nothing')).toBe('nothing');

  test('is bounded by its workers, and leaves the others to other namespaces', async () => {
    await take();
    await take();
    await nothingFor();
    queue.add('few/a', 'resync');
    expect((await take()).key).toBe('few/a');
  });

  test('one that waits for a rate limit gives its worker back, up to a number of them', async () => {
    queue.pause((await take()).key);
    await take();
    const third = await take();
    queue.pause(third.key);
    await nothingFor();
    queue.done(third.key);
    expect((await take()).key).toBe('many/3');
  });

  test('an edit does not count what waits of other classes', async () => {
    queue = new WorkQueue({
      clock,
      random: () => 1,
      limits: { workersPerNamespace: 9, perNamespace: 1, total: 9 },
    });
    queue.add('many/old', 'resync');
    queue.add('many/older', 'resync');
    await take();
    await nothingFor();
    queue.add('many/edited', 'edit');
    expect((await take()).key).toBe('many/edited');
  });

  test('above the total a namespace that has nothing under way still begins one', async () => {
    for (const namespace of ['b', 'c', 'd'])
      for (let n = 0; n < 3; n++) queue.add(`${namespace}/${n}`, 'edit');
    const seen: string[] = [];
    for (let n = 0; n < 5; n++) seen.push(namespaceOf(await take()));
    expect(seen).toEqual(['many', 'b', 'c', 'd', 'many']);
    queue.add('few/a', 'edit');
    expect((await take()).key).toBe('few/a');
    await nothingFor();
  });

  test('however often one is paused or resumed, it has one worker or none', async () => {
    const [first, second] = [await take(), await take()];
    for (const change of ['pause', 'pause', 'resume', 'resume'] as const) queue[change](first.key);
    await nothingFor();
    queue.done(first.key);
    queue.done(second.key);
    await take();
    await take();
    await nothingFor();
  });

  test('a waiting one that ends frees its place, not a worker that it had given back', async () => {
    const first = await take();
    queue.pause(first.key);
    queue.done(first.key);
    await take();
    await take();
    await nothingFor();
  });
});
