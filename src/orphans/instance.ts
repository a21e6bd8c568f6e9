import { asciiLower } from '../azure/names/ascii.ts';

/**
 * Which one stands under an id, should it be deleted and made again (`ObservedThing.instance`). Empty where Azure does not show it: such a thing
 * is never deleted, since nothing would distinguish it from its successor.
 */

/** A principal is never used twice. */
export function identityInstance({ principalId }: { readonly principalId: string }): string {
  return asciiLower(principalId);
}

/** The name follows from what is granted, so only the time of its creation distinguishes one from the next. */
export function assignmentInstance({
  principalId,
  createdOn,
}: {
  readonly principalId: string;
  readonly createdOn?: number | undefined;
}): string {
  if (principalId === '' || createdOn === undefined || !Number.isFinite(createdOn)) return '';
  return `${asciiLower(principalId)}@${createdOn}`;
}

/** @param principalId of its identity */
export function credentialInstance(
  principalId: string,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
): string {
  return principalId === '' ? '' : JSON.stringify([asciiLower(principalId), issuer, subject]);
}

/** Azure shows the time of a creation in its answer a little otherwise than later (docs/azure-facts.md section 5). */
const CREATED_APART_MS = 10_000;

/** False where either is not known. */
export function sameInstance(left: string, right: string): boolean {
  if (left === '' || right === '') return false;
  if (left === right) return true;
  const [was, is] = [TIMED.exec(left), TIMED.exec(right)];
  return (
    was !== null &&
    is !== null &&
    was[1] === is[1] &&
    Math.abs(Number(was[2]) - Number(is[2])) <= CREATED_APART_MS
  );
}

const TIMED = /^([0-9a-z-]+)@(\d+)$/;
