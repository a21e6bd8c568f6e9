import type { IdentityMirror } from '../cache/mirror.ts';
import type { ObjectKey } from '../kube/types.ts';

/** Which objects live in which subscription: the mirror lists those somebody uses, and no others. */
export class SubscriptionsInUse {
  readonly #mirror: Pick<IdentityMirror, 'use' | 'release' | 'whenLoaded'>;
  readonly #onLoaded: (keys: Iterable<ObjectKey>) => void;
  readonly #byKey = new Map<ObjectKey, string>();
  readonly #users = new Map<string, Set<ObjectKey>>();

  /**
   * @param onLoaded called with the users of a subscription when its first list is in: what the list does not show
   *   changes nothing in the mirror, so nothing else would wake an object that waits for it
   */
  constructor(
    mirror: Pick<IdentityMirror, 'use' | 'release' | 'whenLoaded'>,
    onLoaded: (keys: Iterable<ObjectKey>) => void,
  ) {
    this.#mirror = mirror;
    this.#onLoaded = onLoaded;
  }

  /** `key` lives in `subscriptionId` (any case), and nowhere else. */
  note(key: ObjectKey, subscriptionId: string): void {
    const id = subscriptionId.toLowerCase();
    const before = this.#byKey.get(key);
    if (before === id) return;
    this.#byKey.set(key, id);
    const users = this.#users.get(id);
    if (users) users.add(key);
    else this.#begin(id, key);
    if (before !== undefined) this.#leave(before, key);
  }

  forget(key: ObjectKey): void {
    const id = this.#byKey.get(key);
    if (id === undefined) return;
    this.#byKey.delete(key);
    this.#leave(id, key);
  }

  /** Those in use now, lower-cased. */
  get all(): readonly string[] {
    return [...this.#users.keys()];
  }

  #begin(id: string, key: ObjectKey): void {
    const users = new Set([key]);
    this.#users.set(id, users);
    this.#mirror.use(id);
    // Rejects when the subscription is released, or azid stops, before its first list: then nobody waits any more.
    this.#mirror.whenLoaded(id).then(
      () => this.#onLoaded(users),
      () => {},
    );
  }

  #leave(id: string, key: ObjectKey): void {
    const users = this.#users.get(id);
    users?.delete(key);
    if (users?.size !== 0) return;
    this.#users.delete(id);
    this.#mirror.release(id);
  }
}
