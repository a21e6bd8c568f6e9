import { MAX_LISTED_TARGETS } from '../../../api/identity-attachment.ts';
import type { RolloutSlots } from '../../hosts/claims/slots.ts';

/** Where a change of many hosts stands. Hosts by key, in the order in which they get their slots. */
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
  const unlucky = open.filter((key) => failed.has(key));
  const halted = unlucky.length >= MAX_FAILED;
  const take = (keys: readonly string[]) => {
    for (const key of keys.slice(0, Math.max(0, maxConcurrent - chosen.size))) chosen.add(key);
  };
  if (!halted) take(open.filter((key) => !failed.has(key)));
  take(rotated(unlucky, rotation * maxConcurrent));
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
