import { HOME_SHARD, shardNamed } from '../../api/schema/shard.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import { shardLeaseName } from '../../kube/lease/shard-lease.ts';
import type { ShardMetrics } from '../../observability/metrics/kube-series.ts';
import type { Stores } from '../../reconcilers/stores.ts';
import { sleep } from '../../runtime/time/clock.ts';
import type { OperatorOptions } from '../options.ts';
import { OtherLeaders } from './other-leaders.ts';
import type { Shard } from './shard.ts';

interface ShardReportParts {
  readonly shard: Pick<Shard, 'isHome' | 'namespaces' | 'waiting' | 'releasing'>;
  readonly options: Pick<OperatorOptions, 'clock' | 'log' | 'namespace' | 'shard'>;
  readonly client: Pick<KubeClient, 'list'>;
  readonly stores: Pick<Stores, 'namespaces'>;
  readonly metrics: ShardMetrics;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const EVERY_MS = 15_000;

/**
 * Reports in metrics how many namespaces of this shard are in which state and, from the shard `default`, those of shards without a leader: a label
 * may be mistyped, or its shard may be down.
 */
export function reportShards(parts: ShardReportParts): Disposable {
  const { shard, options, metrics } = parts;
  let unserved: ReadonlyMap<string, readonly string[]> = new Map();
  metrics.of(() =>
    options.shard
      ? {
          shard: options.shard.name,
          working: shard.namespaces.length,
          waiting: shard.waiting,
          releasing: shard.releasing,
          unserved: new Map([...unserved].map(([name, { length }]) => [name, length])),
        }
      : undefined,
  );
  if (shard.isHome)
    void follow(parts, (found) => {
      unserved = found;
    });
  return {
    [Symbol.dispose]: () => {
      metrics.of(() => undefined);
    },
  };
}

async function follow(
  parts: ShardReportParts,
  found: (unserved: ReadonlyMap<string, readonly string[]>) => void,
): Promise<void> {
  const { options, client, stores, signal } = parts;
  const { clock, log, namespace, shard } = options;
  if (!shard) return;
  const { leaseName } = shard;
  const ownLease = shardLeaseName(leaseName, shard.name);
  const others = new OtherLeaders({ client, namespace, leaseName, ownLease, clock });
  let reported = '';
  while (!signal.aborted) {
    try {
      await others.read(signal);
      const unserved = unservedOf(stores, others.atWork);
      found(unserved);
      const text = JSON.stringify([...unserved]);
      if (text !== reported)
        for (const [shard, names] of unserved)
          log.warn(
            { shard, namespaces: names.slice(0, 20), count: names.length },
            'nobody works for the shard that the label azid.dev/shard of these namespaces names',
          );
      reported = text;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof KubeError)) throw error;
      log.debug({ error }, 'who works for the other shards is not known');
    }
    await sleep(clock, EVERY_MS, signal).catch(() => {});
  }
}

/** Pure. The namespaces of each shard that has no leader. */
function unservedOf(
  { namespaces }: { readonly namespaces: Pick<Stores['namespaces'], 'values'> },
  atWork: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const lost = namespaces.values().filter((each) => {
    const shard = shardNamed(each);
    return shard !== HOME_SHARD && !atWork.has(shard);
  });
  const byShard = Map.groupBy(lost, shardNamed);
  return new Map(
    [...byShard].map(([shard, of]) => [shard, of.map(({ metadata }) => metadata.name).toSorted()]),
  );
}
