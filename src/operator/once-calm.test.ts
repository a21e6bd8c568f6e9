import { expect, test } from 'vitest';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { onceCalm } from './waits.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('runs once, when nothing has run for a while', async () => {
  const clock = new FakeClock();
  let idle = false;
  let runs = 0;
  const { signal } = new AbortController();
  const ended = onceCalm({ clock, idle: () => idle, signal }, () => runs++);
  const looks = async (count: number) => {
    for (let n = 0; n < count; n++) {
      clock.advance(5_000);
      await turn();
    }
  };
  await looks(20);
  idle = true;
  await looks(3);
  idle = false;
  await looks(1);
  idle = true;
  await looks(3);
  expect(runs).toBe(0);
  await looks(1);
  await ended;
  await looks(10);
  expect(runs).toBe(1);
});

test('ends with azid, and then runs nothing', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  let runs = 0;
  const ended = onceCalm({ clock, idle: () => true, signal: stop.signal }, () => runs++);
  stop.abort();
  await ended;
  expect(runs).toBe(0);
});
