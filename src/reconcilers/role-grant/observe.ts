import { isReconcileRequested } from '../../api/schema/common.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { parseIdentityIdIfAny } from '../../azure/names/resource-id.ts';
import { areaOf } from '../../azure/names/scope.ts';
import type { AssignmentCache } from '../../cache/assignments.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import { NOT_LISTED } from '../../cache/lists/listing.ts';
import type { Observation } from '../../cache/store/entry.ts';
import { keyOf } from '../../kube/types.ts';
import { policyFor } from '../../policy/evaluate.ts';
import type { Elapsed } from '../../runtime/time/elapsed.ts';
import type { LiveReads, ReconcileContext } from '../kind.ts';
import type { SystemProofs } from '../proof/system-identity.ts';
import { blockedFor } from '../status/deleting.ts';
import { failureOf } from '../status/failure.ts';
import { referredIdentity, referredSystemIdentity, type Stores } from '../stores.ts';
import { endsOf, overOf } from './ends/ends.ts';
import type { Facts, RoleGrant } from './facts.ts';
import { expiryOf, isExpired } from './object.ts';
import { PRINCIPAL } from './observe/assignment.ts';
import { type ReadDeps, withAssignments } from './observe/assignments.ts';
import type { ObservedMarks } from './observed.ts';
import type { CoOwnerDeps } from './ownership/co-owners.ts';
import { type MayAskForDeps, mayAskFor } from './target/may-ask-for.ts';
import { chosenName } from './target/names.ts';
import { knownPrincipal, type LivenessDeps, type PrincipalDeps, principalOf } from './target/principal.ts';
import { isEndDemanded, isOurs, requestOf, roleOf, scopeProblem, targetOf } from './target/target.ts';

export interface ObserveDeps extends PrincipalDeps, CoOwnerDeps, ReadDeps, MarksDeps {
  readonly stores: CoOwnerDeps['stores'];
  readonly proofs: PrincipalDeps['proofs'] & MarksDeps['proofs'];
  readonly assignmentCache: ReadDeps['assignmentCache'] & MarksDeps['assignmentCache'];
  readonly systemProofs: PrincipalDeps['systemProofs'] & ReReadDeps['systemProofs'];
  readonly hostCache: ReReadDeps['hostCache'];
  /** The areas that the caches keep for this object's assignments and its role. */
  readonly areas: Pick<AreasInUse, 'use'>;
  readonly releaseAfterMs: number;
  readonly elapsed: Pick<Elapsed, 'since'>;
}

/** Reads what `decide` needs: caches where they suffice, Azure itself where they do not or a write would follow. */
export async function observe(
  object: RoleGrant,
  context: ReconcileContext,
  live: LiveReads,
  deps: ObserveDeps,
): Promise<Facts> {
  const { stores, clock, installationId, releaseAfterMs } = deps;
  const now = clock.now();
  const policy = policyFor(object, stores);
  const base: Facts = {
    now,
    installationId,
    policy,
    principal: { state: 'waiting', for: 'nobody', message: 'not looked for', dead: false },
    coOwners: [],
    held: [],
    ends: endsOf(object, undefined, now, deps),
    ...(context.wroteAt !== undefined && { wroteAt: context.wroteAt }),
    releaseAfterMs,
    ...blockedFor(object, deps),
  };
  const ending = object.metadata.deletionTimestamp !== undefined || isExpired(object, now);
  // Some of it must go: what the spec asks for by now does not count for that.
  const over = ending || overOf(base).length > 0;
  const held = [...base.ends.values()].filter((each) => each.held).map(({ id }) => id);
  const scopes = held.map((id) => parseAssignmentId(id).scope);
  const use = (used: readonly string[]) => deps.areas.use(keyOf(object), used.map(areaOf));
  const wellFormed = scopeProblem(object) === undefined;
  if (!wellFormed) use(scopes);
  else if (ending) use([object.spec.scope, ...scopes]);
  const common: Facts = ending && wellFormed ? { ...base, marked: marksOf(object, deps) } : base;
  /** What it holds alone: a ledger that names what was never given to the object is mended, also where the spec may have nothing. */
  const heldOnly = async (facts: Facts): Promise<Facts> =>
    over || held.length > 0 ? withAssignments(object, facts, undefined, context, live, deps) : facts;
  if (!wellFormed) return heldOnly(common);
  // Not even a read is made on behalf of a namespace that may have nothing there, but for what its ledgers name.
  const anything = over || policy.allowsAnyGrantAt(object.spec.scope).allowed;
  const inUse = anything ? [object.spec.scope, ...scopes] : scopes;
  use(inUse);
  // At start-up two lists bring thousands at once: roles and assignments.
  const [first] = inUse;
  if (!over && context.priority === 'resync' && first !== undefined && deps.assignmentCache.loading(first))
    return { ...common, role: { state: 'loading' } };
  // What a dead principal still has is taken back from it, allowed or not.
  const orphaned = held.length > 0 && knownPrincipal(object, deps) === undefined;
  if (!anything && !orphaned) return heldOnly(common);
  await reRead(object, context, deps);
  const principal = await principalOf(object, context, deps, live.wants(PRINCIPAL));
  if (principal.state !== 'known') return heldOnly({ ...common, principal });
  const since = isReconcileRequested(object) ? context.startedAt : undefined;
  const role = await live.once('role', () => roleOf(object, context, deps, since));
  const target =
    role.state === 'found'
      ? chosenName(object, targetOf(object, principal, role.role, installationId), deps)
      : undefined;
  const known: Facts = {
    ...common,
    principal,
    role,
    target,
    ends: endsOf(object, target?.id, now, deps),
  };
  const allowed =
    target !== undefined &&
    role.state === 'found' &&
    (policy.allowsGrant(requestOf(object, target, role)).allowed || isUnreadable(object, known));
  // What neither ledger nor record knows is read only for an object that is allowed it: no other would delete it.
  if (!allowed) return heldOnly(known);
  const seen = await withAssignments(object, known, target, context, live, deps);
  // Azure showed an assignment under that name that grants something else.
  const next = chosenName(object, target, deps);
  return next.id === target.id
    ? seen
    : withAssignments(
        object,
        { ...known, target: next, ends: endsOf(object, next.id, now, deps) },
        next,
        context,
        live,
        deps,
      );
}

/** Its end cannot be read, and a policy demands one: what stands is to go. */
function isUnreadable(object: RoleGrant, facts: Facts): boolean {
  return Number.isNaN(expiryOf(object)) && isEndDemanded(object, facts);
}

interface MarksDeps extends MayAskForDeps {
  readonly assignmentCache: Pick<AssignmentCache, 'byIndex' | 'loading' | 'completeness'>;
  readonly installationId: string;
}

/**
 * What azid marked for the object, by the list of its scope. An object of the same name may have been there before, and what was
 * retained of it still carries the name: so only what the object's own spec may mean counts.
 */
function marksOf(object: RoleGrant, deps: MarksDeps): ObservedMarks {
  const { assignmentCache, installationId } = deps;
  const { scope } = object.spec;
  const ids = assignmentCache
    .byIndex('marked', { installationId, key: keyOf(object) })
    .filter((each) => isOurs(each, deps) && mayAskFor(object, each, deps))
    .map(({ id }) => id);
  const completeness = assignmentCache.completeness(scope);
  if (assignmentCache.loading(scope) || completeness === NOT_LISTED)
    return { ids, list: { state: 'loading' } };
  return {
    ids,
    list:
      completeness.state === 'complete'
        ? { state: 'complete' }
        : { state: 'partial', because: completeness.reason },
  };
}

/**
 * A user asked for a reconcile: the identity behind a grant is read, or the resource whose own it is, and the cache has the
 * answer from then on.
 */
export async function reRead(object: RoleGrant, context: ReconcileContext, deps: ReReadDeps): Promise<void> {
  if (!isReconcileRequested(object)) return;
  const { identities, identityCache, hostCache, stores, systemProofs } = deps;
  const [ref] = referredIdentity(object);
  const ids = [
    object.status?.identityId,
    ref === undefined ? undefined : stores.identities.get(ref)?.status?.id,
  ];
  // A status may name a resource instead, whose own identity it is.
  for (const id of new Set(ids.filter((each) => each !== undefined).filter(parseIdentityIdIfAny)))
    if (!isFresh(identityCache.observe(id), context, deps))
      await readIfPossible(() => identities.get(id, context));
  for (const system of referredSystemIdentity(object)) {
    const id = systemProofs.resourceOf(system);
    if (id !== undefined && !isFresh(hostCache.observe(id), context, deps))
      await readIfPossible(() => hostCache.refresh(id, context.priority, context));
  }
}

export interface ReReadDeps extends Pick<LivenessDeps, 'identities' | 'identityCache'> {
  readonly stores: Pick<Stores, 'identities'>;
  readonly hostCache: Pick<HostCache, 'observe' | 'refresh'>;
  readonly systemProofs: Pick<SystemProofs, 'resourceOf'>;
  readonly clock: { monotonic(): number };
}

/** Read in this reconcile: once, however many rounds it takes. */
function isFresh(
  seen: Observation<unknown>,
  { startedAt }: ReconcileContext,
  { clock }: Pick<ReReadDeps, 'clock'>,
): boolean {
  const known = seen.state === 'absent' || (seen.state === 'present' && seen.how !== 'list');
  return known && seen.ageMs <= clock.monotonic() - startedAt;
}

/** What cannot be read is reported where it is needed. */
async function readIfPossible(read: () => Promise<unknown>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!failureOf(error)) throw error;
  }
}
