import { leases } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ObservedLease } from '../../kube/lease/lease-record.ts';
import { hasReleased, isShardLease, shardOn } from '../../kube/lease/shard-lease.ts';
import type { Clock } from '../../runtime/time/clock.ts';

interface OtherLeadersParts {
  readonly client: Pick<KubeClient, 'list'>;
  /** azid's own. */
  readonly namespace: string;
  /** Of the shard `default`. */
  readonly leaseName: string;
  /** The Lease of this process. */
  readonly ownLease: string;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** The Lease for which a namespace cannot be taken yet. */
export interface InTheWay {
  readonly lease: string;
  readonly holder: string;
  /** Its holder works without shards, and so on all namespaces. */
  readonly isWhole: boolean;
}

const DEFAULT_DURATION_MS = 15_000;

/**
 * The Leases of the other shards as last read, and for how long each was read unchanged: the times in a Lease are
 * another machine's. Nothing is concluded from one that cannot be read.
 */
export class OtherLeaders {
  readonly #parts: OtherLeadersParts;
  #observed = new Map<string, ObservedLease>();

  constructor(parts: OtherLeadersParts) {
    this.#parts = parts;
  }

  /** Reads them all. Throws a `KubeError`. */
  async read(signal: AbortSignal): Promise<void> {
    const { client, namespace, leaseName, ownLease, clock } = this.#parts;
    const { items } = await client.list(leases, { namespace }, signal);
    const observed = new Map<string, ObservedLease>();
    for (const lease of items) {
      const { name } = lease.metadata;
      if (name === ownLease || !isShardLease(name, leaseName)) continue;
      const known = this.#observed.get(name) ?? new ObservedLease();
      known.observe(lease, clock.monotonic(), DEFAULT_DURATION_MS);
      observed.set(name, known);
    }
    this.#observed = observed;
  }

  /**
   * Who may still work on a namespace that is ours since this version: as far as was read last, a holder that lives and has not released
   * it. One whose Lease ran out here, or that has given it back, does not begin anything any more, and the process that takes its place reads first.
   */
  inTheWay(namespace: string, since: string): InTheWay | undefined {
    for (const [name, { lease, holder }] of this.#living()) {
      const on = lease && shardOn(lease);
      if (!hasReleased(on, namespace, since)) return { lease: name, holder, isWhole: on === undefined };
    }
    return undefined;
  }

  /** The shards that have a living leader. */
  get atWork(): ReadonlySet<string> {
    return new Set(this.#living().flatMap(([, { lease }]) => (lease && shardOn(lease)?.shard) ?? []));
  }

  #living(): readonly (readonly [string, ObservedLease])[] {
    const now = this.#parts.clock.monotonic();
    return [...this.#observed].filter(([, each]) => each.heldByAnother('', now));
  }
}
