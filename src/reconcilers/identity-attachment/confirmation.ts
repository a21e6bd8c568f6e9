import { CONFIRM_DETACH_ANNOTATION } from '../../api/identity-attachment.ts';
import { type Finding, findCondition } from '../../runtime/status/conditions.ts';
import type { IdentityAttachment } from './facts.ts';

/**
 * The word of a person that so many hosts may be detached. The annotation must name their number exactly; once it did,
 * that is kept as a condition until they are done, since the number falls as they are detached and a new process must
 * go on with them. Then it is over: an annotation that was forgotten allows no later mistake.
 */

const CONFIRMED = 'DetachConfirmed';

type Confirmation =
  /** Written down before: they may be detached. */
  | { readonly state: 'given'; readonly conditions: readonly Finding[] }
  /** Given just now: to be recorded first. */
  | { readonly state: 'new'; readonly conditions: readonly Finding[] }
  | { readonly state: 'none'; readonly conditions: readonly Finding[] };

/** @param count how many are to be detached now */
export function confirmationOf({ metadata, status }: IdentityAttachment, count: number): Confirmation {
  const value = metadata.annotations?.[CONFIRM_DETACH_ANNOTATION]?.trim();
  const held = findCondition(status?.conditions ?? [], CONFIRMED);
  const confirmed = value !== undefined && /^[1-9][0-9]{0,5}$/.test(value) ? Number(value) : undefined;
  const isOpen =
    held?.status === 'True' && held.observedGeneration === metadata.generation && confirmed !== undefined;
  if (count > 0 && isOpen && held.message === messageOf(confirmed) && count <= confirmed)
    return { state: 'given', conditions: [held] };
  const isUsed =
    held?.status === 'False' && confirmed !== undefined && held.message === usedMessage(confirmed);
  if (count > 0 && confirmed === count && !isUsed) {
    const conditions = [
      { type: CONFIRMED, status: 'True', reason: 'Confirmed', message: messageOf(confirmed) },
    ] as const;
    return { state: 'new', conditions };
  }
  if (!held) return { state: 'none', conditions: [] };
  const isStillConfirmed = confirmed !== undefined && (isUsed || held.message === messageOf(confirmed));
  const message = isStillConfirmed ? usedMessage(confirmed) : 'what was confirmed is done, or was changed';
  return { state: 'none', conditions: [{ type: CONFIRMED, status: 'False', reason: 'Over', message }] };
}

function messageOf(confirmed: number): string {
  return `annotation ${CONFIRM_DETACH_ANNOTATION}: "${confirmed}" lets azid detach so many resources`;
}

/** Remembers which number is used up: the same one counts again only after the annotation was gone, or held another. */
function usedMessage(confirmed: number): string {
  return `annotation ${CONFIRM_DETACH_ANNOTATION}: "${confirmed}" was for what is done by now, or for an earlier edit; remove it, then set it again, to confirm as many once more`;
}
