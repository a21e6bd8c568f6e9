import { namesAnother, withoutMarks } from '../../../azure/names/identity-marks.ts';
import { asciiLower } from '../../../azure/names/text.ts';
import { isOverwritten } from '../../proof/observe.ts';
import { ownStatusOf } from '../../status/summary.ts';
import type { Facts, IdentityDecision, OwnStatus, SeenIdentity, UserAssignedIdentity } from '../facts.ts';
import { ownerOf } from '../object.ts';

/** Marks and records that prove nothing are withdrawn: marks of azid's on another's identity, and records that Azure's marks contradict. */

/**
 * Whether what carries this object's marks was made by another tool: by the status, or by what this process observed. The record wins
 * over both: it was made once Azure had shown the identity as the object's own.
 */
export function isForeign(
  object: UserAssignedIdentity,
  facts: Pick<Facts, 'disputed' | 'recorded' | 'lastShown'>,
  identity: SeenIdentity,
): boolean {
  if (isOnRecord(facts, identity)) return false;
  return isOverwritten(object, identity) || facts.disputed === identity.principalId;
}

/** By the record, or by what this process observed. */
export function isOnRecord(
  { recorded, lastShown }: Pick<Facts, 'recorded' | 'lastShown'>,
  { principalId }: Pick<SeenIdentity, 'principalId'>,
): boolean {
  return recorded === principalId || lastShown === principalId;
}

/**
 * A PUT answered 200 where 201 was due: another tool made the identity between our GET and our PUT, and now it carries our marks (ARM has
 * no precondition for identities, docs/azure-facts.md section 2). Takes off what the PUT wrote; the tags the identity had before are lost.
 * Whose it is must outlive a PATCH that fails and a process that dies, else the marks would pass for proof at the next observation; so
 * the status names the principal first.
 */
export function takeMarksBack(object: UserAssignedIdentity, identity: SeenIdentity): IdentityDecision {
  const own = ownStatusOf(object);
  const { id, principalId } = identity;
  const status: OwnStatus = { ...own, overwrittenPrincipalId: principalId, createStartedAt: undefined };
  const ours = new Set((own.tagKeys ?? []).map(asciiLower));
  const tags = Object.fromEntries(
    Object.entries(withoutMarks(identity.tags)).filter(([name]) => !ours.has(asciiLower(name))),
  );
  return {
    actions: [
      ...(isOverwritten(object, identity)
        ? []
        : [{ type: 'saveStatus', status, why: 'the marks on it prove nothing' } as const]),
      {
        type: 'updateIdentity',
        id,
        tags,
        event: {
          type: 'Warning',
          reason: 'AlreadyExists',
          action: 'Update',
          message: `identity ${id} was made by someone else at the same moment; azid took its marks back from it, tags it may have had are lost`,
        },
      },
    ],
    status,
    summary: {
      state: 'progressing',
      reason: 'AlreadyExists',
      message: `taking back marks from ${id}`,
      againMs: 0,
    },
  };
}

/**
 * What Azure shows contradicts what is on record. Marks that were stripped are put back by the object that Azure last showed as the
 * owner, and by no other: so the records of all other objects are withdrawn before anything is concluded from such marks, and before
 * another object sets its own (docs/design/2026-11-29-records-withdrawn.md). That takes away, so it needs no permission, and holds while
 * suspended.
 */
export function withdrawContradicted(
  object: UserAssignedIdentity,
  facts: Facts,
): IdentityDecision | undefined {
  const observed = facts.azure;
  // Marks that azid wrote by mistake contradict no record.
  if (observed?.state !== 'present' || isForeign(object, facts, observed.identity)) return undefined;
  const { tags, principalId, id } = observed.identity;
  const me = ownerOf(object, facts);
  const uids = facts.holders.filter((uid) => namesAnother(tags, me, uid));
  if (uids.length === 0) return undefined;
  return {
    actions: [{ type: 'withdrawPrincipal', principalId, uids }],
    status: ownStatusOf(object),
    summary: {
      state: 'progressing',
      reason: 'Updating',
      message: `taking note of whose identity ${id} is`,
      againMs: 0,
    },
    binds: true,
  };
}

/** The objects that would take the identity back from the one that is about to get it. */
export function otherHolders(
  { metadata }: UserAssignedIdentity,
  { holders }: Facts,
  { principalId }: SeenIdentity,
): Extract<IdentityDecision['actions'][number], { type: 'withdrawPrincipal' }>[] {
  const uids = holders.filter((uid) => uid !== metadata.uid);
  return uids.length === 0 ? [] : [{ type: 'withdrawPrincipal', principalId, uids }];
}
