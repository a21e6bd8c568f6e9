import { expect, test } from 'vitest';
import { classify } from '../../src/azure/arm/classify.ts';
import { AZURE_LIMITS } from '../../src/azure/limits.ts';
import { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';
import { type Rig, startRig } from './rig.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets calls under way end on real sockets, then moves the fake time to the next one that may start. */
async function drive(rig: Rig, clock: FakeClock, done: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !done(); await turn()) {
    if (performance.now() > end) throw new Error('waited 60 s');
    const ms = clock.untilNext();
    if (rig.scheduler.stats().running === 0 && ms !== undefined) clock.advance(ms);
  }
}

/** A simulated Azure with Azure's buckets, and azid with its own, on one clock. */
async function throttled(clock: FakeClock) {
  const rig = await startRig({ clock, limits: AZURE_LIMITS });
  await rig.azure.control.setKnobs({ throttling: { arm: true, identityProvider: true } });
  return rig;
}

test('creating, reading and listing as fast as the request scheduler allows draws no 429', async () => {
  const clock = new FakeClock();
  await using rig = await throttled(clock);
  const context = { priority: 'resync' } as const;
  let open = 0;
  const add = (call: Promise<unknown>) => {
    open += 1;
    call
      .catch(() => {}) // What they come to is not the point here.
      .finally(() => {
        open -= 1;
      });
  };
  for (let n = 0; n < 80; n++) {
    add(rig.identities.put({ ...rig.at(`id-${n}`), location: 'westeurope', tags: {} }, context));
    add(rig.identities.get(rig.id(`id-${n}`), context));
    add(rig.identities.get(rig.id('one'), context));
    add(rig.identities.patch(rig.id('id-0'), { tags: { n: `${n}` } }, context));
  }
  await drive(rig, clock, () => open === 0);
  const answers = rig.calls().map(({ status }) => status);
  expect(answers).toHaveLength(320);
  expect(answers).not.toContain(429);
});

test('where others use the bucket up, azid waits as asked and no request comes early', async () => {
  const clock = new FakeClock();
  await using rig = await throttled(clock);
  const refused = { kind: 'status', status: 429, retryAfterSeconds: 17 } as const;
  await rig.azure.control.addFault({ caller: 'controller', method: 'GET', count: 3, effect: refused });
  let told = 0;
  let early = 0;
  let throttledTimes = 0;
  let done = 0;
  const read = async (name: string): Promise<void> => {
    try {
      await rig.identities.get(rig.id(name), { priority: 'resync' });
      if (clock.monotonic() < told) early += 1;
      done += 1;
    } catch (error) {
      const found = classify(error);
      if (found.kind !== 'throttled') throw error;
      if (clock.monotonic() < told) early += 1;
      told = clock.monotonic() + found.retryAfterMs;
      throttledTimes += 1;
      await read(name);
    }
  };
  const reads = [read('first')];
  await drive(rig, clock, () => throttledTimes === 1);
  for (let n = 0; n < 20; n++) reads.push(read(`id-${n}`));
  await drive(rig, clock, () => done === 21);
  await Promise.all(reads);
  expect({ early, throttledTimes }).toEqual({ early: 0, throttledTimes: 3 });
  expect(clock.monotonic()).toBeGreaterThanOrEqual(3 * 17_000);
});
