import type { AzureCaller } from '../../azure/arm/caller.ts';
import { isSettled } from '../../azure/hosts/read/read-host.ts';
import {
  capabilityOf,
  genericCapability,
  hostTypeOf,
  inVariant,
} from '../../azure/hosts/types/capabilities.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { areaOfHost } from '../../cache/hosts/area.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import { keyOf } from '../../kube/types.ts';
import { claimsOnHost, type HostClaimsDeps } from '../hosts/claims/on-host.ts';
import { linesOf, SYSTEM } from '../hosts/ledger/lines.ts';
import type { ReconcileContext } from '../kind.ts';
import type { LiveReads } from '../live-reads.ts';
import { failureOf } from '../status/failure.ts';
import type { Accepted, Facts, HostIdentity, ObservedHost, ObservedIdentity } from './facts.ts';
import { shownOn } from './identity/judged.ts';
import { HOST, isLiveIdentity } from './needs-live.ts';
import { cachedHost, liveHost, type ObservedDeps, windowOf } from './observe/host-view.ts';
import type { ObservedIdentities } from './observe/identity-views.ts';
import { type PollDeps, pollOperation } from './operation/poll.ts';
import { ownStatus } from './own.ts';
import { bequestsTo, type MoveDeps, whereabouts, withBequests } from './repair/moved.ts';
import { readBack } from './write/read-back.ts';

export interface ObserveDeps
  extends ObservedDeps,
    PollDeps,
    Omit<HostClaimsDeps, 'knowsType' | 'typeOf' | 'formerly'>,
    Omit<MoveDeps, 'stores' | 'hostCache'> {
  readonly hostCache: ObservedDeps['hostCache'] & MoveDeps['hostCache'];
  readonly stores: HostClaimsDeps['stores'] & MoveDeps['stores'];
  readonly hosts: ObservedDeps['hosts'] & PollDeps['hosts'];
  readonly areas: Pick<AreasInUse, 'use'>;
  readonly views: ObservedIdentities;
  /** azid's own identity; rejects while Azure gives no token. */
  readonly whoAmI: (signal: AbortSignal) => Promise<AzureCaller>;
  /** API version of a type that azid does not know, as any object gives it. */
  readonly apiVersionOf?: (type: string) => string | undefined;
}

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
  const refused = memory.refusalFor(uid, context.reconcileId, clock.monotonic());
  const common: Facts = {
    ...start,
    now: clock.now(),
    window,
    ...(operation && { operation }),
    ...(refused && { refusal: refused }),
    ...(known.batchLimit !== undefined && { batchLimit: known.batchLimit }),
    ...(known.batch && { batch: known.batch }),
  };
  const cached = seeing(object, common, cachedHost(object, context, deps), deps);
  if (operation && operation.state !== 'over') return cached;
  const facts = live.wants(HOST) ? await seeingLive(object, cached, context, live, deps) : cached;
  return withIdentities(object, facts, context, live, deps);
}

/** With what Azure says now of the identities that the decision asked for. */
async function withIdentities(
  object: HostIdentity,
  facts: Facts,
  context: ReconcileContext,
  live: LiveReads,
  deps: ObserveDeps,
): Promise<Facts> {
  const asked = live.wanted.filter((each) => each !== HOST);
  if (asked.length === 0) return facts;
  const { memory, clock, views } = deps;
  const read = asked.map(async (id) => {
    const since = isContradicted(id, facts, object)
      ? clock.monotonic()
      : memory.of(object.metadata.uid).failedAt;
    return [armKey(id), await live.once(armKey(id), () => views.live(id, since, context))] as const;
  });
  const identities = new Map([...facts.identities, ...(await Promise.all(read))]);
  // Whose an identity is may read otherwise by now: what was read is in the cache.
  return seeing(object, { ...facts, now: clock.now(), identities }, facts.host, deps);
}

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
    bequests: [],
    conflicted: memory.isConflicted(uid, clock.monotonic()),
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

/** The facts with a view of the host, and with what that means for all who speak of it. */
function seeing(
  object: HostIdentity,
  facts: Facts,
  view: ObservedHost | undefined,
  deps: ObserveDeps,
): Facts {
  const host = view?.state === 'present' ? view.host : undefined;
  const { type } = facts;
  const own = ownStatus(object);
  const bequests = bequestsTo(object, host, deps);
  const lines = withBequests(linesOf(own), own, bequests);
  const former = [
    ...bequests.map(({ from }) => from),
    ...(own.movedFrom === undefined ? [] : [own.movedFrom]),
  ]
    // Another resource has that id by now: whoever names it means that one.
    .filter((id) => deps.hostCache.observe(id).state !== 'present');
  const { claims, apiVersion = deps.apiVersionOf?.(type) } = claimsOnHost(
    object,
    type,
    view?.state === 'absent' ? 'absent' : host,
    {
      ...deps,
      knowsType: (each) => capabilityOf(each) !== undefined,
      typeOf: hostTypeOf,
      formerly: new Set(former.map(armKey)),
    },
    lines,
  );
  const capability =
    capabilityOf(type) ?? (apiVersion === undefined ? undefined : genericCapability(type, apiVersion));
  const wished = claims.flatMap((claim) =>
    claim.state === 'wants' && claim.what !== 'system' ? claim.what.identityId : [],
  );
  const held = [...lines].flatMap(([key, { identityId }]) =>
    key === SYSTEM || identityId === undefined ? [] : identityId,
  );
  const seen = [...wished, ...held].flatMap((id): [string, ObservedIdentity][] => {
    const cached = deps.views.cached(id);
    return cached ? [[armKey(id), cached]] : [];
  });
  readBack(object, view, deps.memory);
  const { accepted } = deps.memory.of(object.metadata.uid);
  const unsettled = host && !isSettled(host) ? host.provisioningState : undefined;
  const busyMs = deps.memory.busyFor(object.metadata.uid, unsettled, facts.now);
  return {
    ...facts,
    ...(apiVersion !== undefined && { apiVersion }),
    ...(capability && { capability: inVariant(capability, host?.variant) }),
    claims,
    bequests,
    ...whereabouts(object, view, deps),
    ...(view && { host: view }),
    accepted: acceptedUntil(accepted, deps.azureLagMs),
    identities: new Map([...seen, ...[...facts.identities].filter(([, each]) => isLiveIdentity(each))]),
    busyMs,
  };
}

async function seeingLive(
  object: HostIdentity,
  facts: Facts,
  context: ReconcileContext,
  live: LiveReads,
  deps: ObserveDeps,
): Promise<Facts> {
  // A type of which nothing is known cannot be read either.
  if (!facts.capability) return facts;
  const { apiVersion, window } = facts;
  const self = await selfOf(context, deps);
  if ('view' in self) return seeing(object, facts, self.view, deps);
  const view = await live.once(HOST, () => liveHost(object, apiVersion, window, context, deps));
  return { ...seeing(object, { ...facts, now: deps.clock.now() }, view, deps), ...self };
}

/**
 * The host shows the identity without a principal, or with another one than memory has of it, and memory knows of no change
 * since it was attached: it may have been made again after it was last read.
 */
function isContradicted(id: string, { host, identities }: Facts, object: HostIdentity): boolean {
  const key = armKey(id);
  const shown = host?.state === 'present' ? shownOn(host.host, key) : undefined;
  const view = identities.get(key);
  if (!shown || view?.state !== 'present' || isSame(view.principalId, shown.principalId)) return false;
  const attachedAs = linesOf(ownStatus(object)).get(key)?.principalId;
  return attachedAs === undefined || isSame(attachedAs, view.principalId);
}

const isSame = (a: string, b: string | undefined) => a.toLowerCase() === b?.toLowerCase();

function acceptedUntil(
  accepted: ReadonlyMap<string, Omit<Accepted, 'until'>>,
  lagMs: number,
): ReadonlyMap<string, Accepted> {
  return new Map([...accepted].map(([key, each]) => [key, { ...each, until: each.at + lagMs }]));
}

async function selfOf(
  { signal }: ReconcileContext,
  { whoAmI }: ObserveDeps,
): Promise<Required<Pick<Facts, 'self'>> | { readonly view: ObservedHost }> {
  try {
    const { objectId, clientId } = await whoAmI(signal);
    return { self: { principalId: objectId, clientId } };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { view: { state: 'unreadable', failure } };
  }
}
