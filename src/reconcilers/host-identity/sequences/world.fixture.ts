import { RestError } from '@azure/core-rest-pipeline';
import type { IdentityBody } from '../../../azure/hosts/host.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { keyOf } from '../../../kube/types.ts';
import type { Outcome } from '../../../runtime/outcome.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import type { HostView } from '../../../simulator/hosts/host-body.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { linesOf, SYSTEM } from '../../hosts/ledger/lines.ts';
import { ownStatusOf } from '../../status/summary.ts';
import { INDEX } from '../../stores.ts';
import { type Answered, type Clients, connect, type Sent } from './azure.fixture.ts';
import { MemoryKube } from './kube.fixture.ts';
import { Model } from './model.fixture.ts';
import { Process } from './process.fixture.ts';

const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
const SUB = `/subscriptions/${SUBSCRIPTION}`;
export const VMS = 'Microsoft.Compute/virtualMachines';
const RG = `${SUB}/resourceGroups/rg1`;
export const idOf = (name: string) =>
  `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
/** Identities that objects name, and those that only others use. */
export const NAMED = ['app0', 'app1', 'app2'] as const;
export const FOREIGN = ['base0', 'base1'] as const;

export type Refusal =
  | 'busy'
  | 'throttled'
  | 'unavailable'
  | 'forbidden'
  | 'unnamed'
  | 'lost-before'
  | 'lost-after';

/** One simulated Azure for many sequences; each has a host and a Kubernetes of its own. */
export class Batch {
  readonly azure: Simulator;
  readonly clock: FakeClock;
  readonly clients: Clients;
  present: World | undefined;
  worlds = 0;

  private constructor(azure: Simulator, clock: FakeClock) {
    this.azure = azure;
    this.clock = clock;
    this.clients = connect(azure, clock, (sent, deliver) => {
      if (!this.present) throw new RestError('nobody is there', { code: 'ECONNRESET' });
      return this.present.wire(sent, deliver);
    });
  }

  static async start(): Promise<Batch> {
    const clock = new FakeClock();
    const azure = await startSimulator({ clock, preset: 'fast', subscriptionId: SUBSCRIPTION });
    const { control } = azure;
    control.setKnobs({
      latencyMs: {
        'virtualMachines.update.operation': 10_000,
        'containerApps.update.operation': 10_000,
      },
    });
    control.createResourceGroup({ name: 'rg1' });
    return new Batch(azure, clock);
  }

  begin(type: string): World {
    const { control } = this.azure;
    const there = new Set(control.identities().map(({ id }) => armKey(id)));
    for (const name of [...NAMED, ...FOREIGN])
      if (!there.has(armKey(idOf(name)))) control.createIdentity({ name, resourceGroup: 'rg1' });
    this.present = new World(this, type, `host${++this.worlds}`);
    return this.present;
  }

  async end(): Promise<void> {
    const { present } = this;
    if (!present) return;
    present.process.kill();
    await present.process.calm();
    if (present.host) this.azure.control.deleteHost({ id: present.hostId });
    this.present = undefined;
  }
}

/** One host, and everybody who acts on it. */
export class World {
  readonly batch: Batch;
  readonly kube = new MemoryKube();
  readonly model = new Model(FOREIGN.map(idOf));
  readonly type: string;
  readonly name: string;
  readonly hostId: string;
  process: Process;
  /** What the next PATCH gets instead of Azure's answer. */
  refusal: Refusal | undefined;
  /** What somebody does right before the next PATCH arrives. */
  meddling: (() => void) | undefined;
  patches = 0;
  /** Sent by a process that is dead. */
  #late: { readonly sent: Sent; readonly dueAt: number } | undefined;
  lateMs = 1_000;
  #allowed = true;
  /** A rule was broken inside a call; its caller would take it for a failure of Azure. */
  broken: unknown;

  constructor(batch: Batch, type: string, name: string) {
    this.batch = batch;
    this.type = type;
    this.name = name;
    this.hostId = this.make().id;
    this.process = this.#process();
    this.kube.put('namespaces', 'shop', {}, { namespace: undefined, labels: {} });
    this.allow(true);
  }

  make(): HostView {
    const kind = this.type.endsWith('/sites') ? { kind: 'app' } : {};
    return this.control.createHost({ type: this.type, name: this.name, resourceGroup: 'rg1', ...kind });
  }

  get control() {
    return this.batch.azure.control;
  }

  get host(): HostView | undefined {
    return this.control.hosts({ type: this.type }).find(({ id }) => id === this.hostId);
  }

  get ledger() {
    return this.kube.stores.hosts.byIndex(INDEX.host, armKey(this.hostId))[0];
  }

  /**
   * Nobody can edit the host without a race that no one could win: Azure is at work on it and would refuse, or a write
   * without `If-Match` is on its way.
   */
  get closed(): boolean {
    const hasEtag = this.type === VMS;
    return this.host === undefined || this.host.busy || (this.#late !== undefined && !hasEtag);
  }

  /** Keys of what the ledger has a line of. */
  get lines(): ReadonlySet<string> {
    return new Set(this.ledger ? linesOf(ownStatusOf(this.ledger)).keys() : []);
  }

  allow(allowed: boolean): void {
    this.#allowed = allowed;
    const rule = { types: ['*'], scopes: [allowed ? SUB : `${SUB}/resourceGroups/elsewhere`], adopt: true };
    const identities = { ids: [...NAMED].map(idOf) };
    const spec = {
      namespaces: { names: ['shop'] },
      attachments: [{ ...rule, identities }],
      systemAssigned: [rule],
    };
    this.kube.put('policies', 'shop', spec, { namespace: undefined });
  }

  /** Something that somebody other than azid does in Azure. */
  others(act: () => void): void {
    this.model.record('azid', this.host);
    act();
    this.model.record('others', this.host);
  }

  /** Time passes, and with it whatever falls due. */
  async pass(ms: number): Promise<void> {
    const { clock } = this.batch;
    const end = clock.monotonic() + ms;
    await this.process.calm();
    if (this.#late && this.#late.dueAt <= end) {
      const { sent, dueAt } = this.#late;
      this.#late = undefined;
      clock.advance(Math.max(0, dueAt - clock.monotonic()));
      this.model.record('azid', this.host);
      await this.deliver(sent);
      this.model.record('azid', this.host);
    }
    clock.advance(end - clock.monotonic());
    await this.process.calm();
    this.model.record('azid', this.host);
    this.#raise();
  }

  /** azid looks at the host once; a dead process is replaced by the next. */
  async reconcile(): Promise<Outcome | undefined> {
    this.#ensure();
    const outcome = this.ledger ? await this.process.reconcile(this.ledger.metadata.name) : undefined;
    await this.process.calm();
    this.model.record('azid', this.host);
    this.#raise();
    if (this.process.dead) this.process = this.#process();
    this.#finishDeletions();
    return outcome;
  }

  /** Stands at the wire of whichever process calls. */
  wire(sent: Sent, deliver: (sent: Sent) => Promise<Answered>): Promise<Answered> {
    const arrive = async (): Promise<Answered> => {
      if (sent.method !== 'PATCH') return deliver(sent);
      return this.#patch(sent, deliver);
    };
    return this.process.call(sent, arrive, (each) => {
      this.#late = { sent: each, dueAt: this.batch.clock.monotonic() + this.lateMs };
    });
  }

  deliver({ method, path, headers, body }: Sent): Promise<Answered> {
    return this.control.arm({ method: method as 'PATCH', path, headers, body });
  }

  async #patch(sent: Sent, deliver: (sent: Sent) => Promise<Answered>): Promise<Answered> {
    this.patches++;
    const { identity } = sent.body as { identity: IdentityBody };
    try {
      const { stores } = this.kube;
      const declared = { stores, ledger: this.ledger, allowed: this.#allowed };
      if (this.host) this.model.check(identity, this.host, declared);
    } catch (error) {
      this.broken ??= error;
    }
    this.meddling?.();
    this.meddling = undefined;
    const { refusal } = this;
    this.refusal = undefined;
    this.model.record('azid', this.host);
    if (refusal === 'lost-after') await deliver(sent);
    const answer = refusal ? refusalOf(refusal) : await deliver(sent);
    this.model.record('azid', this.host);
    return answer;
  }

  /** As the objects' own reconcilers do: a host that is wanted has its object. */
  #ensure(): void {
    const { attachments, systemIdentities } = this.kube.stores;
    const wants = [...attachments.values(), ...systemIdentities.values()].some(
      ({ metadata }) => !metadata.deletionTimestamp,
    );
    if (wants && !this.ledger) this.kube.put('hosts', this.name, { resourceId: this.hostId });
  }

  /** Likewise: an object that is being deleted goes when no ledger names it. */
  #finishDeletions(): void {
    const owners = new Set(
      this.ledger
        ? [...linesOf(ownStatusOf(this.ledger)).values()].flatMap((line) => line.owners.map(({ uid }) => uid))
        : [],
    );
    for (const kind of ['attachments', 'systemIdentities'] as const)
      for (const object of this.kube.stores[kind].values())
        if (object.metadata.deletionTimestamp && !owners.has(object.metadata.uid))
          this.kube.remove(kind, keyOf(object));
  }

  #process(): Process {
    const { clients, clock } = this.batch;
    return new Process(this.kube, clients, clock, SUBSCRIPTION, '99999999-0000-4000-8000-000000000000');
  }

  #raise(): void {
    if (this.broken !== undefined) throw this.broken;
  }
}

function refusalOf(refusal: Refusal): Answered {
  const error = (status: number, code: string, headers = {}): Answered => ({
    status,
    headers,
    body: { error: { code, message: `made up for the test: ${code}` } },
  });
  switch (refusal) {
    case 'busy':
      return error(409, 'AnotherOperationInProgress');
    case 'throttled':
      return error(429, 'TooManyRequests', { 'retry-after': '20' });
    case 'unavailable':
      return error(503, 'ServiceUnavailable');
    case 'forbidden':
      return error(403, 'AuthorizationFailed');
    case 'unnamed':
      return error(400, 'FailedIdentityOperation');
    case 'lost-before':
    case 'lost-after':
      throw new RestError('the connection was reset', { code: 'ECONNRESET' });
  }
}

export { SYSTEM };
