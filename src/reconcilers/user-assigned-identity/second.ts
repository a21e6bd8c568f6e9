import { sameId } from '../../azure/names/resource-id.ts';
import type { Finding } from '../../runtime/status/conditions.ts';
import { markedFor } from '../proof/observe.ts';
import { noLonger } from '../status/summary.ts';
import type { Facts, IdentityDecision, UserAssignedIdentity } from './facts.ts';
import type { ObserveDeps } from './observe/deps.ts';
import { ofNamesakes } from './observe/place.ts';

/**
 * A new object is made its identity though the list of its subscription fails, so one that an earlier object of its
 * name left elsewhere, or a copy of its own, may come to light later. Nothing is taken over or taken away for it; but
 * it is reported, for as long as it is there.
 */

/** Ids of what else carries the object's marks, or those of an object of its name that lived before, where its spec may mean it. */
export function secondIdentities(
  object: UserAssignedIdentity,
  deps: ObserveDeps,
): readonly string[] | undefined {
  const seen = deps.proofs.observe(object);
  if (seen.state !== 'owned') return undefined;
  const marked = [...markedFor(object, deps), ...ofNamesakes(object, deps)].map(({ id }) => id);
  return marked.filter((id) => !sameId(id, seen.identity.id)).toSorted();
}

export function withSecond(
  object: UserAssignedIdentity,
  { second }: Pick<Facts, 'second'>,
  decision: IdentityDecision,
): IdentityDecision {
  const found = findingOf(object, second);
  return found.length === 0
    ? decision
    : { ...decision, conditions: [...(decision.conditions ?? []), ...found] };
}

const SECOND = 'SecondIdentity';

function findingOf(object: UserAssignedIdentity, second: Facts['second']): readonly Finding[] {
  if (second && second.length > 0) {
    const [carries, it] = second.length === 1 ? ['carries', 'it'] : ['carry', 'them'];
    const message = `${second.join(' and ')} ${carries} the tags of this object as well: an earlier object of this name left ${it}, or somebody copied its identity; azid leaves ${it} alone: delete ${it}, or take the tags azid-owner and azid-owner-uid off`;
    return [{ type: SECOND, status: 'True', reason: 'MarkedElsewhere', message }];
  }
  if (!second) return [];
  const message = 'no other identity carries the tags of this object';
  return noLonger(object, SECOND, { reason: 'NotMarked', message });
}
