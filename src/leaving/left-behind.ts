/**
 * What stays in Azure of an object whose finalizer goes before azid has cleaned up: recorded before that in a
 * ConfigMap of azid's own namespace, and reported to whoever asked for it (docs/guarantees.md G18).
 */
import { type ConfigMap, configMaps } from '../kube/builtin.ts';
import { isAlreadyExists, isNotFound } from '../kube/errors.ts';
import { keyOf } from '../kube/types.ts';
import { LEFT_BEHIND_CONFIG_MAP } from '../reconcilers/own-config-maps.ts';
import { timestamp } from '../runtime/status/conditions.ts';
import type { InstallationDeps } from './deps.ts';
import { inAzure } from './in-azure.ts';
import type { Found } from './objects.ts';

export interface LeftBehind {
  readonly kind: string;
  /** `namespace/name`. */
  readonly object: string;
  readonly uid: string;
  /** What it has in Azure by its status. */
  readonly azure: readonly string[];
  readonly why: string;
  /** RFC 3339. */
  readonly time: string;
}

/** A ConfigMap holds 1 MiB; an entry is a few hundred characters, of a host with many identities more. */
const MAX_BYTES = 700_000;

export function leftBehindOf(found: Found, why: string, now: number): LeftBehind {
  const { kind, object } = found;
  return {
    kind: kind.resource.kind,
    object: keyOf(object),
    uid: object.metadata.uid,
    azure: inAzure(found),
    why,
    time: timestamp(now),
  };
}

/** Entries by the uid of their object, so that an object that is written down twice has one. */
export async function writeDown(
  entries: readonly LeftBehind[],
  { client, namespace, signal }: Pick<InstallationDeps, 'client' | 'namespace' | 'signal'>,
): Promise<void> {
  let pending = Object.fromEntries(
    entries.filter(({ azure }) => azure.length > 0).map((entry) => [entry.uid, JSON.stringify(entry)]),
  );
  for (let shard = 0; Object.keys(pending).length > 0; shard++) {
    const name = shard === 0 ? LEFT_BEHIND_CONFIG_MAP : `${LEFT_BEHIND_CONFIG_MAP}-${shard}`;
    const key = `${namespace}/${name}`;
    let found: ConfigMap | undefined;
    try {
      found = await client.get(configMaps, key, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const { fits, rest } = split(found?.data ?? {}, pending);
    if (Object.keys(fits).length > 0) {
      const metadata = { namespace, name };
      if (found) await client.mergePatch(configMaps, key, { data: fits }, signal);
      else {
        try {
          await client.create(
            configMaps,
            { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: fits },
            signal,
          );
        } catch (error) {
          if (!isAlreadyExists(error)) throw error;
          await client.mergePatch(configMaps, key, { data: fits }, signal);
        }
      }
    }
    pending = rest;
  }
}

type Data = Readonly<Record<string, string>>;

/** Pure: what of it has room beside what is there; what stands there already needs none. An empty one takes at least one. */
export function split(held: Data, wanted: Data): { readonly fits: Data; readonly rest: Data } {
  let bytes = JSON.stringify(held).length;
  const fits: Record<string, string> = {};
  const rest: Record<string, string> = {};
  for (const [uid, text] of Object.entries(wanted)) {
    const isEmpty = Object.keys(held).length + Object.keys(fits).length === 0;
    if (uid in held) continue;
    if (isEmpty || bytes + text.length < MAX_BYTES) {
      fits[uid] = text;
      bytes += text.length;
    } else rest[uid] = text;
  }
  return { fits, rest };
}
