import { isWithinScope, parseResourceId } from '../../azure/names/resource-id.ts';
import { type BucketSize, TokenBucket } from '../../azure/token-bucket.ts';
import { ReReads } from '../../cache/calls/re-reads.ts';
import type { CachedResource } from '../../cache/store/entry.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Hint, HintEffect, HintSink } from '../hint.ts';
import type { OwnCalls } from '../own-calls.ts';
import { type CacheName, type Target, targetsOf } from './targets.ts';

/** What a cache does for a hint: the doors of `AzureCache` that are used here. */
export interface HintedCache {
  readonly inUse: { has(area: string): boolean; readonly names: readonly string[] };
  suspect(id: string, afterMs?: number): void;
  isSuspected(id: string): boolean;
  present(): readonly Pick<CachedResource, 'id'>[];
  resyncNow(area: string): void;
  ask(area: string): void;
}

export interface CacheHintsOptions {
  readonly caches: Readonly<Record<CacheName, HintedCache>>;
  readonly ownCalls: Pick<OwnCalls, 'has'>;
  readonly clock: Clock;
  /** Ends lists that wait. */
  readonly signal: AbortSignal;
}

/**
 * Reads that hints may lead to in one subscription: a fifth of what Azure lets a credential read at once, and a twentieth of what
 * it lets it read from then on. Whoever forges events spends that, and nothing else.
 */
export const HINTED_READS: BucketSize = { capacity: 50, perSecond: 1 };

/** The least time between two lists of an area that hints lead to, ms. */
export const LIST_SPACING_MS = 60_000;

/**
 * The path of a hint into the caches: one read of what it names, shared by all hints about it; of many things at once one list in
 * place of many reads. What changed in a cache enqueues the objects that rest on it, as after any list.
 */
export class CacheHints implements HintSink {
  readonly #options: CacheHintsOptions;
  /** By subscription; what lies above all of them shares one. */
  readonly #reads = new Map<string, TokenBucket>();
  readonly #lists: ReReads;
  /** By cache and area: when hints last led to a list, monotonic ms. */
  readonly #listedAt = new Map<string, number>();

  constructor(options: CacheHintsOptions) {
    this.#options = options;
    const { clock, signal } = options;
    this.#lists = new ReReads({ clock, signal, read: async (place) => this.#list(place) });
  }

  take(hint: Hint): HintEffect {
    const { correlationId } = hint;
    if (correlationId !== undefined && this.#options.ownCalls.has(correlationId)) return 'own';
    const effects = new Set(targetsOf(hint).map((target) => this.#follow(target)));
    if (effects.has('list')) return 'list';
    return effects.has('read') ? 'read' : 'irrelevant';
  }

  #follow(target: Target): HintEffect {
    const { caches } = this.#options;
    switch (target.type) {
      case 'resource':
        return caches[target.cache].inUse.has(target.area)
          ? this.#read(target.cache, target.area, target.id)
          : 'irrelevant';
      case 'area':
        if (!caches[target.cache].inUse.has(target.area)) return 'irrelevant';
        return this.#listSoon(target.cache, target.area);
      case 'beneath':
        return this.#readBeneath(target.scope);
      case 'subscription':
        return this.#listAll(target.subscriptionId);
    }
  }

  #read(name: CacheName, area: string, id: string): HintEffect {
    const cache = this.#options.caches[name];
    // Shared with the hint that came before.
    if (cache.isSuspected(id)) return 'read';
    const bucket = this.#bucketOf(id);
    const waitMs = bucket.readyInMs();
    // No list shows many credentials at once, so their reads wait for their turn.
    if (waitMs > 0 && name !== 'credentials') return this.#listSoon(name, area);
    bucket.take();
    cache.suspect(id, waitMs);
    return 'read';
  }

  /** What was seen there, resource by resource, as far as the reads reach; the rest shows in lists. */
  #readBeneath(scope: string): HintEffect {
    const effects = new Set<HintEffect>();
    for (const { cache, area, id } of this.#heldIn(scope)) effects.add(this.#read(cache, area, id));
    if (effects.has('list')) return 'list';
    return effects.has('read') ? 'read' : 'irrelevant';
  }

  *#heldIn(scope: string): Generator<{ cache: CacheName; area: string; id: string }> {
    for (const cache of ['identities', 'hosts', 'assignments'] as const) {
      for (const { id } of this.#options.caches[cache].present()) {
        if (!isWithinScope(id, scope)) continue;
        const target = targetsOf({ id, change: 'write' }).find(({ type }) => type === 'resource');
        if (target?.type === 'resource') yield { cache, area: target.area, id };
      }
    }
  }

  #listAll(subscriptionId: string): HintEffect {
    const { caches } = this.#options;
    let effect: HintEffect = 'irrelevant';
    for (const cache of ['identities', 'hosts', 'assignments'] as const) {
      for (const area of caches[cache].inUse.names)
        if (isOf(area, subscriptionId)) effect = this.#listSoon(cache, area);
    }
    return effect;
  }

  /** Now if none was asked for lately; else when a minute has passed, for all that come until then. */
  #listSoon(name: CacheName, area: string): HintEffect {
    const place = `${name} ${area}`;
    const at = this.#listedAt.get(place);
    const now = this.#options.clock.monotonic();
    this.#lists.add(place, place, at === undefined ? now : Math.max(now, at + LIST_SPACING_MS));
    return 'list';
  }

  #list(place: string): void {
    const { caches, clock } = this.#options;
    const now = clock.monotonic();
    for (const [each, at] of this.#listedAt) if (now >= at + LIST_SPACING_MS) this.#listedAt.delete(each);
    this.#listedAt.set(place, now);
    const space = place.indexOf(' ');
    const cache = caches[place.slice(0, space) as CacheName];
    const area = place.slice(space + 1);
    cache.resyncNow(area);
    // Lists lag behind what Azure announces: one more, when this change shows for certain.
    cache.ask(area);
  }

  #bucketOf(id: string): TokenBucket {
    const subscription = subscriptionOf(id);
    let bucket = this.#reads.get(subscription);
    if (!bucket) {
      bucket = new TokenBucket(HINTED_READS, this.#options.clock);
      this.#reads.set(subscription, bucket);
    }
    return bucket;
  }

  /** Ends lists that wait. */
  stop(): Promise<void> {
    return this.#lists.stop();
  }
}

/** Only of ids in areas in use, so there are few. Empty: above subscriptions. */
function subscriptionOf(id: string): string {
  try {
    return parseResourceId(id).subscriptionId.toLowerCase();
  } catch {
    return '';
  }
}

/** Areas are named by a subscription, by its scope, or by a scope in it and a type. */
function isOf(area: string, subscriptionId: string): boolean {
  const id = subscriptionId.toLowerCase();
  const [scope = ''] = area.split('|');
  return scope === id || isWithinScope(scope, `/subscriptions/${id}`);
}
