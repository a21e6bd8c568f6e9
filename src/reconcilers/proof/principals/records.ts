import { MANAGED_BY, MANAGED_BY_LABEL } from '../../../api/schema/common.ts';
import { type ConfigMap, configMaps } from '../../../kube/builtin.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { isAlreadyExists, isNotFound, KubeError, type KubeErrorDetails } from '../../../kube/errors.ts';
import { PRINCIPALS_CONFIG_MAP } from '../../own-config-maps.ts';

/** Principals by the uid of their object, in ConfigMaps of azid's own namespace: reading and writing, and no more. */
export interface PrincipalRecordsParts {
  readonly client: Pick<KubeClient, 'list' | 'create' | 'mergePatch'>;
  /** azid's own. */
  readonly namespace: string;
  /** Records of another one, as a copy of a cluster has them, count for nothing. */
  readonly installationId: string;
}

export const RECORD_LABEL = 'azid.dev/record';
const PRINCIPALS = 'principals';
const LABELS = { [MANAGED_BY_LABEL]: MANAGED_BY, [RECORD_LABEL]: PRINCIPALS };

type Data = Readonly<Record<string, string | null>>;

export class PrincipalRecords {
  readonly #parts: PrincipalRecordsParts;
  /** Removals that are still to be made, by ConfigMap: whatever is written to it next takes them along. */
  readonly #owed = new Map<string, Set<string>>();
  /** The end of what is under way at a ConfigMap: of two writes of one record the later one must arrive later. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: PrincipalRecordsParts) {
    this.#parts = parts;
  }

  /** All that are this installation's. Those of objects that do not live any more are removed. */
  async load(lives: (uid: string) => boolean, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const { client, namespace, installationId } = this.#parts;
    const query = { namespace, labelSelector: `${RECORD_LABEL}=${PRINCIPALS}` };
    const { items } = await client.list(configMaps, query, signal);
    const found = new Map<string, string>();
    for (const { metadata, data = {} } of items) {
      // A copy under another name, as a restore may leave it, is not what azid keeps up to date.
      const own = Object.entries(data).filter(([uid]) => shardOf(uid) === metadata.name);
      for (const [uid, text] of own) {
        const [principalId, installation] = text.split(' ');
        if (!lives(uid)) this.owe(uid);
        else if (principalId && installation === installationId) found.set(uid, principalId);
      }
      if (this.#owedOf(metadata.name).size > 0) await this.#removeNowOrLater(metadata.name, signal);
    }
    return found;
  }

  /** @param principalId undefined: the record is removed. A removal that fails is made up for by the next write. */
  write(uid: string, principalId: string | undefined, signal: AbortSignal): Promise<void> {
    const name = shardOf(uid);
    // What is owed from now on, as the object goes, is owed after this.
    this.#owedOf(name).delete(uid);
    return this.#inTurn(name, () => {
      signal.throwIfAborted();
      if (principalId === undefined) this.owe(uid);
      const entry = principalId !== undefined && { [uid]: `${principalId} ${this.#parts.installationId}` };
      return this.#send(name, entry || {}, signal);
    });
  }

  /** It is removed with the next write of its ConfigMap, or at the next start. */
  owe(uid: string): void {
    this.#owedOf(shardOf(uid)).add(uid);
  }

  async #send(name: string, entry: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const owed = this.#owedOf(name);
    const removed = [...owed].filter((uid) => !(uid in entry));
    const data = { ...Object.fromEntries(removed.map((uid) => [uid, null])), ...entry };
    try {
      await this.#patch(name, data, signal);
    } catch (error) {
      if (!isNotFound(error)) throw explained(error, this.#keyOf(name));
      // There is no ConfigMap: nothing to remove.
      if (Object.keys(entry).length > 0) await this.#create(name, entry, data, signal);
    }
    // Not those that came meanwhile.
    for (const uid of removed) owed.delete(uid);
  }

  async #create(
    name: string,
    entry: Readonly<Record<string, string>>,
    data: Data,
    signal: AbortSignal,
  ): Promise<void> {
    const metadata = { namespace: this.#parts.namespace, name, labels: LABELS };
    const draft = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: entry };
    try {
      await this.#parts.client.create(configMaps, draft, signal);
    } catch (error) {
      if (!isAlreadyExists(error)) throw explained(error, this.#keyOf(name));
      // Somebody else made it meanwhile.
      await this.#patch(name, data, signal);
    }
  }

  /**
   * Of single keys, so that nothing else in it is overwritten. Whoever made the ConfigMap, it is azid's record from then on: the
   * next start finds it, and it goes with no object.
   */
  #patch(name: string, data: Data, signal: AbortSignal): Promise<ConfigMap> {
    const body = { metadata: { labels: LABELS, ownerReferences: null }, data };
    return this.#parts.client.mergePatch(configMaps, this.#keyOf(name), body, signal);
  }

  /** That they cannot be removed is no reason not to begin to work. */
  async #removeNowOrLater(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#inTurn(name, () => this.#send(name, {}, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KubeError)) throw error;
    }
  }

  #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(work);
    this.#turns.set(
      name,
      turn.catch(() => {}),
    );
    return turn;
  }

  #owedOf(name: string): Set<string> {
    const owed = this.#owed.get(name) ?? new Set();
    this.#owed.set(name, owed);
    return owed;
  }

  #keyOf(name: string): string {
    return `${this.#parts.namespace}/${name}`;
  }
}

/** 16 of them, each far below what a ConfigMap may hold with 100,000 identities. */
function shardOf(uid: string): string {
  return `${PRINCIPALS_CONFIG_MAP}${/[0-9a-f]/.exec(uid)?.[0] ?? '0'}`;
}

/** What was to be written, and the way out: the object whose principal it was says so (docs/conditions.md). */
function explained(error: unknown, key: string): unknown {
  if (!(error instanceof KubeError)) return error;
  const { status, reason, retryAfterMs, causes } = error;
  const message = `ConfigMap ${key}, the record of which principal is whose, cannot be written: ${error.message}; azid needs get, list, create and patch of configmaps in its own namespace (deploy/rbac.yaml)`;
  // A missing namespace is no missing object.
  const details = {
    status,
    reason: reason === 'NotFound' ? 'NamespaceNotFound' : reason,
    retryAfterMs,
    causes,
  };
  return new KubeError(message, { ...details, cause: error } as KubeErrorDetails);
}
