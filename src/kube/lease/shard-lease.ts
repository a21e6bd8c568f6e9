import { HOME_SHARD } from '../../api/schema/shard.ts';
import type { Lease } from '../builtin.ts';
import { compareVersions } from '../types.ts';

/**
 * What the Lease of a shard says besides who leads: for which shard its holder works, and up to which version of the Namespaces it has let
 * go of all that are not its own. Who leads another shard begins with a namespace only when it reads that there
 * (docs/design/2026-11-29-sharding.md).
 */
export const SHARD_ANNOTATION = 'azid.dev/shard';

/** The shard `default` has the Lease of an azid without shards: the two never work at the same time. */
export function shardLeaseName(leaseName: string, shard: string): string {
  return shard === HOME_SHARD ? leaseName : `${leaseName}-${shard}`;
}

/** Every Lease that an azid of this name may hold, of any shard. */
export function isShardLease(name: string, leaseName: string): boolean {
  return name === leaseName || name.startsWith(`${leaseName}-`);
}

/** Up to which version of the Namespaces the holder of a Lease has released all that are not its own. */
export interface SeenNamespaces {
  /** '': none yet. */
  readonly version: string;
  /** Of this newer version, too, but for these: something of each still runs. */
  readonly but?: { readonly version: string; readonly releasing: readonly string[] };
}

interface ShardOnLease {
  readonly shard: string;
  /** Absent: it has only begun, and has read nothing yet. */
  readonly seen?: SeenNamespaces;
}

/** More are not named: until they are fewer, `version` alone counts. A name has up to 63 characters, and a Lease is written every 2 s. */
const MOST_NAMED = 50;

/**
 * `HOLDER SHARD VERSION`, and while something runs that is another shard's `HOLDER SHARD VERSION VERSION NAMESPACE,…`: an
 * earlier azid reads the first three alone, and waits until nothing does.
 * @param seen undefined: it has only begun, and has read nothing yet
 */
export function shardAnnotation(holder: string, shard: string, seen: SeenNamespaces | undefined): string {
  const { version, but } = seen ?? { version: '' };
  const words = [holder, shard, version || '-'];
  if (but && but.version !== '' && but.releasing.length <= MOST_NAMED)
    words.push(but.version, but.releasing.join(','));
  return words.join(' ');
}

/** Undefined: its holder did not write that; an azid without shards, or one that had the Lease before. */
export function shardOn({ metadata, spec }: Pick<Lease, 'metadata' | 'spec'>): ShardOnLease | undefined {
  const words = (metadata.annotations?.[SHARD_ANNOTATION] ?? '').split(' ');
  const [holder, shard, version = '', newer = '', releasing = ''] = words;
  if (!holder || holder !== spec?.holderIdentity || !shard) return undefined;
  const but = isVersion(newer) && releasing !== '' && { version: newer, releasing: releasing.split(',') };
  if (!isVersion(version) && !but) return { shard };
  return { shard, seen: { version: isVersion(version) ? version : '', ...(but && { but }) } };
}

/** Whether the holder that wrote it has released this Namespace, if it is another shard's in this version. */
export function hasReleased(on: ShardOnLease | undefined, namespace: string, version: string): boolean {
  if (!on?.seen) return false;
  const { version: all, but } = on.seen;
  // In any version: something of it runs there.
  if (but?.releasing.includes(namespace)) return false;
  return isUpTo(all, version) || (but !== undefined && isUpTo(but.version, version));
}

const isVersion = (word: string) => /^\d+$/.test(word);

const isUpTo = (seen: string, version: string) => (compareVersions(seen, version) ?? -1) >= 0;
