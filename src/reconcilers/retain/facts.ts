import type { RetainedEntry } from '../../orphans/records/retained-index.ts';

/** For the facts of kinds whose things a sweep may take. */
export interface KeptFacts {
  /** What is on record as kept for this object, or for one of its name that lived before. Absent: nothing is put on record. */
  readonly onRecord?: readonly RetainedEntry[] | undefined;
}

export type KeptAction =
  /** Writes down, out of everybody's reach, that these stay in Azure on purpose: nothing there says so. */
  | { readonly type: 'recordRetained'; readonly ids: readonly string[] }
  | { readonly type: 'forgetRetained'; readonly entries: readonly RetainedEntry[] };
