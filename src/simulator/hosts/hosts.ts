import type { Foundation } from '../frame.ts';
import type { Associations } from '../identities/associations.ts';
import type { Identities } from '../identities/identities.ts';
import type { SystemIdentities } from '../identities/system-identity.ts';
import { History } from '../world/history.ts';
import { scopeKey } from '../world/scope.ts';
import { subscriptionNotFound } from '../world/world.ts';
import {
  type HeldIdentity,
  type Host,
  type HostAddress,
  hostId,
  NO_IDENTITY,
  type SystemEntry,
  type UserEntry,
} from './host.ts';
import { type EditMode, type IdentityEdit, idsAfter, NOTHING } from './writes/identity-edit.ts';

/** What a host is made of. */
interface HostSpec extends Pick<Host, 'location' | 'tags' | 'properties' | 'extra'> {
  readonly kind?: string;
  readonly sku?: unknown;
}

interface HostsParts extends Foundation {
  readonly identities: Identities;
  readonly associations: Associations;
  readonly systemIdentities: SystemIdentities;
}

/** The resources that carry identities, with the service principals of their system-assigned ones. */
export class Hosts {
  readonly #history: History<Host>;
  /** Monotonic ms, by `scopeKey`: of hosts and of identities that were deleted. */
  readonly #removedAt = new Map<string, number>();
  readonly #parts: HostsParts;

  constructor(parts: HostsParts) {
    this.#parts = parts;
    this.#history = new History(parts.clock, parts.random, () => parts.knobs.values.propagation);
    parts.world.onRemoved(({ id }) => {
      const key = scopeKey(id);
      this.#removedAt.set(key, parts.clock.monotonic());
      const host = this.#history.get(key);
      if (!host) return;
      this.#history.delete(key);
      this.#dropSystem(host);
      for (const { id: identityId } of host.identity.user.values())
        parts.associations.detach({ identityId, resource: { id } });
    });
  }

  /** The truth, lags aside; any case of the id. */
  get(id: string): Host | undefined {
    return this.#history.get(scopeKey(id));
  }

  /** True while a GET shall miss the fresh creation. */
  hidden(id: string): boolean {
    return this.#history.hidden(scopeKey(id));
  }

  all(): Host[] {
    return this.#history.values();
  }

  /** What lists show by now. */
  listed(): Host[] {
    return this.#history.list();
  }

  /** Ms since a host or an identity of this id was last deleted. */
  sinceRemoval(id: string): number {
    return this.#parts.clock.monotonic() - (this.#removedAt.get(scopeKey(id)) ?? Number.NEGATIVE_INFINITY);
  }

  /** `uniqueId`: where it is the resource of another simulation. */
  create(at: HostAddress, spec: HostSpec, uniqueId = this.#parts.random.uuid()): Host {
    const now = this.#parts.clock.now();
    return this.#store({
      ...at,
      ...spec,
      identity: NO_IDENTITY,
      provisioningState: 'Succeeded',
      uniqueId,
      revision: 1,
      restarts: 0,
      createdAt: now,
      changedAt: now,
    });
  }

  /** A change of its state alone is not a new version of it. */
  change(id: string, change: Partial<Host>): Host {
    const host = this.#existing(id);
    const onlyState = Object.keys(change).every((field) => field === 'provisioningState');
    const version = onlyState ? {} : { revision: host.revision + 1, changedAt: this.#parts.clock.now() };
    return this.#store({ ...host, ...change, ...version });
  }

  /**
   * Carries an edit out, without rights or rules. An entry that was there stays as it was, those of deleted identities too: only
   * removed and added again, in two writes, does it get the principal of today (docs/azure-facts.md section 6).
   *
   * @param system made by `prepareSystem`, where the answer has shown it already
   */
  editIdentity(id: string, edit: IdentityEdit, mode: EditMode, system?: SystemEntry): Host {
    const host = this.#existing(id);
    const own = edit.system ? (host.identity.system ?? system ?? this.prepareSystem(host)) : undefined;
    if (!edit.system) this.#dropSystem(host);
    const identity = this.identityAfter(host, edit, mode, own);
    this.#associate(host, identity.user);
    return this.change(id, { identity });
  }

  /** The identity after an edit, without carrying it out. `system`: the system-assigned identity, where it shall have one. */
  identityAfter(host: Host, edit: IdentityEdit, mode: EditMode, system?: SystemEntry): HeldIdentity {
    const after = idsAfter(host.identity, edit, mode);
    const user = new Map(
      [...after].map(([key, sent]) => [key, host.identity.user.get(key) ?? this.#entry(sent)] as const),
    );
    const stated = host.identity.stated || edit !== NOTHING;
    return { ...(edit.system && system && { system }), user, stated };
  }

  /** The service principal of a system-assigned identity, named after its resource; that of a slot `<app>/slots/<slot>`. */
  prepareSystem(host: Host, as?: Pick<SystemEntry, 'principalId' | 'clientId'>): SystemEntry {
    const subscription = this.#parts.world.subscription(host.subscriptionId);
    if (!subscription) throw subscriptionNotFound(host.subscriptionId);
    const { tenantId } = subscription;
    const { objectId, appId } = this.#parts.directory.create({
      displayName: host.name.replace('/', '/slots/'),
      tenantId,
      ...(as && { objectId: as.principalId, appId: as.clientId }),
    });
    return { principalId: objectId, clientId: appId, tenantId };
  }

  /** Of a write that failed. */
  discardSystem({ principalId }: SystemEntry): void {
    this.#parts.directory.delete(principalId);
  }

  /** The directory of the host's subscription. */
  tenantOf({ subscriptionId }: Host): string {
    return this.#parts.world.subscription(subscriptionId)?.tenantId ?? this.#parts.world.tenantId;
  }

  /**
   * To another group of its subscription: another id, the same resource, with its identities and their principals. What was
   * granted at the old id goes with that scope.
   */
  move(id: string, resourceGroup: string): Host {
    const { subscriptionId, type, name, ...rest } = this.#existing(id);
    const at = { subscriptionId, type, name, resourceGroup };
    const moved: Host = { ...rest, ...at, id: hostId(at) };
    const old = this.#existing(id);
    this.#associate(old, new Map());
    // Not a deletion of the resource: its principal lives on.
    this.#history.delete(scopeKey(id));
    this.#parts.systemIdentities.delete(id);
    this.#parts.world.removeResource(id);
    this.#associate({ ...moved, identity: NO_IDENTITY }, moved.identity.user);
    return this.#store(moved);
  }

  /** Children, its system-assigned principal, locks and grants on it go too; false when it was not there. */
  delete(id: string): boolean {
    return this.get(id) !== undefined && this.#parts.world.removeResource(id);
  }

  /** The principal of an entry now: none once the identity was deleted, even if it was made again. */
  speaksFor(entry: UserEntry): Pick<UserEntry, 'principalId' | 'clientId'> {
    const { principalId, clientId } = entry;
    const current = this.#parts.identities.get(entry.id)?.principalId === principalId;
    return current ? { principalId, clientId } : { principalId: null, clientId: null };
  }

  settle(): void {
    this.#history.settle();
    this.#removedAt.clear();
  }

  #existing(id: string): Host {
    const host = this.get(id);
    if (!host) throw new Error(`expected ${id} to be an existing host, got none`);
    return host;
  }

  #entry(id: string): UserEntry {
    const identity = this.#parts.identities.get(id);
    return { id, principalId: identity?.principalId ?? null, clientId: identity?.clientId ?? null };
  }

  #dropSystem({ id, identity }: Host): void {
    if (identity.system) this.#parts.directory.delete(identity.system.principalId);
    this.#parts.systemIdentities.delete(id);
  }

  #associate(host: Host, user: ReadonlyMap<string, UserEntry>): void {
    const { associations, world } = this.#parts;
    const { id, name, subscriptionId, resourceGroup } = host;
    const type = host.type.toLowerCase();
    const subscriptionDisplayName = world.subscription(subscriptionId)?.displayName ?? subscriptionId;
    const resource = { id, name, type, resourceGroup, subscriptionId, subscriptionDisplayName };
    for (const [key, entry] of user)
      if (!host.identity.user.has(key)) associations.attach({ identityId: entry.id, resource });
    for (const [key, entry] of host.identity.user)
      if (!user.has(key)) associations.detach({ identityId: entry.id, resource });
  }

  #store(host: Host): Host {
    const { id, name, type, location, tags, identity } = host;
    this.#history.set(scopeKey(id), host);
    this.#parts.world.putResource({ id, name, type, location, tags });
    if (identity.system) this.#parts.systemIdentities.set(id, { location, tags, ...identity.system });
    return host;
  }
}
