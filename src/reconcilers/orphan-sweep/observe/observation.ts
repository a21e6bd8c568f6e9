import type { AzureCaller } from '../../../azure/arm/caller.ts';
import type { AzureIdentity } from '../../../azure/azure-identity.ts';
import type { Objects } from '../../../orphans/objects.ts';
import type { Doubt, ObservedArea, SweepObservation } from '../../../orphans/observed.ts';
import type { Stores } from '../../stores.ts';
import type { SweptScope } from '../scopes.ts';
import { type AreasDeps, areaOf } from './areas.ts';
import { type AssignmentsDeps, foreignDead, observeAssignments, type PrincipalOf } from './assignments.ts';
import { type Attached, type IdentitiesDeps, observeCredentials, observeIdentities } from './identities.ts';

export interface ObservationDeps extends AreasDeps, AssignmentsDeps, IdentitiesDeps {
  readonly assignmentCache: AreasDeps['assignmentCache'] &
    AssignmentsDeps['assignmentCache'] &
    IdentitiesDeps['assignmentCache'];
  readonly identityCache: AreasDeps['identityCache'] &
    IdentitiesDeps['identityCache'] &
    AssignmentsDeps['identityCache'];
  readonly stores: Stores;
}

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
export function observationOf(parts: ObservationParts, deps: ObservationDeps): SweepObservation {
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

/** Kinds whose objects own something in Azure. */
const OWNERS = ['identities', 'grants', 'credentials', 'attachments', 'systemIdentities'] as const;

function countObjects(stores: Stores): number {
  return OWNERS.reduce((sum, name) => sum + stores[name].size, 0);
}

/** What the owners of all are searched in. */
export const NEEDED = [...OWNERS, 'hosts', 'expiries', 'policies', 'namespaces'] as const;

function notSynced(stores: Stores): readonly Doubt[] {
  const missing = NEEDED.filter((name) => !stores[name].synced);
  if (missing.length === 0) return [];
  const message = `not all objects of the cluster are known yet (${missing.join(', ')}); wait, or see the log`;
  return [{ reason: 'StoresNotSynced', message }];
}
