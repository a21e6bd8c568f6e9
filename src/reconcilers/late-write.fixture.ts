import type { Clock } from '../runtime/time/clock.ts';
import { Elapsed } from '../runtime/time/elapsed.ts';
import { LateWrites } from './late-write.ts';

/** As a process that is met with a clock of the test would have them. */
export function lateWritesOn(
  clock: Pick<Clock, 'now' | 'monotonic'>,
  { azureLagMs = 120_000, callLimitMs = 60_000 } = {},
): LateWrites {
  return new LateWrites({ elapsed: new Elapsed(clock), azureLagMs, callLimitMs });
}
