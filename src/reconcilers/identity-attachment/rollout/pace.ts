import { RECHECK_OUTSIDE_MS } from '../../decision.ts';
import { type RolloutSlots, rolloutSlotsOf } from '../../hosts/claims/slots.ts';
import type { Facts, IdentityAttachment } from '../facts.ts';
import { entriesOf, hasFailed, isFree, type Target } from '../targets/target.ts';
import { planRollout, type RolloutPlan } from './rollout.ts';

/** The rollout of one attachment: `spec.rollout`, with its defaults, over how it stands towards each host. */

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
    // What is there already comes last: it needs a slot only if nobody writes it down without one.
    wanted: [...wanted.filter(({ host }) => !host.shown), ...wanted.filter(({ host }) => host.shown)],
    attached: [...owned, ...going],
    detachable: going,
    maxDetachShare: object.spec.rollout?.maxDetachShare ?? MAX_DETACH_SHARE,
    confirmed,
  });
}

/**
 * All are to be let go of, as the object itself goes. What is retained, or what somebody else attached, needs no slot:
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
