import type { Facts, RoleGrant } from '../facts.ts';
import { asCoOwner } from '../object.ts';
import { ownersOf } from '../ownership/owners.ts';
import { isAsked } from '../target/target.ts';

/**
 * What still gives the role when azid's part in it is over: somebody's assignment that grants the same, or azid's own,
 * which other objects ask for. Undefined: nothing that is known of.
 */
export function whatRemains(object: RoleGrant, facts: Facts): string | undefined {
  const { duplicate, target, held } = facts;
  if (duplicate) return `${duplicate.id}, which azid did not make and leaves alone, still gives the role`;
  const me = asCoOwner(object);
  // Of one that is denied by now it is among what the ledger holds.
  const kept = held.find(({ id }) => target !== undefined && isAsked(target, id));
  const { observed, coOwners } = kept ?? { observed: facts.azure, coOwners: facts.coOwners };
  const [first] = ownersOf(coOwners.filter(({ uid }) => uid !== me.uid));
  if (observed?.state !== 'present' || !first) return undefined;
  return `${observed.assignment.id} stays and still gives the role, since RoleGrant ${first.key} asks for the same`;
}
