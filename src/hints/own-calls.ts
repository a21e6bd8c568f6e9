import { armKey } from '../azure/names/resource-id.ts';
import { RecentMap } from '../runtime/recent-map.ts';
import type { Hint } from './hint.ts';
import type { Self } from './self.ts';

/** Writes of ten minutes at the pace that Azure allows one subscription; an event of an older one costs a read. */
const REMEMBERED = 6000;

/**
 * The writes of this process: Azure's report of one brings nothing new. A report is taken for one of them by its
 * caller (`Self`) and by its correlation id on the same resource: a second azid has the same identity. Where Azure
 * names no caller nothing is proven, and the resource is read.
 */
export class OwnCalls {
  readonly #calls = new RecentMap<true>(REMEMBERED);
  readonly #self: Pick<Self, 'is'>;

  constructor(self: Pick<Self, 'is'>) {
    this.#self = self;
  }

  /** @param id what was written, as in the URL of the call */
  note(correlationId: string, id: string): void {
    this.#calls.set(termOf(correlationId, id), true);
  }

  has({ correlationId, id, caller }: Pick<Hint, 'correlationId' | 'id' | 'caller'>): boolean {
    if (correlationId === undefined || !this.#self.is(caller)) return false;
    return this.#calls.get(termOf(correlationId, id)) !== undefined;
  }
}

function termOf(correlationId: string, id: string): string {
  return `${correlationId.toLowerCase()} ${armKey(id)}`;
}
