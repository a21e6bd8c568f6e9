/**
 * The watched picture of the user-assigned identities in Azure: bulk lists per subscription in use, live GETs, and our
 * own writes, merged by the rules of `merge.ts`. It hears of GETs and writes through `Identities`, whose observer it is.
 */
import { type AzureIdentity, sameContent, sameInstance } from '../azure/azure-identity.ts';
import type { CallContext, Identities, IdentityObserver } from '../azure/identities.ts';
import type { Permissions } from '../azure/permissions.ts';
import { parseResourceId } from '../azure/resource-id.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Priority } from '../runtime/outcome.ts';
import { Areas } from './areas.ts';
import type { CachePart } from './cache-part.ts';
import type { Completeness } from './completeness.ts';
import type { How, Observation as ObservationOf } from './entry.ts';
import { KeyIndex } from './key-index.ts';
import type { Listing } from './list-watch.ts';
import { MarkIndex } from './mark-index.ts';
import { type ChangeListener, Picture } from './picture.ts';
import type { ResyncOptions } from './resync.ts';

export interface IdentityMirrorOptions {
  readonly identities: Identities;
  readonly permissions: Permissions;
  readonly clock: Clock;
  /** Stops lists and looks. */
  readonly signal: AbortSignal;
  /** 0 <= random() < 1; default `Math.random`. */
  readonly random?: () => number;
  /** How long Azure may show what was before a write. Default 2 min (docs/architecture.md section 2). */
  readonly lagMs?: number;
  readonly resync?: Partial<ResyncOptions>;
  /** A list failed; it is tried again. For the log. */
  readonly onListFailure?: (subscriptionId: string, error: unknown) => void;
}

/** What readers get of an identity. */
export type Observation =
  | { readonly state: 'present'; readonly identity: AzureIdentity; readonly how: How; readonly ageMs: number }
  | Exclude<ObservationOf<AzureIdentity>, { readonly state: 'present' }>;

export type { ChangeListener } from './picture.ts';

export const READ_ACTION = 'Microsoft.ManagedIdentity/userAssignedIdentities/read';

export class IdentityMirror implements IdentityObserver {
  readonly #options: IdentityMirrorOptions;
  readonly #picture: Picture<AzureIdentity>;
  readonly #areas: Areas<AzureIdentity>;
  readonly #marks = new MarkIndex();
  readonly #byPrincipal = new KeyIndex<AzureIdentity>(({ principalId }) =>
    principalId === '' ? [] : [principalId.toLowerCase()],
  );

  constructor(options: IdentityMirrorOptions) {
    this.#options = options;
    const { clock, signal, identities, lagMs, random, resync } = options;
    this.#picture = new Picture({
      clock,
      signal,
      lagMs,
      what: 'identities',
      sameContent,
      sameInstance,
      areaOf: (id) => parseResourceId(id).subscriptionId.toLowerCase(),
      get: (id, priority, stop) => identities.get(id, { priority, signal: stop }),
      reindex: (before, after) => {
        this.#marks.replace(before, after);
        this.#byPrincipal.replace(before, after);
      },
    });
    this.#areas = new Areas({
      clock,
      signal,
      random,
      resync,
      accept: (area, list, stop) => this.#picture.accept(area, list, stop),
    });
    identities.observedBy(this);
    signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Somebody needs this subscription: its lists start, unless they run already. Who counts users does so outside. */
  use(subscriptionId: string): void {
    const { onListFailure } = this.#options;
    this.#areas.use(subscriptionId.toLowerCase(), this.#listing(subscriptionId), (error) =>
      onListFailure?.(subscriptionId, error),
    );
  }

  /** Nobody needs it any more: its lists end, and what is known of it is forgotten. */
  release(subscriptionId: string): void {
    const area = subscriptionId.toLowerCase();
    if (this.#areas.release(area)) this.#picture.forget(area);
  }

  /** What is held of this identity now. Costs nothing. */
  observe(id: string): Observation {
    const seen = this.#picture.observe(id);
    if (seen?.state === 'present') {
      const { thing: identity, how, ageMs } = seen;
      return { state: 'present', identity, how, ageMs };
    }
    if (seen) return seen;
    const { subscriptionId } = parseResourceId(id);
    return { state: this.#areas.listed(subscriptionId.toLowerCase()) ? 'suspectAbsent' : 'unknown' };
  }

  /** A live GET, merged. Within the lag of an own write its 404 is no proof, and what was written is still told. */
  async refresh(
    id: string,
    priority: Priority,
    of: Omit<CallContext, 'priority'> = {},
  ): Promise<Observation> {
    await this.#options.identities.get(id, { ...of, priority });
    return this.observe(id);
  }

  /** Something said that this identity changed: looked at soon, whether true or not. The door for events. */
  suspect(id: string): void {
    this.#picture.suspect(id);
  }

  /** All that are held to be there, in one subscription. */
  present(subscriptionId: string): AzureIdentity[] {
    return this.#picture.presentIn(subscriptionId.toLowerCase());
  }

  /** One that carries all these marks of azid (tags that begin with `azid-`), in any subscription in use. */
  markedWith(tags: Readonly<Record<string, string>>): AzureIdentity | undefined {
    for (const key of this.#marks.find(tags)) {
      const identity = this.#picture.present(key);
      if (identity) return identity;
    }
    return undefined;
  }

  /** Those that are held to have this principal: one, as Azure uses none twice. */
  withPrincipal(principalId: string): AzureIdentity[] {
    const keys = this.#byPrincipal.find(principalId.trim().toLowerCase());
    return keys.flatMap((key) => this.#picture.present(key) ?? []);
  }

  /** Resolves with the first whole list of a subscription in use. */
  whenLoaded(subscriptionId: string, signal?: AbortSignal): Promise<void> {
    return this.#areas.whenLoaded(subscriptionId.toLowerCase(), `subscription ${subscriptionId}`, signal);
  }

  /** The first list of this subscription is under way: soon much will be known at once. False once it ended or failed. */
  loading(subscriptionId: string): boolean {
    return this.#areas.loading(subscriptionId.toLowerCase());
  }

  completeness(subscriptionId: string): Completeness {
    return this.#areas.completeness(subscriptionId.toLowerCase(), 'subscription');
  }

  /** Ms since the last whole list began; undefined before the first. */
  age(subscriptionId: string): number | undefined {
    return this.#areas.age(subscriptionId.toLowerCase());
  }

  /** How the list of each subscription in use stands. */
  parts(): readonly CachePart[] {
    return this.#areas.names.map((subscription) => ({
      cache: 'identities',
      subscription,
      part: '',
      ageMs: this.#areas.age(subscription),
      entries: this.#picture.countIn(subscription),
      partial: this.#areas.completeness(subscription, 'subscription').state === 'partial',
    }));
  }

  resyncNow(subscriptionId: string): void {
    this.#areas.resyncNow(subscriptionId.toLowerCase());
  }

  /** Hears of each identity whose content or presence changed, suspicions included; not of mere refreshes. */
  onChange(listener: ChangeListener): Disposable {
    return this.#picture.onChange(listener);
  }

  /** Ends lists and looks and waits for what is under way. The signal does the same without the waiting. */
  async stop(): Promise<void> {
    await Promise.all([this.#areas.stop(), this.#picture.stop()]);
  }

  noteGet(id: string, found: AzureIdentity | undefined, requestedAt: number): void {
    this.#picture.noteGet(id, found, requestedAt);
  }

  noteWrite(identity: AzureIdentity): void {
    this.#picture.noteWrite(identity);
  }

  noteDelete(id: string): void {
    this.#picture.noteDelete(id);
  }

  noteWriteAttempt(id: string): void {
    this.#picture.noteWriteAttempt(id);
  }

  #listing(subscriptionId: string): Listing<AzureIdentity> {
    const { identities, permissions } = this.#options;
    return {
      async *pages(signal) {
        for await (const page of identities.list(subscriptionId, { priority: 'resync', signal }))
          yield { things: page.identities, requestedAt: page.requestedAt };
      },
      async missingRight(signal) {
        const scope = `/subscriptions/${subscriptionId}`;
        const rights = await permissions.at(scope, { priority: 'resync', signal });
        if (rights.allows(READ_ACTION)) return undefined;
        return `azid has no right to ${READ_ACTION} at the whole subscription, so lists may leave identities out`;
      },
    };
  }
}
