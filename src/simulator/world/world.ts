import { ArmError } from '../http/operation.ts';
import { Locks } from './locks.ts';
import { parentScope, parseScope, scopeKey } from './scope.ts';

/** What exists in the simulated Azure, before any rights to it: the tree of scopes, its resources and locks. */
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

export class World {
  readonly tenantId: string;
  readonly locks: Locks;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #managementGroups = new Map<string, ManagementGroup>();
  readonly #groups = new Map<string, ResourceGroup>();
  readonly #resources = new Map<string, Resource>();
  readonly #put = new Set<(resource: Resource) => void>();
  readonly #removed = new Set<(resource: Resource) => void>();
  readonly #scopesRemoved = new Set<(scope: string) => void>();

  constructor(tenantId: string) {
    this.tenantId = tenantId;
    this.locks = new Locks((scope) => this.lineage(scope));
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

  /** Removes a resource and its children and calls the listeners; false when it was not there. */
  removeResource(id: string): boolean {
    if (!this.resource(id)) return false;
    this.#dropScope(id);
    return true;
  }

  /** Called for each resource removed, in every way (DELETE, group deletion, control endpoint). */
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
    this.locks.dropWithin(scope);
    for (const listener of this.#scopesRemoved) listener(scope);
  }
}

export function subscriptionNotFound(id: string): ArmError {
  return new ArmError(404, 'SubscriptionNotFound', `The subscription '${id}' could not be found.`);
}

export function resourceGroupNotFound(name: string): ArmError {
  return new ArmError(404, 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`);
}

const managementGroupKey = (name: string) =>
  scopeKey(`/providers/Microsoft.Management/managementGroups/${name}`);
