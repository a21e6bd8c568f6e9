import { type ConfigMap, configMaps } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists, isNotFound, KubeError, type KubeErrorDetails } from '../../kube/errors.ts';

/** The ConfigMaps of `RetainedRecords`: reading and writing, and no more. */
export interface RetainedMapsParts {
  readonly client: Pick<KubeClient, 'list' | 'create' | 'mergePatch'>;
  /** azid's own. */
  readonly namespace: string;
  /** Of the ConfigMaps, by which others know them as azid's. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of the index; a dash and a hexadecimal digit follow for the others. */
  readonly name: string;
}

type Data = Readonly<Record<string, string>>;

const NAMED = 'map-';
const SHARD = /^map-(.+)$/;
const UID = 'uid';

export class RetainedMaps {
  readonly #parts: RetainedMapsParts;
  /** The end of what is under way at a ConfigMap: of two writes of one entry the later one must arrive later. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #index: Data = {};

  constructor(parts: RetainedMapsParts) {
    this.#parts = parts;
  }

  /** `isOriginal`: all that the index names is there, and it is the object that azid made, no copy of it that a restore brought. */
  async load(
    signal: AbortSignal,
  ): Promise<{ readonly index: Data; readonly entries: Data; readonly isOriginal: boolean }> {
    const { client, name } = this.#parts;
    const { items } = await client.list(configMaps, this.#query, signal);
    const found = items.find(({ metadata }) => metadata.name === name);
    const index = found?.data ?? {};
    const entries = Object.assign(
      {},
      // A copy under another name, as a restore may leave it, is not what azid keeps up to date.
      ...items.map(({ metadata, data = {} }) =>
        Object.fromEntries(Object.entries(data).filter(([key]) => this.#shardOf(key) === metadata.name)),
      ),
    ) as Data;
    this.#index = index;
    const there = new Set(items.map(({ metadata }) => metadata.name));
    const isWhole = Object.keys(index).every((key) => there.has(SHARD.exec(key)?.[1] ?? name));
    return {
      index,
      entries,
      isOriginal: found !== undefined && index[UID] === found.metadata.uid && isWhole,
    };
  }

  /** Null: the entry is removed. */
  async write(entries: ReadonlyMap<string, string | null>, signal: AbortSignal): Promise<void> {
    const shards = new Map<string, Record<string, string | null>>();
    for (const [key, value] of entries) {
      const name = this.#shardOf(key);
      shards.set(name, { ...shards.get(name), [key]: value });
    }
    for (const [name, data] of shards) {
      // Named first: one that is named and missing was lost.
      if (!this.#index[`${NAMED}${name}`] && Object.values(data).some((value) => value !== null))
        await this.writeIndex({ [`${NAMED}${name}`]: 'true' }, signal);
      await this.#inTurn(name, () => this.#send(name, data, signal));
    }
  }

  /** Of single keys. */
  async writeIndex(
    data: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<ConfigMap | undefined> {
    const { name } = this.#parts;
    const written = await this.#inTurn(name, () => this.#send(name, data, signal));
    if (written) this.#index = written.data ?? {};
    return written;
  }

  /** An index that says this, and which ConfigMaps there are; it names itself last, so that one half made is no original. */
  async restart(data: Data, signal: AbortSignal): Promise<void> {
    const others = Object.keys(this.#index).filter((key) => !SHARD.test(key) && !(key in data));
    const cleared = Object.fromEntries([...others, UID].map((key) => [key, null]));
    const { items } = await this.#parts.client.list(configMaps, this.#query, signal);
    const named = items.filter(({ metadata }) => metadata.name.startsWith(`${this.#parts.name}-`));
    const maps = Object.fromEntries(named.map(({ metadata }) => [`${NAMED}${metadata.name}`, 'true']));
    const missing = Object.keys(this.#index).filter((key) => SHARD.test(key) && !(key in maps));
    const gone = Object.fromEntries(missing.map((key) => [key, null]));
    const written = await this.writeIndex({ ...cleared, ...gone, ...maps, ...data }, signal);
    if (written) await this.writeIndex({ [UID]: written.metadata.uid }, signal);
  }

  get #query() {
    const { namespace, labels } = this.#parts;
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    return { namespace, labelSelector };
  }

  async #send(
    name: string,
    data: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<ConfigMap | undefined> {
    try {
      return await this.#patch(name, data, signal);
    } catch (error) {
      if (!isNotFound(error)) throw explained(error, this.#keyOf(name));
      const entry = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null)) as Data;
      // There is no ConfigMap: nothing to remove.
      return Object.keys(entry).length > 0 ? await this.#create(name, entry, signal) : undefined;
    }
  }

  async #create(name: string, data: Data, signal: AbortSignal): Promise<ConfigMap> {
    const { client, namespace, labels } = this.#parts;
    const draft = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name, labels }, data };
    try {
      return await client.create(configMaps, draft, signal);
    } catch (error) {
      if (!isAlreadyExists(error)) throw explained(error, this.#keyOf(name));
      // Somebody else made it meanwhile.
      return await this.#patch(name, data, signal);
    }
  }

  /** Of single keys, so that nothing else in it is overwritten; whoever made it, the next start finds it. */
  #patch(
    name: string,
    data: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<ConfigMap> {
    const body = { metadata: { labels: this.#parts.labels, ownerReferences: null }, data };
    return this.#parts.client.mergePatch(configMaps, this.#keyOf(name), body, signal);
  }

  async #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(work);
    this.#turns.set(
      name,
      turn.catch(() => {}),
    );
    return turn;
  }

  /** 16 of them: each takes some 3,000 entries. */
  #shardOf(key: string): string {
    return `${this.#parts.name}-${/^[0-9a-f]/.exec(key)?.[0] ?? '0'}`;
  }

  #keyOf(name: string): string {
    return `${this.#parts.namespace}/${name}`;
  }
}

/** What was to be written, and the way out: the object that leaves something behind says so (docs/conditions.md). */
function explained(error: unknown, key: string): unknown {
  if (!(error instanceof KubeError)) return error;
  const { status, reason, retryAfterMs, causes } = error;
  const message = `ConfigMap ${key}, the record of what deletionPolicy Retain leaves in Azure, cannot be written: ${error.message}; azid needs get, list, create and patch of configmaps in its own namespace (deploy/rbac.yaml)`;
  const details = {
    status,
    reason: reason === 'NotFound' ? 'NamespaceNotFound' : reason,
    retryAfterMs,
    causes,
  };
  return new KubeError(message, { ...details, cause: error } as KubeErrorDetails);
}
