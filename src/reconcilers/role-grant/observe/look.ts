import { isLookRequested } from '../../../api/schema/common.ts';
import type { AzureCaller } from '../../../azure/arm/caller.ts';
import { sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { areaOf } from '../../../azure/names/scope.ts';
import { keyOf } from '../../../kube/types.ts';
import type { VisitContext } from '../../kind.ts';
import type { LiveReads } from '../../live-reads.ts';
import { failureOf } from '../../status/failure.ts';
import { overOf } from '../ends/ends.ts';
import type { AssignmentView, Facts, Held, RoleGrant, SeenAssignment, Target } from '../facts.ts';
import { isLive } from '../needs-live.ts';
import { asPeer, isExpired } from '../own.ts';
import { conflictWith, markedFor } from '../ownership/owners.ts';
import { hasPrincipal, type PeerEyes, peersOf } from '../ownership/peers.ts';
import { type TwinEyes, twinOf } from '../ownership/twins.ts';
import { type FateEyes, fateOfPrincipal } from '../target/fate.ts';
import { mayMean } from '../target/may-mean.ts';
import type { PrincipalEyes } from '../target/principal.ts';
import type { RefusedWrites } from './refused.ts';
import { cachedView, liveView, type ViewEyes } from './views.ts';

export interface LookEyes extends PeerEyes, ViewEyes, TwinEyes, FateEyes {
  readonly proofs: PrincipalEyes['proofs'];
  readonly systemProofs: PrincipalEyes['systemProofs'];
  readonly assignments: ViewEyes['assignments'];
  readonly assignmentMirror: ViewEyes['assignmentMirror'] & TwinEyes['assignmentMirror'];
  readonly refused: Pick<RefusedWrites, 'limited' | 'name' | 'failedAt'>;
  /** azid's own identity; rejects while Azure gives no token. */
  readonly whoAmI: (signal: AbortSignal) => Promise<AzureCaller>;
}

/** All assignments that matter, each from memory, and from Azure itself where a write is to rest on it. */
export async function looked(
  object: RoleGrant,
  common: Facts,
  target: Target | undefined,
  context: VisitContext,
  live: LiveReads,
  eyes: LookEyes,
): Promise<Facts> {
  const ledger = [...common.ends.values()]
    .filter(({ id, held }) => held && !sameAssignmentId(target?.id, id))
    .map(({ id }) => id);
  const ids = target ? [target.id, ...ledger] : ledger;
  const ending = object.metadata.deletionTimestamp !== undefined || isExpired(object, common.now);
  const peers = target ? await peersOf(object, { id: target.id, granted: target }, context, eyes) : [];
  let facts: Facts = { ...common, peers };
  if (!ending && target) {
    // Another's condition stands: nothing is written, so nothing need be read.
    if (conflictWith(asPeer(object), peers) && overOf(common).length === 0) return facts;
    const self = await selfOf(context, eyes);
    if ('azure' in self) return { ...facts, azure: self.azure };
    facts = { ...facts, ...self };
  }
  const views = new Map<string, AssignmentView>();
  for (const id of ids) views.set(armKey(id), await viewOf(object, id, context, live, eyes));
  return assembled(object, facts, ledger, views, context, live, eyes);
}

/** The facts as the views have them so far, with who shares what is held. */
async function assembled(
  object: RoleGrant,
  facts: Facts,
  ledger: readonly string[],
  views: ReadonlyMap<string, AssignmentView>,
  context: VisitContext,
  live: LiveReads,
  eyes: LookEyes,
): Promise<Facts> {
  const { target } = facts;
  const { uid } = object.metadata;
  const limited = target !== undefined && eyes.refused.limited(uid, target);
  const namesExhausted = target !== undefined && eyes.refused.name(uid, target).exhausted;
  const held: Held[] = [];
  for (const id of ledger) {
    const view = views.get(armKey(id));
    if (!view) continue;
    const granted = view.state === 'present' ? view.assignment : undefined;
    const alive = granted !== undefined && hasPrincipal(granted.principalId, eyes);
    const peers = await peersOf(object, { id, granted }, context, eyes);
    const unproven = granted !== undefined && !wasGiven(object, id, granted, facts, eyes);
    const dead =
      limited &&
      target &&
      (await live.once(`fate ${id}`, () => isDead(object, view, facts, target, context, eyes)));
    held.push({
      id,
      view,
      peers,
      ...(dead && { dead }),
      ...(alive && { alive }),
      ...(unproven && { unproven }),
    });
  }
  const azure = target && views.get(armKey(target.id));
  const missing = azure?.state === 'absent' && azure.missing === 'assignment';
  const twin =
    target && missing
      ? await live.once(`twin ${target.id}`, () => twinOf(object, target, context, eyes))
      : undefined;
  const shown = azure?.state === 'present' ? azure.assignment : undefined;
  const marked = markedFor(shown?.description, eyes.installationId);
  const isKnown =
    marked === undefined || [keyOf(object), ...facts.peers.map(({ key }) => key)].includes(marked);
  // Who is written on it may be one of whom nothing else tells just now.
  const peers =
    target && !isKnown
      ? await peersOf(object, { id: target.id, granted: shown }, context, eyes)
      : facts.peers;
  return {
    ...facts,
    peers,
    held,
    azure,
    ...(twin && { twin }),
    ...(limited && { limited }),
    ...(namesExhausted && { namesExhausted }),
  };
}

/**
 * The assignment is, or was, this object's: by the mark on it, by the record of its end, or by what it grants. A ledger may have been
 * forged while no azid ran.
 */
function wasGiven(
  object: RoleGrant,
  id: string,
  granted: SeenAssignment,
  { ends }: Facts,
  eyes: LookEyes,
): boolean {
  return (
    markedFor(granted.description, eyes.installationId) === keyOf(object) ||
    ends.get(armKey(id))?.mine !== undefined ||
    mayMean(object, granted, eyes)
  );
}

/**
 * Whether an assignment of the ledger is of a principal that is gone for good, and takes a place that the target needs:
 * of the same identity as the target's, which Azure shows with another principal by now.
 */
async function isDead(
  { status }: RoleGrant,
  view: AssignmentView,
  { principal }: Facts,
  target: Target,
  context: VisitContext,
  eyes: LookEyes,
): Promise<boolean> {
  const { identityId } = status ?? {};
  if (view.state !== 'present' || identityId === undefined) return false;
  const { scope, principalId } = view.assignment;
  const same = principal.state === 'known' && principal.identityId !== undefined;
  if (!same || armKey(principal.identityId) !== armKey(identityId)) return false;
  if (principalId === target.principalId.toLowerCase() || areaOf(scope) !== areaOf(target.scope))
    return false;
  // Whatever the status says of where it came from: what an identity has now is alive.
  if (hasPrincipal(principalId, eyes)) return false;
  return (await fateOfPrincipal({ identityId, principalId }, context, eyes)) === 'dead';
}

async function viewOf(
  object: RoleGrant,
  id: string,
  context: VisitContext,
  live: LiveReads,
  eyes: LookEyes,
): Promise<AssignmentView> {
  const key = armKey(id);
  const cached = live.wasRead(key) ? undefined : cachedView(object, id, context, eyes);
  const isAsked = live.wants(key) || isLookRequested(object);
  return cached && (isLive(cached) || !isAsked)
    ? cached
    : live.once(key, () => liveView(object, id, context, eyes));
}

async function selfOf(
  { signal }: VisitContext,
  { whoAmI }: LookEyes,
): Promise<{ readonly selfId: string } | { readonly azure: AssignmentView }> {
  try {
    return { selfId: (await whoAmI(signal)).objectId };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { azure: { state: 'unreadable', failure } };
  }
}
