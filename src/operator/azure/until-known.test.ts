import { expect, it } from 'vitest';
import { silentLog } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { untilKnown } from './connection.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function asking(failures: number) {
  const clock = new FakeClock();
  const stop = new AbortController();
  let asked = 0;
  const whoAmI = async () => {
    asked += 1;
    if (asked <= failures) throw new Error('no token');
  };
  const ended = untilKnown(whoAmI, { clock, random: () => 0.5, log: silentLog }, stop.signal);
  return { clock, stop, ended, asked: () => asked };
}

it('asks once where it is answered', async () => {
  const { ended, asked } = asking(0);
  await ended;
  expect(asked()).toBe(1);
});

it('asks again until it is answered', async () => {
  const { clock, ended, asked } = asking(3);
  for (let n = 0; n < 3; n++) {
    await settle();
    clock.advance(60_000);
  }
  await ended;
  expect(asked()).toBe(4);
});

it('asks no more when it ends', async () => {
  const { clock, stop, ended, asked } = asking(Number.POSITIVE_INFINITY);
  await settle();
  stop.abort(new Error('stop'));
  await ended;
  clock.advance(60_000);
  await settle();
  expect(asked()).toBe(1);
});
