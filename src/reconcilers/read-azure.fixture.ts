import { AzureCaches } from '../cache/caches.ts';
import type { ObjectMeta } from '../kube/types.ts';
import { silentLog } from '../runtime/log.ts';
import type { Priority } from '../runtime/outcome.ts';
import type { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { type Clients, connect, type Wire } from './host-identity/sequences/azure.fixture.ts';
import type { ReconcileContext } from './kind.ts';
import { IdentityProofs } from './proof/identity-proofs.ts';
import { marksOf, noRecords } from './proof/proofs.fixture.ts';
import { emptyStores, put } from './stores.fixture.ts';

export const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
export const LAG_MS = 120_000;

interface ReadAzureOptions {
  readonly azure: Simulator;
  readonly clock: FakeClock;
  readonly installationId: string;
  readonly onCall: Wire;
}

/** What the reading half of a kind rests on: the real stores, caches and clients, over a simulated Azure in the same process. */
export class ReadAzure {
  readonly stores = emptyStores();
  readonly clients: Clients;
  readonly caches: AzureCaches;
  readonly proofs: IdentityProofs;
  readonly #options: ReadAzureOptions;
  readonly #stop = new AbortController();

  constructor(options: ReadAzureOptions) {
    this.#options = options;
    const { azure, clock, installationId, onCall } = options;
    this.clients = connect(azure, clock, onCall);
    this.caches = new AzureCaches({
      azure: this.clients,
      clock,
      signal: this.#stop.signal,
      random: () => 0.5,
      lagMs: LAG_MS,
      apiVersionOf: () => undefined,
      onListFailure: () => {},
    });
    this.proofs = new IdentityProofs({
      stores: this.stores,
      identities: this.clients.identities,
      identityCache: this.caches.identities,
      installationId,
      principals: noRecords,
    });
  }

  /** An identity with its marks: in Azure, and its object. Gives the principal. */
  identity(metadata: ObjectMeta): string {
    const { name } = metadata;
    const tags = { ...marksOf(metadata, this.#options.installationId) };
    const made = this.#options.azure.control.createIdentity({ name, resourceGroup: 'rg1', tags });
    const coordinates = { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', name, location: 'westeurope' };
    put(this.stores.identities, {
      metadata,
      spec: {},
      status: { id: made.id, principalId: made.principalId, coordinates },
    });
    return made.principalId;
  }

  /** By somebody, whatever azid knows of it. @param path with its api-version */
  async arm(method: 'PUT' | 'DELETE', path: string, properties?: object): Promise<void> {
    const { status, body } = await this.#options.azure.control.arm({
      method,
      path,
      ...(properties && { body: { properties } }),
    });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
  }

  /** Of one reconcile that begins now. */
  context(key: string, priority: Priority = 'event'): ReconcileContext {
    return {
      key,
      priority,
      attempt: 1,
      reconcileId: 'r1',
      log: silentLog,
      signal: new AbortController().signal,
      startedAt: this.#options.clock.monotonic(),
      patienceMs: 1_000,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.caches.stop();
    await this.#options.azure.stop();
  }
}
