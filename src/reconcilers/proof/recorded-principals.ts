import { MANAGED_BY, MANAGED_BY_LABEL } from '../../api/schema/common.ts';
import { type ConfigMap, configMaps } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists, isNotFound, KubeError } from '../../kube/errors.ts';

/**
 * On which principal Azure showed the marks of which object, by uid: kept in ConfigMaps of azid's own namespace, where no
 * tenant writes, so that marks which somebody strips are put back by a process that never saw them. A record is made only of what
 * Azure itself shows, and a principal is never used twice (docs/design/2026-11-28-principals-on-record.md).
 */
export interface RecordedPrincipalParts {
  readonly client: Pick<KubeClient, 'list' | 'create' | 'mergePatch'>;
  /** azid's own. */
  readonly namespace: string;
  /** Records of another one, as a copy of a cluster has them, count for nothing. */
  readonly installationId: string;
}

export const RECORD_LABEL = 'azid.dev/record';
const PRINCIPALS = 'principals';
const NAME = 'azid-principals-';

export class RecordedPrincipals {
  readonly #parts: RecordedPrincipalParts;
  readonly #byUid = new Map<string, string>();
  /** Objects that are gone, by the shard whose next write forgets them; the next start finds the rest. */
  readonly #gone = new Map<string, Set<string>>();

  constructor(parts: RecordedPrincipalParts) {
    this.#parts = parts;
  }

  /** Reads all records. Those of objects that do not live any more are removed. */
  async load(lives: (uid: string) => boolean, signal: AbortSignal): Promise<void> {
    const { client, namespace, installationId } = this.#parts;
    const query = { namespace, labelSelector: `${RECORD_LABEL}=${PRINCIPALS}` };
    const { items } = await client.list(configMaps, query, signal);
    for (const { metadata, data = {} } of items) {
      const dead = Object.keys(data).filter((uid) => !lives(uid));
      for (const [uid, text] of Object.entries(data)) {
        const [principalId, installation] = text.split(' ');
        if (principalId && installation === installationId && lives(uid)) this.#byUid.set(uid, principalId);
      }
      if (dead.length > 0) await this.#removeNowOrLater(metadata.name, dead, signal);
    }
  }

  of(uid: string): string | undefined {
    return this.#byUid.get(uid);
  }

  async record(uid: string, principalId: string, signal: AbortSignal): Promise<void> {
    const { client, namespace, installationId } = this.#parts;
    const name = shardOf(uid);
    const entry = { [uid]: `${principalId} ${installationId}` };
    const gone = [...(this.#gone.get(name) ?? [])];
    try {
      await this.#patch(name, { ...nulls(gone), ...entry }, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const labels = { [MANAGED_BY_LABEL]: MANAGED_BY, [RECORD_LABEL]: PRINCIPALS };
      const metadata = { namespace, name, labels };
      try {
        await client.create(
          configMaps,
          { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: entry },
          signal,
        );
      } catch (raced) {
        // Another object of the shard was recorded at the same moment.
        if (!isAlreadyExists(raced)) throw raced;
        await this.#patch(name, entry, signal);
      }
    }
    for (const each of gone) this.#gone.get(name)?.delete(each);
    this.#byUid.set(uid, principalId);
  }

  /** The object is gone. */
  forget(uid: string): void {
    if (!this.#byUid.delete(uid)) return;
    const name = shardOf(uid);
    this.#gone.set(name, (this.#gone.get(name) ?? new Set()).add(uid));
  }

  /** That they cannot be removed is no reason not to begin to work: they go with the next write of the shard. */
  async #removeNowOrLater(name: string, dead: readonly string[], signal: AbortSignal): Promise<void> {
    try {
      await this.#patch(name, { ...nulls(dead) }, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KubeError)) throw error;
      this.#gone.set(name, new Set(dead));
    }
  }

  /** Of one key each, so that writes for several objects never overwrite one another. */
  #patch(
    name: string,
    data: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<ConfigMap> {
    return this.#parts.client.mergePatch(configMaps, `${this.#parts.namespace}/${name}`, { data }, signal);
  }
}

/** 16 of them, each far below what a ConfigMap may hold with 100,000 identities. */
function shardOf(uid: string): string {
  return `${NAME}${/[0-9a-f]/.exec(uid)?.[0] ?? '0'}`;
}

function nulls(keys: readonly string[]): Readonly<Record<string, null>> {
  return Object.fromEntries(keys.map((key) => [key, null]));
}
