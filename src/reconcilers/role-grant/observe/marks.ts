import type { AssignmentCache } from '../../../cache/assignments.ts';
import { NOT_LISTED } from '../../../cache/lists/listing.ts';
import { keyOf } from '../../../kube/types.ts';
import type { ObservedMarks, RoleGrant } from '../facts.ts';
import { type MayAskForDeps, mayAskFor } from '../target/may-ask-for.ts';
import { isOurs } from '../target/target.ts';

export interface MarksDeps extends MayAskForDeps {
  readonly assignmentCache: Pick<AssignmentCache, 'byIndex' | 'loading' | 'completeness'>;
  readonly installationId: string;
}

/**
 * What azid marked for the object, by the list of its scope. An object of the same name may have been there before, and what was
 * retained of it still carries the name: so only what the object's own spec may mean counts.
 */
export function marksOf(object: RoleGrant, deps: MarksDeps): ObservedMarks {
  const { assignmentCache, installationId } = deps;
  const { scope } = object.spec;
  const ids = assignmentCache
    .byIndex('marked', { installationId, key: keyOf(object) })
    .filter((each) => isOurs(each, deps) && mayAskFor(object, each, deps))
    .map(({ id }) => id);
  const completeness = assignmentCache.completeness(scope);
  if (assignmentCache.loading(scope) || completeness === NOT_LISTED)
    return { ids, list: { state: 'loading' } };
  return {
    ids,
    list:
      completeness.state === 'complete'
        ? { state: 'complete' }
        : { state: 'partial', because: completeness.reason },
  };
}
