import {
  type FederatedIdentityCredential,
  federatedIdentityCredential,
} from '../../../src/api/federated-identity-credential.ts';
import { type HostIdentity, hostIdentity } from '../../../src/api/host-identity.ts';
import {
  type IdentityAttachment,
  type IdentityAttachmentSpec,
  identityAttachment,
} from '../../../src/api/identity-attachment.ts';
import type { IdentityPolicySpec } from '../../../src/api/identity-policy.ts';
import { type RoleGrant, type RoleGrantSpec, roleGrant } from '../../../src/api/role-grant.ts';
import {
  type SystemAssignedIdentity,
  type SystemAssignedIdentitySpec,
  systemAssignedIdentity,
} from '../../../src/api/system-assigned-identity.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../../../src/api/user-assigned-identity.ts';
import { type Event, events } from '../../../src/kube/builtin.ts';
import type { Condition, KubeObject, Resource } from '../../../src/kube/types.ts';
import type { HostView } from '../../../src/simulator/hosts/host-body.ts';
import type { LoggedRequest } from '../../../src/simulator/http/request-log.ts';
import { kstatus, type Observed } from '../status/kstatus.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../testbed.ts';

/** One namespace, its policy and one identity `app`: the stage on which identities are attached to resources. */

export const SUB = `/subscriptions/${SUBSCRIPTION}`;
export const RG1 = `${SUB}/resourceGroups/rg1`;
export const VMS = 'Microsoft.Compute/virtualMachines';
export const hostIdOf = (type: string, name: string, group = RG1) => {
  const [namespace = '', ...types] = type.split('/');
  const names = name.split('/');
  return `${group}/providers/${namespace}/${types.map((each, at) => `${each}/${names[at]}`).join('/')}`;
};
export const vmId = (name: string) => hostIdOf(VMS, name);
export const identityIdOf = (name: string) =>
  `${RG1}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

/** What the policy of the stage allows: everything in the subscription, selectors included. */
const ALL: NonNullable<IdentityPolicySpec['attachments']> = [
  { types: ['*'], scopes: [SUB], selectors: true, adopt: true },
];

export type HostParts = Partial<Parameters<World['azure']['control']['createHost']>[0]>;

interface Settled extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number | undefined;
    readonly conditions?: readonly Condition[] | undefined;
  };
}

export class HostStage {
  readonly #cluster: Cluster;
  readonly #world: World;
  readonly namespace: string;

  constructor(cluster: Cluster, world: World, namespace = 'team-a') {
    this.#cluster = cluster;
    this.#world = world;
    this.namespace = namespace;
  }

  async prepare(spec: Partial<IdentityPolicySpec> = {}): Promise<void> {
    await this.#cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace } });
    await this.policy(spec);
    await this.identity('app');
  }

  policy(spec: Partial<IdentityPolicySpec> = {}): Promise<unknown> {
    return this.#apply('IdentityPolicy', this.namespace, {
      namespaces: { names: [this.namespace] },
      identities: { scopes: [RG1] },
      attachments: ALL,
      systemAssigned: [{ types: ['*'], scopes: [SUB], adopt: true }],
      grants: [{ roles: ['Reader'], scopes: [SUB] }],
      defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' },
      ...spec,
    });
  }

  identity(name: string, spec: object = {}): Promise<UserAssignedIdentity> {
    return this.#apply('UserAssignedIdentity', name, spec);
  }

  /** Identity `app` on VM `name` unless the spec says otherwise. */
  attach(name: string, spec: Partial<IdentityAttachmentSpec> = {}): Promise<IdentityAttachment> {
    const { identityId } = spec;
    return this.#apply('IdentityAttachment', name, {
      ...(identityId === undefined && { identityRef: { name: 'app' } }),
      target: { resourceId: vmId(name) },
      ...spec,
    });
  }

  /** The system-assigned identity of VM `name` unless the spec says otherwise. */
  system(name: string, spec: Partial<SystemAssignedIdentitySpec> = {}): Promise<SystemAssignedIdentity> {
    return this.#apply('SystemAssignedIdentity', name, { resourceId: vmId(name), ...spec });
  }

  /** Reader on rg1 for a system-assigned identity. */
  grantSystem(name: string, spec: Partial<RoleGrantSpec> = {}): Promise<RoleGrant> {
    return this.#apply('RoleGrant', name, {
      principal: { identityRef: { kind: 'SystemAssignedIdentity', name } },
      role: { name: 'Reader' },
      scope: RG1,
      ...spec,
    });
  }

  /** A credential for identity `app`, if the policy allows its issuer. */
  credential(name: string): Promise<FederatedIdentityCredential> {
    return this.#apply('FederatedIdentityCredential', name, {
      identityRef: { name: 'app' },
      issuer: 'https://issuer.example.org/a',
      subject: `job:${name}`,
    });
  }

  attachment = (name: string) => this.#get(identityAttachment.resource, name);
  systemIdentity = (name: string) => this.#get(systemAssignedIdentity.resource, name);
  grant = (name: string) => this.#get(roleGrant.resource, name);
  credentialOf = (name: string) => this.#get(federatedIdentityCredential.resource, name);
  userIdentity = (name: string) => this.#get(userAssignedIdentity.resource, name);

  detach(name: string): Promise<void> {
    return this.#cluster.delete(identityAttachment.resource, `${this.namespace}/${name}`);
  }

  deleteSystem(name: string): Promise<void> {
    return this.#cluster.delete(systemAssignedIdentity.resource, `${this.namespace}/${name}`);
  }

  annotate(name: string, annotations: Readonly<Record<string, string>>): Promise<unknown> {
    const key = `${this.namespace}/${name}`;
    return this.#cluster.patch(identityAttachment.resource, key, { metadata: { annotations } });
  }

  /** Of an attachment; nothing of its spec changes. */
  label(name: string, labels: Readonly<Record<string, string>>): Promise<unknown> {
    const key = `${this.namespace}/${name}`;
    return this.#cluster.patch(identityAttachment.resource, key, { metadata: { labels } });
  }

  /** The attachment, which must be there. */
  async present(name: string): Promise<IdentityAttachment> {
    const object = await this.attachment(name);
    if (!object) throw new Error(`expected attachment ${name} to be there, it is not`);
    return object;
  }

  /** The ledger of a host, by its ARM id. */
  async ledger(hostId: string): Promise<HostIdentity | undefined> {
    const all = await this.#cluster.list(hostIdentity.resource);
    return all.find(({ spec }) => spec.resourceId.toLowerCase() === hostId.toLowerCase());
  }

  ledgers(): Promise<readonly HostIdentity[]> {
    return this.#cluster.list(hostIdentity.resource);
  }

  /** Waits until an object reads as `holds` wants it, for the spec as it is. */
  async reach<T extends Settled>(
    get: () => Promise<T | undefined>,
    what: string,
    holds: (object: T) => boolean,
    limitMs?: number,
  ): Promise<T> {
    let seen: T | undefined;
    const reached = async () => {
      seen = await get();
      return (
        seen !== undefined && seen.status?.observedGeneration === seen.metadata.generation && holds(seen)
      );
    };
    try {
      await this.#world.until(what, reached, limitMs);
    } catch (error) {
      const ledgers = (await this.ledgers()).slice(0, 3).map(({ status }) => status);
      throw new Error(
        `${(error as Error).message}; last seen: ${JSON.stringify(seen?.status)}; ledgers: ${JSON.stringify(ledgers)}`,
        { cause: error },
      );
    }
    if (!seen) throw new Error(`${what}: it is gone`);
    return seen;
  }

  async attached(
    name: string,
    holds: (object: IdentityAttachment) => boolean = () => true,
  ): Promise<IdentityAttachment> {
    const object = await this.reach(
      () => this.attachment(name),
      `attachment ${name} to be Ready`,
      (each) => isReady(each) && holds(each),
    );
    current(object);
    return object;
  }

  async systemReady(
    name: string,
    holds: (object: SystemAssignedIdentity) => boolean = () => true,
  ): Promise<SystemAssignedIdentity> {
    const object = await this.reach(
      () => this.systemIdentity(name),
      `system-assigned identity ${name} to be Ready`,
      (each) => isReady(each) && holds(each),
    );
    current(object);
    return object;
  }

  granted(name: string, holds: (object: RoleGrant) => boolean = () => true): Promise<RoleGrant> {
    return this.reach(
      () => this.grant(name),
      `grant ${name} to be Ready`,
      (each) => isReady(each) && holds(each),
    );
  }

  credentialReady(name: string): Promise<FederatedIdentityCredential> {
    return this.reach(() => this.credentialOf(name), `credential ${name} to be Ready`, isReady);
  }

  /** Stalled with this reason; gives the message. */
  async stalled(get: () => Promise<Settled | undefined>, reason: string): Promise<string> {
    const object = await this.reach(
      get,
      `Stalled, ${reason}`,
      (each) => conditionOf(each, 'Stalled')?.reason === reason,
    );
    if (kstatus(object as Observed) !== 'Failed')
      throw new Error(`expected kstatus Failed, got ${kstatus(object as Observed)}`);
    return conditionOf(object, 'Ready')?.message ?? '';
  }

  /** Not ready, with this text in the message, and not stalled. */
  waiting(get: () => Promise<Settled | undefined>, text: string): Promise<Settled> {
    return this.reach(get, `waiting: ${text}`, (each) => {
      const ready = conditionOf(each, 'Ready');
      return ready?.status === 'False' && !conditionOf(each, 'Stalled') && ready.message.includes(text);
    });
  }

  /** Being deleted, and held up by a refusal of this reason; gives the message. */
  async blocked(get: () => Promise<Settled | undefined>, reason: string): Promise<string> {
    const object = await this.reach(get, `a deletion blocked by ${reason}`, (each) => {
      const blocked = conditionOf(each, 'DeletionBlocked');
      return blocked?.status === 'True' && blocked.reason === reason;
    });
    return conditionOf(object, 'DeletionBlocked')?.message ?? '';
  }

  async gone(get: () => Promise<KubeObject | undefined>, what: string): Promise<void> {
    try {
      await this.#world.until(`${what} to be gone`, async () => (await get()) === undefined);
    } catch (error) {
      const left = JSON.stringify(((await get()) as Settled | undefined)?.status);
      throw new Error(`${(error as Error).message}; last seen: ${left}`, { cause: error });
    }
  }

  // What is in Azure, lags aside.

  createVm(name: string, more: HostParts = {}): HostView {
    return this.createHost(VMS, name, more);
  }

  /** In rg1, in place of what is there; a slot's name is `app/staging`. */
  createHost(type: string, name: string, more: HostParts = {}): HostView {
    return this.#world.azure.control.createHost({ type, name, resourceGroup: 'rg1', ...more });
  }

  host(id: string): HostView {
    return this.#world.azure.control.host({ id });
  }

  /** Names of the identities attached to a host; `name!` for a dead entry. */
  on(id: string): string[] {
    return this.host(id)
      .attached.map((each) => `${each.id.split('/').at(-1)}${each.principalId === null ? '!' : ''}`)
      .sort();
  }

  /** azid's requests after the first `since` of the log. */
  requests(since = 0): LoggedRequest[] {
    return this.#world.azure.requests(since).filter(({ caller }) => caller === 'controller');
  }

  /** azid's writes to hosts, as `PATCH vm1`. */
  writes(since = 0): string[] {
    return this.requests(since)
      .filter(({ method, path }) => method !== 'GET' && !/managedidentity|authorization/i.test(path))
      .map(({ method, path }) => `${method} ${path.split('?')[0]?.split('/').at(-1)}`);
  }

  /** How long Azure's request log is now: for `since`. */
  get mark(): number {
    return this.#world.azure.requests().length;
  }

  /** Waits for an Event of this reason about an object of the test; returns its note. */
  async event(name: string, reason: string): Promise<string> {
    let found: Event | undefined;
    await this.#world.until(`an Event ${reason} about ${name}`, async () => {
      const all = await this.#cluster.list(events);
      found = all.find(({ regarding, reason: each }) => regarding?.name === name && each === reason);
      return found !== undefined;
    });
    return found?.note ?? '';
  }

  #apply<T extends KubeObject>(kind: string, name: string, spec: object): Promise<T> {
    const clusterScoped = kind === 'IdentityPolicy';
    return this.#cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind,
      metadata: { name, ...(!clusterScoped && { namespace: this.namespace }) },
      spec,
    });
  }

  #get<T extends KubeObject>(resource: Resource<T>, name: string): Promise<T | undefined> {
    return this.#cluster.get(resource, `${this.namespace}/${name}`);
  }
}

export function conditionOf(object: Settled, type: string): Condition | undefined {
  return object.status?.conditions?.find((each) => each.type === type);
}

function isReady(object: Settled): boolean {
  return conditionOf(object, 'Ready')?.status === 'True';
}

function current(object: Settled): void {
  if (kstatus(object as Observed) !== 'Current')
    throw new Error(`expected kstatus Current, got ${kstatus(object as Observed)}`);
}
