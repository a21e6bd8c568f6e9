import { isReconcileRequested } from '../../api/schema/common.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { areaOf } from '../../azure/names/scope.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import { keyOf } from '../../kube/types.ts';
import { policyFor } from '../../policy/evaluate.ts';
import type { Elapsed } from '../../runtime/time/clock.ts';
import type { LiveReads, ReconcileContext } from '../kind.ts';
import { blockedFor } from '../status/deleting.ts';
import { overOf } from './ends/ends.ts';
import { endsOf } from './ends/recorded.ts';
import type { Facts, RoleGrant } from './facts.ts';
import { PRINCIPAL } from './needs-live.ts';
import { expiryOf, isExpired } from './object.ts';
import { type MarksDeps, marksOf } from './observe/marks.ts';
import { type ReReadDeps, reRead } from './observe/re-read.ts';
import { type ReadDeps, withAssignments } from './observe/read-assignments.ts';
import type { CoOwnerDeps } from './ownership/co-owners.ts';
import { chosenName } from './target/names.ts';
import { knownPrincipal, type PrincipalDeps, principalOf } from './target/principal.ts';
import { isEndDemanded, requestOf, scopeProblem } from './target/request.ts';
import { roleOf } from './target/role.ts';
import { targetOf } from './target/target.ts';

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
  // Some of it must go, whatever else holds: what is asked for by now does not count for that.
  const over = ending || overOf(base).length > 0;
  const held = [...base.ends.values()].filter((each) => each.held).map(({ id }) => id);
  const scopes = held.map((id) => parseAssignmentId(id).scope);
  const use = (used: readonly string[]) => deps.areas.use(keyOf(object), used.map(areaOf));
  const wellFormed = scopeProblem(object) === undefined;
  if (!wellFormed) use(scopes);
  else if (ending) use([object.spec.scope, ...scopes]);
  const common: Facts = ending && wellFormed ? { ...base, marked: marksOf(object, deps) } : base;
  /** What it holds alone: a ledger that names what was never given to the object is mended, whatever it asks for. */
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
  // What a dead principal still has is taken back from it, whatever the policies say.
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
  // Azure itself showed somebody else's assignment under that name.
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
