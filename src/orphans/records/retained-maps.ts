import { type ConfigMap, configMaps } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type RecordData, RecordMaps } from '../../kube/record-maps.ts';

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

interface Batch {
  readonly data: Record<string, string | null>;
  readonly written: Promise<void>;
  /** Of the caller that began it. */
  readonly signal: AbortSignal;
}

const NAMED = 'map-';
const SHARD = /^map-(.+)$/;
const UID = 'uid';

export class RetainedMaps {
  readonly #parts: RetainedMapsParts;
  readonly #maps: RecordMaps;
  #index: Data = {};
  /** What the next write of each is to hold. */
  readonly #waiting = new Map<string, Batch>();

  constructor(parts: RetainedMapsParts) {
    this.#parts = parts;
    const about = 'the record of what deletionPolicy Retain leaves in Azure';
    this.#maps = new RecordMaps({ ...parts, about });
  }

  /** `isOriginal`: all that the index names is there, and it is the object that azid made, no copy of it that a restore brought. */
  async load(
    signal: AbortSignal,
  ): Promise<{ readonly index: Data; readonly entries: Data; readonly isOriginal: boolean }> {
    const { name } = this.#parts;
    const { found, names, entries } = await this.list(signal);
    const index = found?.data ?? {};
    this.#index = index;
    const isWhole = Object.keys(index).every((key) => names.has(SHARD.exec(key)?.[1] ?? name));
    return {
      index,
      entries,
      isOriginal: found !== undefined && index[UID] === found.metadata.uid && isWhole,
    };
  }

  /** As they are stored now. */
  async list(signal: AbortSignal) {
    const { client, name } = this.#parts;
    const { items } = await client.list(configMaps, this.#query, signal);
    const entries = Object.assign(
      {},
      // A copy under another name, as a restore may leave it, is not what azid keeps up to date.
      ...items.map(({ metadata, data = {} }) =>
        Object.fromEntries(Object.entries(data).filter(([key]) => this.#shardOf(key) === metadata.name)),
      ),
    ) as Data;
    const names = new Set(items.map(({ metadata }) => metadata.name));
    return { found: items.find(({ metadata }) => metadata.name === name), names, entries };
  }

  /**
   * Null: the entry is removed. Entries that come while a write of the same ConfigMap is under way are written together by the next one:
   * a thousand objects that are declared at once cost some dozens of writes.
   */
  async write(entries: ReadonlyMap<string, string | null>, signal: AbortSignal): Promise<void> {
    const shards = Map.groupBy(entries, ([key]) => this.#shardOf(key));
    await Promise.all([...shards].map(([name, each]) => this.#writeShard(name, each, signal)));
  }

  async #writeShard(
    name: string,
    entries: readonly (readonly [string, string | null])[],
    signal: AbortSignal,
  ): Promise<void> {
    const batch = this.#waiting.get(name) ?? this.#begin(name, signal);
    // Of one entry the later write counts.
    for (const [key, value] of entries) batch.data[key] = value;
    try {
      await batch.written;
    } catch (error) {
      // The caller that began it was aborted; this one was not.
      if (batch.signal === signal || !batch.signal.aborted) throw error;
      signal.throwIfAborted();
      await this.#writeShard(name, entries, signal);
    }
  }

  #begin(name: string, signal: AbortSignal): Batch {
    const data: Record<string, string | null> = {};
    const written = this.#maps.inTurn(name, async () => {
      this.#waiting.delete(name);
      // Named first: one that is named and missing was lost.
      if (!this.#index[`${NAMED}${name}`] && Object.values(data).some((value) => value !== null))
        await this.writeIndex({ [`${NAMED}${name}`]: 'true' }, signal);
      await this.#maps.write(name, data, signal);
    });
    const batch = { data, written, signal };
    this.#waiting.set(name, batch);
    return batch;
  }

  /** Of single keys. */
  async writeIndex(data: RecordData, signal: AbortSignal): Promise<ConfigMap | undefined> {
    const { name } = this.#parts;
    const written = await this.#maps.inTurn(name, () => this.#maps.write(name, data, signal));
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

  /** 16 of them: each takes some 3,000 entries. */
  #shardOf(key: string): string {
    return `${this.#parts.name}-${/^[0-9a-f]/.exec(key)?.[0] ?? '0'}`;
  }
}
