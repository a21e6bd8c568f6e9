import type { KubeObject } from '../kube/types.ts';
import { KINDS } from './index.ts';
import type { KindSchema } from './schema/kind.ts';

/** As people name a kind: `RoleGrant`, `rolegrants`, `grant`. */
export function kindNamed(name: string): KindSchema<KubeObject> | undefined {
  const wanted = name.toLowerCase();
  return KINDS.find(({ resource, singular, shortNames }) =>
    [resource.kind.toLowerCase(), resource.plural, singular, ...shortNames].includes(wanted),
  );
}
