/**
 * What one kind of resource in Azure is to its cache: a value. All else is the same for every kind (`azure-cache.ts`): the options
 * that all caches are given, and how each reports the state of its lists (`CachePart`).
 */
import type { AzureObserver, CallContext } from '../azure/arm/arm-calls.ts';
import type { Clock } from '../runtime/time/clock.ts';
import type { AreasInUse } from './lists/areas-in-use.ts';
import type { Page } from './lists/listing.ts';
import type { ResyncOptions } from './schedule/list-loop.ts';
import type { Indexes } from './store/entries.ts';
import type { CachedResource } from './store/entry.ts';

/** What a list may ask of what is held. */
export interface Held<T> {
  /** What is held to be there under this id. */
  present(id: string): T | undefined;
}

/** `Q`: the indexes by name, and what each takes as a query. */
export interface CacheDefinition<T extends CachedResource, Q extends object> {
  /** Label of metrics. */
  readonly name: CachePart['cache'];
  /** In messages. */
  readonly plural: string;
  readonly indexes: Indexes<T, Q>;

  /** The area whose list shows this id, and says something about its absence. */
  areaOf(id: string): string;
  /** The area that a caller names: by a scope, or in any letter case. Default: as it is given. */
  areaNamed?(name: string): string;
  /** For an area that stands for others: which those are. What is in them is in it. */
  standsFor?(area: string): ((other: string) => boolean) | undefined;
  /** In messages: `subscription 0f0e…`. */
  describe(area: string): string;
  /** For metrics and rotations. */
  placeOf(area: string): Pick<CachePart, 'subscription' | 'part'>;

  /** Both say the same. */
  sameContent(left: T, right: T): boolean;
  /** Not deleted and made again in between, as far as they show it. */
  sameInstance(left: T, right: T): boolean;

  /** What is kept of a resource: texts and parts that many share, once. Default: all as it came. */
  kept?(resource: T): T;

  /** One live GET. What it finds comes by the observer. */
  read(id: string, context: CallContext): Promise<unknown>;
  /** All of an area, page by page. Must leave out what other areas' lists show. */
  list(area: string, context: CallContext, held: Held<T>): AsyncIterable<Page<T>>;
  /** `undefined` if azid's right to read all of an area was confirmed, else what is missing. Default: no right is needed. */
  missingRight?(area: string, signal: AbortSignal): Promise<string | undefined>;
  /** The calls of this kind report to the cache all that they see and do. Default: another caller reports. */
  observedBy?(observer: AzureObserver<T>): void;

  /** `periodic`, the default: each area is listed every 10 min. `rotating`: one after the other within hours. */
  readonly schedule?: 'periodic' | 'rotating';
  /** Of a periodic list, where it is not that of all. */
  readonly resync?: Partial<ResyncOptions>;
  /** At most so long between two lists of this area, ms, also if `resync` asks for longer. Default: no bound. */
  maxResyncMs?(area: string): number | undefined;
  /**
   * False: nothing is concluded from what a list lacks, so a GET need not prove its absence, and what Azure shows holds at
   * once. Default true.
   */
  readonly isAbsenceProven?: boolean;
  /** How long something is kept that no list covers, ms. Default 1 h. */
  readonly keptMs?: number;
  /** Its provider may have no list: until one comes, what was read is read again in slow rotation. */
  mayHaveNoList?(area: string): boolean;
}

/** The part that its lists need. */
export type ListDefinition<T extends CachedResource> = Omit<CacheDefinition<T, object>, 'indexes'>;

/** What the caches of all kinds are given alike. */
export interface CacheOptions {
  readonly clock: Clock;
  /** Ends lists and reads. */
  readonly signal: AbortSignal;
  /** 0 <= random() < 1; default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** How long Azure may show what was before a write. Default 2 min (docs/architecture.md section 2). */
  readonly lagMs?: number | undefined;
  /** Of periodic lists. Default every 10 min. */
  readonly resync?: Partial<ResyncOptions> | undefined;
  /** Of lists in rotation: a full round. Default 6 h. */
  readonly roundMs?: number | undefined;
  /** Shared by caches that list the same areas for the same users. Default: its own. */
  readonly inUse?: AreasInUse | undefined;
  /** A list failed; it is tried again. For the log. */
  readonly onListFailure?: ((area: string, error: unknown) => void) | undefined;
}

/** The state of one part of a cache of Azure: what one list, or one rotation of reads, keeps true. For metrics. */
export interface CachePart {
  readonly cache: 'identities' | 'assignments' | 'roles' | 'credentials' | 'hosts';
  /** Lower-cased; empty for what lies above subscriptions. */
  readonly subscription: string;
  /** Which part of the subscription's, or which scope above it: a resource type, a management group, `/`. Empty: all. */
  readonly part: string;
  /** Since the oldest of what is held was asked for; undefined: something was never read. */
  readonly ageMs: number | undefined;
  readonly entries: number;
  /** It may miss resources, so nothing is deleted because it lacks them. */
  readonly partial: boolean;
}

/** The subscription and part that an area of scopes stands for: `/subscriptions/<id>`, a management group, `/`. */
export function placeOfScope(area: string): Pick<CachePart, 'subscription' | 'part'> {
  const subscription = /^\/subscriptions\/([^/]+)$/.exec(area)?.[1];
  return subscription === undefined ? { subscription: '', part: area } : { subscription, part: '' };
}

/** One part for all of the same place: as old as the oldest, partial if one is. */
export function joined(parts: Iterable<CachePart>): readonly CachePart[] {
  const byPlace = new Map<string, CachePart>();
  for (const part of parts) {
    const place = `${part.cache} ${part.subscription} ${part.part}`;
    const held = byPlace.get(place);
    byPlace.set(place, held === undefined ? part : both(held, part));
  }
  return [...byPlace.values()];
}

function both(left: CachePart, right: CachePart): CachePart {
  const read = left.ageMs !== undefined && right.ageMs !== undefined;
  return {
    ...left,
    ageMs: read ? Math.max(left.ageMs, right.ageMs) : undefined,
    entries: left.entries + right.entries,
    partial: left.partial || right.partial,
  };
}
