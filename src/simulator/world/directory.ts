import type { Clock } from '../clock.ts';
import type { Knobs } from '../knobs/knobs.ts';
import { draw, type Random } from '../random.ts';

/** The directory (Entra) as far as managed identities need it: service principals, soft deletion, slow replication. */
export interface Principal {
  readonly objectId: string;
  /** Client id. Users and groups have none: ''. */
  readonly appId: string;
  readonly tenantId: string;
  readonly displayName: string;
  readonly type: 'ServicePrincipal' | 'User' | 'Group';
  /** Wall ms. */
  readonly createdAt: number;
  /** Wall ms; set = soft-deleted, restorable for 30 days (docs/azure-facts.md section 6). */
  readonly deletedAt?: number;
}

export interface NewPrincipal {
  readonly displayName: string;
  readonly tenantId: string;
  readonly type?: Principal['type'];
  readonly objectId?: string;
  readonly appId?: string;
  /** false: the role assignment service finds it at once (seeds of a simulator). Default true. */
  readonly replicates?: boolean;
}

/** A soft-deleted principal can return for so long (docs/azure-facts.md section 6). */
const SOFT_DELETE_MS = 30 * 24 * 3600_000;

export class Directory {
  readonly #principals = new Map<string, Principal>();
  /** Monotonic ms at which replication is done, by object id. */
  readonly #replicatedAt = new Map<string, number>();
  readonly #revokedAt = new Map<string, number>();
  readonly #clock: Clock;
  readonly #knobs: Knobs;
  readonly #random: Random;

  constructor(clock: Clock, knobs: Knobs, random: Random) {
    this.#clock = clock;
    this.#knobs = knobs;
    this.#random = random;
  }

  create(given: NewPrincipal): Principal {
    const type = given.type ?? 'ServicePrincipal';
    const principal: Principal = {
      objectId: given.objectId?.toLowerCase() ?? this.#random.uuid(),
      appId: type === 'ServicePrincipal' ? (given.appId?.toLowerCase() ?? this.#random.uuid()) : '',
      tenantId: given.tenantId,
      displayName: given.displayName,
      type,
      createdAt: this.#clock.now(),
    };
    this.#principals.set(principal.objectId, principal);
    const lag =
      given.replicates === false
        ? 0
        : draw(this.#knobs.values.propagation.directoryReplicationMs, this.#random);
    this.#replicatedAt.set(principal.objectId, this.#clock.monotonic() + lag);
    return principal;
  }

  /** A principal that is not deleted, replicated or not. */
  find(objectId: string): Principal | undefined {
    const principal = this.#principals.get(objectId.toLowerCase());
    return principal?.deletedAt === undefined ? principal : undefined;
  }

  /** One that is not deleted and that other services find by now; before that they answer `PrincipalNotFound`. */
  findReplicated(objectId: string): Principal | undefined {
    const principal = this.find(objectId);
    if (!principal) return undefined;
    const at = this.#replicatedAt.get(principal.objectId) ?? 0;
    return at <= this.#clock.monotonic() ? principal : undefined;
  }

  /**
   * Soft delete, or for good where the knob says so or `purge` does, which also takes away what is soft-deleted; false when there is
   * no such principal.
   */
  delete(objectId: string, { purge = this.#knobs.values.directory.deletion === 'for-good' } = {}): boolean {
    const principal = this.find(objectId);
    if (purge) return this.#principals.delete(objectId.toLowerCase());
    if (!principal) return false;
    this.#principals.set(principal.objectId, { ...principal, deletedAt: this.#clock.now() });
    return true;
  }

  /** Brings a soft-deleted principal back within 30 days; false when there is none. */
  restore(objectId: string): boolean {
    const principal = this.#principals.get(objectId.toLowerCase());
    if (principal?.deletedAt === undefined) return false;
    if (this.#clock.now() - principal.deletedAt > SOFT_DELETE_MS) return false;
    const { deletedAt: _, ...restored } = principal;
    this.#principals.set(restored.objectId, restored);
    return true;
  }

  /** Tokens of the principal that are out now are good no more. */
  revokeTokens(objectId: string): void {
    this.#revokedAt.set(objectId.toLowerCase(), this.#clock.now());
  }

  /** Wall ms of the last revocation: a token must be newer. */
  revokedAt(objectId: string): number {
    return this.#revokedAt.get(objectId.toLowerCase()) ?? Number.NEGATIVE_INFINITY;
  }

  /** Those that can be restored. */
  deleted(): Principal[] {
    const since = this.#clock.now() - SOFT_DELETE_MS;
    return [...this.#principals.values()].filter(
      ({ deletedAt }) => deletedAt !== undefined && deletedAt >= since,
    );
  }

  /** All of them, soft-deleted ones left out. */
  active(): Principal[] {
    return [...this.#principals.values()].filter(({ deletedAt }) => deletedAt === undefined);
  }

  /** Ends all replication now under way. */
  settle(): void {
    this.#replicatedAt.clear();
  }
}
