/** Which calls that Azure reports are azid's own. */
import { sameText } from '../azure/names/ascii.ts';
import { armKey } from '../azure/names/resource-id.ts';
import { RecentMap } from '../runtime/recent-map.ts';
import type { Hint, HintCaller } from './hint.ts';

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

/**
 * Whether a call that Azure reports was made with azid's own identity. Only the caller proves it: Azure takes it from
 * the token, while a correlation id is whatever a client sends, and azid's stand in its objects for all to read. A
 * call without a caller is not taken for azid's.
 */
export class Self {
  #known: { readonly objectId: string; readonly clientId: string } | undefined;

  /** Who azid is in Azure. */
  identify({ objectId, clientId }: { readonly objectId: string; readonly clientId: string }): void {
    this.#known = { objectId: objectId.toLowerCase(), clientId };
  }

  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  get objectId(): string | undefined {
    return this.#known?.objectId;
  }

  /** The object id decides where there is one: an application has another in each tenant. */
  is({ objectId, appId }: HintCaller = {}): boolean {
    if (!this.#known) return false;
    if (objectId !== undefined) return sameText(objectId, this.#known.objectId);
    return appId !== undefined && sameText(appId, this.#known.clientId);
  }
}
