import type { AssignmentCache } from '../../cache/assignments.ts';
import type { IdentityCache } from '../../cache/identities.ts';
import { type Watch, watch } from '../../runtime/controller/watch.ts';
import type { Stores } from '../stores.ts';
import { listedFor } from '../watches/areas.ts';
import { onEdit, onSelf } from '../watches/watches.ts';

interface WatchDeps {
  readonly stores: Pick<Stores, 'orphanSweeps'>;
  readonly identityCache: Pick<IdentityCache, 'onLoaded'>;
  readonly assignmentCache: Pick<AssignmentCache, 'onLoaded'>;
}

/** What enqueues an OrphanSweep: itself, any other, which may have or leave a scope of it, and the first lists that it waits for. */
export function watches({
  stores: { orphanSweeps },
  identityCache,
  assignmentCache,
}: WatchDeps): readonly Watch[] {
  return [
    onSelf(orphanSweeps),
    onEdit(orphanSweeps, () => orphanSweeps.keys()),
    ...[identityCache, assignmentCache].map((cache) =>
      watch(
        listedFor(cache, 'orphansweep'),
        (keys) => keys,
        () => 'resync' as const,
      ),
    ),
  ];
}
