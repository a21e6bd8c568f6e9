import { MANAGED_BY, MANAGED_BY_LABEL } from '../../api/schema/common.ts';
import { configMaps } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import { RecordMaps } from '../../kube/record-maps.ts';
import { PRINCIPALS_CONFIG_MAP } from '../own-config-maps.ts';

/** Principals by the uid of their object, in ConfigMaps of azid's own namespace: reading and writing, and no more. */
export interface PrincipalRecordsParts {
  readonly client: Pick<KubeClient, 'list' | 'create' | 'mergePatch'>;
  /** azid's own. */
  readonly namespace: string;
  /** Records of another one, as a copy of a cluster has them, count for nothing. */
  readonly installationId: string;
  /** Other processes record as well: what is of none of the objects that this one knows may be of one that it has yet to see. */
  readonly shared?: boolean;
}

export const RECORD_LABEL = 'azid.dev/record';
const PRINCIPALS = 'principals';
const LABELS = { [MANAGED_BY_LABEL]: MANAGED_BY, [RECORD_LABEL]: PRINCIPALS };

export class PrincipalRecords {
  readonly #parts: PrincipalRecordsParts;
  readonly #maps: RecordMaps;
  /** Removals that are still to be made, by ConfigMap: the next write to it takes them along. */
  readonly #owed = new Map<string, Set<string>>();

  constructor(parts: PrincipalRecordsParts) {
    this.#parts = parts;
    const { client, namespace } = parts;
    const about = 'the record of which principal is whose';
    this.#maps = new RecordMaps({ client, namespace, labels: LABELS, about });
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
        if (!lives(uid)) {
          if (!this.#parts.shared) this.owe(uid);
        } else if (principalId && installation === installationId) found.set(uid, principalId);
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
    return this.#maps.inTurn(name, () => {
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

  /** Another process has the object, and what stands there by now is its. */
  disown(uid: string): void {
    this.#owedOf(shardOf(uid)).delete(uid);
  }

  async #send(name: string, entry: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const owed = this.#owedOf(name);
    const removed = [...owed].filter((uid) => !(uid in entry));
    const data = { ...Object.fromEntries(removed.map((uid) => [uid, null])), ...entry };
    await this.#maps.write(name, data, signal);
    // Not those that came meanwhile.
    for (const uid of removed) owed.delete(uid);
  }

  /** That they cannot be removed is no reason not to begin to work. */
  async #removeNowOrLater(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#maps.inTurn(name, () => this.#send(name, {}, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KubeError)) throw error;
    }
  }

  #owedOf(name: string): Set<string> {
    const owed = this.#owed.get(name) ?? new Set();
    this.#owed.set(name, owed);
    return owed;
  }
}

/** 16 of them, each far below what a ConfigMap may hold with 100,000 identities. */
function shardOf(uid: string): string {
  return `${PRINCIPALS_CONFIG_MAP}${/[0-9a-f]/.exec(uid)?.[0] ?? '0'}`;
}
