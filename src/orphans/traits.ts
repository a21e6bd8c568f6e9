import { MADE_HERE_ANNOTATION } from '../api/orphan-sweep.ts';
import { asciiLower, sameText } from '../azure/names/text.ts';
import type { MadeBy, SweepObservation } from './observed.ts';
import type { KeepReason } from './reasons.ts';
import { confirmationFor, readConfirmation, type SweepSpec } from './spec.ts';

/** What distinguishes a thing from others, besides its owner: which one it is, who made it, and whether it is azid's own. */

/**
 * Which one has an id, should it be deleted and made again (`ObservedThing.instance`). Empty where Azure does not show it: such a thing
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

/**
 * The makers of an assignment, which Azure shows some moments after it was made. The azid that keeps the identity that is its principal
 * may count on it as well: an equal grant in another cluster is satisfied by it, and writes nothing.
 *
 * @param holders of the identities that Azure shows with its principal
 */
export function madeTogether(createdBy: string | undefined, holders: readonly MadeBy[]): MadeBy {
  const all = [createdBy === undefined ? undefined : [createdBy], ...holders];
  return all.some((each) => each === undefined) ? undefined : all.flatMap((each) => each ?? []);
}

interface Made {
  readonly madeBy: MadeBy;
  /** Since when it is listed; absent: not yet. */
  readonly since?: number | undefined;
}

/**
 * Why a thing without an owner here may have one in another cluster that acts as this installation and signs in as another principal: the
 * claim on azid's own identity does not show that one. Undefined: it was this azid's alone, or a person confirmed it.
 */
export function madeElsewhere(
  { madeBy, since }: Made,
  { self, now }: { readonly self?: SweepObservation['self'] | undefined; readonly now: number },
  { makers }: Pick<SweepSpec, 'makers'>,
):
  | { readonly because: Extract<KeepReason, 'MadeElsewhere' | 'MakerUnknown'>; readonly why: string }
  | undefined {
  if (!makers) return undefined;
  if (!madeBy || madeBy.length === 0) {
    const confirmation = readConfirmation(makers.madeHere, now, MADE_HERE_ANNOTATION);
    // A person confirms a time that a status shows, and those are in whole seconds.
    const listedAt = since === undefined ? undefined : since - (since % 1_000);
    if (confirmation.state === 'until' && listedAt !== undefined && listedAt <= confirmation.until)
      return undefined;
    const wrong = confirmation.state === 'invalid' ? `; ${confirmation.why}` : '';
    const why = `Azure does not tell as whom azid made it; if no other cluster acts as this installation, set the annotation ${MADE_HERE_ANNOTATION} of the OrphanSweep to "${confirmationFor(since ?? now)}"${wrong}`;
    return { because: 'MakerUnknown', why };
  }
  const own = new Set([...(self ? [asciiLower(self.principalId)] : []), ...makers.former]);
  const other = madeBy.find((each) => !own.has(asciiLower(each)));
  if (other === undefined) return undefined;
  const why = `principal ${other}, which is not azid's own, made or kept it: another cluster may act as this installation; if azid signed in as that principal before, and nobody does now, add it to spec.formerPrincipalIds of the OrphanSweep`;
  return { because: 'MadeElsewhere', why };
}

/** azid's own identity, what it may do and the credentials by which it signs in are never orphans (docs/guarantees.md G21). */
export function isAzidItself(
  thing: { readonly principalId: string; readonly clientId?: string },
  self: SweepObservation['self'],
): boolean {
  if (!self) return false;
  const same = (mine: string, its = '') => mine !== '' && sameText(mine, its);
  return same(self.principalId, thing.principalId) || same(self.clientId, thing.clientId);
}
