import { isReconcileRequested } from '../../api/schema/common.ts';
import type { Coordinates } from '../../api/user-assigned-identity.ts';
import { keyOf } from '../../kube/types.ts';
import { type NamespacePolicy, policyFor } from '../../policy/evaluate.ts';
import { firstOf } from '../../runtime/time/bounded-waits.ts';
import type { LiveReads, ReconcileContext } from '../kind.ts';
import { blockedFor } from '../status/deleting.ts';
import type { Facts, IdentityDecision, ObservedInAzure, UserAssignedIdentity } from './facts.ts';
import { coordinatesOf, resolveTarget } from './object.ts';
import { cachedIdentity, type ObserveDeps, readLive, readSelf } from './observe/in-azure.ts';
import {
  ofNamesakes,
  placeInAzure,
  readIt,
  recordShown,
  rivalsOf,
  secondIdentities,
  seemsWithdrawn,
  withRecords,
} from './observe/place.ts';
import { type Searched, searchFor } from './observe/search.ts';
import { seenConfigMaps } from './output.ts';

/** Reads what `decide` needs: caches where they will do, Azure itself where a write would follow. */
export async function observe(
  object: UserAssignedIdentity,
  context: ReconcileContext,
  live: LiveReads,
  deps: ObserveDeps,
): Promise<Facts> {
  const { stores, clock, installationId, azidNamespace, releaseAfterMs } = deps;
  const policy = policyFor(object, stores);
  const { uid } = object.metadata;
  deps.proofs.meet(uid);
  await live.once('place', () => readIt(object, context, deps));
  const { search, subscriptions, over } = await searched(object, policy, context, live, deps);
  if (over !== undefined) deps.proofs.searched(object, over);
  const proven = placeInAzure(object, deps);
  const marked = markedPlace(object, deps);
  const disputed = deps.proofs.disputed(uid);
  const second = secondIdentities(object, deps);
  const common: Facts = {
    now: clock.now(),
    installationId,
    policy,
    ...(marked && { marked }),
    ...(proven && { proven }),
    ...(search && { search }),
    ...(second && { second }),
    ...(disputed !== undefined && { disputed }),
    holders: [],
    azidNamespace,
    rivals: [],
    references: [],
    leftovers: [],
    configMaps: await live.once('config maps', () => seenConfigMaps(object, context, deps)),
    ...(context.wroteAt !== undefined && { wroteAt: context.wroteAt }),
    releaseAfterMs,
    ...blockedFor(object, deps),
  };
  const resolution = resolveTarget(object, policy.defaults, marked, proven);
  if (search || !resolution.resolved) return common;
  const { target } = resolution;
  const deleting = object.metadata.deletionTimestamp !== undefined;
  // Not even a read is made on behalf of a namespace that may not have the identity; what azid itself keeps is another matter.
  if (!deleting && !policy.allowsIdentity(target.id).allowed && !seemsWithdrawn(object, target, deps))
    return common;

  deps.identityCache.use(keyOf(object), [target.coordinates.subscriptionId, ...subscriptions]);
  const named: Facts = { ...common, rivals: rivalsOf(object, target, deps) };
  const cached = cachedIdentity(target, context, deps);
  recordShown(object, deps);
  if (cached?.state === 'loading') return { ...named, azure: cached };
  // Needed for every decision about what is there: azid's own identity is out of reach (docs/guarantees.md G21).
  const who = await readSelf(deps);
  if (who.self === undefined) return { ...named, azure: who.azure };
  const facts: Facts = { ...named, self: who.self };
  // A deletion, and a reconcile that a user asked for, rest on what Azure answers now.
  const isAsked = deleting || isReconcileRequested(object) || live.wants(IDENTITY);
  if (cached && !live.wasRead(IDENTITY) && (isLive(cached) || !isAsked))
    return withDependents(object, withRecords(object, { ...facts, azure: cached }, deps), context, deps);
  const azure = await live.once(IDENTITY, () => readLive(object, target, context, deps));
  recordShown(object, deps);
  return withDependents(object, withRecords(object, { ...facts, azure }, deps), context, deps);
}

/** Most first lists are there by then; an object that waits longer gives its worker back. */
const FIRST_LIST_MS = 2_000;

/** An object that a user waits for (an edit, an event) waits for a first list, as it does for a short pause of Azure. */
async function searched(
  object: UserAssignedIdentity,
  policy: NamespacePolicy,
  { priority, signal }: ReconcileContext,
  live: LiveReads,
  deps: ObserveDeps,
): Promise<Searched> {
  const first = searchFor(object, policy, deps);
  if (first.search?.state !== 'loading' || priority === 'resync') return first;
  const { identityCache, clock } = deps;
  // One that goes out of use meanwhile is waited for no more.
  const lists = Promise.allSettled(first.subscriptions.map((each) => identityCache.whenLoaded(each, signal)));
  await live.once('first lists', () => firstOf(lists, { signals: [signal], clock, ms: FIRST_LIST_MS }));
  signal.throwIfAborted();
  return searchFor(object, policy, deps);
}

/** Where the identity of a namesake is, for an object that is new here. */
function markedPlace(object: UserAssignedIdentity, deps: ObserveDeps): Coordinates | undefined {
  if (object.status?.coordinates || deps.principals.lastOf(object.metadata.uid) !== undefined)
    return undefined;
  const [found, ...others] = ofNamesakes(object, deps);
  return found && others.length === 0 ? coordinatesOf(object, found) : undefined;
}

/** What a deletion waits for, and what it deletes besides: read only then. */
async function withDependents(
  object: UserAssignedIdentity,
  facts: Facts,
  context: ReconcileContext,
  { dependents }: ObserveDeps,
): Promise<Facts> {
  const deletes = object.metadata.deletionTimestamp !== undefined && object.spec.deletionPolicy !== 'Retain';
  if (!deletes || facts.azure?.state !== 'present') return facts;
  const references = await dependents.referencesTo(keyOf(object), context);
  if (references.length > 0) return { ...facts, references };
  const doubts = dependents.doubtsOf(keyOf(object));
  if (doubts.length > 0) return { ...facts, doubts };
  const { id, principalId } = facts.azure.identity;
  const { namespace = '' } = object.metadata;
  return { ...facts, leftovers: await dependents.leftoversOf({ id, principalId, namespace }, context) };
}

/** The identity itself, among what is to be read live. */
const IDENTITY = 'identity';

/** Actions that change Azure, or write down that one is about to, or whose it is. */
const RESTING_ON_IT: ReadonlySet<string> = new Set([
  'createIdentity',
  'updateIdentity',
  'deleteIdentity',
  'deleteLeftover',
  'recordPrincipal',
  'withdrawPrincipal',
  'saveStatus',
]);

/** A write is only ever decided from what Azure itself answered just now. */
export function needsLive(
  _object: UserAssignedIdentity,
  { azure }: Facts,
  { actions }: IdentityDecision,
): readonly string[] {
  // Of what cannot be read nothing is written.
  if (azure === undefined || azure.state === 'unreadable' || isLive(azure)) return [];
  return actions.some(({ type }) => RESTING_ON_IT.has(type)) ? [IDENTITY] : [];
}

/** Read in this reconcile, or not to be had. */
function isLive(observed: ObservedInAzure): boolean {
  return observed.state === 'present' && observed.live;
}
