import type { Facts, RoleGrant } from '../facts.ts';
import { asPeer } from '../own.ts';
import { ownersOf } from '../ownership/owners.ts';

/**
 * What still gives the role when azid's part in it is over: somebody's assignment that grants the same, or azid's own,
 * which other objects ask for. Undefined: nothing that is known of.
 */
export function whatRemains(object: RoleGrant, { twin, azure, peers }: Facts): string | undefined {
  if (twin) return `${twin.id}, which azid did not make and leaves alone, still gives the role`;
  const me = asPeer(object);
  const [first] = ownersOf(peers.filter(({ uid }) => uid !== me.uid));
  if (azure?.state !== 'present' || !first) return undefined;
  return `${azure.assignment.id} stays and still gives the role, since RoleGrant ${first.key} asks for the same`;
}
