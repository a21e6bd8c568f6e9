import { CONFIRM_ORPHANS_ANNOTATION, type OrphanSweep } from '../../api/orphan-sweep.ts';
import { isReconcileRequested, isSuspended } from '../../api/schema/common.ts';
import { keyOf } from '../../kube/types.ts';
import { RENEW_MS } from '../../orphans/claim.ts';
import type { SweepObservation } from '../../orphans/observed.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Failure } from '../decision.ts';
import type { LiveReads, ReconcileContext } from '../kind.ts';
import type { Services } from '../services.ts';
import { failureOf } from '../status/failure.ts';
import type { Stores } from '../stores.ts';
import { areasOf } from '../watches/areas.ts';
import { type Facts, type LiveRead, liveReadNamed, type RunFacts } from './facts.ts';
import { builtNow, type KnownSelf, type Observing } from './observe/built.ts';
import { areaOf } from './observe/observation.ts';
import { readLive } from './read-thing.ts';
import { type ObservedClaim, observeClaim } from './run/claim.ts';
import { goneRetained, unconfirmedRecords } from './run/gone.ts';
import type { RunMemory, RunReads, SweepMemory } from './run/memory.ts';
import { readRun } from './run/reads.ts';
import { intervalMs, type SweptScope, scopesOf, settingsOf, subscriptionsOf } from './settings.ts';

/** Between two deletions of a run, so that an error is noticed before much is deleted, ms. */
export const PACE_MS = 5_000;

const KIND = 'orphansweep';

/** Between runs nothing is read; during one, what no cache holds is read once, and the thing to be deleted directly before. */
export async function observe(
  sweep: OrphanSweep,
  context: ReconcileContext,
  live: LiveReads,
  memory: SweepMemory,
  deps: Services,
): Promise<Facts> {
  const { stores, clock } = deps;
  memory.observe({ now: clock.now(), monotonic: clock.monotonic() });
  const scopes = scopesOf(sweep, stores.orphanSweeps.values());
  const resting = isSuspended(sweep) || sweep.metadata.deletionTimestamp !== undefined;
  use(sweep, resting ? [] : scopes.swept, deps);
  const confirmed = sweep.metadata.annotations?.[CONFIRM_ORPHANS_ANNOTATION];
  const run = resting ? undefined : memory.runOf(sweep, clock.monotonic());
  const facts = {
    now: clock.now(),
    scopes,
    intervalMs: intervalMs(sweep),
    spec: settingsOf(sweep),
    newlyConfirmed: confirmed !== undefined && confirmed !== memory.confirmed,
    requested: isReconcileRequested(sweep),
  };
  const mayDelete = !resting && facts.spec.mode === 'Delete' && scopes.swept.length > 0;
  const claim =
    mayDelete && asksForClaim(run, clock.now(), memory)
      ? await claimNow(confirmed, context, deps)
      : undefined;
  if (claim) memory.renewAt = claim.write ? 0 : clock.now() + RENEW_MS / 4;
  const claimed = { ...facts, claim, ...(mayDelete && { renewAt: memory.renewAt }) };
  if (!run) return claimed;
  memory.confirmed = confirmed;
  return {
    ...claimed,
    run: await observeRun({ claim, sweep, context, live, memory, run, scopes: scopes.swept }, deps),
  };
}

/** Lists of what the sweep covers, from then on, and of no more. */
function use(
  sweep: OrphanSweep,
  swept: readonly SweptScope[],
  { identityCache, assignmentCache }: Pick<Services, 'identityCache' | 'assignmentCache'>,
): void {
  const subscriptions = subscriptionsOf(swept);
  areasOf(identityCache, KIND).use(keyOf(sweep), subscriptions);
  areasOf(assignmentCache, KIND).use(
    keyOf(sweep),
    subscriptions.map((each) => `/subscriptions/${each}`),
  );
}

/** The sweep is gone. */
export function release(
  key: string,
  caches: Pick<Services, 'identityCache' | 'assignmentCache' | 'credentialCache'>,
): void {
  for (const cache of [caches.identityCache, caches.assignmentCache, caches.credentialCache])
    areasOf(cache, KIND).use(key, []);
}

async function observeRun(observing: Observing, deps: Services): Promise<RunFacts> {
  const { sweep, context, memory, run, scopes } = observing;
  const loading = scopes.map((each) => areaOf(each, deps)).find(({ state }) => state === 'loading');
  if (loading) return { state: 'loading', why: loading.why ?? '' };
  const calls = { ...context, priority: 'resync' } as const;
  try {
    if (!run.reads) await deps.retained.refresh(context.signal);
    run.reads ??= {
      ...(await readRun(scopes, calls, deps)),
      gone: await goneRetained(scopes, memory.absent, calls, deps),
      unconfirmed: await unconfirmedRecords(scopes, calls, deps),
    };
    const found = await readWanted(observing, run.reads, deps);
    const self = await whoAmI(deps);
    const before = run.built;
    const built = builtNow({ ...observing, self, reads: run.reads }, deps);
    if (built !== before) useCredentials(sweep, built.observed, deps);
    return {
      state: 'observed',
      observed: { ...built.observed, now: deps.clock.now() },
      objects: built.objects,
      before: run.before,
      unused: [...memory.unused.values()],
      checked: run.checked,
      live: found,
      recorded: run.recorded,
      counted: countedIn(sweep, deps.stores),
      baselines: built.baselines,
      unconfirmed: [...run.reads.unconfirmed],
      settled: built.settled,
      monotonic: deps.clock.monotonic(),
      paceMs: paceMs(run, deps),
    };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'heldBack', failure };
  }
}

/** By what the API server took: a process that ended in between has left no more than a record without a deletion. */
function countedIn(
  { metadata: { uid }, status }: OrphanSweep,
  { orphanRecords }: Pick<Stores, 'orphanRecords'>,
) {
  const of = orphanRecords
    .values()
    .filter(({ spec }) => spec.sweep?.uid === uid && spec.run === status?.run?.startedAt);
  return new Set(of.map(({ metadata }) => metadata.name));
}

async function readWanted(
  { sweep, context, live }: Observing,
  reads: RunReads,
  deps: Services,
): Promise<ReadonlyMap<string, LiveRead>> {
  const found = new Map<string, LiveRead>();
  const { name, uid } = sweep.metadata;
  for (const wanted of live.wanted) {
    const candidate = liveReadNamed(wanted);
    const reading = { candidate, sweep: { name, uid }, reads, now: deps.clock.now() };
    const calls = { ...context, priority: 'resync' } as const;
    found.set(candidate.key, await live.once(wanted, () => readLive(reading, calls, deps)));
  }
  return found;
}

async function claimNow(
  confirmed: string | undefined,
  context: ReconcileContext,
  deps: Services,
): Promise<ObservedClaim | undefined> {
  const { self } = await whoAmI(deps);
  return self && observeClaim(self, confirmed, context, deps);
}

async function whoAmI({ whoAmI: ask }: Pick<Services, 'whoAmI'>): Promise<KnownSelf> {
  try {
    return { self: await ask(), doubts: [] };
  } catch (error) {
    const failure: Failure | undefined = failureOf(error);
    if (!failure) throw error;
    const message = `azid cannot tell which identity is its own: ${failure.message}`;
    return { self: undefined, doubts: [{ reason: 'ClaimUnknown', message }] };
  }
}

/** Credentials have no list of their own: those of each marked identity are listed in slow rotation while there is a sweep. */
function useCredentials(
  sweep: OrphanSweep,
  { identities }: SweepObservation,
  { credentialCache }: Pick<Services, 'credentialCache'>,
): void {
  const keys = identities.map(({ key }) => key);
  areasOf(credentialCache, KIND).use(keyOf(sweep), keys);
}

/** In a run at each pass: it may have become another cluster's since the last deletion. Between runs when it is to be renewed. */
export function asksForClaim(
  run: RunMemory | undefined,
  now: number,
  { renewAt }: Pick<SweepMemory, 'renewAt'>,
): boolean {
  return run !== undefined || now >= renewAt;
}

/** Until the next deletion, ms. */
export function paceMs(
  { lastDeletionAt }: Pick<RunMemory, 'lastDeletionAt'>,
  { clock }: { readonly clock: Pick<Clock, 'monotonic'> },
): number {
  return lastDeletionAt === undefined ? 0 : Math.max(0, lastDeletionAt + PACE_MS - clock.monotonic());
}
