import { isSuspended } from '../../../api/schema/common.ts';
import { RECHECK_OUTSIDE_MS } from '../../decision.ts';
import type { Facts, IdentityAttachment } from '../facts.ts';
import { entriesOf, hasFailed, isFree, type Target } from '../targets/targets.ts';
import { planRollout, type RolloutPlan } from './rollout.ts';

/** The rollout of one attachment: `spec.rollout`, with its defaults, over how it stands towards each host. */

/** Of a type that does not restart. */
const MAX_CONCURRENT = 20;
const MAX_DETACH_SHARE = 20;

/** @param confirmed a person said that so many may be detached */
export function planOf(
  object: IdentityAttachment,
  facts: Facts,
  all: readonly Target[],
  confirmed: boolean,
): RolloutPlan {
  const wanted = all.filter(
    ({ host, open, state }) => host.claim === 'wanted' && open && state !== 'Attached',
  );
  const going = detachable(all);
  const owned = all.filter(
    ({ host, attached }) =>
      attached && (host.claim === 'wanted' || host.claim === 'unclear') && !isFree(host.ledger),
  );
  const plan = paced(object, facts, all, {
    // What is there already comes last: it needs a turn only if nobody writes it down without one.
    wanted: [...wanted.filter(({ host }) => !host.shown), ...wanted.filter(({ host }) => host.shown)],
    attached: [...owned, ...going],
    detachable: going,
    // To let go of what somebody else attached changes nothing in Azure, and needs no limit.
    free: all.filter(({ host }) => host.claim === 'unwanted' && isFree(host.ledger)),
    maxDetachShare: object.spec.rollout?.maxDetachShare ?? MAX_DETACH_SHARE,
    confirmed,
  });
  const attach = new Set([...plan.turn.attach, ...kept(object, all)]);
  return { ...plan, turn: { ...plan.turn, attach, ...heldBack(object, all, attach) } };
}

/** Nobody has to wait for its word on these: the rollout gave it. */
function heldBack(
  { spec }: IdentityAttachment,
  all: readonly Target[],
  turn: ReadonlySet<string>,
): { readonly held?: ReadonlySet<string> } {
  if (!spec.target.selector) return {};
  const lacking = all.filter(
    ({ host, open, state, contested }) =>
      host.claim === 'wanted' && open && (state !== 'Attached' || contested) && !turn.has(host.key),
  );
  return lacking.length > 0 ? { held: new Set(lacking.map(({ host }) => host.key)) } : {};
}

/**
 * A resource by its id keeps its turn: there is no other to wait for, and should it be made again, it gets the identity
 * by the same write as what others want of it.
 */
function kept(object: IdentityAttachment, all: readonly Target[]): readonly string[] {
  if (object.spec.target.selector || isSuspended(object)) return [];
  const there = all.filter(({ host, open, attached }) => host.claim === 'wanted' && open && attached);
  return there.map(({ host }) => host.key);
}

/** All are to be let go of, as the object itself goes. */
export function planOfDeletion(
  object: IdentityAttachment,
  facts: Facts,
  all: readonly Target[],
): RolloutPlan {
  const retain = object.spec.deletionPolicy === 'Retain';
  const isOpen = ({ host }: Target) => retain || isFree(host.ledger);
  const others = all.filter((target) => !isOpen(target) && target.open);
  return paced(object, facts, all, {
    wanted: [],
    attached: others,
    detachable: others,
    free: all.filter(isOpen),
    maxDetachShare: 100,
    confirmed: true,
  });
}

interface Share {
  readonly wanted: readonly Target[];
  readonly attached: readonly Target[];
  readonly detachable: readonly Target[];
  readonly free: readonly Target[];
  readonly maxDetachShare: number;
  readonly confirmed: boolean;
}

function paced(
  object: IdentityAttachment,
  facts: Facts,
  all: readonly Target[],
  { wanted, attached, detachable: going, free, ...rest }: Share,
): RolloutPlan {
  const keys = (targets: readonly Target[]) => targets.map(({ host }) => host.key);
  const plan = planRollout({
    ...rest,
    wanted: keys(wanted),
    attached: new Set(keys(attached)),
    detachable: keys(going),
    inFlight: new Set(keys(all.filter((target) => isInFlight(target, facts)))),
    failed: new Set(keys(all.filter(hasFailed))),
    maxConcurrent: limitOf(object, facts),
    rotation: Math.floor(facts.now / RECHECK_OUTSIDE_MS),
  });
  const detach = new Set([...plan.turn.detach, ...keys(free)]);
  return { ...plan, turn: { attach: plan.turn.attach, detach } };
}

/** What azid attached for the object, to resources that it does not ask for any more. */
export function detachable(all: readonly Target[]): readonly Target[] {
  return all.filter(({ host }) => host.claim === 'unwanted' && !isFree(host.ledger));
}

/** Hosts changed at once. */
export function limitOf({ spec }: IdentityAttachment, { type }: Pick<Facts, 'type'>): number {
  return spec.rollout?.maxConcurrent ?? (type.restarts ? 1 : MAX_CONCURRENT);
}

/** Being changed, by the ledger; or it has its turn, and nothing came of it yet. */
function isInFlight({ host, state }: Target, { given }: Facts): boolean {
  const changing = entriesOf(host.ledger).some(
    (each) => each.state === 'Attaching' || each.state === 'Detaching',
  );
  if (changing) return true;
  if (host.claim === 'unwanted') return given.detach.has(host.key);
  return state !== 'Attached' && given.attach.has(host.key);
}
