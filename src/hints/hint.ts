/**
 * A report from Azure that something may have changed: an event of Event Grid, or a record of the Activity Log. It may be
 * late, doubled or forged, so nothing is decided from it: it causes a read, and shows people who it was (docs/architecture.md section 2).
 */

import { armKey } from '../azure/names/resource-id.ts';
import { sameText } from '../azure/names/text.ts';
import { RecentMap } from '../runtime/recent-map.ts';

/** Whom Azure names as the caller. Nothing else of a token's claims is kept. */
export interface HintCaller {
  /** A user's name as they sign in, such as `alice@contoso.com`. */
  readonly name?: string;
  /** Of the principal in the directory. */
  readonly objectId?: string;
  /** Client id of the application. */
  readonly appId?: string;
}

export interface Hint {
  readonly source: 'event' | 'record';
  /** ARM id of what may have changed, in any spelling: what extends a resource (its tags) stands for the resource. */
  readonly id: string;
  /** As Azure spells it: `Microsoft.ManagedIdentity/userAssignedIdentities/write`. */
  readonly operation: string;
  readonly change: 'write' | 'delete' | 'action';
  readonly result: 'Succeeded' | 'Failed' | 'Canceled';
  /** When it happened, by Azure's clock, wall ms. */
  readonly at: number;
  /** Shared by all records and events of one call, and in the header of its answer. */
  readonly correlationId?: string;
  readonly caller?: HintCaller;
}

/**
 * What became of a hint: `read` soon, `list` of all that is near instead of many reads, nothing since it was azid's `own` call, or
 * since it is `irrelevant`: of a kind that azid does not read, or of an area that is not in use.
 */
export type HintEffect = 'read' | 'list' | 'own' | 'irrelevant';

/** Where hints go. Takes any number of them at once: they cost reads, bounded ones, and nothing else. */
export interface HintSink {
  take(hint: Hint): HintEffect;
}

/**
 * Whether a call that Azure reports was made with azid's own identity. Only the caller proves it: Azure takes it from
 * the token, while a client chooses its correlation id, and azid's stand in its objects for all to read. A
 * call without a caller is not taken for azid's.
 */
export class Self {
  #known: { readonly objectId: string; readonly clientId: string } | undefined;

  /** Who azid is in Azure. */
  identify({ objectId, clientId }: { readonly objectId: string; readonly clientId: string }): void {
    this.#known = { objectId: objectId.toLowerCase(), clientId };
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
