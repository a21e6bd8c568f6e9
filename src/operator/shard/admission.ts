import { shardNamed } from '../../api/schema/shard.ts';
import { namespaces } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import { isOlder } from '../../kube/types.ts';
import type { Log } from '../../runtime/log.ts';
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import type { Membership } from './membership.ts';
import type { InTheWay, OtherLeaders } from './other-leaders.ts';

export interface AdmissionParts {
  readonly shard: string;
  readonly membership: Pick<Membership, 'wanted' | 'isWanted' | 'take'>;
  readonly others: Pick<OtherLeaders, 'read' | 'inTheWay'>;
  readonly client: Pick<KubeClient, 'list'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Reads what the shard that had them before has left on record. Throws a `KubeError`. */
  readonly prepare: (names: readonly string[]) => Promise<void>;
  readonly onTaken: (names: readonly string[]) => void;
}

interface Versions {
  readonly since: string;
  readonly stored: string;
}

/** A leader writes with each renewal, every 2 s, up to which version it has read the Namespaces. */
const AGAIN_MS = 1_000;
const REPORTED_AGAIN_MS = 60_000;

/**
 * Begins with the namespaces of this shard, each when no other process can work on it any more. Read in this order, so that no step rests on
 * what is older than the one before: the version since when a namespace is ours; the Leases, whose holders must have released it as of that
 * version; the Namespaces as they are stored, which must still have our label. Whether they had it all the time since shows when the own
 * watch has come as far: after another label in between, the shard that it named may work on it. As far as was stored when all this was read first:
 * a watch may always be behind what is patched all the time.
 */
export class Admission {
  readonly #parts: AdmissionParts;
  #running: Promise<void> | undefined;
  /** Of each that was free: as it was stored when that was read first. */
  #stored = new Map<string, Versions>();
  /** When each Lease in the way was reported last. */
  readonly #reported = new Map<string, number>();

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Something is wanted. */
  begin(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { membership, signal } = this.#parts;
    // Only once the caller has returned: it may add more namespaces, or still be in its constructor.
    await Promise.resolve();
    try {
      while (!signal.aborted && membership.wanted.size > 0) await this.#try();
    } finally {
      // Before anything else can run: a `begin` after the last check must start anew.
      this.#running = undefined;
    }
  }

  async #try(): Promise<void> {
    const { membership, clock, log, signal } = this.#parts;
    try {
      await this.#admit(membership.wanted);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof KubeError)) throw error;
      log.warn({ error }, 'whether the namespaces of this shard are free is not known yet');
    }
    if (membership.wanted.size > 0) await sleep(clock, AGAIN_MS, signal).catch(() => {});
  }

  async #admit(wanted: ReadonlyMap<string, string>): Promise<void> {
    const { shard, membership, others, client, signal, prepare, onTaken, log } = this.#parts;
    await others.read(signal);
    const free: string[] = [];
    for (const [name, since] of wanted) {
      const inTheWay = others.inTheWay(name, since);
      if (inTheWay) this.#report(name, inTheWay);
      else free.push(name);
    }
    if (free.length === 0) return;
    const { items } = await client.list(namespaces, {}, signal);
    const stored = new Map(items.map((each) => [each.metadata.name, each]));
    const found = free.flatMap((name) => {
      const [since, now] = [wanted.get(name), stored.get(name)];
      if (since === undefined || !now || shardNamed(now) !== shard) return [];
      return [{ name, versions: firstOf(this.#stored.get(name), since, now.metadata.resourceVersion) }];
    });
    this.#stored = new Map(found.map(({ name, versions }) => [name, versions]));
    const ours = found.filter(({ name, versions }) =>
      membership.isWanted(name, versions.since, versions.stored),
    );
    if (ours.length === 0) return;
    await prepare(ours.map(({ name }) => name));
    const taken = ours.flatMap(({ name, versions }) =>
      membership.take(name, versions.since, versions.stored) ? name : [],
    );
    if (taken.length === 0) return;
    log.info(
      { shard, namespaces: taken.slice(0, 20), count: taken.length },
      'works on namespaces of its shard',
    );
    onTaken(taken);
  }

  /** The same report is logged once a minute at most. */
  #report(namespace: string, { lease, holder, isWhole }: InTheWay): void {
    const { clock, log, shard } = this.#parts;
    const text = `${lease} ${holder}`;
    const now = clock.monotonic();
    if (now - (this.#reported.get(text) ?? -REPORTED_AGAIN_MS) < REPORTED_AGAIN_MS) return;
    this.#reported.set(text, now);
    const why = isWhole
      ? 'its holder works for all namespaces: start it with --shard default'
      : 'its holder has not released it yet';
    log.info({ shard, namespaces: [namespace], lease, holder, why }, 'waits for a namespace of its shard');
  }
}

/** What was read first holds as long as the label is there without a break, and the cluster was not restored to an older version. */
function firstOf(earlier: Versions | undefined, since: string, stored: string): Versions {
  return earlier?.since === since && !isOlder(stored, earlier.stored) ? earlier : { since, stored };
}
