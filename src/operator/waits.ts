/** What is waited for from the start to the work: each wait ends with its signal, and leaves no listener behind on it. */
import { isTransient } from '../kube/errors.ts';
import type { WatchedResource } from '../reconcilers/stores.ts';
import type { Log } from '../runtime/log.ts';
import { type Clock, sleep } from '../runtime/time/clock.ts';
import { SYNC_LIMIT_MS } from './options.ts';

/** Aborts with the first of the signals; its listeners go with `cleanup`. Not `AbortSignal.any`: that keeps memory. */
export function anyOf(signals: readonly AbortSignal[], cleanup: AsyncDisposableStack): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    const onAbort = () => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    cleanup.defer(() => signal.removeEventListener('abort', onAbort));
  }
  return controller.signal;
}

/** False when the wait was ended by the signal; other failures are thrown. */
export async function waitUntil(work: Promise<void>, signal: AbortSignal): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

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

/** No controller starts before every cache holds its first list: a policy that was not read yet must not count as a denial. */
export async function whenAllSynced(
  watches: readonly WatchedResource[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const late = new AbortController();
  using _limit = clock.timer(SYNC_LIMIT_MS, () => {
    const missing = watches.filter(({ store }) => !store.synced).map(({ plural }) => plural);
    late.abort(
      new Error(
        `expected the first list of ${missing.join(', ')} within ${SYNC_LIMIT_MS / 1_000} s, got none; check that the CRDs are installed (kubectl apply -f crds/) and that azid may list them`,
      ),
    );
  });
  await using cleanup = new AsyncDisposableStack();
  const end = anyOf([signal, late.signal], cleanup);
  await Promise.all(watches.map(({ store }) => store.whenSynced(end)));
}

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
