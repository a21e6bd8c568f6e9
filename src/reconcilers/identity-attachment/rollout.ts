import { MAX_LISTED_TARGETS } from '../../api/identity-attachment.ts';
import { RECHECK_OUTSIDE_MS } from '../decision.ts';
import { type RolloutSlots, rolloutSlotsOf } from '../hosts/claims/slots.ts';
import type { Facts, IdentityAttachment } from './facts.ts';
import { entriesOf, hasFailed, isFree, type Target } from './targets/target.ts';

/** The rollout of one attachment: `spec.rollout`, with its defaults, over the state of each host. */

/** Of a type that does not restart. */
const MAX_CONCURRENT = 20;
const MAX_DETACH_SHARE = 20;

/** @param confirmed a person has confirmed that so many may be detached */
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
  return paced(object, facts, all, {
    // What is there already comes last: it needs a slot only if no ledger has recorded it without one.
    wanted: [...wanted.filter(({ host }) => !host.shown), ...wanted.filter(({ host }) => host.shown)],
    attached: [...owned, ...going],
    detachable: going,
    maxDetachShare: object.spec.rollout?.maxDetachShare ?? MAX_DETACH_SHARE,
    confirmed,
  });
}

/**
 * All are to be let go of, as the object itself goes. What is retained, or what another tool attached, needs no slot:
 * its host only forgets it.
 */
export function planOfDeletion(
  object: IdentityAttachment,
  facts: Facts,
  all: readonly Target[],
): RolloutPlan {
  const retain = object.spec.deletionPolicy === 'Retain';
  const others = all.filter(({ host, open }) => open && !retain && !isFree(host.ledger));
  return paced(object, facts, all, {
    wanted: [],
    attached: others,
    detachable: others,
    maxDetachShare: 100,
    confirmed: true,
  });
}

interface Share {
  readonly wanted: readonly Target[];
  readonly attached: readonly Target[];
  readonly detachable: readonly Target[];
  readonly maxDetachShare: number;
  readonly confirmed: boolean;
}

function paced(
  object: IdentityAttachment,
  facts: Facts,
  all: readonly Target[],
  { wanted, attached, detachable: going, ...rest }: Share,
): RolloutPlan {
  const keys = (targets: readonly Target[]) => targets.map(({ host }) => host.key);
  const slots = rolloutSlotsOf(object);
  return planRollout({
    ...rest,
    wanted: keys(wanted),
    attached: new Set(keys(attached)),
    detachable: keys(going),
    inFlight: new Set(keys(all.filter((target) => isInFlight(target, slots)))),
    failed: new Set(keys(all.filter(hasFailed))),
    maxConcurrent: limitOf(object, facts),
    rotation: Math.floor(facts.now / RECHECK_OUTSIDE_MS),
  });
}

/** What azid attached for the object, to resources that it does not ask for any more. */
export function detachable(all: readonly Target[]): readonly Target[] {
  return all.filter(({ host }) => host.claim === 'unwanted' && !isFree(host.ledger));
}

/** Hosts changed at once. */
export function limitOf({ spec }: IdentityAttachment, { type }: Pick<Facts, 'type'>): number {
  return spec.rollout?.maxConcurrent ?? (type.restarts ? 1 : MAX_CONCURRENT);
}

/** Being changed, by the ledger; or it has its slot, and nothing came of it yet. */
function isInFlight({ host, state }: Target, slots: RolloutSlots): boolean {
  const changing = entriesOf(host.ledger).some(
    (each) => each.state === 'Attaching' || each.state === 'Detaching',
  );
  if (changing) return true;
  if (host.claim === 'unwanted') return slots.detach.has(host.key);
  return state !== 'Attached' && slots.attach.has(host.key);
}

/** The state of a change of many hosts. Hosts by key, in the order in which they get their slots. */
export interface RolloutState {
  /** They should have the identity, or lose the one they had before, and it is not done yet. */
  readonly wanted: readonly string[];
  /** They have it by this object, those to be detached included: what the share is of. */
  readonly attached: ReadonlySet<string>;
  /** They should not have it any more, and have it by this object. */
  readonly detachable: readonly string[];
  /** They are being changed, or were given their slot and did not show what came of it. */
  readonly inFlight: ReadonlySet<string>;
  /** The last attempt failed: they wait behind all others, and take the slots that are left one after the other. */
  readonly failed: ReadonlySet<string>;
  readonly maxConcurrent: number;
  /** Percent of `attached`. */
  readonly maxDetachShare: number;
  /** A person has confirmed that so many may be detached. */
  readonly confirmed: boolean;
  /** Grows with time: who is first among the failed. */
  readonly rotation: number;
}

export interface RolloutPlan {
  readonly slots: RolloutSlots;
  /** More are to be detached than may be: none is begun. */
  readonly blocked?: { readonly count: number; readonly total: number };
  /** So many failed that no further host is begun. */
  readonly halted: boolean;
}

/** One that fails on so many hosts is not carried to the next ones; it is also as many as the status remembers. */
export const MAX_FAILED = MAX_LISTED_TARGETS;

/**
 * Which hosts may be changed now: never more than `maxConcurrent` at once. What is being changed keeps its slot; a host
 * that fails gives its own back, so that one that cannot be changed holds up no other.
 */
export function planRollout(state: RolloutState): RolloutPlan {
  const { wanted, attached, detachable, inFlight, failed, maxConcurrent, confirmed, rotation } = state;
  const mayDetach = Math.max(1, Math.floor((attached.size * state.maxDetachShare) / 100));
  const blocked = !confirmed && detachable.length > mayDetach;
  const isBusy = (key: string) => inFlight.has(key) && !failed.has(key);
  const detaching = new Set(detachable);
  const all = [...wanted, ...detachable];

  const chosen = new Set(all.filter(isBusy));
  const open = all.filter((key) => !chosen.has(key) && !(blocked && detaching.has(key)));
  const failing = open.filter((key) => failed.has(key));
  const halted = failing.length >= MAX_FAILED;
  const take = (keys: readonly string[]) => {
    for (const key of keys.slice(0, Math.max(0, maxConcurrent - chosen.size))) chosen.add(key);
  };
  if (!halted) take(open.filter((key) => !failed.has(key)));
  take(rotated(failing, rotation * maxConcurrent));
  return {
    slots: {
      attach: new Set(wanted.filter((key) => chosen.has(key))),
      detach: new Set(detachable.filter((key) => chosen.has(key))),
    },
    ...(blocked && { blocked: { count: detachable.length, total: attached.size } }),
    halted,
  };
}

function rotated(keys: readonly string[], by: number): readonly string[] {
  const at = keys.length > 0 ? by % keys.length : 0;
  return [...keys.slice(at), ...keys.slice(0, at)];
}
