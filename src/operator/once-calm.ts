import { type Clock, sleep } from '../runtime/time/clock.ts';

const POLL_MS = 5_000;
/** In a row: between two bursts of a start nothing runs either. */
const CALM_CHECKS = 4;

/**
 * Runs something once, when all that a start found has been reconciled. A start leaves behind several times what is kept, and an
 * old generation that has grown is not given back by itself: with 10,000 objects that is a third of what the process has.
 *
 * @param idle nothing runs and nothing is due
 */
export async function onceCalm(
  {
    clock,
    idle,
    signal,
  }: { readonly clock: Clock; readonly idle: () => boolean; readonly signal: AbortSignal },
  run: () => void,
): Promise<void> {
  for (let calm = 0; calm < CALM_CHECKS; calm = idle() ? calm + 1 : 0) {
    try {
      await sleep(clock, POLL_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
  }
  run();
}
