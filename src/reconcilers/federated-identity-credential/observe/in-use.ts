import { armKey } from '../../../azure/names/resource-id.ts';
import type { CredentialCache } from '../../../cache/credentials.ts';
import type { ObjectKey } from '../../../kube/types.ts';

/** Which objects have credentials on which identity: those identities are listed in rotation, and no others. */
export class IdentitiesInUse {
  readonly #cache: Pick<CredentialCache, 'use' | 'forget' | 'inUse'>;
  /** By key of the identity. */
  readonly #principals = new Map<string, string>();

  constructor(cache: Pick<CredentialCache, 'use' | 'forget' | 'inUse'>) {
    this.#cache = cache;
  }

  /** The object is on this identity now, and on no other. */
  record(object: ObjectKey, identityId: string, principalId: string): void {
    this.#use(object, [identityId]);
    const key = armKey(identityId);
    const before = this.#principals.get(key);
    this.#principals.set(key, principalId);
    // Credentials go with their identity: of one that was made again under its name nothing held is true any more, not
    // even what was written a moment ago.
    if (before !== undefined && before !== principalId) this.#cache.forget(identityId);
  }

  forget(object: ObjectKey): void {
    this.#use(object, []);
  }

  #use(object: ObjectKey, identityIds: readonly string[]): void {
    const { inUse } = this.#cache;
    const before = inUse.areasOf(object);
    this.#cache.use(object, identityIds);
    for (const key of before) if (!inUse.has(key)) this.#principals.delete(key);
  }
}
