import type { Cluster } from '../../test/support/testbed.ts';

const AT_ONCE = 20;

/** Applies objects to the API server, a few at a time. */
export async function applyAll(
  cluster: Cluster,
  objects: readonly Parameters<Cluster['apply']>[0][],
): Promise<void> {
  for (let at = 0; at < objects.length; at += AT_ONCE)
    await Promise.all(objects.slice(at, at + AT_ONCE).map((object) => cluster.apply(object)));
}
