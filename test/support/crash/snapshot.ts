import { MANAGED_BY, MANAGED_BY_LABEL } from '../../../src/api/schema/common.ts';
import { configMaps, namespaces } from '../../../src/kube/builtin.ts';
import type { Store } from '../../../src/kube/informer/store.ts';
import { type KubeObject, keyOf, type Resource } from '../../../src/kube/types.ts';
import { KINDS } from '../../../src/operator/registry.ts';
import type { Stores } from '../../../src/reconcilers/stores.ts';
import type { Cluster } from '../testbed.ts';

/** So many looks at stores that differ, then what was listed is no longer believed. */
const GLANCES = 20;

type Glance = Pick<Store<KubeObject>, 'get' | 'size'>;

/** The resource behind each of an operator's stores. */
const OF_STORES: Readonly<Record<string, Resource>> = {
  ...Object.fromEntries(KINDS.map(({ store, resource }) => [store.name, resource])),
  namespaces,
  configMaps,
};

/**
 * What the API server holds. In a run only operators and the harness write there, and the cluster counts their
 * writes, so a kind is listed again after a write to it and not at every look.
 */
export class Snapshot implements Pick<Cluster, 'list'> {
  readonly #cluster: Cluster;
  readonly #listed = new Map<
    string,
    { readonly ended: number; readonly objects: Promise<readonly KubeObject[]> }
  >();
  #glances = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Asks anew from now on: a process died, and a write it began may take effect after it ceased to count. */
  forget(): void {
    this.#listed.clear();
  }

  list<T extends KubeObject>(resource: Resource<T>): Promise<readonly T[]> {
    const { ended = 0, under = 0 } = this.#cluster.writes.get(resource.plural) ?? {};
    // What is under way takes effect before or after the list.
    if (under > 0) return this.#cluster.list(resource);
    const known = this.#listed.get(resource.plural);
    const objects = known?.ended === ended ? known.objects : this.#cluster.list(resource);
    this.#listed.set(resource.plural, { ended, objects });
    return objects as Promise<readonly T[]>;
  }

  /** Whether the stores show what the API server holds; `blind`: the watch of identities is held on purpose. */
  async shownBy(stores: Stores, blind: boolean): Promise<boolean> {
    const same = await Promise.all(
      Object.entries<Glance>({ ...stores }).map(async ([name, store]) => {
        const resource = OF_STORES[name];
        if (!resource) throw new Error(`expected a resource for the store ${name}`);
        if (blind && name === 'identities') return true;
        const objects = await this.list<KubeObject>(resource);
        return alike(store, name === 'configMaps' ? objects.filter(isOurs) : objects);
      }),
    );
    const all = same.every(Boolean);
    if (all) this.#glances = 0;
    else if (++this.#glances % GLANCES === 0) this.forget();
    return all;
  }
}

function isOurs({ metadata }: KubeObject): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;
}

function alike(store: Glance, objects: readonly KubeObject[]): boolean {
  return (
    store.size === objects.length &&
    objects.every(
      (object) => store.get(keyOf(object))?.metadata.resourceVersion === object.metadata.resourceVersion,
    )
  );
}
