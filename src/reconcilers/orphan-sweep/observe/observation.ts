import type { AzureCaller } from '../../../azure/arm/caller.ts';
import type { AzureIdentity } from '../../../azure/azure-identity.ts';
import type { AssignmentCache } from '../../../cache/assignments.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import { NOT_LISTED } from '../../../cache/lists/listing.ts';
import type { Objects } from '../../../orphans/objects.ts';
import type { Doubt, ObservedArea, SweepObservation } from '../../../orphans/observed.ts';
import type { Services } from '../../services.ts';
import type { Stores } from '../../stores.ts';
import type { SweptScope } from '../settings.ts';
import { foreignDead, observeAssignments, type PrincipalOf } from './assignments.ts';
import { type Attached, observeCredentials, observeIdentities } from './identities.ts';
import { OWNING } from './objects.ts';

/** What one run evaluates, and how far what is known of each of its scopes may be believed. */

interface ObservationParts {
  /** Wall ms. */
  readonly now: number;
  readonly swept: readonly SweptScope[];
  readonly objects: Objects;
  readonly self: AzureCaller | undefined;
  readonly doubts: readonly Doubt[];
  readonly attached: Attached;
  readonly principalOf: PrincipalOf;
  /** Why what is known of a subscription is not up to date, by its id in lower case. */
  readonly unlisted: ReadonlyMap<string, string>;
  readonly unusedSince: (identity: AzureIdentity, used: boolean) => number | undefined;
}

/** Everything that one run evaluates, as caches, stores and this run's own reads have it now. */
export function observationOf(parts: ObservationParts, deps: Services): SweepObservation {
  const { now, swept, objects, self, doubts, attached, principalOf, unlisted } = parts;
  const identities = observeIdentities(swept, objects, attached, parts.unusedSince, deps);
  return {
    now,
    installationId: deps.installationId,
    ...(self && { self: { clientId: self.clientId, principalId: self.objectId } }),
    objects: countObjects(deps.stores),
    areas: swept.map((each) => listedArea(areaOf(each, deps), each, unlisted)),
    doubts: [...notSynced(deps.stores), ...doubts],
    identities,
    assignments: observeAssignments(swept, objects, principalOf, deps),
    credentials: observeCredentials(identities, objects, deps),
    foreignDead: foreignDead(swept, principalOf, deps),
  };
}

function listedArea(
  area: ObservedArea,
  { subscriptionId }: SweptScope,
  unlisted: ObservationParts['unlisted'],
): ObservedArea {
  const why = unlisted.get(subscriptionId.toLowerCase());
  return why === undefined ? area : { ...area, state: 'incomplete', why };
}

function countObjects(stores: Stores): number {
  return OWNING.reduce((sum, name) => sum + stores[name].size, 0);
}

/** The stores in which owners are searched. */
export const NEEDED = [...OWNING, 'hosts', 'expiries', 'policies', 'namespaces'] as const;

function notSynced(stores: Stores): readonly Doubt[] {
  const missing = NEEDED.filter((name) => !stores[name].synced);
  if (missing.length === 0) return [];
  const message = `not all objects of the cluster are known yet (${missing.join(', ')}); wait, or see the log`;
  return [{ reason: 'StoresNotSynced', message }];
}

export interface AreasDeps {
  readonly identityCache: Pick<IdentityCache, 'areaState' | 'loading'>;
  readonly assignmentCache: Pick<AssignmentCache, 'areaState' | 'loading'>;
}

/** What is concluded from absence must be younger than that: four times what lies between two lists, ms. */
export const STALE_AREA_MS = 40 * 60_000;

/** How far what is known of a scope may be believed: by the rules of the caches themselves. */
export function areaOf({ scope, subscriptionId }: SweptScope, deps: AreasDeps): ObservedArea {
  const parts = [
    [deps.identityCache, subscriptionId, 'identities'],
    [deps.assignmentCache, `/subscriptions/${subscriptionId}`, 'role assignments'],
  ] as const;
  for (const [cache, area, what] of parts) {
    const state = cache.areaState(area);
    switch (state.state) {
      case 'unknown': {
        const loading = cache.loading(area);
        const why = `the ${what} of subscription ${subscriptionId} ${loading ? 'are being listed for the first time' : 'could not be listed yet; the log says why'}`;
        return { scope, state: loading ? 'loading' : 'incomplete', why };
      }
      case 'gone':
        return {
          scope,
          state: 'incomplete',
          why: `Azure says that subscription ${subscriptionId} is not there`,
        };
      case 'known':
        // It came, and whether it may be believed is still found out.
        if (state.completeness === NOT_LISTED)
          return {
            scope,
            state: 'loading',
            why: `whether the list of ${what} of subscription ${subscriptionId} holds everything is being found out`,
          };
        if (state.completeness.state === 'partial')
          return {
            scope,
            state: 'incomplete',
            why: `the list of ${what} of subscription ${subscriptionId} may lack something: ${state.completeness.reason}`,
          };
        if (state.ageMs > STALE_AREA_MS)
          return {
            scope,
            state: 'incomplete',
            why: `the ${what} of subscription ${subscriptionId} were last listed ${Math.round(state.ageMs / 60_000)} min ago`,
          };
        break;
      default:
        state satisfies never;
    }
  }
  return { scope, state: 'complete' };
}
