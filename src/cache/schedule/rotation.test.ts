import { expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { Rotation } from './rotation.ts';

const HOUR = 3600_000;
const settle = () => new Promise((resolve) => setImmediate(resolve));

function setup(read?: (id: string) => Promise<unknown>) {
  const clock = new FakeClock();
  const reads: { id: string; at: number }[] = [];
  const rotation = new Rotation({
    clock,
    read: async (id) => {
      reads.push({ id, at: clock.monotonic() });
      await read?.(id);
    },
  });
  const pass = async (ms: number) => {
    for (const end = clock.monotonic() + ms; ; ) {
      await settle();
      const next = clock.untilNext();
      if (next === undefined || clock.monotonic() + next > end) return clock.advance(end - clock.monotonic());
      clock.advance(next);
    }
  };
  const add = (count: number) => {
    for (let n = 0; n < count; n++) rotation.add(`k${n}`, `id${n}`);
  };
  return { clock, rotation, reads, pass, add };
}

/** The longest time any of them went unread. */
function longestGap(reads: readonly { id: string; at: number }[], from: number, to: number): number {
  const times = Map.groupBy(reads, ({ id }) => id);
  let longest = 0;
  for (const each of times.values()) {
    const at = [from, ...each.map((read) => read.at).filter((time) => time >= from), to];
    for (const [index, time] of at.entries()) longest = Math.max(longest, time - (at[index - 1] ?? time));
  }
  return longest;
}

test.each([1, 7, 500])('%i resources are read in a full round of 6 h, again and again', async (count) => {
  const { rotation, reads, pass, add } = setup();
  add(count);
  await pass(24 * HOUR);
  expect(new Set(reads.map(({ id }) => id)).size).toBe(count);
  expect(longestGap(reads, 2 * HOUR, 24 * HOUR)).toBeLessThanOrEqual(6 * HOUR);
  // A round, not a hurry: at most five in 24 h.
  expect(reads.length).toBeLessThanOrEqual(5 * count);
  await rotation.stop();
});

test('two reads are never less than 10 s apart, also with more than a round can hold', async () => {
  const { rotation, reads, pass, add } = setup();
  add(3000);
  await pass(9 * HOUR);
  const gaps = reads.slice(1).map(({ at }, index) => at - (reads[index]?.at ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
  expect(new Set(reads.map(({ id }) => id)).size).toBe(3000);
  await rotation.stop();
});

test('what was never read comes first, and what was read otherwise comes last', async () => {
  const { rotation, reads, pass, add } = setup();
  add(3);
  rotation.touched('k0');
  await pass(20_000);
  expect(reads.map(({ id }) => id)).toEqual(['id1', 'id2']);
  rotation.add('new', 'new');
  await pass(10_000);
  expect(reads.map(({ id }) => id)).toEqual(['id1', 'id2', 'new']);
  await rotation.stop();
});

test('what is to be read again is next, and once', async () => {
  const { rotation, reads, pass, add } = setup();
  add(3);
  await pass(30_000);
  rotation.again('k1');
  rotation.again('unknown');
  await pass(20_000);
  expect(reads.map(({ id }) => id)).toEqual(['id0', 'id1', 'id2', 'id1']);
  await rotation.stop();
});

test('what is taken out is read no more; empty it sleeps, and begins again', async () => {
  const { clock, rotation, reads, pass } = setup();
  rotation.add('a', 'a');
  rotation.remove('a');
  await pass(HOUR);
  expect(reads).toEqual([]);
  expect(clock.untilNext()).toBeUndefined();
  rotation.add('b', 'b');
  await pass(10_000);
  expect(reads.map(({ id }) => id)).toEqual(['b']);
  await rotation.stop();
});

test('a read that fails is left to the next round, and one that hangs holds up only this rotation', async () => {
  const hanging = Promise.withResolvers<void>();
  const { rotation, reads, pass, add } = setup((id) =>
    id === 'id0' ? Promise.reject(new Error('no')) : hanging.promise,
  );
  add(3);
  await pass(HOUR);
  expect(reads.map(({ id }) => id)).toEqual(['id0', 'id1']);
  hanging.resolve();
  await pass(10_000);
  expect(reads.map(({ id }) => id)).toEqual(['id0', 'id1', 'id2']);
  await rotation.stop();
});

test('stopped, it leaves no timer', async () => {
  const { clock, rotation, add } = setup();
  add(3);
  await settle();
  await rotation.stop();
  expect(clock.untilNext()).toBeUndefined();
  rotation.add('late', 'late');
  expect(rotation.size).toBe(3);
});
