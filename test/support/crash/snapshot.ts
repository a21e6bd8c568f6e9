import { MANAGED_BY, MANAGED_BY_LABEL } from '../../../src/api/schema/common.ts';
import { configMaps, namespaces } from '../../../src/kube/builtin.ts';
import type { Store } from '../../../src/kube/informer/store.ts';
import { type KubeObject, keyOf, type Resource } from '../../../src/kube/types.ts';
import { KINDS } from '../../../src/operator/registry.ts';
import type { Stores } from '../../../src/reconcilers/stores.ts';
import type { Cluster } from '../testbed.ts';

/** So many comparisons of stores that differ, then what was listed is no longer believed. */
const MAX_REUSES = 20;

type Glance = Pick<Store<KubeObject>, 'get' | 'size'>;

/** The resource behind each of an operator's stores: azid's own kinds, and others. */
const OF_KINDS = new Map(KINDS.map(({ store, resource }) => [store.name, resource]));
const OF_OTHERS: ReadonlyMap<string, Resource> = new Map<string, Resource>([
  ['namespaces', namespaces],
  ['configMaps', configMaps],
]);

/**
 * What the API server holds. In a run only operators and the harness write there, and the cluster counts their
 * writes, so a kind is listed again after a write to it and not each time.
 */
export class Snapshot implements Pick<Cluster, 'list'> {
  readonly #cluster: Cluster;
  readonly #listed = new Map<
    string,
    { readonly ended: number; readonly objects: Promise<readonly KubeObject[]> }
  >();
  #versions: { readonly ended: number; readonly byPlural: ReturnType<Cluster['versions']> } | undefined;
  #reuses = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Asks anew from now on: a process died, and a write it began may take effect after it ceased to count. */
  forget(): void {
    this.#listed.clear();
    this.#versions = undefined;
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
    const versions = await this.#current();
    const same = await Promise.all(
      Object.entries<Glance>({ ...stores }).map(async ([name, store]) => {
        if (blind && name === 'identities') return true;
        const kind = OF_KINDS.get(name);
        if (kind) return alike(store, versions.get(kind.plural) ?? new Map());
        const resource = OF_OTHERS.get(name);
        if (!resource) throw new Error(`expected a resource for the store ${name}`);
        const objects = await this.list<KubeObject>(resource);
        return alike(store, versionsOf(name === 'configMaps' ? objects.filter(isOurs) : objects));
      }),
    );
    const all = same.every(Boolean);
    if (all) this.#reuses = 0;
    else if (++this.#reuses % MAX_REUSES === 0) this.forget();
    return all;
  }

  /** Of azid's kinds, all in one call; asked again after a write to one of them, as lists are. */
  #current(): ReturnType<Cluster['versions']> {
    const counts = [...OF_KINDS.values()].map(({ plural }) => this.#cluster.writes.get(plural));
    const sum = (key: 'ended' | 'under') => counts.reduce((total, count) => total + (count?.[key] ?? 0), 0);
    if (sum('under') > 0) return this.#cluster.versions();
    const ended = sum('ended');
    if (this.#versions?.ended !== ended) this.#versions = { ended, byPlural: this.#cluster.versions() };
    return this.#versions.byPlural;
  }
}

function isOurs({ metadata }: KubeObject): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;
}

function versionsOf(objects: readonly KubeObject[]): ReadonlyMap<string, string> {
  return new Map(objects.map((object) => [keyOf(object), object.metadata.resourceVersion ?? '']));
}

function alike(store: Glance, versions: ReadonlyMap<string, string>): boolean {
  if (store.size !== versions.size) return false;
  for (const [key, version] of versions)
    if (store.get(key)?.metadata.resourceVersion !== version) return false;
  return true;
}
