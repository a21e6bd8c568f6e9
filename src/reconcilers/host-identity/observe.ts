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
import type { VisitContext } from '../kind.ts';
import type { LiveReads } from '../live-reads.ts';
import { failureOf } from '../status/failure.ts';
import type { Accepted, Facts, HostIdentity, HostView, IdentityView } from './facts.ts';
import { shownOn } from './identity/judged.ts';
import { BUSY_MS } from './maintain.ts';
import { HOST, isLiveIdentity } from './needs-live.ts';
import { cachedHost, liveHost, type ViewEyes, windowOf } from './observe/host-view.ts';
import type { IdentityViews } from './observe/identity-views.ts';
import { type PollEyes, pollOperation } from './operation/poll.ts';
import { ownStatus } from './own.ts';
import { bequestsTo, type MoveEyes, whereabouts, withBequests } from './repair/moved.ts';
import { awaitedWords } from './write/awaited.ts';
import { readBack } from './write/read-back.ts';

export interface Eyes
  extends ViewEyes,
    PollEyes,
    Omit<HostClaimsDeps, 'knowsType' | 'typeOf' | 'formerly'>,
    Omit<MoveEyes, 'stores' | 'hostMirror'> {
  readonly hostMirror: ViewEyes['hostMirror'] & MoveEyes['hostMirror'];
  readonly stores: HostClaimsDeps['stores'] & MoveEyes['stores'];
  readonly hosts: ViewEyes['hosts'] & PollEyes['hosts'];
  readonly areas: Pick<AreasInUse, 'use'>;
  readonly views: IdentityViews;
  /** azid's own identity; rejects while Azure gives no token. */
  readonly whoAmI: (signal: AbortSignal) => Promise<AzureCaller>;
  /** API version of a type that azid does not know, as any object gives it. */
  readonly apiVersionOf?: (type: string) => string | undefined;
}

/** Reads what `decide` needs: caches where they will do, Azure itself where a write would follow. */
export async function observe(
  object: HostIdentity,
  context: VisitContext,
  live: LiveReads,
  eyes: Eyes,
): Promise<Facts> {
  const { uid } = object.metadata;
  const { memory, clock } = eyes;
  const start = startOf(object, context, eyes);
  if (start.problem !== undefined || start.started || start.deleted) return start;
  eyes.areas.use(keyOf(object), [areaOfHost(object.spec.resourceId)]);

  const operation = await live.once('operation', () => pollOperation(object, context, eyes));
  const window = windowOf(object, eyes);
  const known = memory.of(uid);
  const refused = memory.refusalFor(uid, context.reconcileId, clock.monotonic());
  const common: Facts = {
    ...start,
    now: clock.now(),
    window,
    ...(operation && { operation }),
    ...(refused && { refusal: refused }),
    ...(known.batch !== undefined && { batchLimit: known.batch }),
  };
  const cached = seeing(object, common, cachedHost(object, context, eyes), eyes);
  if (operation && operation.state !== 'over') return cached;
  const facts = live.wants(HOST) ? await seeingLive(object, cached, context, live, eyes) : cached;
  return withIdentities(object, facts, context, live, eyes);
}

/** With what Azure says now of the identities that the decision asked for. */
async function withIdentities(
  object: HostIdentity,
  facts: Facts,
  context: VisitContext,
  live: LiveReads,
  eyes: Eyes,
): Promise<Facts> {
  const asked = live.wanted.filter((each) => each !== HOST);
  if (asked.length === 0) return facts;
  const { memory, clock, views } = eyes;
  const read = asked.map(async (id) => {
    const since = isContradicted(id, facts, object)
      ? clock.monotonic()
      : memory.of(object.metadata.uid).failedAt;
    return [armKey(id), await live.once(armKey(id), () => views.live(id, since, context))] as const;
  });
  const identities = new Map([...facts.identities, ...(await Promise.all(read))]);
  // Whose an identity is may read otherwise by now: what was read is in the cache.
  return seeing(object, { ...facts, now: clock.now(), identities }, facts.host, eyes);
}

function startOf(object: HostIdentity, { reconcileId }: VisitContext, eyes: Eyes): Facts {
  const { clock, memory } = eyes;
  const { uid } = object.metadata;
  const { started, visit, deleted, unsent } = memory.of(uid);
  const unsaved = started && started.operation.url !== object.status?.operation?.url;
  if (started && !unsaved) memory.saved(uid);
  const common: Facts = {
    now: clock.now(),
    type: '',
    claims: [],
    identities: new Map(),
    window: windowOf(object, eyes),
    accepted: new Map(),
    busyMs: 0,
    searching: false,
    bequests: [],
    conflicted: memory.isConflicted(uid, clock.monotonic()),
    awaitedMs: 0,
    writes: visit?.id === reconcileId ? visit.writes : 0,
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
function seeing(object: HostIdentity, facts: Facts, view: HostView | undefined, eyes: Eyes): Facts {
  const host = view?.state === 'present' ? view.host : undefined;
  const { type } = facts;
  const own = ownStatus(object);
  const bequests = bequestsTo(object, host, eyes);
  const lines = withBequests(linesOf(own), own, bequests);
  const former = [
    ...bequests.map(({ from }) => from),
    ...(own.movedFrom === undefined ? [] : [own.movedFrom]),
  ]
    // Another resource has that id by now: whoever names it means that one.
    .filter((id) => eyes.hostMirror.observe(id).state !== 'present');
  const { claims, apiVersion = eyes.apiVersionOf?.(type) } = claimsOnHost(
    object,
    type,
    view?.state === 'absent' ? 'absent' : host,
    {
      ...eyes,
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
  const seen = [...wished, ...held].flatMap((id): [string, IdentityView][] => {
    const cached = eyes.views.cached(id);
    return cached ? [[armKey(id), cached]] : [];
  });
  readBack(object, view, eyes.memory);
  const { accepted } = eyes.memory.of(object.metadata.uid);
  const unsettled = host && !isSettled(host) ? host.provisioningState : undefined;
  const busyMs = eyes.memory.busyFor(object.metadata.uid, unsettled, facts.now);
  const isBusy = unsettled !== undefined && busyMs < BUSY_MS;
  return {
    ...facts,
    ...(apiVersion !== undefined && { apiVersion }),
    ...(capability && { capability: inVariant(capability, host?.variant) }),
    claims,
    bequests,
    ...whereabouts(object, view, eyes),
    ...(view && { host: view }),
    accepted: acceptedUntil(accepted, eyes.azureLagMs),
    identities: new Map([...seen, ...[...facts.identities].filter(([, each]) => isLiveIdentity(each))]),
    busyMs,
    awaitedMs: eyes.memory.awaitedFor(
      object.metadata.uid,
      host ? awaitedWords(claims, host) : [],
      !isBusy && !isHeldUp(facts),
      facts.now,
    ),
  };
}

async function seeingLive(
  object: HostIdentity,
  facts: Facts,
  context: VisitContext,
  live: LiveReads,
  eyes: Eyes,
): Promise<Facts> {
  // A type of which nothing is known cannot be read either.
  if (!facts.capability) return facts;
  const { apiVersion, window } = facts;
  const self = await selfOf(context, eyes);
  if ('view' in self) return seeing(object, facts, self.view, eyes);
  const view = await live.once(HOST, () => liveHost(object, apiVersion, window, context, eyes));
  return { ...seeing(object, { ...facts, now: eyes.clock.now() }, view, eyes), ...self };
}

/** Something else than a word stands in the way of a write. */
function isHeldUp({ operation, window }: Facts): boolean {
  return (operation !== undefined && operation.state !== 'over') || window.blockedMs > 0;
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
  { signal }: VisitContext,
  { whoAmI }: Eyes,
): Promise<Required<Pick<Facts, 'self'>> | { readonly view: HostView }> {
  try {
    const { objectId, clientId } = await whoAmI(signal);
    return { self: { principalId: objectId, clientId } };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { view: { state: 'unreadable', failure } };
  }
}
