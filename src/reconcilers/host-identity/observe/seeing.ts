import { capabilityOf, genericCapability, hostTypeOf, inVariant } from '../../../azure/hosts/capabilities.ts';
import { isSettled } from '../../../azure/hosts/read/read-host.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { claimsOnHost } from '../../hosts/claims/on-host.ts';
import { linesOf, SYSTEM } from '../../hosts/ledger/lines.ts';
import type { Accepted, Facts, HostIdentity, ObservedHost, ObservedIdentity } from '../facts.ts';
import { isLiveIdentity } from '../needs-live.ts';
import { ownStatus } from '../object.ts';
import { bequestsTo, whereabouts, withBequests } from '../repair/moved.ts';
import { readBack } from '../write/read-back.ts';
import type { ObserveDeps } from './deps.ts';

/** The facts with an observation of the host, and with what that means for all who speak of it. */
export function seeing(
  object: HostIdentity,
  facts: Facts,
  observed: ObservedHost | undefined,
  deps: ObserveDeps,
): Facts {
  const host = observed?.state === 'present' ? observed.host : undefined;
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
    bequests,
    ...whereabouts(object, observed, deps),
    ...(observed && { host: observed }),
    accepted: acceptedUntil(accepted, facts.now, deps),
    identities: new Map([...seen, ...[...facts.identities].filter(([, each]) => isLiveIdentity(each))]),
    busyMs,
  };
}

/** As times of this reconcile: what passed since is counted by the monotonic clock, whatever was done to the other. */
function acceptedUntil(
  accepted: ReadonlyMap<string, Omit<Accepted, 'until'>>,
  now: number,
  { clock, azureLagMs }: Pick<ObserveDeps, 'clock' | 'azureLagMs'>,
): ReadonlyMap<string, Accepted> {
  const monotonic = clock.monotonic();
  return new Map(
    [...accepted].map(([key, { wanted, at: acceptedAt }]) => {
      const at = now - (monotonic - acceptedAt);
      return [key, { wanted, at, until: at + azureLagMs }];
    }),
  );
}
