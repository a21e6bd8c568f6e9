/**
 * What is held of one kind of resource in Azure: lists, live GETs and our own writes, merged by the rules of `merge.ts`.
 * It asks Azure by itself only where what came contradicts what is held. Resources live in areas; what one area's list
 * does not show says nothing about another's.
 */
import { classify } from '../../azure/arm/classify.ts';
import type { Priority } from '../../runtime/outcome.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { ReReads } from '../calls/re-reads.ts';
import { Suspicions } from '../calls/suspicions.ts';
import { type CompletedList, isWitness, whyShort } from '../lists/listing.ts';
import { Entries, type Indexes } from './entries.ts';
import {
  type CachedResource,
  type How,
  type Observation,
  observationOf,
  presentIn,
  readsOtherwise,
} from './entry.ts';
import {
  checkListed,
  type Merged,
  mergeAttempt,
  mergeDelete,
  mergeGone,
  mergePresent,
  mergeUnlisted,
  mergeWrite,
  type Rules,
} from './merge.ts';

/** How long Azure may show what was before a write (docs/architecture.md section 2). */
export const LAG_MS = 120_000;

interface ResourceStoreOptions<T, Q> extends Omit<Rules<T>, 'lagMs'> {
  readonly clock: Clock;
  /** Ends re-reads. */
  readonly signal: AbortSignal;
  /** Default `LAG_MS`. */
  readonly lagMs?: number | undefined;
  /** How long Azure may announce a change that it does not show yet. Default `LAG_MS`. */
  readonly announcedMs?: number | undefined;
  /** For messages. */
  readonly plural: string;
  readonly indexes: Indexes<T, Q>;
  /** False: a list is believed without what a GET proved lately. Default true. */
  readonly wantsWitnesses?: boolean | undefined;
  /** The area whose list shows this id. */
  areaOf(id: string): string;
  /** What is kept of a resource. Default: all of it. */
  kept?(resource: T): T;
  /** A resource there that a hint named could not be read: a list has to show it. */
  onUnread?(area: string): void;
  /** A live GET, whose result comes back by `recordGet`. */
  read(id: string, priority: Priority, signal: AbortSignal | undefined): Promise<unknown>;
}

/** What was and is held to be there under a key. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** `how`: which kind of observation changed it. A writer may skip its own `write` and `delete`. */
export type ChangeListener<T> = (key: string, how: How, change: Change<T>) => void;

export class ResourceStore<T extends CachedResource, Q extends object> {
  readonly #options: ResourceStoreOptions<T, Q>;
  readonly #rules: Rules<T>;
  readonly #reReads: ReReads;
  readonly #suspicions: Suspicions;
  readonly #entries: Entries<T, Q>;
  readonly #listeners = new Set<ChangeListener<T>>();

  constructor(options: ResourceStoreOptions<T, Q>) {
    this.#options = options;
    const { clock, signal, lagMs = LAG_MS, announcedMs = LAG_MS, indexes } = options;
    const { sameContent, sameInstance } = options;
    this.#rules = { lagMs, sameContent, sameInstance };
    const read = async (id: string) => {
      const before = this.#entries.get(id);
      await options.read(id, 'event', signal);
      return readsOtherwise(before, this.#entries.get(id), sameContent);
    };
    this.#reReads = new ReReads({ clock, signal, read: async (id) => void (await read(id)) });
    this.#suspicions = new Suspicions({
      clock,
      signal,
      lagMs: announcedMs,
      read,
      isFinal: (error) => classify(error).kind === 'stalled',
      onGivenUp: (id) => options.onUnread?.(options.areaOf(id)),
    });
    this.#entries = new Entries((id) => options.areaOf(id), indexes, lagMs);
  }

  /** What is held of it now, if anything. Costs nothing. */
  observe(id: string): Observation<T> | undefined {
    const entry = this.#entries.get(id);
    return entry && observationOf(entry, this.#options.clock.monotonic());
  }

  /** What is held to be there under this key or id. */
  present(id: string): T | undefined {
    return presentIn(this.#entries.get(id));
  }

  /** Those of which something is held. */
  get areas(): readonly string[] {
    return this.#entries.areas;
  }

  /** All that are held to be there, in one area. */
  presentIn(area: string): T[] {
    return [...this.#entries.presentIn(area)];
  }

  /** Those that are held to be there and answer the query. */
  byIndex<K extends keyof Q>(index: K, query: Q[K]): T[] {
    return this.#entries.byIndex(index, query).flatMap((key) => this.present(key) ?? []);
  }

  /** How many are held to be there, in one area. */
  countIn(area: string): number {
    let count = 0;
    for (const _ of this.#entries.presentIn(area)) count++;
    return count;
  }

  /** Those of an area that are missing where they should show, as they were last observed. */
  doubtfulIn(area: string): T[] {
    return [...this.#entries.doubtfulIn(area)];
  }

  /** Something may have changed it: read soon, whether true or not, and again after the lag if it shows nothing new. */
  suspect(id: string): void {
    this.#suspicions.add(id);
  }

  /** It is to be read because a hint named it. */
  isSuspected(id: string): boolean {
    return this.#suspicions.has(id);
  }

  /** Called for each whose content or presence changed, suspicions included; not for mere refreshes. */
  onChange(listener: ChangeListener<T>): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** What a list that is no area's own shows: see `checkListed`. */
  checkListed(resource: T, requestedAt: number): 'there' | 'gone' | 'ask' {
    return checkListed(this.#entries.proven(resource.id), resource, requestedAt, this.#rules);
  }

  recordGet(id: string, found: T | undefined, requestedAt: number): void {
    const entry = this.#entries.proven(id);
    const merged = found
      ? mergePresent(entry, this.#kept(found), requestedAt, 'get', this.#rules)
      : mergeGone(entry, requestedAt, this.#rules.lagMs);
    this.#store(id, merged, 'get');
  }

  recordWrite(resource: T): void {
    const now = this.#options.clock.monotonic();
    const entry = mergeWrite(this.#entries.proven(resource.id), this.#kept(resource), now, this.#rules);
    this.#store(resource.id, { entry }, 'write');
  }

  recordDelete(id: string): void {
    this.#store(
      id,
      { entry: mergeDelete(this.#entries.proven(id), this.#options.clock.monotonic()) },
      'delete',
    );
  }

  recordWriteAttempt(id: string): void {
    const now = this.#options.clock.monotonic();
    this.#store(id, mergeAttempt(this.#entries.proven(id), now, this.#rules.lagMs), 'write');
  }

  /** All of an area are gone with what holds them: Azure's own word, in an answer to a request that began at `at`. */
  recordAllGone(area: string, at: number): void {
    for (const [key, entry] of this.#entries.of(area))
      this.#store(key, mergeGone(entry, at, this.#rules.lagMs), 'list');
  }

  /**
   * Takes in a whole list of an area; `undefined` if it holds its witnesses, else why it cannot be complete. Asks Azure
   * for witnesses that are missing.
   */
  async accept(area: string, list: CompletedList<T>, signal: AbortSignal): Promise<string | undefined> {
    const { lagMs } = this.#rules;
    const { plural, read, wantsWitnesses = true } = this.#options;
    const known = this.#entries.of(area);
    for (const { resource, requestedAt } of list.found) {
      // What is held by now, not what was: pages may show one twice.
      const held = this.#entries.proven(resource.id);
      const merged = mergePresent(held, this.#kept(resource), requestedAt, 'list', this.#rules);
      this.#store(resource.id, merged, 'list');
      known.delete(resource.key);
    }
    const missing: string[] = [];
    for (const [key, entry] of known) {
      if (isWitness(entry, list.startedAt, lagMs) && entry.presence.state === 'present')
        missing.push(entry.presence.resource.id);
      this.#store(key, mergeUnlisted(entry, list.startedAt, lagMs), 'list');
    }
    if (!wantsWitnesses) return undefined;
    return await whyShort(missing, plural, async (id) => {
      await read(id, 'resync', signal);
      return this.#entries.get(id)?.presence.state === 'absent';
    });
  }

  /** Drops what was learnt before then of areas that no list covers: see `Entries.prune`. */
  prune(before: number, isListed: (area: string) => boolean, isKept: (area: string) => boolean): void {
    this.#entries.prune(before, isListed, isKept);
  }

  /** How many are held, absences and kept proofs among them. */
  get size(): number {
    return this.#entries.size;
  }

  /** Drops all that is known of an area, but for the proofs that a list may not show yet. */
  forget(area: string): void {
    const now = this.#options.clock.monotonic();
    for (const key of this.#entries.forget(area, now)) {
      this.#reReads.drop(key);
      this.#suspicions.drop(key);
    }
    // Those that were never observed, too.
    this.#suspicions.dropWhere((id) => this.#options.areaOf(id) === area);
  }

  /** Ends re-reads and waits for those under way, whose signal must have fired. */
  async stop(): Promise<void> {
    await Promise.all([this.#reReads.stop(), this.#suspicions.stop()]);
  }

  #store(id: string, { entry, readAgainAt }: Merged<T>, how: How): void {
    const { key, before } = this.#entries.set(id, entry);
    if (readAgainAt !== undefined) this.#reReads.add(key, id, readAgainAt);
    if (!readsOtherwise(before, entry, this.#rules.sameContent)) return;
    const change = { before: presentIn(before), after: presentIn(entry) };
    for (const listener of this.#listeners) listener(key, how, change);
  }

  #kept(resource: T): T {
    return this.#options.kept?.(resource) ?? resource;
  }
}
