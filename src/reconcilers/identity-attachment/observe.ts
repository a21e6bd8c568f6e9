import type { HostSelector } from '../../api/identity-attachment.ts';
import { hasPendingEdit, isReconcileRequested, requestedReconcile } from '../../api/schema/common.ts';
import { capabilityOf, hostTypeOf } from '../../azure/hosts/capabilities.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { areaOfHost, hostArea } from '../../cache/hosts/area.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { IdentityCache } from '../../cache/identities.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import { keyOf } from '../../kube/types.ts';
import { type NamespacePolicy, policyFor } from '../../policy/evaluate.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Elapsed } from '../../runtime/time/elapsed.ts';
import { identityOf, type ObservedAttachedIdentity } from '../hosts/claims/identity-of.ts';
import { attachmentAsked, problemOf, selectorScope, selectsHost } from '../hosts/claims/spec.ts';
import type { ReconcileContext } from '../kind.ts';
import type { IdentityProofs } from '../proof/identity-proofs.ts';
import { blockedFor } from '../status/deleting.ts';
import { failureOf } from '../status/failure.ts';
import { INDEX, type Stores } from '../stores.ts';
import type { Facts, IdentityAttachment, ObservedHost, ReconcileEvents } from './facts.ts';
import { observeHost } from './observe/host.ts';
import { askAnew, mayMissUntil, type SelectingDeps } from './observe/selecting.ts';

export interface ObserveDeps extends SelectingDeps {
  readonly stores: Pick<Stores, 'identities' | 'hosts' | 'policies' | 'namespaces'>;
  /** Whose an identity is, as Azure proves it. */
  readonly proofs: Pick<IdentityProofs, 'observe' | 'prove'>;
  readonly identityCache: Pick<IdentityCache, 'refresh'>;
  readonly hostCache: Pick<
    HostCache,
    'observe' | 'present' | 'age' | 'refresh' | 'resyncNow' | 'ask' | 'openUntil'
  >;
  /** The areas that the cache keeps for this object's hosts. */
  readonly areas: Pick<AreasInUse, 'use'>;
  readonly clock: Clock;
  readonly releaseAfterMs: number;
  readonly elapsed: Pick<Elapsed, 'since'>;
  /** By uid: what Events reported, and the last requested reconcile that was passed on. */
  readonly reported: ReadonlyMap<string, ReconcileEvents>;
  readonly reReads: Map<string, string>;
}

/**
 * Reads caches alone, however many hosts there are; Azure itself is read only for a requested reconcile, and for an
 * identity of which nothing is held.
 */
export async function observe(
  object: IdentityAttachment,
  context: ReconcileContext,
  deps: ObserveDeps,
): Promise<Facts> {
  const { stores, clock, areas, releaseAfterMs, reported } = deps;
  const { uid, deletionTimestamp } = object.metadata;
  const policy = policyFor(object, stores);
  const problem = problemOf(object);
  const { resourceId, selector } = object.spec.target;
  const ledgers = stores.hosts.byIndex(INDEX.ledgerOwner, uid);
  const held = ledgers.map(({ spec }) => spec.resourceId);
  const named = problem ? held[0] : resourceId;
  const type = typeOf(selector?.type ?? (named === undefined ? '' : hostTypeOf(named)));
  // Not even a list is made on behalf of a namespace that may have nothing there.
  const area = deletionTimestamp || problem ? undefined : areaAsked(object, type, policy);
  const identity = await identitySeen(object, area !== undefined, context, deps);
  const before = reported.get(uid);
  const common: Facts = {
    now: clock.now(),
    policy,
    ...(problem && { problem }),
    identity,
    type: { name: '', known: false, restarts: false },
    loading: false,
    hosts: [],
    ...(before && { reported: before }),
    releaseAfterMs,
    ...blockedFor(object, deps),
  };
  const see = observeHost(object, identity, deps);
  if (deletionTimestamp || problem) {
    mayMissUntil(object, undefined, deps);
    areas.use(keyOf(object), held.map(areaOfHost));
    return { ...common, type, hosts: together(held, see) };
  }

  areas.use(keyOf(object), [...held.map(areaOfHost), ...(area === undefined ? [] : [area])]);
  if (area !== undefined) await readIfRequested(object, area, context, deps);
  const until = mayMissUntil(object, selector && area, deps);
  const facts = { ...common, type, ...(until !== undefined && { mayMissUntil: until }) };
  if (selector) {
    const loading = area !== undefined && deps.hostCache.age(area) === undefined;
    const found = area === undefined || loading ? [] : foundBy(selector, deps);
    return { ...facts, loading, hosts: together([...found.map(({ id }) => id), ...held], see) };
  }
  return { ...facts, hosts: together([resourceId ?? '', ...held], see) };
}

/** @param mayAsk a policy allows it something: only then one that it names by its id is read for it */
async function identitySeen(
  object: IdentityAttachment,
  mayAsk: boolean,
  context: ReconcileContext,
  deps: ObserveDeps,
): Promise<ObservedAttachedIdentity> {
  await readIdentityIfRequested(object, mayAsk, context, deps);
  const held = identityOf(object, deps);
  if (held.state === 'known' || !held.unknown) return held;
  // What Azure answers is in the cache from then on.
  const key = `${object.metadata.namespace}/${object.spec.identityRef?.name}`;
  const proven = await deps.proofs.prove(key, context);
  const now = identityOf(object, deps);
  if (now.state === 'known' || !now.unknown || proven.state !== 'unreadable') return now;
  return { ...now, failure: proven.failure };
}

function typeOf(type: string): Facts['type'] {
  const capability = capabilityOf(type);
  return {
    name: capability?.type ?? type,
    known: capability !== undefined,
    restarts: capability?.restarts ?? false,
  };
}

/** The area that the cache is to keep for the object; undefined: none, since no policy allows anything there. */
function areaAsked(
  object: IdentityAttachment,
  { name, known }: Facts['type'],
  policy: NamespacePolicy,
): string | undefined {
  const { resourceId, selector } = object.spec.target;
  if (selector) {
    const asked = { scope: selectorScope(selector), type: name, known };
    return policy.allowsSelector(asked).allowed
      ? hostArea(selector.subscriptionId, selector.type)
      : undefined;
  }
  if (resourceId === undefined) return undefined;
  const { allowed } = policy.allowsAttachment(
    attachmentAsked(object, { hostId: resourceId, type: name, known }),
  );
  return allowed ? areaOfHost(resourceId) : undefined;
}

function foundBy(selector: HostSelector, { hostCache }: ObserveDeps): readonly AzureHost[] {
  return hostCache
    .present(hostArea(selector.subscriptionId, selector.type))
    .filter((host) => selectsHost(selector, host));
}

/** Each host once, in any spelling of its id, in an order that stays. */
function together(ids: readonly string[], see: (id: string) => ObservedHost): readonly ObservedHost[] {
  const byKey = new Map<string, string>();
  for (const id of ids) if (!byKey.has(armKey(id))) byKey.set(armKey(id), id);
  return [...byKey].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, id]) => see(id));
}

/** The same of the identity of the attachment, which the resource may go on naming when it is gone. */
async function readIdentityIfRequested(
  object: IdentityAttachment,
  mayAsk: boolean,
  context: ReconcileContext,
  { stores, proofs, identityCache, reReads }: ObserveDeps,
): Promise<void> {
  if (!isReconcileRequested(object) || reReads.get(object.metadata.uid) === requestedReconcile(object))
    return;
  const { identityRef, identityId } = object.spec;
  const referred = identityRef && stores.identities.get(`${object.metadata.namespace}/${identityRef.name}`);
  const seen = referred && proofs.observe(referred);
  const id = seen?.state === 'owned' ? seen.identity.id : mayAsk ? identityId : undefined;
  if (id === undefined) return;
  await orReported(identityCache.refresh(id, context.priority, context));
}

/** For a requested reconcile: once for each request, however many rounds the reconcile takes. */
async function readIfRequested(
  object: IdentityAttachment,
  area: string,
  context: ReconcileContext,
  deps: ObserveDeps,
): Promise<void> {
  const { hostCache, reReads } = deps;
  const { uid } = object.metadata;
  const request = requestedReconcile(object);
  if (request === undefined || !hasPendingEdit(object)) return;
  if (request === object.status?.lastHandledReconcileAt || reReads.get(uid) === request) return;
  reReads.set(uid, request);
  const { resourceId } = object.spec.target;
  if (resourceId === undefined) {
    hostCache.resyncNow(area);
    // What was made a moment ago that list need not show.
    askAnew(object, area, deps);
    return;
  }
  await orReported(hostCache.refresh(resourceId, context.priority, context));
}

/** What cannot be read now is reported by the UserAssignedIdentity, or by the HostIdentity. */
async function orReported(read: Promise<unknown>): Promise<void> {
  try {
    await read;
  } catch (error) {
    if (!failureOf(error)) throw error;
  }
}
