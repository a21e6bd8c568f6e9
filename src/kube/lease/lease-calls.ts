import type { Clock } from '../../runtime/time/clock.ts';
import { type Lease, leases } from '../builtin.ts';
import type { KubeClient } from '../client.ts';
import { isNotFound } from '../errors.ts';
import { heldSpec, releasedSpec } from './lease-record.ts';

export interface LeaseCallsOptions {
  readonly client: KubeClient;
  readonly clock: Pick<Clock, 'now'>;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly durationMs: number;
}

/** The calls of one candidate for one Lease, each with a time limit. A write of what somebody else changed is a conflict. */
export class LeaseCalls {
  readonly #options: LeaseCallsOptions;

  constructor(options: LeaseCallsOptions) {
    this.#options = options;
  }

  /** Undefined: there is none. */
  async read(timeoutMs: number, signal: AbortSignal): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      return await client.get(leases, `${namespace}/${name}`, signal, { timeoutMs });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  create(timeoutMs: number, signal: AbortSignal): Promise<Lease> {
    const { client, clock, namespace, name, identity, durationMs } = this.#options;
    const spec = heldSpec(undefined, identity, durationMs, clock.now());
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name },
      spec,
    };
    return client.create(leases, lease, signal, { timeoutMs });
  }

  /** Takes it, or keeps it. */
  hold(lease: Lease, timeoutMs: number, signal: AbortSignal): Promise<Lease> {
    const { client, clock, identity, durationMs } = this.#options;
    const spec = heldSpec(lease.spec, identity, durationMs, clock.now());
    return client.replace(leases, { ...lease, spec }, signal, { timeoutMs });
  }

  /** @returns false: it is not this candidate's to release */
  async release(lease: Lease | undefined, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { client, clock, identity } = this.#options;
    if (lease?.spec?.holderIdentity !== identity) return false;
    const spec = releasedSpec(lease.spec, clock.now());
    await client.replace(leases, { ...lease, spec }, signal, { timeoutMs });
    return true;
  }
}
