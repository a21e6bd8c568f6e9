import type { Log } from '../../runtime/log.ts';
import { backoffMs, type Random } from '../../runtime/queue/backoff.ts';
import { type Clock, sleep } from '../../runtime/time/clock.ts';

interface UntilKnownOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const WAIT = { baseMs: 1_000, maxMs: 60_000 };

/**
 * Asks who azid is in Azure until that is known: until then azid's own calls, where Azure reports them, pass for a
 * stranger's unless some object happens to need the answer. Never rejects.
 */
export async function untilKnown(
  whoAmI: () => Promise<unknown>,
  { clock, random, log, signal }: UntilKnownOptions,
): Promise<void> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      await whoAmI();
      return;
    } catch (error) {
      log.debug({ error }, 'who azid is in Azure is not known yet');
      await sleep(clock, backoffMs(failures, random, WAIT), signal).catch(() => {});
    }
  }
}
