/** What the tests of the caches share: a simulated Azure on a fake clock that tests move while real sockets work. */
import { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';
import { type RigOptions, startRig } from '../azure/rig.ts';

export const minute = 60_000;
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Waits on real sockets while the fake time stands still. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !holds(); await turn())
    if (performance.now() > end) throw new Error(`waited 10 s for: ${what}`);
}

export async function startStage(options: RigOptions = {}) {
  const clock = new FakeClock();
  const rig = await startRig({ role: 'Owner', roleScope: '/', ...options, clock });
  const stopping = new AbortController();
  const { subscriptionId } = rig.azure;
  const subscription = `/subscriptions/${subscriptionId}`;
  return {
    ...rig,
    clock,
    stopping,
    subscriptionId,
    subscription,
    group: `${subscription}/resourceGroups/rg1`,
    quiet: async () => {
      await turn();
      await until('quiet', () => rig.scheduler.stats().running === 0);
      await turn();
    },
  };
}
