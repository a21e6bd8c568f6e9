import { isReconcileRequested } from '../../api/schema/common.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { areaOf } from '../../azure/names/scope.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import { keyOf } from '../../kube/types.ts';
import { policyFor } from '../../policy/policy-for.ts';
import type { ReconcileContext } from '../kind.ts';
import type { LiveReads } from '../live-reads.ts';
import { endsOf, overOf } from './ends/ends.ts';
import type { Facts, RoleGrant, Target } from './facts.ts';
import { PRINCIPAL } from './needs-live.ts';
import { reRead } from './observe/re-read.ts';
import { looked, type ReadDeps } from './observe/read-assignments.ts';
import { expiryOf, isExpired } from './own.ts';
import type { CoOwnerDeps } from './ownership/co-owners.ts';
import { chosenName } from './target/names.ts';
import { knownPrincipal, type PrincipalDeps, principalOf } from './target/principal.ts';
import { isEndDemanded, requestOf, scopeProblem } from './target/request.ts';
import { roleOf } from './target/role.ts';
import { isAsked, targetOf } from './target/target.ts';

export interface ObserveDeps extends PrincipalDeps, CoOwnerDeps, ReadDeps {
  readonly stores: CoOwnerDeps['stores'];
  /** Where the cache must look for this object's assignments and its role. */
  readonly areas: Pick<AreasInUse, 'use'>;
  readonly releaseAfterMs: number;
}

/** Reads what `decide` needs: caches where they will do, Azure itself where nothing else tells or a write would follow. */
export async function observe(
  object: RoleGrant,
  context: ReconcileContext,
  live: LiveReads,
  deps: ObserveDeps,
): Promise<Facts> {
  const { stores, clock, installationId, releaseAfterMs } = deps;
  const now = clock.now();
  const policy = policyFor(object, stores);
  const common: Facts = {
    now,
    installationId,
    policy,
    principal: { state: 'waiting', for: 'nobody', message: 'not looked for', dead: false },
    coOwners: [],
    held: [],
    ends: endsOf(object, undefined, now, deps),
    ...(context.wroteAt !== undefined && { wroteAt: context.wroteAt }),
    releaseAfterMs,
  };
  const ending = object.metadata.deletionTimestamp !== undefined || isExpired(object, now);
  // Some of it must go, whatever else holds: what is asked for by now does not count for that.
  const over = ending || overOf(common).length > 0;
  const held = [...common.ends.values()].filter((each) => each.held).map(({ id }) => id);
  if (scopeProblem(object) !== undefined)
    return over ? looked(object, common, undefined, context, live, deps) : common;
  // Not even a read is made on behalf of a namespace that may have nothing there; but what a dead principal still has is
  // taken back from it all the same.
  const anything = over || policy.allowsAnyGrantAt(object.spec.scope).allowed;
  const orphaned = held.length > 0 && knownPrincipal(object, deps) === undefined;
  if (!anything && !orphaned) return common;

  const scopes = held.map((id) => parseAssignmentId(id).scope);
  deps.areas.use(keyOf(object), [object.spec.scope, ...scopes].map(areaOf));
  // At start-up two lists are about to tell of thousands at once: roles and assignments.
  if (!over && context.priority === 'resync' && deps.assignmentCache.loading(object.spec.scope))
    return { ...common, role: { state: 'loading' } };
  await reRead(object, context, deps);
  const principal = await principalOf(object, context, deps, live.wants(PRINCIPAL));
  if (principal.state !== 'known') {
    const known = { ...common, principal };
    const dead = principal.state === 'waiting' && principal.dead;
    return over || dead ? looked(object, known, undefined, context, live, deps) : known;
  }
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
  if (!over && !allowed) return known;
  // What neither ledger nor record knows is looked at only for whom it is allowed: nobody else takes it away.
  const mine = target && (allowed || isHeld(target, known)) ? target : undefined;
  const seen = await looked(object, known, mine, context, live, deps);
  // Azure itself showed somebody else's assignment under that name.
  const next = mine && chosenName(object, mine, deps);
  return next === undefined || next.id === mine?.id
    ? seen
    : looked(
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

function isHeld(target: Target, { ends }: Facts): boolean {
  return [...ends.values()].some(({ id, held }) => held && isAsked(target, id));
}
