import { type CallContext, sharedContext } from '../../azure/arm/arm-calls.ts';
import { unlessAborted } from '../../runtime/time/bounded-waits.ts';
import type { CacheOptions, CachePart, Held, ListDefinition } from '../definition.ts';
import { type Schedule, scheduleOf } from '../schedule/schedules.ts';
import type { CachedResource } from '../store/entry.ts';
import { LAG_MS } from '../store/store.ts';
import { AreaList } from './area-list.ts';
import { AreaListeners, AreasInUse, type AreaUser } from './areas-in-use.ts';
import type { CompletedList, Completeness } from './listing.ts';

/** Where what is listed goes. */
interface ListedInto<T> {
  readonly held: Held<T>;
  /** Takes a whole list in: see `AreaListOptions.accept`. */
  accept(area: string, list: CompletedList<T>, signal: AbortSignal): Promise<string | undefined>;
  countIn(area: string): number;
  /** The area has no users any more: what is held of it goes. */
  forget(area: string): void;
}

/** The lists of one cache: of each area in use, of areas that those showed beneath them, and of any for one who asks. */
export class AreaLists<T extends CachedResource> {
  readonly inUse: AreasInUse;
  readonly listeners: AreaListeners;
  readonly #definition: ListDefinition<T>;
  readonly #options: CacheOptions;
  readonly #into: ListedInto<T>;
  readonly #schedule: Schedule;
  readonly #lists = new Map<string, AreaList<T>>();

  constructor(definition: ListDefinition<T>, options: CacheOptions, into: ListedInto<T>) {
    this.#definition = definition;
    this.#options = options;
    this.#into = into;
    this.#schedule = scheduleOf(definition, options, (area, context) => this.relist(area, context));
    this.inUse = options.inUse ?? new AreasInUse();
    this.listeners = new AreaListeners(this.inUse);
    this.inUse.onChange({ began: (area) => this.#begin(area), ended: (area) => this.#end(area) });
  }

  /** A whole list has come. */
  isListed(area: string): boolean {
    return this.#lists.get(area)?.listedAt !== undefined;
  }

  /** What holds the area's resources was not there when it was last listed. */
  isGone(area: string): boolean {
    return this.#lists.get(area)?.gone ?? false;
  }

  /** A resource was found there: its parent exists, also if an earlier answer was that it is gone. */
  foundIn(area: string): void {
    const list = this.#lists.get(area);
    if (list?.gone) list.foundAgain();
  }

  /** One list for all who ask at the same time. */
  relist(area: string, context: CallContext): Promise<void> {
    const { signal } = this.#options;
    return this.#listOf(area).join(context, sharedContext(context, signal), signal);
  }

  resyncNow(area: string): void {
    for (const each of this.#together(area)) this.#schedule.resyncNow(each);
  }

  /** A caller wants what is there from now on: one more list of each is owed to it. */
  ask(area: string): void {
    for (const each of this.#together(area)) {
      const list = this.inUse.has(each) ? this.#lists.get(each) : undefined;
      if (list) this.#ask(each, list);
    }
  }

  /** That of the latest where several lists show the area together. */
  openUntil(area: string, askedAt: number): number | undefined {
    const all = this.#together(area).map((each) => this.#lists.get(each)?.openUntil(askedAt));
    const open = all.filter((each) => each !== undefined);
    return open.length === 0 ? undefined : Math.max(...open);
  }

  /** Drops what is known of the area, and lists it anew if it is in use. */
  restart(area: string): void {
    const used = this.inUse.has(area);
    this.#end(area);
    if (used) this.#begin(area);
  }

  async whenLoaded(area: string, signal?: AbortSignal): Promise<void> {
    await this.#firstOf(area, signal);
    const others = this.inUse.areasOf(beneath(area));
    if (others.length === 0) return;
    // One that goes meanwhile ends its list; that of the area itself was whole.
    await Promise.allSettled(others.map((each) => this.#firstOf(each, signal)));
    await this.#firstOf(area, signal);
  }

  loading(area: string): boolean {
    return this.#together(area).some((each) => this.inUse.has(each) && this.#lists.get(each)?.loading);
  }

  /** That of the oldest where several lists show the area together. */
  completeness(area: string): Completeness {
    const all = this.#together(area).map((each) => this.#completenessOf(each));
    return all.reduce((left, right) => {
      if (left.state === 'partial') return left;
      return right.state === 'partial' || right.at < left.at ? right : left;
    });
  }

  age(area: string): number | undefined {
    const ages = this.#together(area).map((each) => this.#ageOf(each));
    return ages.some((age) => age === undefined) ? undefined : Math.max(...ages.map((age) => age ?? 0));
  }

  /** Of the area's own list. */
  stateOf(area: string): Pick<CachePart, 'ageMs' | 'partial'> {
    return { ageMs: this.#ageOf(area), partial: this.#completenessOf(area).state === 'partial' };
  }

  /** Drops what was listed before then for a caller that asked, where the area has no users. */
  prune(before: number): void {
    for (const [area, list] of this.#lists)
      if (!this.inUse.has(area) && !list.loading && (list.listedAt ?? before) <= before) this.#drop(area);
  }

  async stop(): Promise<void> {
    for (const list of this.#lists.values()) list.end();
    await this.#schedule.stop();
  }

  #begin(area: string): void {
    if (this.#options.signal.aborted) return;
    const list = this.#listOf(area);
    this.#schedule.begin(area, list);
    // The first list may miss what was made just before it.
    this.#ask(area, list);
    this.whenLoaded(area).then(
      () => this.listeners.loaded(area),
      () => {}, // It went out of use, or azid stops: then no caller waits any more.
    );
  }

  #ask(area: string, list: AreaList<T>): void {
    list.ask();
    if (list.dueAt !== undefined) this.#schedule.owed(area, list.dueAt);
  }

  #end(area: string): void {
    this.inUse.use(beneath(area), []);
    this.#schedule.end(area);
    this.#drop(area);
  }

  #drop(area: string): void {
    this.#lists.get(area)?.end();
    this.#lists.delete(area);
    this.#into.forget(area);
  }

  #listOf(area: string): AreaList<T> {
    let list = this.#lists.get(area);
    if (!list) {
      const { clock, onListFailure, lagMs = LAG_MS } = this.#options;
      list = new AreaList<T>({
        clock,
        pages: (context) => this.#definition.list(area, context, this.#into.held),
        accept: (completed, signal) => this.#accept(area, completed, signal),
        missingRight: async (signal) => this.#definition.missingRight?.(area, signal),
        onFailure: (error) => onListFailure?.(area, error),
        lagMs: this.#definition.isAbsenceProven === false ? 0 : lagMs,
        onSettled: () => this.listeners.settled(area),
        onCompleted: () => this.listeners.completed(area),
      });
      this.#lists.set(area, list);
    }
    return list;
  }

  async #accept(area: string, list: CompletedList<T>, signal: AbortSignal): Promise<string | undefined> {
    this.#schedule.listed(area);
    const notShown = list.areas && this.#acceptAreas(area, list.areas);
    const missing = await this.#into.accept(area, list, signal);
    return notShown ?? missing;
  }

  /**
   * One that the list lacks stays while resources of it are held to be there: a list may be short, and the area's own list
   * shows what became of them.
   */
  #acceptAreas(area: string, shown: readonly string[]): string | undefined {
    const now = new Set(shown);
    const before = this.inUse.areasOf(beneath(area)).filter((each) => !now.has(each));
    const missing = before.filter((each) => this.#into.countIn(each) > 0);
    this.inUse.use(beneath(area), [...shown, ...missing]);
    const [first] = missing;
    return (
      first && `the list shows nothing of the ${this.#definition.describe(first)}, which was not empty lately`
    );
  }

  async #firstOf(area: string, signal: AbortSignal | undefined): Promise<void> {
    const list = this.inUse.has(area) ? this.#lists.get(area) : undefined;
    if (!list) throw new Error(`expected the ${this.#definition.describe(area)} to be in use, it is not`);
    await unlessAborted(list.loaded, signal);
  }

  #completenessOf(area: string): Completeness {
    const reason = `the ${this.#definition.describe(area)} is not in use`;
    return this.#lists.get(area)?.completeness ?? { state: 'partial', reason };
  }

  #ageOf(area: string): number | undefined {
    const listedAt = this.#lists.get(area)?.listedAt;
    return listedAt === undefined ? undefined : Math.max(0, this.#options.clock.monotonic() - listedAt);
  }

  /** The lists that together show an area. */
  #together(area: string): readonly string[] {
    return [area, ...this.inUse.areasOf(beneath(area))];
  }
}

/** The user of the areas that the list of this one shows beneath it. No object has such a key. */
function beneath(area: string): AreaUser {
  return `beneath ${area}`;
}
