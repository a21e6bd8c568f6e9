import type { Candidate } from '../../../orphans/report.ts';
import type { Action, LiveRead } from '../facts.ts';
import { recordName } from '../record.ts';

/** The actions by which one orphan goes. */

/**
 * Recorded, and so counted; then it is read once more, and deleted. A process that dies in between leaves a record and a count without a
 * deletion, but never a deletion without a record.
 *
 * @param run of which it is a deletion; absent: only what goes before it is deleted now
 */
export function recording(candidate: Candidate, { record }: LiveRead, run?: string): Action[] {
  if (!record) return [];
  const { key } = candidate;
  return [
    {
      type: 'record',
      key,
      name: nameOf(candidate),
      record: { ...record, ...(run !== undefined && { run }) },
    },
  ];
}

/** @param parent the identity that it goes before */
export function deletion(candidate: Candidate, parent: Candidate | undefined): Action {
  const { type: of, id, key, owner, reason } = candidate;
  const whose = owner === undefined ? '' : ` of ${owner}`;
  const before = parent ? `, before identity ${parent.id}` : '';
  const recordName = nameOf(candidate);
  const message = `deleted ${NOUNS[of]} ${id}: orphan${whose}, ${reason}${before}; what it had stands in OrphanRecord ${recordName}`;
  const event = { type: 'Normal', reason: 'OrphanDeleted', action: 'Delete', message } as const;
  return { type: 'delete', of, id, key, recordName, event };
}

export function nameOf({ type, id, instance }: Candidate): string {
  return recordName(type, id, instance);
}

const NOUNS = {
  Identity: 'identity',
  RoleAssignment: 'role assignment',
  FederatedIdentityCredential: 'federated credential',
} as const;
