import { type Clock, sleep } from '../../runtime/time/clock.ts';
import type { Lease } from '../builtin.ts';
import { isForbidden, KubeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { LeaseClient } from './lease-client.ts';

interface FollowOptions {
  readonly lease: Pick<LeaseClient, 'changes'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Silence that ends a watch. A leader renews every few seconds. */
  readonly idleMs: number;
  readonly onChange: (lease: Lease) => void;
}

/** Between two watches. */
const AGAIN_MS = 5_000;

/**
 * Passes on each change of the Lease until the signal aborts, so that a follower knows within a moment that it was given back, and to the
 * moment when it was renewed. Nothing rests on it: whoever takes the Lease reads it first, and reads it now and then in any case.
 * Never rejects.
 */
export async function followLease(
  { lease, clock, log, idleMs, onChange }: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const change of lease.changes(idleMs, signal)) onChange(change);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof KubeError ? error.reason : String(error);
      log.debug({ reason }, 'the watch of the lease ended');
      // A role of an earlier version: it will not come by itself.
      if (isForbidden(error)) return;
    }
    await sleep(clock, AGAIN_MS, signal).catch(() => {});
  }
}
