import type { AzureCaller } from '../../../azure/arm/caller.ts';
import { capabilityOf, genericCapability, hostTypeOf, inVariant } from '../../../azure/hosts/capabilities.ts';
import type { Hosts } from '../../../azure/hosts/hosts.ts';
import { isSettled } from '../../../azure/hosts/read/read-host.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { areaOfHost } from '../../../cache/hosts/area.ts';
import type { HostCache } from '../../../cache/hosts/hosts.ts';
import type { AreasInUse } from '../../../cache/lists/areas-in-use.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import { claimsOnHost, type HostClaimsDeps } from '../../hosts/claims/on-host.ts';
import { linesOf, SYSTEM } from '../../hosts/ledger/lines.ts';
import type { ReconcileContext } from '../../kind.ts';
import { failureOf } from '../../status/failure.ts';
import { ownStatusOf } from '../../status/summary.ts';
import { formerLedgersOf, type MoveDeps, whereabouts, withFormerLedgers } from '../absence.ts';
import type { Facts, HostIdentity, ObservedHost, ObservedIdentity, WriteWindow } from '../facts.ts';
import { acceptedUntil, type PollDeps, readBack, type WindowDeps } from '../write/last-write.ts';
import { isLiveIdentity, type ObservedIdentities } from './live.ts';

/** What the reading of a host uses. */
export interface ObserveDeps
  extends PollDeps,
    WindowDeps,
    Omit<MoveDeps, 'stores' | 'hostCache'>,
    Omit<HostClaimsDeps, 'knowsType' | 'typeOf' | 'formerly'> {
  readonly hosts: PollDeps['hosts'] & Pick<Hosts, 'get'>;
  readonly hostCache: MoveDeps['hostCache'] & Pick<HostCache, 'loading'>;
  readonly stores: HostClaimsDeps['stores'] & MoveDeps['stores'];
  readonly clock: Clock;
  readonly areas: Pick<AreasInUse, 'use'>;
  readonly observed: ObservedIdentities;
  /** azid's own identity; rejects while Azure gives no token. */
  readonly whoAmI: () => Promise<AzureCaller>;
  /** API version of a type that azid does not know, as any object gives it. */
  readonly apiVersionOf?: (type: string) => string | undefined;
}

/** The facts with an observation of the host, and with the claims and identities that follow from it. */
export function withHost(
  object: HostIdentity,
  facts: Facts,
  observed: ObservedHost | undefined,
  deps: ObserveDeps,
): Facts {
  const host = observed?.state === 'present' ? observed.host : undefined;
  const { type } = facts;
  const own = ownStatusOf(object);
  const formerLedgers = formerLedgersOf(object, host, deps);
  const lines = withFormerLedgers(linesOf(own), own, formerLedgers);
  const former = [
    ...formerLedgers.map(({ from }) => from),
    ...(own.movedFrom === undefined ? [] : [own.movedFrom]),
  ]
    // Another resource has that id by now: an object that names the id means that one.
    .filter((id) => deps.hostCache.observe(id).state !== 'present');
  const { claims, apiVersion = deps.apiVersionOf?.(type) } = claimsOnHost(
    object,
    type,
    observed?.state === 'absent' ? 'absent' : host,
    {
      ...deps,
      knowsType: (each) => capabilityOf(each) !== undefined,
      typeOf: (id) => (id === object.spec.resourceId ? type : hostTypeOf(id)),
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
    const cached = deps.observed.cached(id);
    return cached ? [[armKey(id), cached]] : [];
  });
  readBack(object, observed, deps.memory);
  const { accepted } = deps.memory.of(object.metadata.uid);
  const unsettled = host && !isSettled(host) ? host.provisioningState : undefined;
  const busyMs = deps.memory.busyFor(object.metadata.uid, unsettled, deps.clock.monotonic());
  return {
    ...facts,
    ...(apiVersion !== undefined && { apiVersion }),
    ...(capability && { capability: inVariant(capability, host?.variant) }),
    claims,
    formerLedgers,
    ...whereabouts(object, observed, deps),
    ...(observed && { host: observed }),
    accepted: acceptedUntil(accepted, facts.now, deps),
    identities: new Map([...seen, ...[...facts.identities].filter(([, each]) => isLiveIdentity(each))]),
    busyMs,
  };
}

/** From the cache; undefined where only Azure can answer. */
export function cachedHost(
  { spec: { resourceId } }: HostIdentity,
  { priority }: ReconcileContext,
  { hostCache }: ObserveDeps,
): ObservedHost | undefined {
  const seen = hostCache.observe(resourceId);
  switch (seen.state) {
    case 'present':
      return { state: 'present', host: seen.resource, live: false };
    case 'absent':
      return { state: 'absent', live: false, conclusive: true, conclusiveInMs: 0 };
    case 'suspectAbsent':
      return undefined;
    case 'unknown':
      // At start-up the list brings hundreds at once; only what an edit or an event is about is read alone.
      return priority === 'resync' && hostCache.loading(areaOfHost(resourceId))
        ? { state: 'loading' }
        : undefined;
  }
}

export async function liveHost(
  { spec: { resourceId } }: HostIdentity,
  apiVersion: string | undefined,
  { openMs }: WriteWindow,
  context: ReconcileContext,
  { hosts, hostCache, azureLagMs }: ObserveDeps,
): Promise<ObservedHost> {
  try {
    const got = await hosts.get(resourceId, context, { apiVersion });
    if (got.found) return { state: 'present', host: got.host, live: true, model: got.model };
    // Within the lag of an own write the cache does not take a 404 for proof; and a late PUT makes the resource again.
    const proven = hostCache.observe(resourceId).state === 'absent';
    const conclusiveInMs = proven ? openMs : Math.max(openMs, azureLagMs);
    return { state: 'absent', live: true, conclusive: conclusiveInMs === 0, conclusiveInMs };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'unreadable', failure };
  }
}
