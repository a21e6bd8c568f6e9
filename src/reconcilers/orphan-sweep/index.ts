import { CONFIRM_ORPHANS_ANNOTATION, type OrphanSweep, orphanSweep } from '../../api/orphan-sweep.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import { keyOf } from '../../kube/types.ts';
import type { KindDefinition } from '../definition.ts';
import { decide } from './decide.ts';
import type { Action, Facts, OwnStatus, SweepDecision } from './facts.ts';
import { observe, release } from './observe.ts';
import { perform } from './perform.ts';
import { answerClaims } from './run/answer-claims.ts';
import { SweepMemory } from './run/memory.ts';
import { sweepSamples } from './samples.ts';
import { store } from './store.ts';
import { watches } from './watches.ts';

/** OrphanSweep: searches for what azid made and nothing stands for any more, and reports or deletes it (docs/orphans.md). */
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
