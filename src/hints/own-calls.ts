import { sameText } from '../azure/names/ascii.ts';
import { armKey } from '../azure/names/resource-id.ts';
import { RecentMap } from '../runtime/recent-map.ts';
import type { Hint, HintCaller } from './hint.ts';

/** Writes of ten minutes at the pace that Azure allows one subscription; an event of an older one costs a read. */
const REMEMBERED = 6000;

/**
 * The writes of this process: what Azure tells of them is known already. A client may send a correlation id of its own choice, and
 * azid's are no secret, so one alone proves nothing: it is that call only on the same resource, and of no other caller.
 */
export class OwnCalls {
  readonly #calls = new RecentMap<true>(REMEMBERED);
  #self: { readonly objectId: string; readonly clientId: string } | undefined;

  /** Who azid is in Azure. */
  identify(self: { readonly objectId: string; readonly clientId: string }): void {
    this.#self = self;
  }

  /** @param id what was written, as in the URL of the call */
  note(correlationId: string, id: string): void {
    this.#calls.set(termOf(correlationId, id), true);
  }

  has({ correlationId, id, caller }: Pick<Hint, 'correlationId' | 'id' | 'caller'>): boolean {
    if (correlationId === undefined) return false;
    if (caller && this.#isAnother(caller)) return false;
    return this.#calls.get(termOf(correlationId, id)) !== undefined;
  }

  #isAnother({ objectId, appId, name }: HintCaller): boolean {
    if (!this.#self) return false;
    if (objectId !== undefined) return !sameText(objectId, this.#self.objectId);
    if (appId !== undefined) return !sameText(appId, this.#self.clientId);
    // Those who sign in are people.
    return name !== undefined;
  }
}

function termOf(correlationId: string, id: string): string {
  return `${correlationId.toLowerCase()} ${armKey(id)}`;
}
