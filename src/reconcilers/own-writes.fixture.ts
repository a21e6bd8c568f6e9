import type { Clock } from '../runtime/time/clock.ts';
import { Elapsed } from '../runtime/time/elapsed.ts';
import { LateWrites, type OwnWrites } from './own-writes.ts';

/** What a process knows that has made these writes. @param given by uid */
export function ownWritesOf(
  given: {
    readonly begun?: Readonly<Record<string, string>>;
    readonly ended?: Readonly<Record<string, string | undefined>>;
    /** Of any object. */
    readonly failedAt?: number;
  } = {},
): Pick<OwnWrites, 'hasBegun' | 'hasEnded' | 'failedAt'> {
  return {
    hasBegun: (uid, begun) => given.begun?.[uid] === begun,
    hasEnded: (uid, begun) => given.ended?.[uid] === begun,
    failedAt: () => given.failedAt ?? Number.NEGATIVE_INFINITY,
  };
}

/** As a process that is met with a clock of the test would have them. */
export function lateWritesOn(
  clock: Pick<Clock, 'now' | 'monotonic'>,
  { azureLagMs = 120_000, callLimitMs = 60_000 } = {},
): LateWrites {
  return new LateWrites({ elapsed: new Elapsed(clock), azureLagMs, callLimitMs });
}
