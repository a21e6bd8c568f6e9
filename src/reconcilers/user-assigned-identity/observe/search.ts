import { parseIdentityId, sameId } from '../../../azure/names/resource-id.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import { keyOf } from '../../../kube/types.ts';
import { type NamespacePolicy, subscriptionsNamed } from '../../../policy/evaluate.ts';
import { markedFor } from '../../proof/observe.ts';
import { declaredPlace, placesOf } from '../../proof/places.ts';
import type { Search, UserAssignedIdentity } from '../facts.ts';
import { resolveTarget } from '../object.ts';
import type { ObserveDeps } from './in-azure.ts';
import { ofNamesakes, onRecord } from './place.ts';

/** The result of a search for an identity that is not where its object has it, or whose object does not name the place. */
export interface Searched {
  /** Subscriptions that have to be listed for it. */
  readonly subscriptions: readonly string[];
  /** Absent: there is nothing to search for, or nothing that could be found any more. */
  readonly search?: Search;
  /** False while what has the object's marks may be a copy of one that is elsewhere; absent: there was no search. */
  readonly over?: boolean;
}

/**
 * A status may have been lost or altered while no azid ran, and a policy's defaults may have changed since. So where
 * the spec does not have the whole place, nothing is made, and no deletion reported as done, before the lists have
 * shown what they can: the principal that is on record, else what is marked
 * (docs/design/2026-11-29-lost-and-copied-identities.md).
 */
export function searchFor(
  object: UserAssignedIdentity,
  policy: NamespacePolicy,
  deps: ObserveDeps,
): Searched {
  if (isAllDeclared(object) || deps.proofs.observe(object).state === 'owned')
    return { subscriptions: [], over: true };
  const { identityCache, principals } = deps;
  const recorded = principals.lastOf(object.metadata.uid);
  const shown = onRecord(object, deps);
  if (shown.length > 0) return { subscriptions: shown.map((each) => each.subscriptionId), over: true };
  const subscriptions = subscriptionsOf(object, policy, recorded, deps);
  if (subscriptions === undefined) return { subscriptions: [] };
  identityCache.use(keyOf(object), subscriptions);
  const searched = (over: boolean, search?: Search): Searched => ({
    subscriptions,
    over,
    ...(search && { search }),
  });
  // This process saw it at the place that is remembered, so a GET of that place shows whether it is gone.
  if (isPinned(object) && recorded !== undefined && deps.proofs.wasSearched(object.metadata.uid))
    return searched(true);
  const loading = subscriptions.find((each) => identityCache.loading(each));
  if (loading !== undefined) return searched(false, { state: 'loading', subscriptionId: loading });
  const short = subscriptions.flatMap((subscriptionId) => shortOf(subscriptionId, identityCache));
  const incomplete = ({ subscriptionId, because }: ShortList): Searched =>
    searched(false, {
      state: 'incomplete',
      subscriptionId,
      because,
      ...(recorded !== undefined && { principalId: recorded }),
    });
  // A list that failed has shown nothing, neither where it is nor that it is not.
  const failed = short.find(({ listed }) => !listed);
  // Of a new object nothing is known that a list could show: its own calls show what is wrong with Azure.
  const isNew =
    recorded === undefined && !isPinned(object) && object.metadata.deletionTimestamp === undefined;
  if (failed && !isNew) return incomplete(failed);
  if (recorded === undefined) {
    const marked = markedFor(object, deps);
    const candidates = marked.length > 0 || isPinned(object) ? marked : ofNamesakes(object, deps);
    return candidates.length < 2
      ? searched(true)
      : searched(true, { state: 'ambiguous', ids: candidates.map(({ id }) => id) });
  }
  const [first] = short;
  if (first) {
    // Where azid has rights at groups alone no list is ever complete, and what vanished from its place is made again all the same.
    // What has the marks there is a copy as long as the recorded one may be elsewhere, and a deletion may leave it there.
    const seen = deps.proofs.observe(object);
    const mayBeCopied = seen.state === 'unknown' && seen.undecided === true;
    const matters = !isPinned(object) || mayBeCopied || object.metadata.deletionTimestamp !== undefined;
    return matters ? incomplete(first) : searched(false);
  }
  // Where it was last is remembered, and it is nowhere else: what a GET shows there decides.
  if (isPinned(object)) return searched(true);
  // It can be in no other subscription, so it is gone.
  if (object.spec.subscriptionId !== undefined) return searched(true);
  return searched(true, { state: 'notFound', principalId: recorded, subscriptions });
}

interface ShortList {
  readonly subscriptionId: string;
  /** A whole list came since the subscription is in use. */
  readonly listed: boolean;
  readonly because: string;
}

/** Why what the lists of a subscription do not show may be there all the same. */
function shortOf(
  subscriptionId: string,
  identityCache: Pick<IdentityCache, 'completeness' | 'age'>,
): readonly ShortList[] {
  const completeness = identityCache.completeness(subscriptionId);
  if (completeness.state === 'complete') return [];
  const listed = identityCache.age(subscriptionId) !== undefined;
  return [{ subscriptionId, listed, because: completeness.reason }];
}

function isPinned({ status }: UserAssignedIdentity): boolean {
  return status?.coordinates !== undefined;
}

/** The object itself says where, and its status nothing else. */
function isAllDeclared(object: UserAssignedIdentity): boolean {
  const declared = declaredPlace(object);
  return declared !== undefined && placesOf(object).every((place) => sameId(place, declared));
}

/**
 * What is on record may be wherever azid may have identities by now; a new object's only where it is about to be made, if it
 * may. A list shows its namespace nothing.
 */
function subscriptionsOf(
  object: UserAssignedIdentity,
  policy: NamespacePolicy,
  recorded: string | undefined,
  deps: ObserveDeps,
): readonly string[] | undefined {
  const { spec, metadata } = object;
  const resolution = resolveTarget(object, policy.defaults);
  const target = resolution.resolved ? resolution.target : undefined;
  const deleting = metadata.deletionTimestamp !== undefined;
  const allowed = target !== undefined && (deleting || policy.allowsIdentity(target.id).allowed);
  // What may not be made needs no search, even if a status remembers it.
  if (!allowed && (recorded === undefined || (isPinned(object) && !deleting))) return undefined;
  if (spec.subscriptionId !== undefined) return [spec.subscriptionId];
  // Nothing is listed for a place that the namespace may not have, as a status may name any.
  const remembered = placesOf(object)
    .filter((place) => recorded !== undefined || deleting || policy.allowsIdentity(place).allowed)
    .map((place) => parseIdentityId(place).subscriptionId);
  // What was found must stay listed.
  const marked = [...markedFor(object, deps), ...ofNamesakes(object, deps)].map(
    (each) => each.subscriptionId,
  );
  const named = recorded === undefined ? [] : subscriptionsNamed(deps.stores);
  const all = [target?.coordinates.subscriptionId, ...remembered, ...marked, ...named];
  return [
    ...new Map(all.flatMap((each) => (each === undefined ? [] : [[each.toLowerCase(), each]]))).values(),
  ];
}
