import {
  type FederatedIdentityCredential,
  federatedIdentityCredential,
} from '../../../src/api/federated-identity-credential.ts';
import { userAssignedIdentity } from '../../../src/api/user-assigned-identity.ts';
import type { Condition, Resource } from '../../../src/kube/types.ts';
import { kstatus, type Observed } from '../status/kstatus.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../testbed.ts';

/** One namespace, its policy and one identity: the stage on which credentials are declared. */

export const NAMESPACE = 'team-a';
export const ISSUER = 'https://issuer.example.org/a';
export const AUDIENCE = 'api://AzureADTokenExchange';
export const WEB = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const VERSION = '?api-version=2024-11-30';

export interface AzureCredential {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly issuer: string;
    readonly subject: string;
    readonly audiences: readonly string[];
  };
}

export class FederationStage {
  readonly #cluster: Cluster;
  readonly #world: World;

  constructor(cluster: Cluster, world: World) {
    this.#cluster = cluster;
    this.#world = world;
  }

  async prepare(): Promise<void> {
    await this.#cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    await this.policy();
    await this.identity('web');
  }

  /** What the administrator allows; by default any subject of two issuers that stays within one field. */
  policy(federation: readonly object[] = ALLOWED): Promise<unknown> {
    return this.#cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'IdentityPolicy',
      metadata: { name: NAMESPACE },
      spec: {
        namespaces: { names: [NAMESPACE] },
        identities: { scopes: [`/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1`] },
        defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' },
        ...(federation.length > 0 && { federation }),
      },
    });
  }

  identity(name: string, spec: object = {}): Promise<unknown> {
    return this.#cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'UserAssignedIdentity',
      metadata: { name, namespace: NAMESPACE },
      spec,
    });
  }

  declare(name: string, spec: object = {}): Promise<FederatedIdentityCredential> {
    const asked = 'kubernetes' in spec || 'github' in spec ? {} : { issuer: ISSUER, subject: `job:${name}` };
    return this.#cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'FederatedIdentityCredential',
      metadata: { name, namespace: NAMESPACE },
      spec: { identityRef: { name: 'web' }, ...asked, ...spec },
    });
  }

  get(name: string): Promise<FederatedIdentityCredential | undefined> {
    return this.#cluster.get(federatedIdentityCredential.resource, `${NAMESPACE}/${name}`);
  }

  async condition(name: string, type = 'Ready'): Promise<Condition | undefined> {
    return (await this.get(name))?.status?.conditions?.find((each) => each.type === type);
  }

  /** Until `Ready` has this reason (`Ready` when it is true) and kstatus agrees that there is nothing to wait for. */
  async settled(name: string, reason = 'Ready'): Promise<FederatedIdentityCredential> {
    let found: FederatedIdentityCredential | undefined;
    await this.#world.until(`${name} to be ${reason}`, async () => {
      found = await this.get(name);
      const ready = found?.status?.conditions?.find(({ type }) => type === 'Ready');
      return found !== undefined && ready?.reason === reason && kstatus(found as Observed) !== 'InProgress';
    });
    if (!found) throw new Error(`expected ${name} to exist`);
    return found;
  }

  async gone(resource: Resource, name: string): Promise<void> {
    await this.#world.until(
      `${resource.kind} ${name} to go`,
      async () => (await this.#cluster.get(resource, `${NAMESPACE}/${name}`)) === undefined,
    );
  }

  async remove(name: string): Promise<void> {
    await this.#cluster.delete(federatedIdentityCredential.resource, `${NAMESPACE}/${name}`);
    await this.gone(federatedIdentityCredential.resource, name);
  }

  /** Asks azid to reconcile now, and waits until it has. */
  async lookNow(name: string): Promise<void> {
    const at = String(this.#world.clock.now());
    await this.#cluster.patch(federatedIdentityCredential.resource, `${NAMESPACE}/${name}`, {
      metadata: { annotations: { 'azid.dev/reconcile-requested-at': at } },
    });
    await this.#world.until(
      `${name} to be reconciled`,
      async () => (await this.get(name))?.status?.lastHandledReconcileAt === at,
    );
  }

  identityReady(name: string): Promise<void> {
    return this.#world.until(`identity ${name} to be ready`, async () => {
      const object = await this.#cluster.get(userAssignedIdentity.resource, `${NAMESPACE}/${name}`);
      return object?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
    });
  }

  /** What Azure has on an identity, as somebody else sees it. */
  async inAzure(identityId = WEB): Promise<readonly AzureCredential[]> {
    const { status, body } = await this.#world.azure.control.arm({
      method: 'GET',
      path: `${identityId}/federatedIdentityCredentials${VERSION}`,
    });
    return status === 200 ? (body as { value: AzureCredential[] }).value : [];
  }

  async byHand(
    method: 'PUT' | 'DELETE',
    name: string,
    properties?: { issuer?: string; subject: string; audiences?: readonly string[] },
    identityId = WEB,
  ): Promise<void> {
    const { status } = await this.#world.azure.control.arm({
      method,
      path: `${identityId}/federatedIdentityCredentials/${name}${VERSION}`,
      ...(properties && { body: { properties: { issuer: ISSUER, audiences: [AUDIENCE], ...properties } } }),
    });
    if (status > 201) throw new Error(`expected ${method} ${name} to succeed, got ${status}`);
  }

  /** azid's own writes of credentials since the request with number `since`. */
  writes(since = 0) {
    return this.#world.azure
      .requests(since)
      .filter(({ method, caller }) => method !== 'GET' && caller === 'controller')
      .filter(({ operation }) => operation.startsWith('federatedCredentials.'));
  }
}

const ALLOWED = [
  { issuers: [ISSUER, 'https://token.actions.githubusercontent.com'], subjects: ['job:*', 'repo:org/**'] },
  { issuers: ['cluster'], subjects: ['system:serviceaccount:$(namespace):*'] },
];
