import { hasFinalizer } from '../../api/schema/common.ts';
import { MARK, type Owner, ownershipOf, tag } from '../../azure/names/identity-marks.ts';
import { isDeclared } from '../proof/places.ts';
import type { Keeping } from '../retained.ts';
import type { Action, Facts, OwnStatus, SeenIdentity, UserAssignedIdentity } from './facts.ts';
import type { Target } from './target.ts';

/** What every branch of the decision reads off the object. */

/** The fields of the status that are this kind's, as they are stored. */
export function ownStatus(object: UserAssignedIdentity): OwnStatus {
  const { conditions: _c, observedGeneration: _g, lastHandledReconcileAt: _r, ...own } = object.status ?? {};
  return own;
}

export function ownerOf(object: UserAssignedIdentity, facts: Pick<Facts, 'installationId'>): Owner {
  const { namespace = '', name, uid } = object.metadata;
  return { installationId: facts.installationId, namespace, name, uid };
}

/** Set before the first Azure write, and again should a tool strip it (an Argo CD sync with Replace=true does). */
export function finalizer(object: UserAssignedIdentity): Action[] {
  return hasFinalizer(object) ? [] : [{ type: 'addFinalizer' }];
}

/**
 * It carries the object's own marks, but the principal on record is another one, and neither the spec nor the status says that the
 * object's identity is there: somebody deployed a template that was made of the object's own, tags and all.
 */
export function isCopy(
  object: UserAssignedIdentity,
  { lastShown }: Pick<Facts, 'lastShown'>,
  { id, pinned }: Target,
  { principalId }: Pick<SeenIdentity, 'principalId'>,
): boolean {
  return lastShown !== undefined && lastShown !== principalId && !pinned && !isDeclared(object, id);
}

export function keysOf(tags: Readonly<Record<string, string>>): string[] {
  return Object.keys(tags).sort();
}

/**
 * What counts as the object's where it says `Retain`. The record is believed of what carries the marks of this very object, so it may
 * rest on the status. Once the tag says that it is retained, the record is over.
 */
export const kept: Keeping<UserAssignedIdentity, Facts, Action, OwnStatus> = {
  ids: (_, __, { status, actions }) => {
    const given = actions.flatMap((action) => (givesMarks(action) && 'id' in action ? [action.id] : []));
    return given.length > 0 || status.id === undefined ? given : [status.id];
  },
  gives: givesMarks,
  isMarkedInAzure: (object, facts) =>
    facts.azure?.state === 'present' &&
    ownershipOf(facts.azure.identity.tags, ownerOf(object, facts)).state === 'retainedForMe',
};

function givesMarks(action: Action): boolean {
  return (
    action.type === 'createIdentity' ||
    (action.type === 'updateIdentity' && tag(action.tags ?? {}, MARK.ownerUid) !== undefined)
  );
}
