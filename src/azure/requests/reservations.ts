import type { Waits } from '../../runtime/controller/workers.ts';
import type { TokenBucket } from '../../runtime/token-bucket.ts';
import type { RequestQueue } from './rate-limit-scope.ts';

/** A turn that came, kept for a reconcile that must decide again first. Its tokens are taken. */
export interface Reservation {
  readonly queue: RequestQueue;
  readonly resource: TokenBucket | undefined;
  readonly exclusive: string | undefined;
  /** While it is kept, no edit ends the reconcile that is to use it. */
  readonly place: Disposable;
  /** Monotonic ms. A 429 since then has taken its tokens: Azure's count is believed, not ours. */
  readonly at: number;
}

type Wanted = Pick<Reservation, 'queue' | 'resource' | 'exclusive'>;

/** The turns that are kept, by the reconcile that is to use them. */
export class Reservations {
  readonly #byReconcile = new WeakMap<Waits, Set<Reservation>>();
  readonly #release: (reservation: Reservation) => void;
  readonly #onGivenBack: () => void;

  /** @param release gives tokens and key of a turn back @param onGivenBack something was given back: others may start */
  constructor(release: (reservation: Reservation) => void, onGivenBack: () => void) {
    this.#release = release;
    this.#onGivenBack = onGivenBack;
  }

  keep(waits: Waits, reservation: Reservation): void {
    const kept = this.#byReconcile.get(waits) ?? new Set();
    if (kept.size === 0) waits.atEnd(() => this.#giveBack(kept));
    this.#byReconcile.set(waits, kept.add(reservation));
  }

  /**
   * Whether a turn was kept for this call; its tokens are taken already. One that is kept for another call with the same exclusive
   * key would hold this one up.
   */
  take(waits: Waits, { queue, resource, exclusive }: Wanted): boolean {
    const kept = this.#byReconcile.get(waits);
    for (const each of kept ?? []) {
      const isSame = each.queue === queue && each.resource === resource && each.exclusive === exclusive;
      if (!isSame && (exclusive === undefined || each.exclusive !== exclusive)) continue;
      kept?.delete(each);
      each.place[Symbol.dispose]();
      if (isSame && each.at >= queue.scope.notBefore) return true;
      this.#release(each);
    }
    return false;
  }

  /** What was kept and is not wanted any more goes to the next. */
  #giveBack(kept: Set<Reservation>): void {
    for (const each of kept) {
      each.place[Symbol.dispose]();
      this.#release(each);
    }
    kept.clear();
    this.#onGivenBack();
  }
}
