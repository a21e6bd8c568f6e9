import type { IdentityPolicySpec } from '../../../src/api/identity-policy.ts';
import { type RoleGrant, type RoleGrantSpec, roleGrant } from '../../../src/api/role-grant.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../../../src/api/user-assigned-identity.ts';
import type { Condition } from '../../../src/kube/types.ts';
import { kstatus, type Observed } from '../status/kstatus.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../testbed.ts';

/** One namespace, its policy and one identity: the stage on which roles are granted. */

export const NAMESPACE = 'team-a';
export const SUB = `/subscriptions/${SUBSCRIPTION}`;
export const RG1 = `${SUB}/resourceGroups/rg1`;
export const WEB = `${RG1}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
export const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const VERSION = '?api-version=2022-04-01';
const ASSIGNMENTS = '/providers/Microsoft.Authorization/roleAssignments';

export interface Assignment {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly scope: string;
    readonly principalId: string;
    readonly principalType: string;
    readonly roleDefinitionId: string;
    readonly condition: string | null;
    readonly description: string | null;
  };
}

export class GrantStage {
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

  /** What the administrator allows; by default Reader in the subscription, for identities of the namespace. */
  policy(grants: IdentityPolicySpec['grants'] = [{ roles: ['Reader'], scopes: [SUB] }]): Promise<unknown> {
    return this.#cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'IdentityPolicy',
      metadata: { name: NAMESPACE },
      spec: {
        namespaces: { names: [NAMESPACE] },
        identities: { scopes: [RG1] },
        defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' },
        ...(grants && grants.length > 0 && { grants }),
      },
    });
  }

  identity(name: string, spec: object = {}): Promise<UserAssignedIdentity> {
    return this.#cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'UserAssignedIdentity',
      metadata: { name, namespace: NAMESPACE },
      spec,
    });
  }

  /** Reader on rg1 for `web`, changed where `spec` says so. */
  declare(name: string, spec: Partial<RoleGrantSpec> = {}): Promise<RoleGrant> {
    return this.#cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'RoleGrant',
      metadata: { name, namespace: NAMESPACE },
      spec: { principal: { identityRef: { name: 'web' } }, role: { name: 'Reader' }, scope: RG1, ...spec },
    });
  }

  /** `read` stands; then azid goes away. Gives the principal. */
  async grantedAndAway(): Promise<string> {
    const operator = await this.#world.start();
    await this.declare('read');
    await this.ready('read');
    const principal = await this.principal();
    await this.#world.stop(operator);
    return principal;
  }

  /** Azure answers so many reads of this path with 503. */
  refuseReads(path: string, count: number): void {
    const effect = { kind: 'status', status: 503 } as const;
    this.#world.azure.control.addFault({ method: 'GET', path, count, effect });
  }

  get(name: string): Promise<RoleGrant | undefined> {
    return this.#cluster.get(roleGrant.resource, `${NAMESPACE}/${name}`);
  }

  getIdentity(name: string): Promise<UserAssignedIdentity | undefined> {
    return this.#cluster.get(userAssignedIdentity.resource, `${NAMESPACE}/${name}`);
  }

  /** Asks azid to reconcile now, and waits until it has. */
  async lookNow(name: string): Promise<RoleGrant> {
    const at = String(this.#world.clock.now());
    await this.#cluster.patch(roleGrant.resource, `${NAMESPACE}/${name}`, {
      metadata: { annotations: { 'azid.dev/reconcile-requested-at': at } },
    });
    return this.reach(name, 'looked at', ({ status }) => status?.lastHandledReconcileAt === at);
  }

  /** Declares another description, and waits until Azure has it. */
  async edit(name: string, description: string): Promise<void> {
    await this.declare(name, { description });
    await this.#world.until('the edit in Azure', async () =>
      (await this.assignments(await this.principal())).some(({ properties }) =>
        properties.description?.startsWith(description),
      ),
    );
  }

  delete(name: string): Promise<void> {
    return this.#cluster.delete(roleGrant.resource, `${NAMESPACE}/${name}`);
  }

  deleteIdentity(name: string): Promise<void> {
    return this.#cluster.delete(userAssignedIdentity.resource, `${NAMESPACE}/${name}`);
  }

  /** Waits until the grant reads as `holds` wants it, for the spec as it is. */
  async reach(name: string, what: string, holds: (object: RoleGrant) => boolean): Promise<RoleGrant> {
    let seen: RoleGrant | undefined;
    try {
      await this.#world.until(`${name} to be ${what}`, async () => {
        seen = await this.get(name);
        return (
          seen !== undefined && seen.status?.observedGeneration === seen.metadata.generation && holds(seen)
        );
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}; last seen: ${JSON.stringify(seen?.status)}`, {
        cause: error,
      });
    }
    if (!seen) throw new Error(`${name} is gone`);
    return seen;
  }

  /** Ready, by default with what azid itself granted. */
  async ready(name: string, reason = 'Granted', holds: (object: RoleGrant) => boolean = () => true) {
    const object = await this.reach(
      name,
      `Ready, ${reason}`,
      (each) => isReady(each) && conditionOf(each, 'Ready')?.reason === reason && holds(each),
    );
    if (kstatus(object as Observed) !== 'Current') throw new Error(`${name}: expected kstatus Current`);
    return object;
  }

  /** Stalled with this reason; gives the message. */
  async stalled(name: string, reason: string): Promise<string> {
    const object = await this.reach(
      name,
      `stalled, ${reason}`,
      (each) => conditionOf(each, 'Stalled')?.reason === reason,
    );
    if (kstatus(object as Observed) !== 'Failed') throw new Error(`${name}: expected kstatus Failed`);
    return conditionOf(object, 'Ready')?.message ?? '';
  }

  gone(name: string): Promise<void> {
    return this.#world.until(`${name} to be gone`, async () => (await this.get(name)) === undefined);
  }

  /** The principal of an identity's object, once it has one. */
  async principal(name = 'web', other?: string): Promise<string> {
    let id: string | undefined;
    await this.#world.until(`identity ${name} to have a principal`, async () => {
      id = (await this.getIdentity(name))?.status?.principalId;
      return id !== undefined && id !== other;
    });
    return id ?? '';
  }

  /** All assignments of a principal in Azure now, below and above the subscription included. */
  async assignments(principalId: string, at = SUB): Promise<readonly Assignment[]> {
    const scope = at === '/' ? '' : at;
    const filter = encodeURIComponent(`principalId eq '${principalId}'`);
    const path = `${scope}${ASSIGNMENTS}${VERSION}&$filter=${filter}`;
    const { status, body } = await this.#world.azure.control.arm({ method: 'GET', path });
    if (status !== 200)
      throw new Error(`expected a list of assignments, got ${status} ${JSON.stringify(body)}`);
    return (body as { value: readonly Assignment[] }).value;
  }

  /** By the hand of someone else in Azure. */
  async arm(method: 'GET' | 'PUT' | 'DELETE', id: string, body?: object): Promise<number> {
    const answer = await this.#world.azure.control.arm({
      method,
      path: `${id}${VERSION}`,
      ...(body && { body }),
    });
    return answer.status;
  }

  /** azid's writes of assignments after the first `since` entries of the log, as `PUT 201`. */
  writes(since = 0): string[] {
    return this.#world.azure
      .requests(since)
      .filter(
        ({ caller, method, path }) =>
          caller === 'controller' && method !== 'GET' && /roleassignments/i.test(path),
      )
      .map(({ method, status }) => `${method} ${status}`);
  }

  /** How long the request log is now: for `since`. */
  get mark(): number {
    return this.#world.azure.requests().length;
  }
}

export function conditionOf(object: RoleGrant, type: string): Condition | undefined {
  return object.status?.conditions?.find((each) => each.type === type);
}

function isReady(object: RoleGrant): boolean {
  return conditionOf(object, 'Ready')?.status === 'True';
}
