import type { Stores } from '../reconcilers/stores.ts';
import { isWorthALook, sameLabels } from './wake.ts';

/** Counts what changes who may have what: a decision that was made at another count may not hold any more. */
export class PermissionChanges implements Disposable {
  readonly #subscriptions = new DisposableStack();
  #count = 0;

  constructor({ policies, namespaces }: Pick<Stores, 'policies' | 'namespaces'>) {
    this.#subscriptions.use(
      policies.onChange((change) => {
        if (isWorthALook(change)) this.#count += 1;
      }),
    );
    this.#subscriptions.use(
      namespaces.onChange((change) => {
        if (!sameLabels(change)) this.#count += 1;
      }),
    );
  }

  get count(): number {
    return this.#count;
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }
}
