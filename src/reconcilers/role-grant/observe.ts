import { isLookRequested } from '../../api/schema/common.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { areaOf } from '../../azure/names/scope.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import { keyOf } from '../../kube/types.ts';
import { policyFor } from '../../policy/policy-for.ts';
import type { VisitContext } from '../kind.ts';
import type { LiveReads } from '../live-reads.ts';
import { endsOf, overOf } from './ends/ends.ts';
import type { Facts, RoleGrant, Target } from './facts.ts';
import { PRINCIPAL } from './needs-live.ts';
import { type LookEyes, looked } from './observe/look.ts';
import { lookAgain } from './observe/look-again.ts';
import { expiryOf, isExpired } from './own.ts';
import type { PeerEyes } from './ownership/peers.ts';
import { chosenName } from './target/names.ts';
import { knownPrincipal, type PrincipalEyes, principalOf } from './target/principal.ts';
import { isEndDemanded, requestOf, scopeProblem } from './target/request.ts';
import { roleOf } from './target/role.ts';
import { isAsked, targetOf } from './target/target.ts';

export interface Eyes extends PrincipalEyes, PeerEyes, LookEyes {
  readonly stores: PeerEyes['stores'];
  /** Where the mirror must look for this object's assignments and its role. */
  readonly areas: Pick<AreasInUse, 'use'>;
  readonly releaseAfterMs: number;
}

/** Reads what `decide` needs: caches where they will do, Azure itself where nothing else tells or a write would follow. */
export async function observe(
  object: RoleGrant,
  context: VisitContext,
  live: LiveReads,
  eyes: Eyes,
): Promise<Facts> {
  const { stores, clock, installationId, releaseAfterMs } = eyes;
  const now = clock.now();
  const policy = policyFor(object, stores);
  const common: Facts = {
    now,
    installationId,
    policy,
    principal: { state: 'waiting', for: 'nobody', message: 'not looked for', dead: false },
    peers: [],
    held: [],
    ends: endsOf(object, undefined, now, eyes),
    ...(context.wroteAt !== undefined && { wroteAt: context.wroteAt }),
    releaseAfterMs,
  };
  const ending = object.metadata.deletionTimestamp !== undefined || isExpired(object, now);
  // Some of it must go, whatever else holds: what is asked for by now does not count for that.
  const over = ending || overOf(common).length > 0;
  const held = [...common.ends.values()].filter((each) => each.held).map(({ id }) => id);
  if (scopeProblem(object) !== undefined)
    return over ? looked(object, common, undefined, context, live, eyes) : common;
  // Not even a read is made on behalf of a namespace that may have nothing there; but what a dead principal still has is
  // taken back from it all the same.
  const anything = over || policy.allowsAnyGrantAt(object.spec.scope).allowed;
  const orphaned = held.length > 0 && knownPrincipal(object, eyes) === undefined;
  if (!anything && !orphaned) return common;

  const scopes = held.map((id) => parseAssignmentId(id).scope);
  eyes.areas.use(keyOf(object), [object.spec.scope, ...scopes].map(areaOf));
  // At start-up two lists are about to tell of thousands at once: roles and assignments.
  if (!over && context.priority === 'resync' && eyes.assignmentMirror.loading(object.spec.scope))
    return { ...common, role: { state: 'loading' } };
  await lookAgain(object, context, eyes);
  const principal = await principalOf(object, context, eyes, live.wants(PRINCIPAL));
  if (principal.state !== 'known') {
    const known = { ...common, principal };
    const dead = principal.state === 'waiting' && principal.dead;
    return over || dead ? looked(object, known, undefined, context, live, eyes) : known;
  }
  const since = isLookRequested(object) ? context.startedAt : undefined;
  const role = await live.once('role', () => roleOf(object, context, eyes, since));
  const target =
    role.state === 'found'
      ? chosenName(object, targetOf(object, principal, role.role, installationId), eyes)
      : undefined;
  const known: Facts = {
    ...common,
    principal,
    role,
    target,
    ends: endsOf(object, target?.id, now, eyes),
  };
  const allowed =
    target !== undefined &&
    role.state === 'found' &&
    (policy.allowsGrant(requestOf(object, target, role)).allowed || isUnreadable(object, known));
  if (!over && !allowed) return known;
  // What neither ledger nor record knows is looked at only for whom it is allowed: nobody else takes it away.
  const mine = target && (allowed || isHeld(target, known)) ? target : undefined;
  const seen = await looked(object, known, mine, context, live, eyes);
  // Azure itself showed somebody else's assignment under that name.
  const next = mine && chosenName(object, mine, eyes);
  return next === undefined || next.id === mine?.id
    ? seen
    : looked(
        object,
        { ...known, target: next, ends: endsOf(object, next.id, now, eyes) },
        next,
        context,
        live,
        eyes,
      );
}

/** Its end cannot be read, and a policy demands one: what stands is to go. */
function isUnreadable(object: RoleGrant, facts: Facts): boolean {
  return Number.isNaN(expiryOf(object)) && isEndDemanded(object, facts);
}

function isHeld(target: Target, { ends }: Facts): boolean {
  return [...ends.values()].some(({ id, held }) => held && isAsked(target, id));
}
