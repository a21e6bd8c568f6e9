import { hostTypeOf } from '../../azure/hosts/capabilities.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { areaOfHost } from '../../cache/hosts/area.ts';
import { keyOf } from '../../kube/types.ts';
import { linesOf } from '../hosts/ledger/lines.ts';
import type { LiveReads, ReconcileContext } from '../kind.ts';
import { failureOf } from '../status/failure.ts';
import { ownStatusOf } from '../status/summary.ts';
import type { Facts, HostIdentity, ObservedHost } from './facts.ts';
import { shownOn } from './identity/case.ts';
import { cachedHost, liveHost, type ObserveDeps, withHost } from './observe/host.ts';
import { HOST } from './observe/live.ts';
import { aheadMs } from './write/batch.ts';
import { pollOperation, windowOf } from './write/last-write.ts';

/** Reads what `decide` needs: caches where they will do, Azure itself where a write would follow. */
export async function observe(
  object: HostIdentity,
  context: ReconcileContext,
  live: LiveReads,
  deps: ObserveDeps,
): Promise<Facts> {
  const { uid } = object.metadata;
  const { memory, clock } = deps;
  const start = startOf(object, context, deps);
  if (start.problem !== undefined || start.started || start.deleted) return start;
  deps.areas.use(keyOf(object), [areaOfHost(object.spec.resourceId)]);

  const operation = await live.once('operation', () => pollOperation(object, context, deps));
  const window = windowOf(object, deps);
  const known = memory.of(uid);
  const batch = memory.batchOf(uid, aheadMs(clock));
  const refused = memory.refusalFor(uid, context.reconcileId, clock.monotonic());
  const common: Facts = {
    ...start,
    now: clock.now(),
    window,
    ...(operation && { operation }),
    ...(refused && { refusal: refused }),
    ...(known.batchLimit !== undefined && { batchLimit: known.batchLimit }),
    ...(batch && { batch }),
  };
  const cached = withHost(object, common, cachedHost(object, context, deps), deps);
  if (operation && operation.state !== 'over') return cached;
  const facts = live.wants(HOST) ? await withLiveHost(object, cached, context, live, deps) : cached;
  return withIdentities(object, facts, context, live, deps);
}

/** With live reads of the identities that the decision asked for. */
async function withIdentities(
  object: HostIdentity,
  facts: Facts,
  context: ReconcileContext,
  live: LiveReads,
  deps: ObserveDeps,
): Promise<Facts> {
  const asked = live.wanted.filter((each) => each !== HOST);
  if (asked.length === 0) return facts;
  const { memory, clock, observed } = deps;
  const read = asked.map(async (id) => {
    const since = isContradicted(id, facts, object)
      ? clock.monotonic()
      : memory.of(object.metadata.uid).failedAt;
    return [armKey(id), await live.once(armKey(id), () => observed.live(id, since, context))] as const;
  });
  const identities = new Map([...facts.identities, ...(await Promise.all(read))]);
  // Whose an identity is may read otherwise by now: what was read is in the cache.
  return withHost(object, { ...facts, now: clock.now(), identities }, facts.host, deps);
}

async function withLiveHost(
  object: HostIdentity,
  facts: Facts,
  context: ReconcileContext,
  live: LiveReads,
  deps: ObserveDeps,
): Promise<Facts> {
  // A type of which nothing is known cannot be read either.
  if (!facts.capability) return facts;
  const { apiVersion, window } = facts;
  const self = await selfOf(deps);
  if ('observed' in self) return withHost(object, facts, self.observed, deps);
  const observed = await live.once(HOST, () => liveHost(object, apiVersion, window, context, deps));
  return { ...withHost(object, { ...facts, now: deps.clock.now() }, observed, deps), ...self };
}

/**
 * The host shows the identity without a principal, or with another one than the cache has of it, and the cache shows no change
 * since it was attached: it may have been made again after it was last read.
 */
function isContradicted(id: string, { host, identities }: Facts, object: HostIdentity): boolean {
  const key = armKey(id);
  const shown = host?.state === 'present' ? shownOn(host.host, key) : undefined;
  const observed = identities.get(key);
  if (!shown || observed?.state !== 'present' || isSame(observed.principalId, shown.principalId))
    return false;
  const attachedAs = linesOf(ownStatusOf(object)).get(key)?.principalId;
  return attachedAs === undefined || isSame(attachedAs, observed.principalId);
}

const isSame = (a: string, b: string | undefined) => a.toLowerCase() === b?.toLowerCase();

async function selfOf({
  whoAmI,
}: ObserveDeps): Promise<Required<Pick<Facts, 'self'>> | { readonly observed: ObservedHost }> {
  try {
    const { objectId, clientId } = await whoAmI();
    return { self: { principalId: objectId, clientId } };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { observed: { state: 'unreadable', failure } };
  }
}

/** The facts that need no read: from the object, and from this process's memory of it. */
function startOf(object: HostIdentity, { reconcileId }: ReconcileContext, deps: ObserveDeps): Facts {
  const { clock, memory } = deps;
  const { uid } = object.metadata;
  const { started, reconcile, deleted, unsent } = memory.of(uid);
  const unsaved = started && started.operation.url !== object.status?.operation?.url;
  if (started && !unsaved) memory.saved(uid);
  const common: Facts = {
    now: clock.now(),
    type: '',
    claims: [],
    identities: new Map(),
    window: windowOf(object, deps),
    accepted: new Map(),
    busyMs: 0,
    searching: false,
    formerLedgers: [],
    conflicted: memory.isConflicted(uid, clock.monotonic()),
    isTried: reconcile?.id === reconcileId,
    writes: reconcile?.id === reconcileId ? reconcile.writes : 0,
    deleted,
    ...(unsent.size > 0 && { unsent: [...unsent] }),
    ...(unsaved && { started: started.operation }),
  };
  try {
    return { ...common, type: hostTypeOf(object.spec.resourceId) };
  } catch (error) {
    if (error instanceof TypeError) return { ...common, problem: `spec.resourceId: ${error.message}` };
    throw error;
  }
}
