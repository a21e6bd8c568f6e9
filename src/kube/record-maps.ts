import { type ConfigMap, configMaps } from './builtin.ts';
import type { KubeClient } from './client.ts';
import { isAlreadyExists, isNotFound, KubeError, type KubeErrorDetails } from './errors.ts';

interface RecordMapsParts {
  readonly client: Pick<KubeClient, 'create' | 'mergePatch'>;
  readonly namespace: string;
  /** Of each, by which the next start finds it. */
  readonly labels: Readonly<Record<string, string>>;
  /** In messages: `the record of which principal is whose`. */
  readonly about: string;
}

/** Null: the key is removed. */
export type RecordData = Readonly<Record<string, string | null>>;

/** ConfigMaps of azid's own in which it keeps records, key by key: writing them, one write of each after the other. */
export class RecordMaps {
  readonly #parts: RecordMapsParts;
  /** The end of what is under way at a ConfigMap: of two writes of one record the later one must arrive later. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: RecordMapsParts) {
    this.#parts = parts;
  }

  inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(work);
    this.#turns.set(
      name,
      turn.catch(() => {}),
    );
    return turn;
  }

  /** To be called in turn. @returns undefined: there is no such ConfigMap, and nothing was to be written but removals */
  async write(name: string, data: RecordData, signal: AbortSignal): Promise<ConfigMap | undefined> {
    try {
      return await this.#patch(name, data, signal);
    } catch (error) {
      if (!isNotFound(error)) throw this.#explained(error, name);
      const entries = Object.entries(data).filter((each): each is [string, string] => each[1] !== null);
      if (entries.length === 0) return undefined;
      return await this.#create(name, Object.fromEntries(entries), data, signal);
    }
  }

  async #create(
    name: string,
    entries: Readonly<Record<string, string>>,
    data: RecordData,
    signal: AbortSignal,
  ): Promise<ConfigMap> {
    const { client, namespace, labels } = this.#parts;
    const metadata = { namespace, name, labels };
    const draft = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: entries };
    try {
      return await client.create(configMaps, draft, signal);
    } catch (error) {
      if (!isAlreadyExists(error)) throw this.#explained(error, name);
      // Another process made it meanwhile.
      return await this.#patch(name, data, signal);
    }
  }

  /**
   * Of single keys, so that nothing else in it is overwritten. Also if a user made the ConfigMap, it is azid's record from then on: the
   * next start finds it, and it goes with no object.
   */
  #patch(name: string, data: RecordData, signal: AbortSignal): Promise<ConfigMap> {
    const body = { metadata: { labels: this.#parts.labels, ownerReferences: null }, data };
    return this.#parts.client.mergePatch(configMaps, this.#keyOf(name), body, signal);
  }

  #keyOf(name: string): string {
    return `${this.#parts.namespace}/${name}`;
  }

  /** What was to be written, and the way out: the object that the record is about says so (docs/conditions.md). */
  #explained(error: unknown, name: string): unknown {
    if (!(error instanceof KubeError)) return error;
    const { status, reason, retryAfterMs, causes } = error;
    const message = `ConfigMap ${this.#keyOf(name)}, ${this.#parts.about}, cannot be written: ${error.message}; azid needs get, list, create and patch of configmaps in its own namespace (deploy/kustomize/base/rbac.yaml)`;
    // A missing namespace is no missing object.
    const details = {
      status,
      reason: reason === 'NotFound' ? 'NamespaceNotFound' : reason,
      retryAfterMs,
      causes,
    };
    return new KubeError(message, { ...details, cause: error } as KubeErrorDetails);
  }
}
