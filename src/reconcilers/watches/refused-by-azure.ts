import type { ManagedObject } from '../../api/schema/common.ts';
import { findCondition } from '../../runtime/status/conditions.ts';

/**
 * Only what stands, or can stand, in Azure goes before others: an object that Azure refuses as it is declared now
 * holds no place, no pair and no name against those that come later. What it has already stands in its ledger.
 */

/** Stalled by azid itself, in favour of another object: with that one gone, its turn comes by its age. */
const IN_LINE: ReadonlySet<string> = new Set(['ConflictingGrant', 'CredentialLimit', 'OwnedByAnother']);

export function isRefusedByAzure({ metadata, status }: ManagedObject): boolean {
  const stalled = findCondition(status?.conditions ?? [], 'Stalled');
  return (
    stalled?.status === 'True' &&
    // An edit may have mended it: it is in the running again until Azure was asked.
    stalled.observedGeneration === metadata.generation &&
    !IN_LINE.has(stalled.reason)
  );
}

/** azid lets another object go before it, for as long as that one has what it asks for, or may have it. */
export function isInLine({ status }: ManagedObject): boolean {
  const stalled = findCondition(status?.conditions ?? [], 'Stalled');
  return stalled?.status === 'True' && IN_LINE.has(stalled.reason);
}
