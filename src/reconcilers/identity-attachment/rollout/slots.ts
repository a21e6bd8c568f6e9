import { MAX_SLOTS } from '../../../api/identity-attachment.ts';
import type { IdentityAttachment, OwnStatus } from '../facts.ts';
import type { Target } from '../targets/target.ts';
import type { RolloutPlan } from './rollout.ts';

/** The slots of a plan as the status has them, for the hosts to go by (`hosts/claims/slots.ts`). */

type Written = OwnStatus['rolloutSlots'];

export function withSlots(
  object: IdentityAttachment,
  status: OwnStatus,
  { slots }: RolloutPlan,
  all: readonly Target[],
): OwnStatus {
  const { rolloutSlots: _, ...rest } = status;
  // In the order of the targets, which stays. Beyond so many are only those that are being changed already.
  const idsOf = (keys: ReadonlySet<string>) =>
    all
      .filter(({ host }) => keys.has(host.key))
      .slice(0, MAX_SLOTS)
      .map(({ host }) => host.id);
  // One that is named by its id waits for no other.
  const attach = object.spec.target.selector ? idsOf(slots.attach) : [];
  const detach = idsOf(slots.detach);
  if (attach.length + detach.length === 0) return rest;
  return {
    ...rest,
    rolloutSlots: {
      generation: object.metadata.generation ?? 0,
      ...(attach.length > 0 && { attach }),
      ...(detach.length > 0 && { detach }),
    },
  };
}

/** Some host has its slot from now on, or for another edit. */
export function opensMore(next: Written, before: Written): boolean {
  if (!next) return false;
  if (next.generation !== before?.generation) return true;
  const isNew = (ids: readonly string[] = [], had: readonly string[] = []) => {
    const known = new Set(had);
    return ids.some((id) => !known.has(id));
  };
  return isNew(next.attach, before.attach) || isNew(next.detach, before.detach);
}
