import { type Lease, leases } from '../builtin.ts';
import type { KubeClient } from '../client.ts';
import { isNotFound } from '../errors.ts';
import { watchEventOf } from '../informer/watch-event.ts';

interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** An API server closes a watch after so long; whoever follows begins another. */
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
    try {
      return await this.#client.get(leases, `${namespace}/${name}`, signal, { timeoutMs });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
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
