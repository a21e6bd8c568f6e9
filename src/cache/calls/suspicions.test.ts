import { expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.ts';
import { SPACING_MS, Suspicions } from './suspicions.ts';

const LAG = 120_000;
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** @param answers what each read shows in turn: news, nothing new, or a failure; after the last one nothing new */
function setup(...answers: (boolean | 'fails')[]) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const readAt: number[] = [];
  const suspicions = new Suspicions({
    clock,
    signal: stop.signal,
    lagMs: LAG,
    read: async () => {
      readAt.push(clock.monotonic());
      const answer = answers.shift() ?? false;
      if (answer === 'fails') throw new Error('not now');
      return answer;
    },
  });
  const pass = async (ms: number) => {
    const end = clock.monotonic() + ms;
    for (let next = clock.untilNext(); next !== undefined && clock.monotonic() + next <= end; ) {
      clock.advance(next);
      await settle();
      next = clock.untilNext();
    }
    clock.advance(end - clock.monotonic());
  };
  return { clock, stop, suspicions, readAt, pass };
}

test('any number of hints about one id lead to one read', async () => {
  const { suspicions, readAt, pass } = setup(true);
  for (let n = 0; n < 5000; n++) suspicions.add('/k');
  await pass(LAG * 2);
  expect(readAt).toEqual([0]);
});

test('hints that go on while it is read share one more read, no sooner than the spacing', async () => {
  const { suspicions, readAt, pass } = setup(true, true);
  suspicions.add('/k');
  await pass(0);
  for (let n = 0; n < 5000; n++) suspicions.add('/k');
  expect(suspicions.has('/K')).toBe(true);
  await pass(LAG * 2);
  expect(readAt).toEqual([0, SPACING_MS]);
});

test('what shows nothing new yet is read once more when it must show', async () => {
  const { suspicions, readAt, pass } = setup(false, true);
  suspicions.add('/k');
  await pass(LAG * 3);
  expect(readAt).toEqual([0, LAG]);
});

test('the lag counts from the last hint, and news ends it', async () => {
  const { suspicions, readAt, pass } = setup(false, false, true);
  suspicions.add('/k');
  await pass(60_000);
  suspicions.add('/k');
  await pass(60_000);
  expect(readAt).toEqual([0, 60_000]);
  suspicions.add('/k');
  await pass(LAG * 3);
  expect(readAt).toEqual([0, 60_000, 120_000]);
});

test('a read that fails is tried again, and ends in the one after the lag', async () => {
  const { suspicions, readAt, pass } = setup('fails', false, true);
  suspicions.add('/k');
  await pass(LAG * 3);
  expect(readAt).toEqual([0, 5000, 5000 + LAG]);
});

test('a read may be put off, and dropped', async () => {
  const { clock, suspicions, readAt, pass } = setup(true);
  suspicions.add('/k', 7000);
  suspicions.add('/dropped', 7000);
  suspicions.drop('/dropped');
  await pass(8000);
  expect(readAt).toEqual([7000]);
  expect(clock.untilNext()).toBeUndefined();
});

test('the end leaves no timer', async () => {
  const { clock, stop, suspicions, pass } = setup(false);
  suspicions.add('/k');
  await pass(1000);
  stop.abort();
  await suspicions.stop();
  expect(clock.untilNext()).toBeUndefined();
});
