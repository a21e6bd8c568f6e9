/** The calls about one Lease: reads, writes, and the watch of a candidate that waits for it. */
import type { Log } from '../../runtime/log.ts';
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import { type Lease, leases } from '../builtin.ts';
import type { KubeClient } from '../client.ts';
import { isForbidden, KubeError, unlessNotFound } from '../errors.ts';
import { watchEventOf } from '../informer/received.ts';

interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** An API server closes a watch after so long; the follower begins another. */
const WATCH_S = 300;

/** The calls about one Lease. */
export class LeaseClient {
  readonly #client: KubeClient;
  readonly #name: LeaseName;

  constructor(client: KubeClient, { namespace, name }: LeaseName) {
    this.#client = client;
    this.#name = { namespace, name };
  }

  async read(timeoutMs: number, signal: AbortSignal): Promise<Lease | undefined> {
    const { namespace, name } = this.#name;
    return unlessNotFound(this.#client.get(leases, `${namespace}/${name}`, signal, { timeoutMs }));
  }

  /** The one that was read, in no other version, or a new one. */
  write(
    previous: Lease | undefined,
    { spec, annotations }: Pick<Lease, 'spec'> & { readonly annotations?: Readonly<Record<string, string>> },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Lease> {
    const given = { ...(annotations && { annotations }) };
    if (previous) {
      const metadata = { ...previous.metadata, ...given };
      return this.#client.replace(leases, { ...previous, metadata, ...(spec && { spec }) }, signal, {
        timeoutMs,
      });
    }
    const object = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...this.#name, ...given },
      ...(spec && { spec }),
    };
    return this.#client.create(leases, object, signal, { timeoutMs });
  }

  /** Each change from now on, until the server ends the watch. Throws as a watch does. */
  async *changes(idleMs: number, signal: AbortSignal): AsyncGenerator<Lease> {
    const { namespace, name } = this.#name;
    const query = {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: '0',
      timeoutSeconds: WATCH_S,
      idleMs,
    };
    for await (const line of this.#client.watch(leases, query, signal)) {
      const event = watchEventOf<Lease>(leases.plural, line);
      // Nothing follows from a deletion: the next try makes it.
      if (event.type === 'ADDED' || event.type === 'MODIFIED') yield event.object;
    }
  }
}

interface FollowOptions {
  readonly lease: Pick<LeaseClient, 'changes'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Silence that ends a watch. A leader renews every few seconds. */
  readonly idleMs: number;
  readonly onChange: (lease: Lease) => void;
}

/** Between two watches. */
const AGAIN_MS = 5_000;

/**
 * Passes on each change of the Lease until the signal aborts, so that a follower learns within a moment that it was given back, and exactly
 * when it was renewed. Nothing rests on it: a process that takes the Lease reads it first, and reads it now and then in any case.
 * Never rejects.
 */
export async function followLease(
  { lease, clock, log, idleMs, onChange }: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const change of lease.changes(idleMs, signal)) onChange(change);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof KubeError ? error.reason : String(error);
      log.debug({ reason }, 'the watch of the lease ended');
      // A role of an earlier version: it will not come by itself.
      if (isForbidden(error)) return;
    }
    await sleep(clock, AGAIN_MS, signal).catch(() => {});
  }
}
