import { isWithinScope } from '../../azure/names/resource-id.ts';
import { subscriptionOf } from '../../azure/names/scope.ts';
import { ReReads } from '../../cache/calls/re-reads.ts';
import { isAllSlots, isOneOfMany, parseHostArea } from '../../cache/hosts/area.ts';
import { roleIn } from '../../cache/roles/roles.ts';
import { RESYNC } from '../../cache/schedule/list-loop.ts';
import type { CachedResource } from '../../cache/store/entry.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { type BucketSize, TokenBucket } from '../../runtime/token-bucket.ts';
import type { Hint, HintEffect, HintSink, OwnCalls } from '../hint.ts';
import { GroupsGone } from './groups-gone.ts';
import { type CacheName, type Target, targetsOf } from './targets.ts';

/** What a cache does for a hint: the doors of `AzureCache` that are used here. */
export interface HintedCache {
  readonly inUse: { has(area: string): boolean; readonly names: readonly string[] };
  suspect(id: string): void;
  isSuspected(id: string): boolean;
  observe(id: string): { readonly state: string };
  present(): readonly Pick<CachedResource, 'id' | 'key'>[];
  resyncNow(area: string): void;
  ask(area: string): void;
}

interface CacheHintsOptions {
  readonly caches: Readonly<Record<CacheName, HintedCache>>;
  readonly ownCalls: Pick<OwnCalls, 'has'>;
  readonly clock: Clock;
  /** Ends lists that wait. */
  readonly signal: AbortSignal;
}

/**
 * Reads that hints may lead to in one subscription, each perhaps once more after Azure's lag: a fifth of what Azure lets a credential
 * read at once, and a twentieth of what it lets it read from then on. Forged events spend that, and nothing else.
 */
export const HINTED_READS: BucketSize = { capacity: 50, perSecond: 1 };

/** The share of what azid has not read yet: the machines of others come and go all day, and leave what azid has its reads. */
export const UNSEEN_READS: BucketSize = { capacity: 25, perSecond: 0.5 };

/**
 * Lists of areas of which a subscription has hundreds or thousands, the credentials of an identity and the slots of a site: made in
 * turn, or a forged move of a group, or a forged swap of each site, would cost a list of each of them every minute.
 */
export const SMALL_LISTS: BucketSize = { capacity: 1, perSecond: 1 };

/** The least time between two lists of an area that hints lead to, ms. */
export const LIST_SPACING_MS = 60_000;

/** The same of an area whose list is one of sites and then one of each site's slots: with every resync once more, and no more often. */
export const WIDE_SPACING_MS = RESYNC.everyMs;

interface Budget {
  readonly seen: TokenBucket;
  readonly unseen: TokenBucket;
  /** Apart, so that neither waits for the other's. */
  readonly smallLists: Readonly<Record<'credentials' | 'hosts', TokenBucket>>;
}

/**
 * The path of a hint into the caches: one read of what it names, shared by all hints about it; of many things at once one list in
 * place of many reads. What changed in a cache enqueues the objects that rest on it, as after any list.
 */
export class CacheHints implements HintSink {
  readonly #options: CacheHintsOptions;
  /** By subscription; what lies above all of them shares one. */
  readonly #budgets = new Map<string, Budget>();
  readonly #lists: ReReads;
  readonly #groups: GroupsGone;
  /** By cache and area: when hints last led to a list, monotonic ms. */
  readonly #listedAt = new Map<string, number>();

  constructor(options: CacheHintsOptions) {
    this.#options = options;
    const { clock, signal } = options;
    this.#lists = new ReReads({ clock, signal, read: async (place) => this.#relist(place) });
    this.#groups = new GroupsGone({ clock, read: (inGroup) => this.#readHeld(inGroup) });
  }

  take(hint: Hint): HintEffect {
    if (this.#options.ownCalls.has(hint)) return 'own';
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
        return this.#list(target.cache, target.area);
      case 'elsewhere':
        return this.#readElsewhere(target.guid, target.area);
      case 'beneath':
        if (!this.#isInUse(subscriptionOf(target.scope) ?? '')) return 'irrelevant';
        this.#groups.add(target.scope);
        return 'read';
      case 'subscription':
        return this.#listAll(target.subscriptionId);
    }
  }

  #read(name: CacheName, area: string, id: string): HintEffect {
    const cache = this.#options.caches[name];
    // Shared with the hint that came before.
    if (cache.isSuspected(id)) return 'read';
    const { seen, unseen } = this.#budgetOf(id);
    const isSeen = cache.observe(id).state === 'present';
    const buckets = isSeen ? [seen] : [seen, unseen];
    if (buckets.some((bucket) => bucket.readyInMs() > 0)) return this.#list(name, area);
    for (const bucket of buckets) bucket.take();
    cache.suspect(id);
    return 'read';
  }

  /** Searched by the areas in use, which are few, and not by all roles that they show. */
  #readElsewhere(guid: string, except: string): HintEffect {
    const { roles } = this.#options.caches;
    let effect: HintEffect = 'irrelevant';
    for (const area of roles.inUse.names) {
      const id = roleIn(area, guid);
      if (area !== except && roles.observe(id).state === 'present') effect = this.#read('roles', area, id);
    }
    return effect;
  }

  /** What was held in groups that are gone, resource by resource, as far as the reads reach; the rest shows in lists. */
  #readHeld(inGroup: (key: string) => boolean): void {
    for (const cache of HELD) {
      for (const { id, key } of this.#options.caches[cache].present()) {
        if (!inGroup(key)) continue;
        const target = targetsOf({ id, change: 'write' }).find(({ type }) => type === 'resource');
        if (target?.type === 'resource') this.#read(cache, target.area, id);
      }
    }
  }

  #isInUse(subscriptionId: string): boolean {
    const { caches } = this.#options;
    return HELD.some((cache) => caches[cache].inUse.names.some((area) => isOf(area, subscriptionId)));
  }

  #listAll(subscriptionId: string): HintEffect {
    const { caches } = this.#options;
    let effect: HintEffect = 'irrelevant';
    for (const cache of HELD) {
      for (const area of caches[cache].inUse.names)
        if (isOf(area, subscriptionId)) effect = this.#list(cache, area);
    }
    return effect;
  }

  #list(name: CacheName, area: string): HintEffect {
    const isSmall = name === 'credentials' || (name === 'hosts' && isOneOfMany(area));
    return isSmall ? this.#listInTurn(name, area) : this.#listSoon(name, area);
  }

  /** Now if none was asked for lately; else when its time has passed, for all that come until then. */
  #listSoon(name: CacheName, area: string, afterMs = 0): HintEffect {
    const place = `${name} ${area}`;
    const at = this.#listedAt.get(place) ?? Number.NEGATIVE_INFINITY;
    const spacedMs = name === 'hosts' && isAllSlots(parseHostArea(area)) ? WIDE_SPACING_MS : LIST_SPACING_MS;
    this.#lists.add(place, place, Math.max(this.#options.clock.monotonic() + afterMs, at + spacedMs));
    return 'list';
  }

  /** The same for areas of which there are thousands: as many wait as are in use, and each once. */
  #listInTurn(name: 'credentials' | 'hosts', area: string): HintEffect {
    if (this.#lists.dueAt(`${name} ${area}`) !== undefined) return 'list';
    const bucket = this.#budgetOf(scopeOf(area)).smallLists[name];
    const afterMs = bucket.readyInMs();
    bucket.take();
    return this.#listSoon(name, area, afterMs);
  }

  #relist(place: string): void {
    const { caches, clock } = this.#options;
    const now = clock.monotonic();
    for (const [each, at] of this.#listedAt) if (now >= at + WIDE_SPACING_MS) this.#listedAt.delete(each);
    this.#listedAt.set(place, now);
    const space = place.indexOf(' ');
    const cache = caches[place.slice(0, space) as CacheName];
    const area = place.slice(space + 1);
    cache.resyncNow(area);
    // Lists lag behind what Azure announces: one more, when this change shows for certain.
    cache.ask(area);
  }

  #budgetOf(id: string): Budget {
    const subscription = subscriptionOf(id)?.toLowerCase() ?? '';
    let budget = this.#budgets.get(subscription);
    if (!budget) {
      const { clock } = this.#options;
      const bucket = (size: BucketSize) => new TokenBucket(size, clock);
      budget = {
        seen: bucket(HINTED_READS),
        unseen: bucket(UNSEEN_READS),
        smallLists: { credentials: bucket(SMALL_LISTS), hosts: bucket(SMALL_LISTS) },
      };
      this.#budgets.set(subscription, budget);
    }
    return budget;
  }

  /** Ends lists that wait. */
  async stop(): Promise<void> {
    this.#groups.stop();
    await this.#lists.stop();
  }
}

/** The caches of what lies in groups. */
const HELD = ['identities', 'hosts', 'assignments'] as const;

/** Areas are named by a subscription, by its scope, or by a scope in it and a type. */
function isOf(area: string, subscriptionId: string): boolean {
  const id = subscriptionId.toLowerCase();
  const scope = scopeOf(area);
  return scope === id || isWithinScope(scope, `/subscriptions/${id}`);
}

function scopeOf(area: string): string {
  const [scope = ''] = area.split('|');
  return scope;
}
