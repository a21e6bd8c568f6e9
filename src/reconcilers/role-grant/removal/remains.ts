import type { Facts, RoleGrant } from '../facts.ts';
import { asCoOwner } from '../own.ts';
import { ownersOf } from '../ownership/owners.ts';

/**
 * What still gives the role when azid's part in it is over: somebody's assignment that grants the same, or azid's own,
 * which other objects ask for. Undefined: nothing that is known of.
 */
export function whatRemains(object: RoleGrant, { duplicate, azure, coOwners }: Facts): string | undefined {
  if (duplicate) return `${duplicate.id}, which azid did not make and leaves alone, still gives the role`;
  const me = asCoOwner(object);
  const [first] = ownersOf(coOwners.filter(({ uid }) => uid !== me.uid));
  if (azure?.state !== 'present' || !first) return undefined;
  return `${azure.assignment.id} stays and still gives the role, since RoleGrant ${first.key} asks for the same`;
}
