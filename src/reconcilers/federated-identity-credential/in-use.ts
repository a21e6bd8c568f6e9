import { armKey } from '../../azure/resource-id.ts';
import type { CredentialMirror } from '../../cache/credential-mirror.ts';
import type { ObjectKey } from '../../kube/types.ts';

/** Which objects have credentials on which identity: the mirror reads those identities in rotation, and no others. */
export class IdentitiesInUse {
  readonly #mirror: Pick<CredentialMirror, 'use' | 'release'>;
  /** By object: the key of the identity. */
  readonly #byObject = new Map<ObjectKey, string>();
  /** By key of the identity. */
  readonly #used = new Map<string, { readonly id: string; principalId: string; users: number }>();

  constructor(mirror: Pick<CredentialMirror, 'use' | 'release'>) {
    this.#mirror = mirror;
  }

  /** The object is on this identity now, and on no other. */
  note(object: ObjectKey, identityId: string, principalId: string): void {
    const key = armKey(identityId);
    const used = this.#used.get(key);
    if (this.#byObject.get(object) !== key) {
      this.forget(object);
      this.#byObject.set(object, key);
      if (used) used.users++;
      else {
        this.#used.set(key, { id: identityId, principalId, users: 1 });
        this.#mirror.use(identityId);
      }
    }
    // Credentials go with their identity: of one that was made again under its name nothing held is true any more, not
    // even what was written a moment ago.
    if (used && used.principalId !== principalId) {
      used.principalId = principalId;
      this.#mirror.release(used.id);
      this.#mirror.use(used.id);
    }
  }

  forget(object: ObjectKey): void {
    const key = this.#byObject.get(object);
    const used = key === undefined ? undefined : this.#used.get(key);
    this.#byObject.delete(object);
    if (key === undefined || !used || --used.users > 0) return;
    this.#used.delete(key);
    this.#mirror.release(used.id);
  }
}
