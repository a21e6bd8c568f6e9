import { CONFIRM_ORPHANS_ANNOTATION } from '../api/orphan-sweep.ts';
import type { OrphanType } from './observed.ts';

/** What a sweep is asked to do, and what a person confirmed. */

/** Read off an OrphanSweep, or off the flags of a command that only reports. */
export interface SweepSpec {
  readonly mode: 'Report' | 'Delete';
  readonly gracePeriodsMs: Readonly<Record<OrphanType, number>>;
  readonly limits: {
    readonly deletionsPerRun: number;
    /** Of all that is evaluated of one type, in per cent. */
    readonly maxShare: number;
  };
  /** Identities that nothing has used for so long are reported. Absent: none is. */
  readonly unusedAfterMs?: number;
  /** The annotation by which a person confirms what was listed until a time, unparsed: see `readConfirmation`. */
  readonly confirmed?: string;
  /** By whom a thing must be made to be an orphan of this cluster. Absent: that is not asked, as where a person only reads a report. */
  readonly makers?: MakersSpec;
}

interface MakersSpec {
  /** Object ids of the principals as which azid signed in before, in lower case. */
  readonly former: readonly string[];
  /** The annotation by which a person says that what has no maker was made by this cluster, unparsed: see `readConfirmation`. */
  readonly madeHere?: string;
}

/** By an annotation that the message of a stop spells out. */
type Confirmation =
  | { readonly state: 'none' }
  /** All that was listed by then, wall ms. */
  | { readonly state: 'until'; readonly until: number }
  | { readonly state: 'invalid'; readonly why: string };

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/;

export function readConfirmation(
  value: string | undefined,
  now: number,
  annotation = CONFIRM_ORPHANS_ANNOTATION,
): Confirmation {
  if (value === undefined || value.trim() === '') return { state: 'none' };
  const until = TIME.test(value.trim()) ? Date.parse(value.trim()) : Number.NaN;
  if (Number.isNaN(until))
    return invalid(annotation, `expected a time such as 2026-12-01T12:00:00Z, got '${value.slice(0, 100)}'`);
  // Else one annotation would confirm all that is ever listed, unseen.
  if (until > now)
    return invalid(
      annotation,
      `expected a time that has passed, got ${value.trim()}: what is not listed yet cannot be confirmed`,
    );
  return { state: 'until', until };
}

function invalid(annotation: string, why: string): Confirmation {
  return { state: 'invalid', why: `annotation ${annotation}: ${why}` };
}

/** The value that covers what was listed until `time`: whole seconds, rounded up. */
export function confirmationFor(time: number): string {
  return new Date(Math.ceil(time / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
