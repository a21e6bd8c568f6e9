import { federatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { Elapsed } from '../../runtime/time/elapsed.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import type { Answered, Wire } from '../host-identity/sequences/azure.fixture.ts';
import type { ReconcileContext } from '../kind.ts';
import { lateWritesOn } from '../own-writes.fixture.ts';
import { LAG_MS, ReadAzure, SUBSCRIPTION } from '../read-azure.fixture.ts';
import { observeAndDecide } from '../reconciler/rounds.ts';
import type { Services } from '../services.ts';
import { clusterMeta, meta, put, reading } from '../stores.fixture.ts';
import { CLUSTER_ISSUER, INSTALLATION, NAME, NOW, TRUST } from './facts.fixture.ts';
import type { Action, CredentialDecision, Facts, FederatedIdentityCredential, Trust } from './facts.ts';
import { federatedIdentityCredentialKind } from './index.ts';

/** FederatedIdentityCredential's reading half on the real stores, caches and clients, over a simulated Azure in the same process. */

export { LAG_MS, SUBSCRIPTION };
/** As Azure shows it. */
export const WEB = `/subscriptions/${SUBSCRIPTION}/resourcegroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
export const CALL_LIMIT_MS = 60_000;
export const credentialOn = (identityId: string, name = NAME) =>
  `${identityId}/federatedIdentityCredentials/${name}`;

/** `GET web`, `LIST credentials of web`, `PUT web/ci`. */
const shortOf = (method: string, path: string): string => {
  const [place = ''] = path.split('?');
  const found = /userAssignedIdentities\/([^/]+)(\/federatedIdentityCredentials)?(?:\/([^/]+))?$/.exec(place);
  const [, identity, list, name] = found ?? [];
  if (!identity) return `${method} ${place}`;
  if (name) return `${method} ${identity}/${name}`;
  return list ? `LIST credentials of ${identity}` : `${method} ${identity}`;
};

export class CredentialWorld {
  readonly clock = new FakeClock(NOW);
  readonly azure: Simulator;
  /** Calls to Azure so far, in short. */
  readonly calls: string[] = [];
  /** What calls whose short form contains this are answered instead, after they have taken effect. */
  readonly failing = new Map<string, Answered | Error>();
  readonly #read: ReadAzure;
  /** As of one process. */
  #kind: ReturnType<typeof federatedIdentityCredentialKind.start>;

  get stores() {
    return this.#read.stores;
  }

  private constructor(azure: Simulator, clock: FakeClock) {
    this.azure = azure;
    this.clock = clock;
    const onCall: Wire = async (sent, deliver) => {
      const short = shortOf(sent.method, sent.path);
      this.calls.push(short);
      const answer = await deliver(sent);
      for (const [part, instead] of this.failing)
        if (short.includes(part)) {
          if (instead instanceof Error) throw instead;
          return instead;
        }
      return answer;
    };
    this.#read = new ReadAzure({ azure, clock, installationId: INSTALLATION, onCall });
    put(this.stores.namespaces, { metadata: clusterMeta('team-a') });
    this.allow('job:*');
    reading(this.stores.credentials, federatedIdentityCredential, clock);
    this.#kind = this.#start();
  }

  static async start(): Promise<CredentialWorld> {
    const clock = new FakeClock(NOW);
    const azure = await startSimulator({ clock, preset: 'fast', subscriptionId: SUBSCRIPTION });
    azure.control.createResourceGroup({ name: 'rg1' });
    const world = new CredentialWorld(azure, clock);
    world.identity('web');
    await world.identitiesListed();
    return world;
  }

  allow(subjects: string): void {
    put(this.stores.policies, {
      metadata: clusterMeta('team-a'),
      spec: {
        namespaces: { names: ['team-a'] },
        identities: { scopes: [`/subscriptions/${SUBSCRIPTION}`] },
        federation: [{ issuers: [TRUST.issuer], subjects: [subjects] }],
      },
    });
  }

  /** An identity of the namespace with its marks: in Azure, and its object. */
  identity(name: string): void {
    this.#read.identity(meta(name, { namespace: 'team-a', uid: `uid-of-${name}` }));
  }

  async identitiesListed(): Promise<void> {
    this.#read.caches.identities.use('somebody', [SUBSCRIPTION]);
    await this.#read.caches.identities.whenLoaded(SUBSCRIPTION);
    this.calls.length = 0;
  }

  /** The credentials are read by another object's reconcile, or in their turn. */
  async relisted(identityId = WEB): Promise<void> {
    await this.#read.caches.credentials.relist(identityId, 'event');
    this.calls.length = 0;
  }

  declare(
    spec: Partial<FederatedIdentityCredential['spec']> = {},
    status: FederatedIdentityCredential['status'] = {},
    metadata: Partial<ObjectMeta> = {},
  ): FederatedIdentityCredential {
    const name = metadata.name ?? 'ci';
    put(this.stores.credentials, {
      metadata: meta(name, { namespace: 'team-a', finalizers: ['azid.dev/finalizer'], ...metadata }),
      spec: { identityRef: { name: 'web' }, issuer: TRUST.issuer, subject: TRUST.subject, ...spec },
      status,
    });
    // As the store shows it.
    return this.stores.credentials.get(`team-a/${name}`) as FederatedIdentityCredential;
  }

  /** In Azure, by another tool, without azid. */
  async arm(
    method: 'PUT' | 'DELETE',
    id: string,
    { issuer, subject, audience }: Trust = TRUST,
  ): Promise<void> {
    const properties = { issuer, subject, audiences: [audience] };
    await this.#read.arm(method, `${id}?api-version=2024-11-30`, method === 'PUT' ? properties : undefined);
  }

  /** What one reconcile sees, as the reconciler of all kinds does it, and the calls that it cost. */
  async see(
    object: FederatedIdentityCredential,
    context: Partial<ReconcileContext> = {},
  ): Promise<{
    readonly facts: Facts;
    readonly decision: CredentialDecision;
    readonly calls: readonly string[];
  }> {
    const before = this.calls.length;
    const { decide } = federatedIdentityCredentialKind;
    const kind = { observe: this.#kind.observe, decide };
    const seen = await observeAndDecide(kind, object, { ...this.context(), ...context });
    return { ...seen, calls: this.calls.slice(before) };
  }

  /** It does the write of a decision; what it then throws, if anything. */
  async perform(object: FederatedIdentityCredential, decision: CredentialDecision): Promise<unknown> {
    const action = decision.actions.find(({ type }) => type === 'putCredential') as Extract<
      Action,
      { type: 'putCredential' }
    >;
    const written = { ...object, status: { ...object.status, ...decision.status } };
    return this.#kind.perform(action, written as FederatedIdentityCredential, this.context()).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** Another process: it knows of no write how it ended. */
  restart(): void {
    this.#kind = this.#start();
  }

  /** Of one reconcile. */
  context(): ReconcileContext {
    return this.#read.context('team-a/ci');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#read[Symbol.asyncDispose]();
  }

  #start() {
    const { clock, stores } = this;
    const services = {
      retained: { ofObject: () => [] },
      stores,
      clock,
      proofs: this.#read.proofs,
      installationId: INSTALLATION,
      credentials: this.#read.clients.credentials,
      credentialCache: this.#read.caches.credentials,
      clusterIssuer: { current: async () => ({ state: 'known', issuer: CLUSTER_ISSUER }) },
      federationAudience: TRUST.audience,
      lateWrites: lateWritesOn(clock, { azureLagMs: LAG_MS, callLimitMs: CALL_LIMIT_MS }),
      releaseAfterMs: 3_600_000,
      elapsed: new Elapsed(clock),
    };
    return federatedIdentityCredentialKind.start(services as unknown as Services, () => {});
  }
}
