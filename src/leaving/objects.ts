/** The objects of azid's kinds, whatever kinds a cluster serves: an older or a newer azid may have installed its CRDs. */
import type { ManagedObject } from '../api/schema/common.ts';
import type { KindSchema } from '../api/schema/kind.ts';
import { KubeError } from '../kube/errors.ts';
import { PAGE_SIZE, pagedList } from '../kube/informer/list.ts';
import { type KubeObject, keyOf } from '../kube/types.ts';
import type { InstallationDeps } from './deps.ts';

/** An object and the kind that it is of. */
export interface Found {
  readonly kind: KindSchema<KubeObject>;
  readonly object: ManagedObject & { readonly spec: Readonly<Record<string, unknown>> };
}

/** `RoleGrant team/read`. */
export function nameOf({ kind, object }: Found): string {
  return `${kind.resource.kind} ${keyOf(object)}`;
}

/** All objects of a kind; undefined where the cluster does not serve it. */
export async function listKind(
  kind: KindSchema<KubeObject>,
  { client, signal }: Pick<InstallationDeps, 'client' | 'signal'>,
): Promise<readonly Found[] | undefined> {
  try {
    const { items } = await pagedList(client, kind.resource, { limit: PAGE_SIZE }, signal);
    return items.map((object) => ({ kind, object: object as Found['object'] }));
  } catch (error) {
    // Without its CRD the path itself is unknown, which not every API server says with a `Status`.
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}

/** All objects of these kinds, of those that the cluster serves. */
export async function listKinds(
  kinds: readonly KindSchema<KubeObject>[],
  deps: Pick<InstallationDeps, 'client' | 'signal'>,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const kind of kinds) found.push(...((await listKind(kind, deps)) ?? []));
  return found;
}
