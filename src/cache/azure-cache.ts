/**
 * What Azure holds of one kind of resource, as last observed: bulk lists of the areas in use, live GETs and our own writes,
 * merged by the rules of `store/merge.ts`. One class for all kinds; what differs is a value (`definition.ts`).
 */
import type { AzureObserver, CallContext } from '../azure/arm/arm-calls.ts';
import type { Priority } from '../runtime/outcome.ts';
import { type CacheDefinition, type CacheOptions, type CachePart, joined } from './definition.ts';
import { AreaLists } from './lists/area-lists.ts';
import type { AreasInUse, AreaUser, LoadedListener, SettledListener } from './lists/areas-in-use.ts';
import type { CompletedList, Completeness } from './lists/listing.ts';
import { OneByOne } from './schedule/rotations.ts';
import type { CachedResource, Observation } from './store/entry.ts';
import { ABSENCE_KEPT_MS } from './store/merge.ts';
import { type ChangeListener, ResourceStore } from './store/store.ts';

/** How complete what is held of an area is. Ages count from when the request began, ms. */
type AreaState =
  | { readonly state: 'known'; readonly completeness: Completeness; readonly ageMs: number }
  /** Azure answered that their parent is not there. Right after it was made that may be untrue. */
  | { readonly state: 'gone'; readonly ageMs: number }
  | { readonly state: 'unknown' };

/** All that is held of one area. */
type AreaContent<T> =
  | (Extract<AreaState, { state: 'known' }> & {
      /** All that are held to be there, our own writes included. */
      readonly resources: readonly T[];
      /** Missing where they should show. As they were last observed. */
      readonly doubtful: readonly T[];
    })
  | Exclude<AreaState, { state: 'known' }>;

export class AzureCache<T extends CachedResource, Q extends object = object> implements AzureObserver<T> {
  readonly #definition: CacheDefinition<T, Q>;
  readonly #store: ResourceStore<T, Q>;
  readonly #lists: AreaLists<T>;
  readonly #oneByOne: OneByOne;
  readonly #now: () => number;
  #prunedAt: number;

  constructor(definition: CacheDefinition<T, Q>, options: CacheOptions) {
    this.#definition = definition;
    const { clock, signal, lagMs } = options;
    const { plural, indexes, isAbsenceProven } = definition;
    this.#now = () => clock.monotonic();
    this.#prunedAt = this.#now();
    this.#store = new ResourceStore({
      clock,
      signal,
      plural,
      indexes,
      lagMs: isAbsenceProven === false ? 0 : lagMs,
      announcedMs: lagMs,
      wantsWitnesses: isAbsenceProven,
      sameContent: definition.sameContent,
      sameInstance: definition.sameInstance,
      areaOf: (id) => definition.areaOf(id),
      ...(definition.kept && { kept: definition.kept }),
      onUnread: (area) => this.ask(area),
      read: (id, priority, stop) => definition.read(id, { priority, signal: stop }),
    });
    this.#oneByOne = new OneByOne({
      clock,
      read: (id) => definition.read(id, { priority: 'resync', signal }),
      subscriptionOf: (area) => this.subscriptionOf(area),
    });
    this.#lists = new AreaLists(definition, options, {
      held: this.#store,
      accept: (area, list, stop) => this.#accept(area, list, stop),
      countIn: (area) => this.#store.countIn(area),
      forget: (area) => {
        this.#oneByOne.forget(area);
        this.#store.forget(area);
      },
    });
    definition.observedBy?.(this);
    signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Whose areas are listed. */
  get inUse(): AreasInUse {
    return this.#lists.inUse;
  }

  /** In which subscription an area lies, lower-cased; '' above subscriptions. */
  subscriptionOf(area: string): string {
    return this.#definition.placeOf(area).subscription;
  }

  /** `user` needs these areas listed, and no others; none: it needs nothing any more, and an area without users is forgotten. */
  use(user: AreaUser, areas: readonly string[]): void {
    this.inUse.use(
      user,
      areas.map((area) => this.#areaNamed(area)),
    );
  }

  /** What is held of this resource now. Costs nothing. */
  observe(id: string): Observation<T> {
    const observed = this.#store.observe(id);
    const listed = this.#lists.isListed(this.#definition.areaOf(id));
    // Where no list would show that it was made again, its absence is asked for anew after a while.
    const stale = observed?.state === 'absent' && observed.ageMs > ABSENCE_KEPT_MS && !listed;
    return observed && !stale ? observed : { state: listed ? 'suspectAbsent' : 'unknown' };
  }

  /** A live GET, merged. Within the lag of an own write its 404 is no proof, and what was written is still held. */
  async refresh(
    id: string,
    priority: Priority,
    of: Omit<CallContext, 'priority'> = {},
  ): Promise<Observation<T>> {
    await this.#definition.read(id, { ...of, priority });
    return this.observe(id);
  }

  /**
   * Whether what a list shows is there, for lists that are made outside of this cache: such a list is as far behind as any. What
   * was proven to be gone within Azure's lag is not believed to be there again, unless a GET shows it.
   */
  async believes(resource: T, requestedAt: number, { priority, ...of }: CallContext): Promise<boolean> {
    const listed = this.#store.checkListed(resource, requestedAt);
    if (listed !== 'ask') return listed === 'there';
    return (await this.refresh(resource.id, priority, of)).state === 'present';
  }

  /** Something may have changed this resource: it is read, whether true or not. For hints (`src/hints`). */
  suspect(id: string): void {
    this.#store.suspect(id);
  }

  /** A read of it waits that one more hint would share. */
  isSuspected(id: string): boolean {
    return this.#store.isSuspected(id);
  }

  /** All that are held to be there, in an area or anywhere. */
  present(area?: string): T[] {
    const homes = area === undefined ? this.#store.areas : this.#homesOf(this.#areaNamed(area));
    return homes.flatMap((home) => this.#store.presentIn(home));
  }

  /** Those that are held to be there and answer the query, in the order of their keys. */
  byIndex<K extends keyof Q>(index: K, query: Q[K]): T[] {
    return this.#store.byIndex(index, query);
  }

  /** All that is held of an area, and of what is in doubt there. No call. */
  content(area: string): AreaContent<T> {
    const state = this.areaState(area);
    if (state.state !== 'known') return state;
    const named = this.#areaNamed(area);
    const [resources, doubtful] = [this.#store.presentIn(named), this.#store.doubtfulIn(named)];
    return { ...state, resources, doubtful };
  }

  /** How complete what is held of the area is; causes no read. */
  areaState(area: string): AreaState {
    const named = this.#areaNamed(area);
    const ageMs = this.#lists.age(named);
    if (ageMs === undefined) return { state: 'unknown' };
    if (this.#lists.isGone(named)) return { state: 'gone', ageMs };
    return { state: 'known', completeness: this.#lists.completeness(named), ageMs };
  }

  /**
   * Lists an area now; callers that ask meanwhile wait for the same call. Throws as the list does, and what was known stays.
   * The area need not be in use.
   */
  relist(area: string, priority: Priority, of: Omit<CallContext, 'priority'> = {}): Promise<void> {
    return this.#lists.relist(this.#areaNamed(area), { ...of, priority });
  }

  /** Lists an area soon. Not one without users, unless its kind is listed in rotation. */
  resyncNow(area: string): void {
    this.#lists.resyncNow(this.#areaNamed(area));
  }

  /**
   * A caller wants what is there from now on. The last list may be older than that, so one more is made after Azure's
   * lag, shared by all who ask about now. Of an area that is not in use none is made.
   */
  ask(area: string): void {
    this.#lists.ask(this.#areaNamed(area));
  }

  /** Until when the lists of an area may miss what was made before `askedAt`, monotonic ms; undefined: no more. */
  openUntil(area: string, askedAt: number): number | undefined {
    return this.#lists.openUntil(this.#areaNamed(area), askedAt);
  }

  /** What is held of the area is of one that is no more: it begins anew. */
  forget(area: string): void {
    this.#lists.restart(this.#areaNamed(area));
  }

  /** Resolves with the first whole list of an area in use, and of those beneath it. */
  whenLoaded(area: string, signal?: AbortSignal): Promise<void> {
    return this.#lists.whenLoaded(this.#areaNamed(area), signal);
  }

  /** The first list is under way: soon much will be known at once. False once it ended or failed. */
  loading(area: string): boolean {
    return this.#lists.loading(this.#areaNamed(area));
  }

  completeness(area: string): Completeness {
    return this.#lists.completeness(this.#areaNamed(area));
  }

  /** Ms since the last whole list began, the oldest where there are several; undefined before the first. */
  age(area: string): number | undefined {
    return this.#lists.age(this.#areaNamed(area));
  }

  /** How the lists of the areas in use stand, one part for all of the same place. */
  parts(): readonly CachePart[] {
    return joined(
      this.inUse.names.map((area) => ({
        cache: this.#definition.name,
        ...this.#definition.placeOf(area),
        ...this.#lists.stateOf(area),
        entries: this.#store.countIn(area),
      })),
    );
  }

  /** Called for each resource whose content or presence changed, by its key, suspicions included; not for mere refreshes. */
  onChange(listener: ChangeListener<T>): Disposable {
    return this.#store.onChange(listener);
  }

  /** Called with the users of an area when its first list is in. */
  onLoaded(listener: LoadedListener): Disposable {
    return this.#lists.listeners.onLoaded(listener);
  }

  /** Called with the users of an area when its list is complete, and was not before: it had failed, or fell short. */
  onCompleted(listener: LoadedListener): Disposable {
    return this.#lists.listeners.onCompleted(listener);
  }

  /** Called when a list came that a caller was owed. */
  onSettled(listener: SettledListener): Disposable {
    return this.#lists.listeners.onSettled(listener);
  }

  /** How much is held, and is read again by itself: so that a test sees that it does not grow without end. */
  get sizes(): { readonly held: number; readonly inRotation: number } {
    return { held: this.#store.size, inRotation: this.#oneByOne.size };
  }

  /** Ends lists and reads and waits for what is under way. The signal does the same without the waiting. */
  async stop(): Promise<void> {
    await Promise.all([this.#lists.stop(), this.#store.stop(), this.#oneByOne.stop()]);
  }

  recordGet(id: string, found: T | undefined, requestedAt: number): void {
    if (found) this.#found(found);
    else this.#oneByOne.gone(this.#definition.areaOf(id), id);
    this.#store.recordGet(id, found, requestedAt);
    this.#prune();
  }

  recordWrite(resource: T): void {
    this.#found(resource);
    this.#store.recordWrite(resource);
  }

  recordDelete(id: string): void {
    this.#store.recordDelete(id);
  }

  recordWriteAttempt(id: string): void {
    this.#store.recordWriteAttempt(id);
  }

  async #accept(area: string, list: CompletedList<T>, signal: AbortSignal): Promise<string | undefined> {
    if (list.gone) {
      this.#store.recordAllGone(area, list.startedAt);
      return undefined;
    }
    this.#oneByOne.listed(area, list.leftOut ?? []);
    return await this.#store.accept(area, list, signal);
  }

  /** What no list shows joins the rotation, or waits for its next turn. */
  #found({ id }: T): void {
    const area = this.#definition.areaOf(id);
    this.#lists.foundIn(area);
    const unlisted = !this.#lists.isListed(area) && this.#definition.mayHaveNoList?.(area);
    if (this.inUse.has(area)) this.#oneByOne.found(area, id, !unlisted);
  }

  /** A list ends what is gone; where none comes, time does. */
  #prune(): void {
    const { keptMs = ABSENCE_KEPT_MS } = this.#definition;
    const now = this.#now();
    if (now < this.#prunedAt + keptMs / 4) return;
    this.#prunedAt = now;
    this.#lists.prune(now - keptMs);
    this.#store.prune(
      now - keptMs,
      (area) => this.#lists.isListed(area),
      (area) => this.inUse.has(area),
    );
  }

  #areaNamed(area: string): string {
    return this.#definition.areaNamed?.(area) ?? area;
  }

  /** Where resources of an area are at home in the store. */
  #homesOf(area: string): readonly string[] {
    const isPart = this.#definition.standsFor?.(area);
    return isPart ? [area, ...this.inUse.names.filter(isPart)] : [area];
  }
}
