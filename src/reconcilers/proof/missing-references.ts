import type { Store } from '../../kube/informer/store.ts';
import type { KubeObject, ObjectKey } from '../../kube/types.ts';
import type { Clock } from '../../runtime/time/clock.ts';

interface MissingReferencesOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** For how long a reference is waited for. */
  readonly releaseAfterMs: number;
}

/**
 * Objects whose reference is not there, or was not placed yet by its own reconcile: a backup that is restored, or a tool that applies a directory, brings attachments and grants
 * before the identities that they name. One of these may be about to ask for just what azid gave to an object that is gone by now, so
 * that is not taken away at once. Nor is it kept for ever: a reference that never comes keeps nothing.
 *
 * Counted by this process, by object: a new process waits anew, as it does for all that it has not seen.
 */
export class MissingReferences {
  readonly #options: MissingReferencesOptions;
  /** Since when it is missing, monotonic ms, by the uid of the object that refers. */
  readonly #since = new Map<string, { readonly reference: ObjectKey; readonly at: number }>();

  constructor(options: MissingReferencesOptions) {
    this.#options = options;
  }

  /**
   * Whether what an object may want is kept for it, though what it refers to is not there.
   *
   * @param uid of the object that refers
   * @param isThere it is there, and shows which identity is meant
   */
  isAwaited(
    uid: string,
    reference: ObjectKey,
    store: Pick<Store<KubeObject>, 'get' | 'synced'>,
    isThere = store.get(reference) !== undefined,
  ): boolean {
    if (!store.synced) return true;
    if (isThere) {
      this.#since.delete(uid);
      return false;
    }
    const { clock, releaseAfterMs } = this.#options;
    const now = clock.monotonic();
    const known = this.#since.get(uid);
    if (known?.reference === reference) return now - known.at < releaseAfterMs;
    this.#since.set(uid, { reference, at: now });
    return true;
  }

  /** The object is gone. */
  forget(uid: string): void {
    this.#since.delete(uid);
  }
}
