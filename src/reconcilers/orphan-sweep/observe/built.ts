import { NOT_RETAINED_ANNOTATION, type OrphanSweep } from '../../../api/orphan-sweep.ts';
import type { AzureCaller } from '../../../azure/arm/caller.ts';
import type { AzureIdentity } from '../../../azure/azure-identity.ts';
import type { Doubt } from '../../../orphans/observed.ts';
import type { LiveReads, ReconcileContext } from '../../kind.ts';
import type { Services } from '../../services.ts';
import type { ObservedClaim } from '../run/claim.ts';
import type { Built, RunMemory, RunReads, SweepMemory } from '../run/memory.ts';
import type { SweptScope } from '../settings.ts';
import { objectsOf } from './objects.ts';
import { NEEDED, observationOf } from './observation.ts';
import { baselinesOf, settledIn } from './retained.ts';

/** What one pass of a run is about. */
export interface Observing {
  readonly claim: ObservedClaim | undefined;
  readonly sweep: OrphanSweep;
  readonly context: ReconcileContext;
  readonly live: LiveReads;
  readonly memory: SweepMemory;
  readonly run: RunMemory;
  readonly scopes: readonly SweptScope[];
}

/** Who azid itself is in Azure, or why that is not known. */
export interface KnownSelf {
  readonly self: AzureCaller | undefined;
  readonly doubts: readonly Doubt[];
}

interface Building extends Observing {
  readonly self: KnownSelf;
  readonly reads: RunReads;
}

/** The caches change meanwhile, and a pass may wait for a rate limit. */
const KEPT_MS = 10_000;

/** What a run evaluates, as this pass observed it: see `Built`. */
export function builtNow(building: Building, deps: Services): Built {
  const { sweep, context, memory, run, scopes, self, claim, reads } = building;
  const doubts = [...self.doubts, ...(claim?.doubts ?? [])];
  const versions = NEEDED.map((name) => deps.stores[name].version);
  const key = [context.reconcileId, versions, doubts.map(({ message }) => message)].join(' ');
  const at = deps.clock.monotonic();
  if (run.built?.key === key && at - run.built.at < KEPT_MS) return run.built;
  const objects = objectsOf(deps);
  const observed = observationOf(
    {
      now: deps.clock.now(),
      swept: scopes,
      objects,
      self: self.self,
      doubts,
      attached: reads.attached,
      principalOf: reads.principalOf,
      unlisted: new Map([...reads.unlisted].map(([id, { message }]) => [id, message])),
      unusedSince: (identity, used) => unusedSince(identity, used, sweep, memory, deps.clock.now()),
    },
    deps,
  );
  const { retained } = deps;
  const lifted = sweep.metadata.annotations?.[NOT_RETAINED_ANNOTATION];
  const since = (candidate: string) => run.before.since.get(candidate)?.since;
  run.built = {
    key,
    at,
    objects,
    observed,
    baselines: baselinesOf(observed, scopes, deps.credentialCache, retained),
    settled: settledIn(observed, lifted, since, retained, reads.gone),
  };
  return run.built;
}

/** Since when nothing was observed to use it; remembered only where a sweep asks for it. */
function unusedSince(
  { id, key }: AzureIdentity,
  used: boolean,
  { spec }: OrphanSweep,
  { unused }: SweepMemory,
  now: number,
): number | undefined {
  if (used || spec.unusedAfter === undefined) {
    unused.delete(key);
    return undefined;
  }
  const before = unused.get(key);
  // A clock that was set back shows a time that is yet to come.
  const since = before && before.since <= now ? before.since : now;
  unused.set(key, { id, since });
  return since;
}
