import { RecentMap } from '../runtime/recent-map.ts';

/** Writes of ten minutes at the pace that Azure allows one subscription; an event of an older one costs a read. */
const REMEMBERED = 6000;

/** The correlation ids of the writes of this process: what Azure tells of them is known already. */
export class OwnCalls {
  readonly #ids = new RecentMap<true>(REMEMBERED);

  note(correlationId: string): void {
    this.#ids.set(correlationId.toLowerCase(), true);
  }

  has(correlationId: string): boolean {
    return this.#ids.get(correlationId.toLowerCase()) !== undefined;
  }
}
