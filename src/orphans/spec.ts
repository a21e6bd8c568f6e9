import type { OrphanType } from './observed.ts';

/** What a sweep is asked to do, read off an OrphanSweep, or off the flags of a command that only reports. */
export interface SweepSpec {
  readonly mode: 'Report' | 'Delete';
  readonly gracePeriodsMs: Readonly<Record<OrphanType, number>>;
  readonly limits: {
    readonly deletionsPerRun: number;
    /** Of all that is judged of one type, in per cent. */
    readonly maxShare: number;
  };
  /** Identities that nothing has used for so long are reported. Absent: none is. */
  readonly unusedAfterMs?: number;
  /** The annotation by which a person confirms what was listed until a time, as it stands: `confirmation.ts`. */
  readonly confirmed?: string;
  /** By whom a thing must be made to be an orphan of this cluster. Absent: that is not asked, as where a person only reads a report. */
  readonly makers?: MakersSpec;
}

interface MakersSpec {
  /** Object ids of the principals as which azid signed in before, in lower case. */
  readonly former: readonly string[];
  /** The annotation by which a person says that what has no maker was made by this cluster, as it stands: `confirmation.ts`. */
  readonly madeHere?: string;
}

/**
 * For so many candidates a status has room, and only they are remembered, can be confirmed, and become due. They are the first of
 * `SweepReport.candidates`, and make room for the others as they go.
 */
export const MAX_LISTED = 1_000;

/** Of an OrphanSweep. */
export const CONFIRM_ANNOTATION = 'azid.dev/confirm-orphans';
export const MADE_HERE_ANNOTATION = 'azid.dev/confirm-made-here';
