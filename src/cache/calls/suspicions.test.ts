import { expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { SPACING_MS, Suspicions } from './suspicions.ts';

const LAG = 120_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** @param answers what each read shows in turn: news, nothing new, or a failure; after the last one nothing new */
function setup(...answers: (boolean | 'fails' | 'refused')[]) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const readAt: number[] = [];
  const givenUp: string[] = [];
  const suspicions = new Suspicions({
    clock,
    signal: stop.signal,
    lagMs: LAG,
    read: async () => {
      readAt.push(clock.monotonic());
      const answer = answers.shift() ?? false;
      if (typeof answer === 'string') throw new Error(answer);
      return answer;
    },
    isFinal: (error) => error instanceof Error && error.message === 'refused',
    onGivenUp: (id) => void givenUp.push(id),
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
  return { clock, stop, suspicions, readAt, givenUp, pass };
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

test('what is dropped is not read', async () => {
  const { clock, suspicions, readAt, pass } = setup(true);
  suspicions.add('/k');
  suspicions.drop('/k');
  await pass(8000);
  expect(readAt).toEqual([]);
  expect(clock.untilNext()).toBeUndefined();
});

test('what is dropped while it is read is not asked for again', async () => {
  const { suspicions, readAt, pass, clock } = setup('fails', true);
  suspicions.add('/k');
  clock.advance(0);
  suspicions.drop('/k');
  await settle();
  await pass(HOUR);
  expect(readAt).toEqual([0]);
});

test('what cannot be read is given up after a few minutes, and said to be', async () => {
  const { suspicions, readAt, givenUp, pass, clock } = setup(...Array<'fails'>(1000).fill('fails'));
  for (let n = 0; n < 50; n++) suspicions.add(`/vm${n}`);
  await pass(6 * MINUTE);
  expect(givenUp).toHaveLength(50);
  const before = readAt.length;
  await pass(12 * HOUR);
  expect(readAt).toHaveLength(before);
  expect(suspicions.size).toBe(0);
  expect(clock.untilNext()).toBeUndefined();
});

test('what azid may not read is given up at once', async () => {
  const { suspicions, readAt, givenUp, pass } = setup('refused');
  suspicions.add('/k');
  await pass(HOUR);
  expect(readAt).toEqual([0]);
  expect(givenUp).toEqual(['/k']);
});

test('a hint that comes while a failed read waits does not wait as long', async () => {
  const { suspicions, readAt, pass } = setup('fails', 'fails', 'fails', 'fails', true);
  suspicions.add('/k');
  // Read at 0, 5, 15 and 35 s; the next one is due at 75 s.
  await pass(40_000);
  expect(suspicions.has('/k')).toBe(false);
  suspicions.add('/k');
  expect(suspicions.has('/k')).toBe(true);
  await pass(HOUR);
  expect(readAt).toEqual([0, 5000, 15_000, 35_000, 40_000]);
});

test('the end leaves no timer', async () => {
  const { clock, stop, suspicions, pass } = setup(false);
  suspicions.add('/k');
  await pass(1000);
  stop.abort();
  await suspicions.stop();
  expect(clock.untilNext()).toBeUndefined();
});
