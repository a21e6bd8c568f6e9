import { sameText } from '../azure/names/ascii.ts';
import type { HintCaller } from './hint.ts';

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
