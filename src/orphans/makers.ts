import { asciiLower } from '../azure/names/ascii.ts';
import { confirmationFor, readConfirmation } from './confirmation.ts';
import type { MadeBy, SweepObservation } from './observed.ts';
import type { KeepReason } from './reasons.ts';
import { MADE_HERE_ANNOTATION, type SweepSpec } from './spec.ts';

/**
 * Of an assignment, which Azure says some moments after it was made. Whoever keeps the identity that is its principal may count on it as
 * well: an equal grant in another cluster is satisfied by it, and writes nothing.
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
 * Why a thing without an owner here may have one in another cluster that acts as this installation and signs in as somebody else: the
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
    // A status has whole seconds, and what it shows is what people confirm.
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
