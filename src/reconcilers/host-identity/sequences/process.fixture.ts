import { setImmediate as nextTurn } from 'node:timers/promises';
import { RestError } from '@azure/core-rest-pipeline';
import { AzureCache } from '../../../cache/azure-cache.ts';
import { hostDefinition } from '../../../cache/hosts/hosts.ts';
import { identityDefinition } from '../../../cache/identities.ts';
import { silentLog } from '../../../runtime/log.ts';
import type { Outcome } from '../../../runtime/outcome.ts';
import { Elapsed } from '../../../runtime/time/elapsed.ts';
import type { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import { LateWrites } from '../../own-writes.ts';
import { IdentityProofs } from '../../proof/identity-proofs.ts';
import { MissingReferences } from '../../proof/missing-references.ts';
import { noRecords } from '../../proof/proofs.fixture.ts';
import { Reconciler } from '../../reconciler/reconciler.ts';
import type { Services } from '../../services.ts';
import { hostIdentityKind } from '../index.ts';
import type { Answered, Clients, Sent } from './azure.fixture.ts';
import type { MemoryKube } from './kube.fixture.ts';

/** Where a process dies: at its so-many-th write from now. `late`: what it sent to Azure arrives after its death. */
export interface Death {
  readonly at: number;
  readonly how: 'before' | 'after' | 'late';
}

const LAG_MS = 5_000;
const CALL_LIMIT_MS = 60_000;

class Killed extends Error {}

/** One process of azid: its caches and its memory die with it. */
export class Process {
  readonly #stop = new AbortController();
  readonly #reconciler: Reconciler<never, never, never, never>;
  #death: Death | undefined;
  #dead = false;
  #calls = 0;
  #reconciles = 0;

  constructor(kube: MemoryKube, clients: Clients, clock: FakeClock, subscription: string, self: string) {
    const { signal } = this.#stop;
    const { hosts, identities, permissions } = clients;
    const common = { clock, signal, random: () => 0.5, lagMs: LAG_MS };
    const identityCache = new AzureCache(identityDefinition({ identities, permissions }), common);
    const hostCache = new AzureCache(hostDefinition({ hosts, permissions, clock, signal }), common);
    identityCache.use('test', [subscription]);
    const proofs = new IdentityProofs({
      stores: kube.stores,
      identities,
      identityCache,
      installationId: 'sequences',
      principals: noRecords,
    });
    const elapsed = new Elapsed(clock);
    const client = kube.client((_, write) => this.#around(write));
    const services = {
      stores: kube.stores,
      proofs,
      client,
      clock,
      hosts,
      identities,
      identityCache,
      hostCache,
      whoAmI: async () => ({ objectId: self, clientId: self, tenantId: self }),
      azidNamespace: 'azid-system',
      azureLagMs: LAG_MS,
      elapsed,
      references: new MissingReferences({ clock, releaseAfterMs: 3_600_000 }),
      lateWrites: new LateWrites({ elapsed, azureLagMs: LAG_MS, callLimitMs: CALL_LIMIT_MS }),
    } as unknown as Services;
    const kind = { ...hostIdentityKind, ...hostIdentityKind.start(services, () => {}) };
    const options = { client, store: kube.stores.hosts, events: { record: () => {} }, clock };
    this.#reconciler = new Reconciler(kind, options) as unknown as Reconciler<never, never, never, never>;
  }

  get dead(): boolean {
    return this.#dead;
  }

  dieAt(death: Death | undefined): void {
    this.#death = death;
  }

  kill(): void {
    this.#dead = true;
    this.#stop.abort();
  }

  /** A reconcile to the host's object; undefined when the process died in it. */
  async reconcile(name: string): Promise<Outcome | undefined> {
    try {
      return await this.#reconciler.reconcile({
        key: `azid-system/${name}`,
        priority: 'event',
        attempt: 1,
        reconcileId: `visit-${++this.#reconciles}`,
        signal: this.#stop.signal,
        log: silentLog,
      });
    } catch (error) {
      if (this.#dead) return undefined;
      throw error;
    }
  }

  /** Around each call to Azure. `land` makes a late one arrive. */
  async call(sent: Sent, deliver: () => Promise<Answered>, land: (sent: Sent) => void): Promise<Answered> {
    this.#calls++;
    try {
      if (sent.method === 'GET') return await this.#alive(deliver);
      return await this.#around(deliver, () => land(sent));
    } catch (error) {
      if (error instanceof Killed) throw new RestError('the process is dead', { code: 'ECONNRESET' });
      throw error;
    } finally {
      this.#calls--;
    }
  }

  /** Until nothing of it is under way. */
  async calm(): Promise<void> {
    for (let still = 0; still < 3; still++) {
      await nextTurn();
      if (this.#calls > 0) still = -1;
    }
  }

  async #around<T>(write: () => Promise<T>, late?: () => void): Promise<T> {
    if (this.#dead) throw new Killed();
    const death = this.#death;
    if (!death) return write();
    if (death.at > 1) {
      this.#death = { ...death, at: death.at - 1 };
      return write();
    }
    this.#death = undefined;
    if (death.how === 'after') await write();
    if (death.how === 'late') late?.();
    this.kill();
    throw new Killed();
  }

  async #alive<T>(read: () => Promise<T>): Promise<T> {
    if (this.#dead) throw new Killed();
    return read();
  }
}
