import { HOME_SHARD } from '../../api/schema/shard.ts';
import type { Lease } from '../builtin.ts';
import { compareVersions } from '../informer/resource-version.ts';

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

/** Every Lease that an azid of this name may hold, whatever shards there are. */
export function isShardLease(name: string, leaseName: string): boolean {
  return name === leaseName || name.startsWith(`${leaseName}-`);
}

/** @param seen undefined: it has only begun, and has read nothing yet */
export function shardAnnotation(holder: string, shard: string, seen: string | undefined): string {
  return `${holder} ${shard} ${seen ?? '-'}`;
}

export interface ShardOnLease {
  readonly shard: string;
  readonly seen?: string;
}

/** Undefined: its holder did not write that; an azid without shards, or one that had the Lease before. */
export function shardOn({ metadata, spec }: Pick<Lease, 'metadata' | 'spec'>): ShardOnLease | undefined {
  const [holder, shard, seen] = (metadata.annotations?.[SHARD_ANNOTATION] ?? '').split(' ');
  if (!holder || holder !== spec?.holderIdentity || !shard) return undefined;
  return { shard, ...(seen !== undefined && /^\d+$/.test(seen) && { seen }) };
}

/** Whether whoever wrote it has let go of what a Namespace of this version gives to another shard. */
export function hasSeen(on: ShardOnLease | undefined, version: string): boolean {
  return on?.seen !== undefined && (compareVersions(on.seen, version) ?? -1) >= 0;
}
