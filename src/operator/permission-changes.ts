import type { Stores } from '../reconcilers/stores.ts';
import { hasSameLabels, isEdit, selectsNow } from '../reconcilers/watches/predicates.ts';

/**
 * Counts, for each namespace, what changes what its objects may have: a decision that was made at another count may not hold
 * any more. A label of one namespace says nothing of the others, whose writes go on as they were decided.
 */
export class PermissionChanges implements Disposable {
  readonly #subscriptions = new DisposableStack();
  /** When the permissions of a namespace last changed, in changes of all. A namespace that is gone has no objects. */
  readonly #lastIn = new Map<string, number>();
  #count = 0;

  constructor({ policies, namespaces }: Pick<Stores, 'policies' | 'namespaces'>) {
    this.#subscriptions.use(
      policies.onChange((change) => {
        if (!isEdit(change)) return;
        for (const namespace of namespaces.values())
          if (selectsNow(change.old, namespace) || selectsNow(change.new, namespace))
            this.#changed(namespace.metadata.name);
      }),
    );
    this.#subscriptions.use(
      namespaces.onChange((change) => {
        if (!change.new) this.#lastIn.delete(change.key);
        else if (!hasSameLabels(change)) this.#changed(change.key);
      }),
    );
  }

  /** Another number after each change of what is allowed in one of these. */
  of(namespaces: readonly string[]): number {
    return Math.max(0, ...namespaces.map((name) => this.#lastIn.get(name) ?? 0));
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }

  #changed(namespace: string): void {
    this.#lastIn.set(namespace, ++this.#count);
  }
}
