import { armKey } from '../azure/names/resource-id.ts';
import { RecentMap } from '../runtime/recent-map.ts';
import type { Hint } from './hint.ts';

/** Writes of ten minutes at the pace that Azure allows one subscription; an event of an older one costs a read. */
const REMEMBERED = 6000;

/**
 * The writes of this process: what Azure tells of them is known already. A client may send a correlation id of its own choice, and
 * azid's are no secret, so one alone proves nothing: it is that call only on the same resource, and of no other caller.
 */
export class OwnCalls {
  readonly #calls = new RecentMap<true>(REMEMBERED);
  #self: string | undefined;

  /** @param objectId of azid's own principal */
  identify(objectId: string): void {
    this.#self = objectId.toLowerCase();
  }

  /** @param id what was written, as in the URL of the call */
  note(correlationId: string, id: string): void {
    this.#calls.set(termOf(correlationId, id), true);
  }

  has({ correlationId, id, caller }: Pick<Hint, 'correlationId' | 'id' | 'caller'>): boolean {
    if (correlationId === undefined) return false;
    const by = caller?.objectId?.toLowerCase();
    if (by !== undefined && this.#self !== undefined && by !== this.#self) return false;
    return this.#calls.get(termOf(correlationId, id)) !== undefined;
  }
}

function termOf(correlationId: string, id: string): string {
  return `${correlationId.toLowerCase()} ${armKey(id)}`;
}
