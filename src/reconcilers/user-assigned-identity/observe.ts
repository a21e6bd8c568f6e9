import { isReconcileRequested, isSuspended } from '../../api/schema/common.ts';
import type { Coordinates } from '../../api/user-assigned-identity.ts';
import type { AzureCaller } from '../../azure/arm/caller.ts';
import { classify } from '../../azure/arm/classify.ts';
import type { Identities } from '../../azure/identities.ts';
import { asciiLower } from '../../azure/names/ascii.ts';
import { sameId } from '../../azure/names/resource-id.ts';
import type { IdentityCache } from '../../cache/identities/identities.ts';
import { type ConfigMap, configMaps } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import { keyOf } from '../../kube/types.ts';
import { policyFor } from '../../policy/policy-for.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { ReconcileContext } from '../kind.ts';
import { lateUntil } from '../late-write.ts';
import type { LiveReads } from '../live-reads.ts';
import { MARK, namesAnother, ownerMarks } from '../marks.ts';
import type { IdentityProofs } from '../proof/identity-proofs.ts';
import type { RecordedPrincipals } from '../proof/recorded-principals.ts';
import type { Dependents } from '../services.ts';
import { failureOf } from '../status/failure.ts';
import { INDEX, ownersOf, type Stores } from '../stores.ts';
import { isRefusedByAzure } from '../watches/refused-by-azure.ts';
import type { Facts, ObservedInAzure, Rival, SeenConfigMap, UserAssignedIdentity } from './facts.ts';
import { IDENTITY, isLive } from './needs-live.ts';
import { ownerOf } from './own.ts';
import { coordinatesOf, resolveTarget, type Target } from './target.ts';

export interface ObserveDeps {
  readonly stores: Stores;
  readonly client: KubeClient;
  readonly identities: Pick<Identities, 'get'>;
  readonly identityCache: Pick<IdentityCache, 'observe' | 'loading' | 'byIndex'>;
  readonly subscriptions: Pick<IdentityCache, 'use'>;
  readonly clock: Clock;
  readonly installationId: string;
  readonly azidNamespace: string;
  readonly dependents: Dependents;
  /** Whose an identity is, as Azure proves it. */
  readonly proofs: Pick<IdentityProofs, 'observe' | 'prove' | 'isOwn' | 'meet' | 'disputed'>;
  readonly principals: Pick<RecordedPrincipals, 'of' | 'lastOf' | 'holdersOf' | 'shown'>;
  /** azid's own identity; rejects while Azure gives no token. */
  readonly whoAmI: (signal: AbortSignal) => Promise<AzureCaller>;
  /** Creations begun by this process, by uid: their end is known to the cache, so no process's death hides it. */
  readonly begunHere: ReadonlyMap<string, string>;
  readonly azureLagMs: number;
  /** Time limit of a call to Azure: a write that a dead process began has ended by then. */
  readonly callLimitMs: number;
  readonly releaseAfterMs: number;
}

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
  const proven = provenPlace(object, deps);
  const marked = object.status?.coordinates ? undefined : findMarked(object, deps);
  const disputed = deps.proofs.disputed(uid);
  const common: Facts = {
    now: clock.now(),
    installationId,
    policy,
    ...(marked && { marked }),
    ...(proven && { proven }),
    ...(disputed !== undefined && { disputed }),
    holders: [],
    azidNamespace,
    rivals: [],
    references: [],
    leftovers: [],
    configMaps: await live.once('config maps', () => seenConfigMaps(object, context, deps)),
    ...(context.wroteAt !== undefined && { wroteAt: context.wroteAt }),
    releaseAfterMs,
  };
  const resolution = resolveTarget(object, policy.defaults, marked, proven);
  if (!resolution.resolved) return common;
  const { target } = resolution;
  const deleting = object.metadata.deletionTimestamp !== undefined;
  // Not even a read is made on behalf of a namespace that may not have the identity; what azid itself keeps is another matter.
  if (!deleting && !policy.allowsIdentity(target.id).allowed && !seemsWithdrawn(object, target, deps))
    return common;

  deps.subscriptions.use(keyOf(object), [target.coordinates.subscriptionId]);
  const named: Facts = { ...common, rivals: rivalsOf(object, target, deps) };
  const cached = cachedView(target, context, deps);
  witness(object, target, deps);
  if (cached?.state === 'loading') return { ...named, azure: cached };
  // Who azid is belongs to every judgement of what is there: its own identity is out of reach (docs/guarantees.md G21).
  const who = await readSelf(context, deps);
  if (who.self === undefined) return { ...named, azure: who.azure };
  const facts: Facts = { ...named, self: who.self };
  // A deletion rests on what Azure itself says just now, and so does what a person asked to see.
  const isAsked = deleting || isReconcileRequested(object) || live.wants(IDENTITY);
  if (cached && !live.wasRead(IDENTITY) && (isLive(cached) || !isAsked))
    return withDependents(object, remembering(object, { ...facts, azure: cached }, deps), context, deps);
  const azure = await live.once(IDENTITY, () => readLive(object, target, context, deps));
  witness(object, target, deps);
  return withDependents(object, remembering(object, { ...facts, azure }, deps), context, deps);
}

/**
 * Whose the identity is was proven: should its marks be stripped, the very same principal is still the object's. What the
 * cache holds by now counts, as an answer may be older than azid's own write.
 */
function witness(
  object: UserAssignedIdentity,
  { id }: Target,
  { proofs, principals, identityCache, clock }: ObserveDeps,
): void {
  const seen = identityCache.observe(id);
  if (seen.state !== 'present' || !proofs.isOwn(object, seen.resource)) return;
  const at = seen.how === 'list' ? undefined : clock.monotonic() - seen.ageMs;
  principals.shown(seen.resource.principalId, object.metadata.uid, at);
}

/** What azid keeps of whose it is, by this process and on record. */
function remembering(
  { metadata: { uid } }: UserAssignedIdentity,
  facts: Facts,
  { principals }: ObserveDeps,
): Facts {
  const [lastShown, recorded] = [principals.lastOf(uid), principals.of(uid)];
  return {
    ...facts,
    ...(lastShown !== undefined && { lastShown }),
    ...(recorded !== undefined && { recorded }),
    holders: facts.azure?.state === 'present' ? principals.holdersOf(facts.azure.identity.principalId) : [],
  };
}

/** The cache shows another's marks on the principal that azid keeps for this object. */
function seemsWithdrawn(
  object: UserAssignedIdentity,
  { id }: Target,
  { identityCache, principals, installationId }: ObserveDeps,
): boolean {
  const { uid } = object.metadata;
  const seen = identityCache.observe(id);
  if (seen.state !== 'present' || !principals.holdersOf(seen.resource.principalId).includes(uid))
    return false;
  return namesAnother(seen.resource.tags, ownerOf(object, { installationId }), uid);
}

/** What a deletion waits for, and what it takes along: only then does anybody ask. */
async function withDependents(
  object: UserAssignedIdentity,
  facts: Facts,
  context: ReconcileContext,
  { dependents }: ObserveDeps,
): Promise<Facts> {
  const leaves = object.metadata.deletionTimestamp !== undefined && object.spec.deletionPolicy !== 'Retain';
  if (!leaves || facts.azure?.state !== 'present') return facts;
  const references = await dependents.referencesTo(keyOf(object), context);
  if (references.length > 0) return { ...facts, references };
  return { ...facts, leftovers: await dependents.leftoversOf(facts.azure.identity, context) };
}

function cachedView(
  target: Target,
  { priority, startedAt }: ReconcileContext,
  { identityCache, clock }: ObserveDeps,
): ObservedInAzure | undefined {
  const seen = identityCache.observe(target.id);
  // What this reconcile read or wrote itself. An earlier reconcile's read will not do: a PATCH carries all tags, so one that
  // somebody set in between would be lost.
  const reconcileMs = clock.monotonic() - startedAt;
  switch (seen.state) {
    case 'present':
      return {
        state: 'present',
        identity: seen.resource,
        live: seen.how !== 'list' && seen.ageMs <= reconcileMs,
      };
    case 'absent':
      // Our own DELETE of this reconcile needs no second opinion; an older absence does, before anything is made anew.
      return seen.provenBy === 'delete' && seen.ageMs <= reconcileMs ? provenAbsent : undefined;
    case 'suspectAbsent':
      return undefined;
    case 'unknown':
      // At start-up the list is about to tell of thousands at once; only what somebody waits for is read alone.
      return priority === 'resync' && identityCache.loading(target.coordinates.subscriptionId)
        ? { state: 'loading' }
        : undefined;
  }
}

const provenAbsent: ObservedInAzure = {
  state: 'absent',
  missing: 'resource',
  conclusive: true,
  conclusiveInMs: 0,
};

async function readSelf(
  { signal }: ReconcileContext,
  { whoAmI }: ObserveDeps,
): Promise<{ self: NonNullable<Facts['self']> } | { self?: never; azure: ObservedInAzure }> {
  try {
    const { clientId, objectId } = await whoAmI(signal);
    return { self: { clientId, principalId: objectId } };
  } catch (error) {
    return { azure: unreadable(error) };
  }
}

async function readLive(
  object: UserAssignedIdentity,
  target: Target,
  context: ReconcileContext,
  deps: ObserveDeps,
): Promise<ObservedInAzure> {
  try {
    const got = await deps.identities.get(target.id, context);
    if (got.found) return { state: 'present', identity: got.identity, live: true };
    return absentView(object, target, got.missing, deps);
  } catch (error) {
    const meaning = classify(error);
    if (meaning.kind === 'notFound' && meaning.what === 'subscription') {
      return { state: 'absent', missing: 'subscription', conclusive: false, conclusiveInMs: 0 };
    }
    return unreadable(error);
  }
}

function unreadable(error: unknown): ObservedInAzure {
  const failure = failureOf(error);
  if (!failure) throw error;
  return { state: 'unreadable', failure };
}

/** A 404 is proof only if Azure's lag cannot explain it: the cache knows our writes, the status those of dead processes. */
function absentView(
  object: UserAssignedIdentity,
  target: Target,
  missing: 'resource' | 'resourceGroup',
  { identityCache, clock, begunHere, azureLagMs, callLimitMs }: ObserveDeps,
): ObservedInAzure {
  const seen = identityCache.observe(target.id);
  // Written by us a moment ago: Azure's answer is older than our write.
  if (seen.state === 'present') return { state: 'present', identity: seen.resource, live: true };
  if (seen.state !== 'absent')
    return { state: 'absent', missing, conclusive: false, conclusiveInMs: azureLagMs };
  const begun = object.status?.createStartedAt;
  if (begun === undefined || begunHere.get(object.metadata.uid) === begun) {
    return { state: 'absent', missing, conclusive: true, conclusiveInMs: 0 };
  }
  const openMs = lateUntil(begun, { callLimitMs, azureLagMs }) - clock.now();
  return { state: 'absent', missing, conclusive: !(openMs > 0), conclusiveInMs: Math.max(0, openMs) };
}

function rivalsOf(object: UserAssignedIdentity, target: Target, deps: ObserveDeps): readonly Rival[] {
  const { stores } = deps;
  const others = stores.identities.byIndex(INDEX.azureName, asciiLower(target.coordinates.name));
  return others.flatMap((other) => {
    if (other.metadata.uid === object.metadata.uid) return [];
    const policy = policyFor(other, stores);
    const resolution = resolveTarget(other, policy.defaults, undefined, provenPlace(other, deps));
    if (!resolution.resolved || !sameId(resolution.target.id, target.id)) return [];
    const lastShown = deps.principals.lastOf(other.metadata.uid);
    return {
      key: keyOf(other),
      uid: other.metadata.uid,
      creationTimestamp: other.metadata.creationTimestamp,
      deleting: other.metadata.deletionTimestamp !== undefined,
      allowed: policy.allowsIdentity(target.id).allowed,
      ...(lastShown !== undefined && { lastShown }),
      // One that had it comes back to it: only who never had anything holds nothing.
      ...(other.status?.principalId === undefined && isRefusedByAzure(other) && { refused: true }),
      ...(isSuspended(other) &&
        other.status?.principalId === undefined &&
        provenPlace(other, deps) === undefined && { idle: true }),
    };
  });
}

/**
 * Nothing is held of where the status says that it is: a status may have been altered while no azid ran, and Azure tells
 * which of its memories is true. Where the spec says all, there is nothing to ask.
 */
async function readIt(
  object: UserAssignedIdentity,
  context: ReconcileContext,
  { proofs }: ObserveDeps,
): Promise<void> {
  const { spec, status } = object;
  const pinned = spec.subscriptionId !== undefined && spec.resourceGroup !== undefined;
  if (pinned || status?.id === undefined || proofs.observe(object).state !== 'unknown') return;
  await proofs.prove(keyOf(object), context);
}

function provenPlace(object: UserAssignedIdentity, { proofs }: ObserveDeps): Coordinates | undefined {
  const seen = proofs.observe(object);
  return seen.state === 'owned' ? coordinatesOf(object, seen.identity) : undefined;
}

/** An identity in Azure that carries this object's mark: where it lives, for when the status was lost. */
function findMarked(
  object: UserAssignedIdentity,
  { identityCache, installationId }: ObserveDeps,
): Coordinates | undefined {
  // By name, not by uid: a restored object has another uid.
  const { [MARK.ownerUid]: _, ...marks } = ownerMarks(ownerOf(object, { installationId }));
  const [found] = identityCache.byIndex('marks', marks);
  if (!found) return undefined;
  const { subscriptionId, resourceGroup, location, name } = found;
  return { subscriptionId, resourceGroup, location, name };
}

async function seenConfigMaps(
  object: UserAssignedIdentity,
  { signal }: ReconcileContext,
  { stores, client }: ObserveDeps,
): Promise<readonly SeenConfigMap[]> {
  const made = stores.configMaps.byIndex(INDEX.owner, keyOf(object)).map((map) => seenConfigMap(map, object));
  const name = object.spec.output?.configMap?.name;
  if (name === undefined || object.metadata.deletionTimestamp || made.some((map) => map.name === name))
    return made;
  // Not among azid's own: whether it is free or somebody else's only the API server can tell.
  try {
    const map = await client.get(configMaps, `${object.metadata.namespace}/${name}`, signal);
    return [...made, seenConfigMap(map, object)];
  } catch (error) {
    if (isNotFound(error)) return made;
    throw error;
  }
}

function seenConfigMap(map: ConfigMap, object: UserAssignedIdentity): SeenConfigMap {
  const { name, uid, labels } = map.metadata;
  const ours = labels?.['app.kubernetes.io/managed-by'] === 'azid' && ownersOf(map).includes(keyOf(object));
  return { name, uid, data: map.data ?? {}, ours };
}
