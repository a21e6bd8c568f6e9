import { ArmError } from './http/operation.ts';
import { isWithin, parentScope, parseScope, scopeKey } from './scope.ts';

/** What exists in the simulated Azure, before anybody's rights to it: the tree of scopes, its resources and locks. */
export interface Subscription {
  readonly id: string;
  readonly displayName: string;
  readonly tenantId: string;
  readonly state: 'Enabled';
  /** Name of the management group it is in; absent = directly under the tenant root. */
  readonly managementGroup?: string;
}

interface ManagementGroup {
  readonly name: string;
  readonly displayName: string;
  readonly parent?: string;
}

export interface ResourceGroup {
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A registered resource of any type, child resources included. The module of the type keeps the rest of its state. */
export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly location: string;
  readonly tags?: Readonly<Record<string, string>>;
}

type LockLevel = 'CanNotDelete' | 'ReadOnly';

export interface Lock {
  readonly scope: string;
  readonly name: string;
  readonly level: LockLevel;
  readonly notes?: string;
}

/** Of a lock that the control endpoint sets; one made over ARM has a name of its own. */
const CONTROL_LOCK = 'azid-simulator';

export class World {
  readonly tenantId: string;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #managementGroups = new Map<string, ManagementGroup>();
  readonly #groups = new Map<string, ResourceGroup>();
  readonly #resources = new Map<string, Resource>();
  /** By `lockKey`. */
  readonly #locks = new Map<string, Lock>();
  readonly #put = new Set<(resource: Resource) => void>();
  readonly #removed = new Set<(resource: Resource) => void>();
  readonly #scopesRemoved = new Set<(scope: string) => void>();

  constructor(tenantId: string) {
    this.tenantId = tenantId;
  }

  addSubscription(given: {
    id: string;
    displayName?: string;
    tenantId?: string;
    managementGroup?: string;
  }): void {
    const { id, displayName = id, tenantId = this.tenantId, managementGroup } = given;
    this.#subscriptions.set(id.toLowerCase(), {
      id,
      displayName,
      tenantId,
      state: 'Enabled',
      ...(managementGroup !== undefined && { managementGroup }),
    });
  }

  addManagementGroup(group: ManagementGroup): void {
    this.#managementGroups.set(group.name.toLowerCase(), group);
  }

  subscription(id: string): Subscription | undefined {
    return this.#subscriptions.get(id.toLowerCase());
  }

  subscriptions(): Subscription[] {
    return [...this.#subscriptions.values()];
  }

  addResourceGroup(
    subscriptionId: string,
    name: string,
    location = 'westeurope',
    tags: Readonly<Record<string, string>> = {},
  ): ResourceGroup {
    if (!this.subscription(subscriptionId)) throw subscriptionNotFound(subscriptionId);
    const id = `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
    const group = { id, name, subscriptionId, location, tags };
    this.#groups.set(scopeKey(id), group);
    return group;
  }

  resourceGroups(subscriptionId: string): ResourceGroup[] {
    return [...this.#groups.values()].filter(
      (group) => group.subscriptionId.toLowerCase() === subscriptionId.toLowerCase(),
    );
  }

  resourceGroup(subscriptionId: string, name: string): ResourceGroup | undefined {
    return this.#groups.get(scopeKey(`/subscriptions/${subscriptionId}/resourceGroups/${name}`));
  }

  /** Removes the group, what is in it, and the locks on either; false when it was not there. */
  removeResourceGroup(subscriptionId: string, name: string): boolean {
    const group = this.resourceGroup(subscriptionId, name);
    if (!group) return false;
    this.#groups.delete(scopeKey(group.id));
    this.#dropScope(group.id);
    return true;
  }

  /** Registers or replaces. Its group must exist: checked by the frame before a handler runs. */
  putResource(resource: Resource): void {
    this.#resources.set(scopeKey(resource.id), resource);
    for (const listener of this.#put) listener(resource);
  }

  /** Called for each resource that is made or changed; the module of its type has stored it by then. */
  onPut(listener: (resource: Resource) => void): Disposable {
    this.#put.add(listener);
    return { [Symbol.dispose]: () => void this.#put.delete(listener) };
  }

  resource(id: string): Resource | undefined {
    return this.#resources.get(scopeKey(id));
  }

  resourcesWithin(scope: string): Resource[] {
    const above = scopeKey(scope);
    const prefix = above === '/' ? '/' : `${above}/`;
    const found: Resource[] = [];
    // The keys are canonical already: with 10,000 resources it matters not to normalise each of them again.
    for (const [key, resource] of this.#resources)
      if (key === above || key.startsWith(prefix)) found.push(resource);
    return found;
  }

  /** Removes a resource and its children and tells the listeners; false when it was not there. */
  removeResource(id: string): boolean {
    if (!this.resource(id)) return false;
    this.#dropScope(id);
    return true;
  }

  /** Called for each resource removed, by whatever way (DELETE, group deletion, control endpoint). */
  onRemoved(listener: (resource: Resource) => void): Disposable {
    this.#removed.add(listener);
    return { [Symbol.dispose]: () => void this.#removed.delete(listener) };
  }

  /** Called with the id of a group or resource that is gone, after all beneath it: what lives at a scope goes too. */
  onScopeRemoved(listener: (scope: string) => void): Disposable {
    this.#scopesRemoved.add(listener);
    return { [Symbol.dispose]: () => void this.#scopesRemoved.delete(listener) };
  }

  scopeExists(scope: string): boolean {
    const parsed = parseScope(scope);
    switch (parsed.kind) {
      case 'tenant':
        return true;
      case 'managementGroup':
        return this.#managementGroups.has(parsed.name.toLowerCase());
      case 'subscription':
        return this.subscription(parsed.subscriptionId) !== undefined;
      case 'resourceGroup':
        return this.resourceGroup(parsed.subscriptionId, parsed.resourceGroup) !== undefined;
      case 'resource':
        return this.resource(scope) !== undefined;
    }
  }

  /** Keys (`scopeKey`) of the scope and of everything above it, nearest first, the tenant root `/` last. */
  lineage(scope: string): string[] {
    const keys: string[] = [];
    for (let key: string | undefined = scopeKey(scope); key !== undefined; key = this.#parent(key))
      keys.push(key);
    return keys;
  }

  /** `ReadOnly` is the stronger: a second lock of a name on a scope keeps the stronger of the two. */
  lock(scope: string, level: LockLevel, name = CONTROL_LOCK): void {
    if (this.lockAt(scope, name)?.level !== 'ReadOnly') this.putLock({ scope, name, level });
  }

  /** Every lock at the scope itself; false when there was none. */
  unlock(scope: string): boolean {
    const held = this.locksAt(scope);
    for (const { name } of held) this.removeLock(scope, name);
    return held.length > 0;
  }

  putLock(lock: Lock): void {
    this.#locks.set(lockKey(lock.scope, lock.name), lock);
  }

  lockAt(scope: string, name: string): Lock | undefined {
    return this.#locks.get(lockKey(scope, name));
  }

  removeLock(scope: string, name: string): boolean {
    return this.#locks.delete(lockKey(scope, name));
  }

  /** At the scope itself. */
  locksAt(scope: string): Lock[] {
    const key = scopeKey(scope);
    return [...this.#locks.values()].filter((lock) => scopeKey(lock.scope) === key);
  }

  /** At the scope and beneath it. */
  locksWithin(scope: string): Lock[] {
    return [...this.#locks.values()].filter((lock) => isWithin(lock.scope, scope));
  }

  /**
   * Throws `ScopeLocked` when a lock on the scope or above forbids the operation (docs/azure-facts.md section 2), or, for a
   * deletion, one on anything beneath it, which would go as well.
   */
  assertUnlocked(id: string, operation: 'write' | 'delete'): void {
    if (this.#locks.size === 0) return;
    const lineage = new Set(this.lineage(id));
    const above = [...this.#locks.values()].filter(
      ({ scope, level }) => lineage.has(scopeKey(scope)) && (level === 'ReadOnly' || operation === 'delete'),
    );
    const beneath =
      operation === 'delete'
        ? [...this.#locks.values()].filter(
            ({ scope }) => isWithin(scope, id) && scopeKey(scope) !== scopeKey(id),
          )
        : [];
    const locks = [...above, ...beneath];
    if (locks.length === 0) return;
    const scopes = locks.map((lock) => `'${lock.scope}'`).join(',');
    throw new ArmError(
      409,
      'ScopeLocked',
      `The scope '${id}' cannot perform ${operation} operation because following scope(s) are locked: ${scopes}. Please remove the lock and try again.`,
    );
  }

  #parent(key: string): string | undefined {
    const parsed = parseScope(key);
    if (parsed.kind === 'subscription') {
      const group = this.subscription(parsed.subscriptionId)?.managementGroup;
      return group === undefined ? '/' : managementGroupKey(group);
    }
    if (parsed.kind === 'managementGroup') {
      const parent = this.#managementGroups.get(parsed.name.toLowerCase())?.parent;
      return parent === undefined ? '/' : managementGroupKey(parent);
    }
    return parentScope(key);
  }

  #dropScope(scope: string): void {
    for (const resource of this.resourcesWithin(scope)) {
      this.#resources.delete(scopeKey(resource.id));
      for (const listener of this.#removed) listener(resource);
    }
    for (const lock of this.locksWithin(scope)) this.removeLock(lock.scope, lock.name);
    for (const listener of this.#scopesRemoved) listener(scope);
  }
}

export function subscriptionNotFound(id: string): ArmError {
  return new ArmError(404, 'SubscriptionNotFound', `The subscription '${id}' could not be found.`);
}

export function resourceGroupNotFound(name: string): ArmError {
  return new ArmError(404, 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`);
}

const lockKey = (scope: string, name: string) => `${scopeKey(scope)} ${name.toLowerCase()}`;

const managementGroupKey = (name: string) =>
  scopeKey(`/providers/Microsoft.Management/managementGroups/${name}`);
