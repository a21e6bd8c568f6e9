import type { ManagedObject } from '../../api/schema/common.ts';
import type { AzureCaches } from '../../cache/caches.ts';
import { parsePart } from '../../hints/activity/call.ts';
import type { HintSink } from '../../hints/hint.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { KindDefinition } from '../../reconcilers/definition.ts';
import { INDEX, type Stores, storeOf } from '../../reconcilers/stores.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { areaOfOwned } from '../azure/owned-areas.ts';
import type { KindShard } from './shard.ts';

interface ForeignObjectsParts {
  readonly kinds: readonly KindDefinition[];
  readonly stores: Stores;
  readonly of: (kind: KindDefinition) => Pick<KindShard, 'isMine' | 'released' | 'taken'>;
  readonly caches: {
    readonly [cache in 'identities' | 'hosts']: Pick<AzureCaches[cache], 'use'>;
  };
  /** Into the caches, and nowhere else. */
  readonly hints: HintSink;
  readonly clock: Pick<Clock, 'now'>;
}

type WithPrincipal = ManagedObject & { readonly status?: { readonly principalId?: string } };

/**
 * What other shards have in Azure, as far as this one has to know it: whose principal is whose, since their claims and equal grants count
 * here, too. Their writes are not in this process's caches, so what their objects say is a hint, as Azure's events are: it is read.
 */
export class ForeignObjects implements Disposable {
  readonly #parts: ForeignObjectsParts;
  readonly #cleanup = new DisposableStack();

  constructor(parts: ForeignObjectsParts) {
    this.#parts = parts;
    for (const kind of parts.kinds) {
      const { ownedInAzure } = kind;
      if (!ownedInAzure) continue;
      const store = storeOf(kind, parts.stores);
      const { isMine, released, taken } = parts.of(kind);
      const use = (key: ObjectKey) => {
        const object = store.get(key);
        this.#use(kind, key, object && !isMine(key) ? object : undefined);
      };
      for (const key of store.keys()) use(key);
      const all = (namespace: string) => {
        for (const key of store.keysByIndex(INDEX.namespace, namespace)) use(key);
      };
      this.#cleanup.use(released.onChange(all));
      this.#cleanup.use(taken.onChange(all));
      this.#cleanup.use(
        store.onChange(({ key, old, new: now }) => {
          if (isMine(key)) return;
          const [before, after] = [thingsOf(kind, old), thingsOf(kind, now)];
          if (`${before}` === `${after}`) return;
          use(key);
          for (const id of new Set([...idsOf(kind, old), ...idsOf(kind, now)])) this.#hint(id);
        }),
      );
    }
  }

  [Symbol.dispose](): void {
    this.#cleanup.dispose();
  }

  #use(kind: KindDefinition, key: ObjectKey, object: ManagedObject | undefined): void {
    const { caches } = this.#parts;
    const areas = { identities: new Set<string>(), hosts: new Set<string>() };
    if (object && principalOf(object) !== undefined)
      for (const id of idsOf(kind, object)) {
        const found = areaOfOwned(id);
        if (found && found.cache !== 'assignments') areas[found.cache].add(found.area);
      }
    // No object of this process has such a key.
    const user = `other shard ${kind.name} ${key}`;
    caches.identities.use(user, [...areas.identities]);
    caches.hosts.use(user, [...areas.hosts]);
  }

  #hint(id: string): void {
    const { hints, clock } = this.#parts;
    hints.take({
      source: 'record',
      id,
      operation: 'write',
      change: 'write',
      result: 'Succeeded',
      at: clock.now(),
    });
  }
}

function principalOf(object: ManagedObject | undefined): string | undefined {
  return (object as WithPrincipal | undefined)?.status?.principalId;
}

function idsOf(kind: KindDefinition, object: ManagedObject | undefined): readonly string[] {
  const things = object ? (kind.ownedInAzure?.of(object) ?? []) : [];
  return things.map(({ key }) => parsePart(key)?.resource ?? key);
}

/** What of it can be read in Azure: ids, and the principal that one of them has. */
function thingsOf(kind: KindDefinition, object: ManagedObject | undefined): readonly string[] {
  return [...idsOf(kind, object), principalOf(object) ?? ''];
}

type Listed = {
  readonly [cache in 'identities' | 'assignments' | 'hosts']: Pick<AzureCaches[cache], 'inUse' | 'resyncNow'>;
};

/**
 * What the caches hold of where the objects of a namespace have something is older than what another shard, which had it until now, wrote
 * there. Areas that no object used are listed as soon as its objects use them.
 */
export function listAnew(
  namespace: string,
  kinds: readonly KindDefinition[],
  stores: Stores,
  caches: Listed,
): void {
  const areas = new Set<string>();
  for (const kind of kinds) {
    if (kind.sharded !== 'byNamespace') continue;
    for (const object of storeOf(kind, stores).byIndex(INDEX.namespace, namespace))
      for (const { key } of kind.ownedInAzure?.of(object) ?? []) {
        const found = areaOfOwned(parsePart(key)?.resource ?? key);
        if (!found || areas.has(`${found.cache} ${found.area}`)) continue;
        areas.add(`${found.cache} ${found.area}`);
        if (caches[found.cache].inUse.has(found.area)) caches[found.cache].resyncNow(found.area);
      }
  }
}
