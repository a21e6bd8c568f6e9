import { CONFIRM_ORPHANS_ANNOTATION, type OrphanSweep, orphanSweep } from '../../api/orphan-sweep.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { AssignmentCache } from '../../cache/assignments.ts';
import type { IdentityCache } from '../../cache/identities.ts';
import { keyOf } from '../../kube/types.ts';
import { type Watch, watch } from '../../runtime/controller/watch.ts';
import type { KindDefinition } from '../definition.ts';
import type { StoreDefinition, Stores } from '../stores.ts';
import { listedFor } from '../watches/areas.ts';
import { onEdit, onSelf } from '../watches/watches.ts';
import { decide } from './decide.ts';
import type { Action, Facts, OwnStatus, SweepDecision } from './facts.ts';
import { observe, release } from './observe.ts';
import { perform } from './perform.ts';
import { answerClaims } from './run/claim.ts';
import { SweepMemory } from './run/memory.ts';

export const store: StoreDefinition<OrphanSweep> = { name: 'orphanSweeps', indexes: {} };

/** OrphanSweep: searches for what azid made and no object declares any more, and reports or deletes it (docs/orphans.md). */
export const orphanSweepKind: KindDefinition<
  OrphanSweep & ManagedObject,
  Facts,
  Action,
  OwnStatus,
  SweepDecision
> = {
  name: 'orphansweep',
  resource: orphanSweep.resource,
  status: orphanSweep.status,
  store,
  watches,
  decide,
  series: ({ orphans }, { stores, clock }) => orphans.sweeps(() => sweepSamples(stores, clock.now())),
  background: answerClaims,
  start(services, enqueue) {
    const memories = new Map<string, SweepMemory>();
    const memoryOf = (sweep: OrphanSweep): SweepMemory => {
      const { uid, annotations } = sweep.metadata;
      const known = memories.get(uid) ?? new SweepMemory(sweep, annotations?.[CONFIRM_ORPHANS_ANNOTATION]);
      memories.set(uid, known);
      return known;
    };
    return {
      observe: (sweep, context, live) => observe(sweep, context, live, memoryOf(sweep), services),
      decided(sweep, { now }, decision) {
        memoryOf(sweep).decided(decision);
        // Rechecks are spread by chance, which the beginning of a run and the pace of deletions must not be.
        const { comeBackAt } = decision;
        if (comeBackAt !== undefined) enqueue(keyOf(sweep), 'resync', Math.max(0, comeBackAt - now));
      },
      async perform(action, sweep, context) {
        const done = await perform(action, sweep, context, services);
        if (action.type === 'confirmRecord') memoryOf(sweep).confirmedRecord(action.recordName);
        if (action.type === 'record') memoryOf(sweep).recorded(action.key);
        else memoryOf(sweep).changed();
        if (action.type === 'delete' && done.write?.to) services.onOrphanDeleted?.(action.of);
        if (action.type === 'delete') memoryOf(sweep).deleted(action.key, services.clock.monotonic());
        return done;
      },
      forget(key, uid) {
        release(key, services);
        if (uid !== undefined) memories.delete(uid);
      },
    };
  },
};

interface WatchDeps {
  readonly stores: Pick<Stores, 'orphanSweeps'>;
  readonly identityCache: Pick<IdentityCache, 'onLoaded'>;
  readonly assignmentCache: Pick<AssignmentCache, 'onLoaded'>;
}

/** What enqueues an OrphanSweep: itself, any other, which may take or free a scope of it, and the first lists that it waits for. */
function watches({ stores: { orphanSweeps }, identityCache, assignmentCache }: WatchDeps): readonly Watch[] {
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

/** The sweeps as their statuses show them, for metrics. */
function sweepSamples({ orphanSweeps }: Pick<Stores, 'orphanSweeps'>, now: number) {
  return orphanSweeps.values().map(({ metadata, status }) => {
    const startedAt = Date.parse(status?.history?.[0]?.startedAt ?? '');
    return {
      sweep: metadata.name,
      ageMs: Number.isNaN(startedAt) ? undefined : Math.max(0, now - startedAt),
      candidates: status?.candidates ?? [],
    };
  });
}
