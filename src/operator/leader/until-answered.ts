import { isTransient } from '../../kube/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import { SYNC_LIMIT_MS } from '../options.ts';

const AGAIN_MS = 2_000;

/** An API server that is not up yet, or away, is waited for: as long as for the first lists. */
export async function untilAnswered<T>(
  call: () => Promise<T>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
  againMs = AGAIN_MS,
): Promise<T> {
  const until = clock.monotonic() + SYNC_LIMIT_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (signal.aborted || !isTransient(error) || clock.monotonic() > until) throw error;
      log.warn({ error }, 'the API server does not answer yet');
      await sleep(clock, againMs, signal);
    }
  }
}
