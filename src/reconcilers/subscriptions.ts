import type { ObjectKey } from '../kube/types.ts';
import type { IdentityMirror } from '../mirror/mirror.ts';

/** Which objects live in which subscription: the mirror lists those somebody uses, and no others. */
export class SubscriptionsInUse {
  readonly #mirror: Pick<IdentityMirror, 'use' | 'release'>;
  readonly #byKey = new Map<ObjectKey, string>();
  readonly #users = new Map<string, number>();

  constructor(mirror: Pick<IdentityMirror, 'use' | 'release'>) {
    this.#mirror = mirror;
  }

  /** `key` lives in `subscriptionId` (any case), and nowhere else. */
  note(key: ObjectKey, subscriptionId: string): void {
    const id = subscriptionId.toLowerCase();
    const before = this.#byKey.get(key);
    if (before === id) return;
    this.#byKey.set(key, id);
    const users = this.#users.get(id) ?? 0;
    this.#users.set(id, users + 1);
    if (users === 0) this.#mirror.use(id);
    if (before !== undefined) this.#leave(before);
  }

  forget(key: ObjectKey): void {
    const id = this.#byKey.get(key);
    if (id === undefined) return;
    this.#byKey.delete(key);
    this.#leave(id);
  }

  /** Those in use now, lower-cased. */
  get all(): readonly string[] {
    return [...this.#users.keys()];
  }

  #leave(id: string): void {
    const users = (this.#users.get(id) ?? 0) - 1;
    if (users > 0) {
      this.#users.set(id, users);
      return;
    }
    this.#users.delete(id);
    this.#mirror.release(id);
  }
}
