import type { WatchedResource } from '../reconcilers/stores.ts';
import type { Clock } from '../runtime/time/clock.ts';
import { SYNC_LIMIT_MS } from './options.ts';

/** Nothing works before every cache holds its first list: a missing policy must not pass for a denial. */
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
  const onAbort = () => late.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await Promise.all(watches.map(({ store }) => store.whenSynced(late.signal)));
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
