import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from './time/fake-clock.fixture.ts';
import { TokenBucket } from './token-bucket.ts';

test('in no window more than the capacity and the refill of that window', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 30 }),
      (waits, capacity, perSecond) => {
        const clock = new FakeClock();
        const bucket = new TokenBucket({ capacity, perSecond }, clock);
        const taken: number[] = [];
        for (const wait of waits) {
          clock.advance(wait);
          while (bucket.readyInMs() === 0) {
            bucket.take();
            taken.push(clock.monotonic());
          }
        }
        for (const [first, from] of taken.entries())
          for (const [last, to] of taken.entries())
            if (last >= first && last - first + 1 > capacity + ((to - from) / 1000) * perSecond + 0.001)
              throw new Error(`${last - first + 1} taken in ${to - from} ms`);
      },
    ),
  );
});

test('a token is there exactly when it says', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ capacity: 1, perSecond: 0.225 }, clock);
  bucket.take();
  const ms = bucket.readyInMs();
  expect(ms).toBe(4445);
  clock.advance(ms - 1);
  expect(bucket.readyInMs()).toBe(1);
  clock.advance(1);
  expect(bucket.readyInMs()).toBe(0);
});

test('a drained bucket gives one token at the named time and then only its refill', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ capacity: 200, perSecond: 10 }, clock);
  bucket.drain(clock.monotonic() + 17_000);
  expect(bucket.readyInMs()).toBe(17_000);
  clock.advance(17_000);
  expect(bucket.readyInMs()).toBe(0);
  bucket.take();
  expect(bucket.readyInMs()).toBe(100);
});

test('a shorter drain does not shorten a longer one', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ capacity: 10, perSecond: 1 }, clock);
  bucket.drain(60_000);
  bucket.drain(5_000);
  expect(bucket.readyInMs()).toBe(60_000);
});

test('a token that comes back is there at once, and never one too many', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ capacity: 1, perSecond: 1 }, clock);
  bucket.take();
  bucket.giveBack();
  bucket.giveBack();
  expect(bucket.readyInMs()).toBe(0);
  bucket.take();
  expect(bucket.readyInMs()).toBe(1_000);
});
