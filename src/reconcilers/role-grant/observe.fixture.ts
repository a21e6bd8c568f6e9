import type { IdentityPolicySpec } from '../../api/identity-policy.ts';
import { type RoleGrantSpec, roleGrant } from '../../api/role-grant.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import type { Priority } from '../../runtime/outcome.ts';
import { Elapsed } from '../../runtime/time/elapsed.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import type { Wire } from '../host-identity/sequences/azure.fixture.ts';
import type { Kind, ReconcileContext } from '../kind.ts';
import { lateWritesOn, ownWritesOf } from '../own-writes.fixture.ts';
import { MissingReferences } from '../proof/missing-references.ts';
import { noSystemProofs } from '../proof/proofs.fixture.ts';
import { LAG_MS, ReadAzure, SUBSCRIPTION } from '../read-azure.fixture.ts';
import { observeAndDecide } from '../reconciler/rounds.ts';
import { clusterMeta, meta, put, reading } from '../stores.fixture.ts';
import { INSTALLATION, NOW } from './facts.fixture.ts';
import type { Action, Facts, GrantDecision, OwnStatus, RoleGrant } from './facts.ts';
import { roleGrantKind } from './index.ts';
import { type ObserveDeps, observe } from './observe.ts';
import { GrantedHere } from './ownership/owners.ts';
import { RefusedWrites } from './target/names.ts';

/** RoleGrant's reading half on the real stores, caches and clients, over a simulated Azure in the same process. */

export { SUBSCRIPTION };
export const SUB = `/subscriptions/${SUBSCRIPTION}`;
export const RG = `${SUB}/resourceGroups/rg1`;
export const READER_GUID = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
export const CONTRIBUTOR_GUID = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const FINALIZED = { finalizers: ['azid.dev/finalizer'] } as const;

/** `GET roleAssignments/<name>`, or `LIST roleAssignments`. */
const shortOf = (method: string, path: string): string => {
  const [place = ''] = path.split('?');
  const found = /\/(userAssignedIdentities|roleAssignments|roleDefinitions|permissions)(?:\/([^/]+))?$/.exec(
    place,
  );
  const [, type = place, name] = found ?? [];
  return `${method === 'GET' && name === undefined ? 'LIST' : method} ${type}${name ? `/${name}` : ''}`;
};

export class GrantWorld {
  readonly clock = new FakeClock(NOW);
  readonly reported = new Map();
  /** As of one process. */
  readonly granted = new GrantedHere();
  readonly refused = new RefusedWrites();
  /** How often it was decided. */
  decisions = 0;
  /** Calls to Azure so far, in short. */
  readonly calls: string[] = [];
  /** Areas that were noted for an object. */
  readonly noted = new Map<string, readonly string[]>();
  /** What calls whose short form contains this are answered instead. */
  readonly failing = new Map<string, AzureError>();
  readonly azure: Simulator;
  /** As the process has it. */
  readonly references: MissingReferences;
  readonly #read: ReadAzure;

  get stores() {
    return this.#read.stores;
  }

  get caches() {
    return this.#read.caches;
  }

  private constructor(azure: Simulator, clock: FakeClock) {
    this.azure = azure;
    this.clock = clock;
    this.references = new MissingReferences({ clock, releaseAfterMs: 3_600_000 });
    const onCall: Wire = async (sent, deliver) => {
      const short = shortOf(sent.method, sent.path);
      this.calls.push(short);
      for (const [part, error] of this.failing) if (short.includes(part)) throw error;
      return deliver(sent);
    };
    this.#read = new ReadAzure({ azure, clock, installationId: INSTALLATION, onCall });
    for (const namespace of ['shop', 'other'])
      put(this.stores.namespaces, { metadata: clusterMeta(namespace) });
    this.allow('shop');
    reading(this.stores.grants, roleGrant, clock);
  }

  static async start(): Promise<GrantWorld> {
    const clock = new FakeClock(NOW);
    const azure = await startSimulator({ clock, preset: 'fast', subscriptionId: SUBSCRIPTION });
    azure.control.createResourceGroup({ name: 'rg1' });
    azure.control.createResourceGroup({ name: 'rg2' });
    return new GrantWorld(azure, clock);
  }

  /** Reader for identities and for principals by id, anywhere in the subscription. */
  allow(namespace: string, grants: IdentityPolicySpec['grants'] = READERS): void {
    const spec: IdentityPolicySpec = { namespaces: { names: [namespace] }, ...(grants && { grants }) };
    put(this.stores.policies, { metadata: clusterMeta(namespace), spec });
  }

  /** An identity of the namespace with its marks: in Azure, and its object. Gives the principal. */
  identity(name: string, namespace = 'shop'): string {
    return this.#read.identity(meta(name, { namespace, uid: `uid-${namespace}-${name}` }));
  }

  /** The same identity, marks and all, made again. Gives the new principal. */
  recycle(name: string): string {
    const id = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
    return this.azure.control.recycleIdentity({ id }).principalId;
  }

  grant(
    name: string,
    spec: Partial<RoleGrantSpec> = {},
    status: RoleGrant['status'] = {},
    metadata: Partial<ObjectMeta> = {},
  ): RoleGrant {
    const namespace = metadata.namespace ?? 'shop';
    const object = {
      metadata: meta(name, { uid: `uid-${namespace}-${name}`, ...FINALIZED, ...metadata }),
      spec: { principal: { identityRef: { name: 'web' } }, role: { name: 'Reader' }, scope: RG, ...spec },
      status,
    };
    put(this.stores.grants, object);
    // As the store shows it.
    return this.stores.grants.get(`${namespace}/${name}`) as RoleGrant;
  }

  /** The first lists begin. */
  list(): void {
    this.caches.identities.use('somebody', [SUBSCRIPTION]);
    this.caches.assignments.use('somebody', [SUB]);
  }

  /** The first lists are read, as the operator has them when it works. */
  async listed(): Promise<void> {
    this.list();
    await this.caches.identities.whenLoaded(SUBSCRIPTION);
    await this.caches.assignments.whenLoaded(SUB);
    await this.caches.roles.cache.whenLoaded(SUB);
    this.calls.length = 0;
  }

  /** What was changed since is in the caches. */
  async relisted(): Promise<void> {
    this.clock.advance(LAG_MS + 1_000);
    await this.caches.identities.relist(SUBSCRIPTION, 'event');
    await this.caches.assignments.relist(SUB, 'event');
  }

  /** By somebody, whatever azid knows of it. */
  async arm(method: 'PUT' | 'DELETE', id: string, properties?: object): Promise<void> {
    await this.#read.arm(method, `${id}?api-version=2022-04-01`, properties);
  }

  /** An assignment in Azure. */
  put(
    id: string,
    principalId: string,
    role: string = READER_GUID,
    description = '',
    principalType = 'ServicePrincipal',
  ): Promise<void> {
    return this.arm('PUT', id, {
      roleDefinitionId: `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId,
      principalType,
      description,
    });
  }

  /** What one reconcile sees, and the calls that it cost. */
  async see(
    object: RoleGrant,
    priority: Priority = 'event',
  ): Promise<{
    readonly facts: Facts;
    readonly decision: GrantDecision;
    readonly calls: readonly string[];
  }> {
    const before = this.calls.length;
    const { facts, decision } = await this.#decide(object, priority);
    this.granted.decided(object, facts, decision.status);
    return { facts, decision, calls: this.calls.slice(before) };
  }

  /** What it then does. */
  async decided(object: RoleGrant): Promise<GrantDecision> {
    return (await this.see(object)).decision;
  }

  /** As the reconciler of all kinds does. */
  #decide(object: RoleGrant, priority: Priority) {
    const deps = this.deps();
    const kind: Pick<Kind<RoleGrant, Facts, Action, OwnStatus, GrantDecision>, 'observe' | 'decide'> = {
      observe: (each, context, live) => observe(each, context, live, deps),
      decide: (...given) => {
        this.decisions++;
        return roleGrantKind.decide(...given);
      },
    };
    return observeAndDecide(kind, object, this.#context(object, priority));
  }

  deps(): ObserveDeps {
    const { stores, clock, reported, refused } = this;
    const { assignments, identities, hosts, roles } = this.caches;
    return {
      stores,
      clock,
      reported,
      refused,
      roles,
      proofs: this.#read.proofs,
      systemProofs: noSystemProofs,
      identities: this.#read.clients.identities,
      assignments: this.#read.clients.assignments,
      identityCache: identities,
      assignmentCache: assignments,
      hostCache: hosts,
      areas: {
        use: (key, areas) => {
          const used = [...areas];
          if (used.length > 0) this.noted.set(key, used);
          else this.noted.delete(key);
        },
      },
      installationId: INSTALLATION,
      firstSeen: new Map(),
      granted: this.granted,
      ownWrites: ownWritesOf(),
      whoAmI: async () => ({ objectId: 'self', clientId: 'self', tenantId: 't' }),
      azureLagMs: LAG_MS,
      lateWrites: lateWritesOn(clock, { azureLagMs: LAG_MS }),
      releaseAfterMs: 3_600_000,
      references: this.references,
      elapsed: new Elapsed(clock),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#read[Symbol.asyncDispose]();
  }

  #context({ metadata }: RoleGrant, priority: Priority): ReconcileContext {
    return this.#read.context(`${metadata.namespace}/${metadata.name}`, priority);
  }
}

const READERS: NonNullable<IdentityPolicySpec['grants']> = [{ roles: ['Reader'], scopes: [SUB] }];

/** Of a call that Azure does not answer. */
export const unavailable = new AzureError({ status: 503, code: 'ServiceUnavailable', message: 'later' });
