import { expect, test } from 'vitest';
import { Waits } from '../../runtime/controller/workers.ts';
import type { AzureError } from '../arm/errors.ts';
import { AZURE_LIMITS, type Limits } from '../limits.ts';
import type { ScheduledRequest } from './request.ts';
import { advanceUntil, settle, setup, throttled } from './request-scheduler.fixture.ts';

/** Who may read for a write: as many as can write soon, by class and by turn. */

const rate = (perSecond: number, capacity = 1): Partial<Limits> => ({
  arm: { ...AZURE_LIMITS.arm, write: { capacity, perSecond } },
  share: 1,
});
/** Asks for places for as many reconciles, each of a namespace of its own if not said otherwise; gives who has one, in order. */
function asking({ scheduler, request }: ReturnType<typeof setup>) {
  const through: string[] = [];
  const ask = (label: string, more: Partial<ScheduledRequest> = {}) => {
    const waits = new Waits();
    const asked = { at: 'once', waits };
    void scheduler.takePlace(request({ waits, turn: label, ...more })).then(
      () => through.push(label),
      (error: AzureError) => {
        asked.at = error.code;
        if (error.code === 'DecideAgain') through.push(label);
      },
    );
    return asked;
  };
  return { through, ask };
}

test('is there at once, and takes neither token nor slot', async () => {
  const world = setup(rate(1));
  const { through, ask } = asking(world);
  const asked = ask('a');
  await settle();
  expect(through).toEqual(['a']);
  expect(asked.at).toBe('once');
  expect(world.scheduler.stats()).toEqual({ waiting: { edit: 0, event: 0, resync: 0 }, running: 0 });
  await world.submit('call');
  expect(world.clock.monotonic()).toBe(0);
});

test('is there for as many as can write in five seconds; the others wait, decide again, and come as those begin their writes', async () => {
  const world = setup(rate(1));
  const { through, ask } = asking(world);
  const asked = Array.from({ length: 8 }, (_, n) => ask(`${n}`));
  await settle();
  // One token is there, five come in five seconds.
  expect(through).toEqual(['0', '1', '2', '3', '4', '5']);
  expect(world.scheduler.stats().waiting.resync).toBe(2);
  for (const { waits } of asked.slice(0, 2)) void world.submit('write', { waits });
  await advanceUntil(world.clock, () => through.length === 8);
  expect(world.labels()).toEqual(['write', 'write']);
  expect(asked.map(({ at }) => at)).toEqual([...Array(6).fill('once'), 'DecideAgain', 'DecideAgain']);
});

test('is there for no more than there are slots, however full the bucket is', async () => {
  const world = setup({ ...rate(10, 200), concurrency: 4, reserved: 1 });
  const { through, ask } = asking(world);
  for (let n = 0; n < 9; n++) ask(`${n}`);
  await settle();
  expect(through).toHaveLength(4);
});

test('goes to the next when the reconcile ends without its write', async () => {
  const world = setup({ ...rate(10, 200), concurrency: 2, reserved: 1 });
  const { through, ask } = asking(world);
  const asked = ['a', 'b', 'c'].map((label) => ask(label));
  await settle();
  expect(through).toEqual(['a', 'b']);
  asked[0]?.waits.end();
  await settle();
  expect(through).toEqual(['a', 'b', 'c']);
});

test('goes by class and by turn, and each class has its own', async () => {
  const world = setup({ ...rate(10, 200), concurrency: 2, reserved: 0 });
  const { through, ask } = asking(world);
  const asked = ['a1', 'a2', 'a3', 'a4'].map((label) => ask(label, { turn: 'a' }));
  ask('b1', { turn: 'b' });
  ask('edit', { turn: 'a', priority: 'edit' });
  await settle();
  expect(through).toEqual(['a1', 'a2', 'edit']);
  for (const { waits } of asked.slice(0, 2)) waits.end();
  await settle();
  expect(through).toEqual(['a1', 'a2', 'edit', 'a3', 'b1']);
});

test('is not given while a 429 closes the scope, and who is not so patient is refused', async () => {
  const world = setup(rate(10, 200));
  const { through, ask } = asking(world);
  await expect(
    world.scheduler.run(world.request(), () => Promise.reject(throttled(60_000))),
  ).rejects.toThrow();
  ask('patient');
  const impatient = ask('impatient', { patienceMs: 5_000 });
  await settle();
  expect(impatient.at).toBe('TooManyRequests');
  expect(through).toEqual([]);
  await advanceUntil(world.clock, () => through.length === 1);
  expect(through).toEqual(['patient']);
  expect(world.clock.monotonic()).toBe(60_000);
});

test('is not held without a reconcile that keeps it, and is asked for once', async () => {
  const world = setup({ ...rate(10, 200), concurrency: 2, reserved: 1 });
  const { through, ask } = asking(world);
  await world.scheduler.takePlace(world.request());
  const { waits } = ask('a');
  await world.scheduler.takePlace(world.request({ waits }));
  ask('b');
  await settle();
  expect(through).toEqual(['a', 'b']);
});

test('an edit does not end the wait for it; giving up does', async () => {
  const world = setup({ ...rate(10, 200), concurrency: 1, reserved: 0 });
  const { through, ask } = asking(world);
  const abort = new AbortController();
  const first = ask('a');
  const lost = ask('b', { signal: abort.signal });
  ask('c');
  expect(lost.waits.cuttable).toBe(false);
  abort.abort();
  first.waits.end();
  await settle();
  expect(lost.at).toBe('Aborted');
  expect(through).toEqual(['a', 'c']);
});

test('a namespace leaves some to the others, as with slots; who writes has none any more, so the next reads meanwhile', async () => {
  const world = setup({ ...rate(10, 200), concurrency: 4, reserved: 1 });
  const { through, ask } = asking(world);
  const asked = ['a1', 'a2', 'a3', 'a4'].map((label) => ask(label, { turn: 'a' }));
  ask('b1', { turn: 'b' });
  await settle();
  expect(through).toEqual(['a1', 'a2', 'a3', 'b1']);
  const waits = asked[0]?.waits;
  const unending = new Promise<void>(() => {});
  void world.scheduler.run(world.request({ turn: 'a', ...(waits && { waits }) }), () => unending);
  await settle();
  expect(through).toEqual(['a1', 'a2', 'a3', 'b1', 'a4']);
});

test('is lost by a reconcile that waits long for what it reads, so that those that could write are not held up', async () => {
  const world = setup({ ...rate(10, 200), concurrency: 2, reserved: 0 });
  const { through, ask } = asking(world);
  const asked = ['a', 'b'].map((label) => ask(label, { turn: 'a' }));
  ask('c', { turn: 'b' });
  world.clock.advance(9_999);
  await settle();
  expect(through).toEqual(['a', 'b']);
  world.clock.advance(1);
  await settle();
  expect(through).toEqual(['a', 'b', 'c']);
  // Nothing of it goes back twice.
  for (const { waits } of asked) waits.end();
  ask('d');
  ask('e');
  await settle();
  expect(through).toEqual(['a', 'b', 'c', 'd']);
});

test('of a write that waits in its line is kept, however long: it could not begin earlier', async () => {
  const world = setup({ ...rate(10, 200), concurrency: 2, reserved: 1 });
  const { through, ask } = asking(world);
  const { promise, resolve } = Promise.withResolvers<void>();
  const { waits } = ask('a', { turn: 'a', priority: 'event' });
  void world.scheduler.run(world.request({ turn: 'a', priority: 'edit' }), () => promise);
  // Its namespace has its slot already.
  void world.submit('write', { turn: 'a', priority: 'event', waits });
  ask('b', { turn: 'a', priority: 'event' });
  world.clock.advance(60_000);
  await settle();
  expect(through).toEqual(['a']);
  resolve();
  await settle();
  expect(through).toEqual(['a', 'b']);
  expect(world.labels()).toEqual(['write']);
});

test('is not held if the reconcile that asked for it has ended', async () => {
  const world = setup({ ...rate(10, 200), concurrency: 1, reserved: 0 });
  const { through, ask } = asking(world);
  const first = ask('a');
  ask('b').waits.end();
  first.waits.end();
  ask('c');
  await settle();
  expect(through).toEqual(['a', 'b', 'c']);
});

test('goes on when the turn of its write has come, though that has to be decided again', async () => {
  const world = setup({ ...rate(10, 200), concurrency: 1, reserved: 0 });
  const { through, ask } = asking(world);
  const { waits } = ask('a');
  ask('b');
  await expect(world.submit('write', { waits, isStale: () => true })).rejects.toMatchObject({
    code: 'DecideAgain',
  });
  await settle();
  expect(through).toEqual(['a', 'b']);
});
