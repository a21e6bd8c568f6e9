import type { Clock } from '../clock.ts';
import { ArmError } from '../http/operation.ts';
import type { Knobs } from '../knobs/knobs.ts';
import type { Random } from '../random.ts';
import type { Directory, NewPrincipal } from '../world/directory.ts';
import { History } from '../world/history.ts';
import { scopeKey } from '../world/scope.ts';
import { subscriptionNotFound, type World } from '../world/world.ts';

export const IDENTITY_TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities';

export interface Identity {
  /** With lower-case `/resourcegroups/`, in whichever case it was sent (docs/azure-facts.md section 2, traffic). */
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly tenantId: string;
  readonly principalId: string;
  readonly clientId: string;
  readonly isolationScope?: string;
  readonly assignmentRestrictions?: unknown;
}

/** What a write may set after creation. */
export type IdentityChange = Partial<Pick<Identity, 'tags' | 'isolationScope' | 'assignmentRestrictions'>>;

export interface Coordinates {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/**
 * The user-assigned identities that exist, each with its service principal. Deleting one leaves its grants and its
 * attachments as they are; making it again under the same id gives a new principal (docs/azure-facts.md sections 3 and 6).
 */
export class Identities {
  readonly #history: History<Identity>;
  readonly #deletedAt = new Map<string, number>();
  readonly #clock: Clock;
  readonly #knobs: Knobs;
  readonly #world: World;
  readonly #directory: Directory;

  constructor(given: { clock: Clock; random: Random; knobs: Knobs; world: World; directory: Directory }) {
    this.#clock = given.clock;
    this.#knobs = given.knobs;
    this.#world = given.world;
    this.#directory = given.directory;
    this.#history = new History(given.clock, given.random, () => this.#knobs.values.propagation);
    given.world.onRemoved((resource) => {
      const identity = this.#history.get(scopeKey(resource.id));
      if (!identity) return;
      this.#history.delete(scopeKey(resource.id));
      this.#deletedAt.set(scopeKey(resource.id), this.#clock.monotonic());
      this.#directory.delete(identity.principalId);
    });
  }

  /** The truth, windows and lags aside; any case of the id. */
  get(id: string): Identity | undefined {
    return this.#history.get(scopeKey(id));
  }

  findByClientId(clientId: string): Identity | undefined {
    const wanted = clientId.toLowerCase();
    return this.#history.values().find((identity) => identity.clientId === wanted);
  }

  /** True while a GET shall miss the fresh creation (`readAfterWriteMs`). */
  hidden(id: string): boolean {
    return this.#history.hidden(scopeKey(id));
  }

  /** What lists show by now. */
  listed(): Identity[] {
    return this.#history.list();
  }

  /** `as`: who it is, where it is the one of another simulation. */
  create(
    at: Coordinates,
    location: string,
    change: IdentityChange = {},
    as: Pick<NewPrincipal, 'objectId' | 'appId'> = {},
  ): Identity {
    const subscription = this.#world.subscription(at.subscriptionId);
    if (!subscription) throw subscriptionNotFound(at.subscriptionId);
    const id = identityId(at);
    this.#assertNotPendingDelete(id);
    const principal = this.#directory.create({
      ...as,
      displayName: at.name,
      tenantId: subscription.tenantId,
    });
    const identity: Identity = {
      id,
      ...at,
      location,
      tags: {},
      tenantId: subscription.tenantId,
      principalId: principal.objectId,
      clientId: principal.appId,
      ...change,
    };
    this.#store(identity);
    return identity;
  }

  change(id: string, change: IdentityChange): Identity {
    const identity = this.get(id);
    if (!identity) throw new Error(`expected ${id} to be an existing identity, got none`);
    const changed = { ...identity, ...change };
    this.#store(changed);
    return changed;
  }

  /** Takes its principal with it, and its federated credentials through `World.onRemoved`; false when absent. */
  delete(id: string): boolean {
    return this.get(id) !== undefined && this.#world.removeResource(id);
  }

  /** Deleted and made again under the same id at once: new clientId and principalId, everything else alike. */
  recycle(id: string): Identity {
    const old = this.get(id);
    if (!old) throw new Error(`expected ${id} to be an existing identity, got none`);
    this.delete(id);
    this.#deletedAt.delete(scopeKey(id));
    const { subscriptionId, resourceGroup, name, location, tags, isolationScope, assignmentRestrictions } =
      old;
    return this.create({ subscriptionId, resourceGroup, name }, location, {
      tags,
      ...(isolationScope !== undefined && { isolationScope }),
      ...(assignmentRestrictions !== undefined && { assignmentRestrictions }),
    });
  }

  settle(): void {
    this.#history.settle();
    this.#deletedAt.clear();
  }

  #store(identity: Identity): void {
    this.#history.set(scopeKey(identity.id), identity);
    const { id, name, location, tags } = identity;
    this.#world.putResource({ id, name, type: IDENTITY_TYPE, location, tags });
  }

  #assertNotPendingDelete(id: string): void {
    const deletedAt = this.#deletedAt.get(scopeKey(id));
    if (deletedAt === undefined) return;
    if (this.#clock.monotonic() - deletedAt >= this.#knobs.values.identities.pendingDeleteMs) return;
    const inner = {
      error: {
        code: 'Conflict',
        message: `Request specified that resource '${id}' is new, but resource already exists. This may be due to a pending delete operation, try again later.`,
      },
    };
    throw new ArmError(
      409,
      'FailedIdentityOperation',
      `Identity operation for resource '${id}' failed with error 'Failed to perform resource identity operation. Status: 'Conflict'. Response: '${JSON.stringify(inner)}'.'.`,
    );
  }
}

export function identityId({ subscriptionId, resourceGroup, name }: Coordinates): string {
  return `/subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/providers/${IDENTITY_TYPE}/${name}`;
}
