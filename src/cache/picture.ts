/**
 * What is held of one kind of thing in Azure: lists, live GETs and our own writes, merged by the rules of `merge.ts`.
 * It asks nothing by itself but early looks. Things live in areas; what one area's list does not show says nothing about
 * another's.
 */
import { armKey } from '../azure/resource-id.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Priority } from '../runtime/outcome.ts';
import { isWitness } from './completeness.ts';
import { EarlyLooks } from './early-looks.ts';
import { type Entry, type How, type Observation, observationOf, presentIn, type Thing } from './entry.ts';
import type { CompletedList } from './list-watch.ts';
import {
  judgeListed,
  type Merged,
  mergeAttempt,
  mergeDelete,
  mergeGone,
  mergePresent,
  mergeUnlisted,
  mergeWrite,
  provenUntil,
  type Rules,
} from './merge.ts';

/** How long Azure may show what was before a write (docs/architecture.md section 2). */
export const LAG_MS = 120_000;

export interface PictureOptions<T> extends Omit<Rules<T>, 'lagMs'> {
  readonly clock: Clock;
  /** Stops looks. */
  readonly signal: AbortSignal;
  /** Default `LAG_MS`. */
  readonly lagMs?: number | undefined;
  /** In the plural, for messages. */
  readonly what: string;
  /** The area an id is at home in. */
  areaOf(id: string): string;
  /** A live GET, whose result comes back by `noteGet`. */
  get(id: string, priority: Priority, signal: AbortSignal | undefined): Promise<unknown>;
  /** What was and is held to be there under one key: for indexes. */
  reindex?(before: T | undefined, after: T | undefined): void;
}

/** `how`: which kind of observation changed the picture. A writer may skip its own `write` and `delete`. */
export type ChangeListener = (key: string, how: How) => void;

/** Above this many missing witnesses a list is short beyond doubt, and asking for each would cost more than it tells. */
const MAX_WITNESS_GETS = 20;

export class Picture<T extends Thing> {
  readonly #options: PictureOptions<T>;
  readonly #rules: Rules<T>;
  readonly #looks: EarlyLooks;
  /** By area, then by key. */
  readonly #entries = new Map<string, Map<string, Entry<T>>>();
  /**
   * By key, of areas that were forgotten: what was proven so lately that a list may not show it yet. Nobody is told of it, but
   * what is heard next is merged with it.
   */
  readonly #proofs = new Map<string, Entry<T>>();
  readonly #listeners = new Set<ChangeListener>();

  constructor(options: PictureOptions<T>) {
    this.#options = options;
    const { clock, signal, lagMs = LAG_MS, sameContent, sameInstance } = options;
    this.#rules = { lagMs, sameContent, sameInstance };
    const look = async (id: string) => void (await options.get(id, 'event', signal));
    this.#looks = new EarlyLooks({ clock, signal, look });
  }

  /** What is held of it now, if anything. Costs nothing. */
  observe(id: string): Observation<T> | undefined {
    const entry = this.#entryOf(id);
    return entry && observationOf(entry, this.#options.clock.monotonic());
  }

  /** What is held to be there under this key or id. */
  present(id: string): T | undefined {
    return presentIn(this.#entryOf(id));
  }

  /** All that are held to be there, in one area. */
  presentIn(area: string): T[] {
    const found: T[] = [];
    for (const entry of this.#entries.get(area)?.values() ?? []) {
      const thing = presentIn(entry);
      if (thing !== undefined) found.push(thing);
    }
    return found;
  }

  /** How many are held to be there, in one area. */
  countIn(area: string): number {
    let count = 0;
    for (const entry of this.#entries.get(area)?.values() ?? []) if (presentIn(entry) !== undefined) count++;
    return count;
  }

  /** Those of an area that are missing where they should show, as they were last seen. */
  doubtfulIn(area: string): T[] {
    const found: T[] = [];
    for (const { seen } of this.#entries.get(area)?.values() ?? [])
      if (seen.state === 'suspectAbsent' && seen.last !== undefined) found.push(seen.last);
    return found;
  }

  /** Something said that it changed: looked at soon, whether true or not. The door for events. */
  suspect(id: string): void {
    this.#looks.add(armKey(id), id, this.#options.clock.monotonic());
  }

  /** Hears of each whose content or presence changed, suspicions included; not of mere refreshes. */
  onChange(listener: ChangeListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** What a list that is no area's own shows: see `judgeListed`. */
  judgeListed(thing: T, requestedAt: number): 'there' | 'gone' | 'ask' {
    return judgeListed(this.#provenOf(thing.id), thing, requestedAt, this.#rules);
  }

  noteGet(id: string, found: T | undefined, requestedAt: number): void {
    const entry = this.#provenOf(id);
    const merged = found
      ? mergePresent(entry, found, requestedAt, 'get', this.#rules)
      : mergeGone(entry, requestedAt, this.#rules.lagMs);
    this.#store(id, merged, 'get');
  }

  noteWrite(thing: T): void {
    const now = this.#options.clock.monotonic();
    this.#store(thing.id, { entry: mergeWrite(this.#provenOf(thing.id), thing, now, this.#rules) }, 'write');
  }

  noteDelete(id: string): void {
    this.#store(id, { entry: mergeDelete(this.#provenOf(id), this.#options.clock.monotonic()) }, 'delete');
  }

  noteWriteAttempt(id: string): void {
    const now = this.#options.clock.monotonic();
    this.#store(id, mergeAttempt(this.#provenOf(id), now, this.#rules.lagMs), 'write');
  }

  /** All of an area are gone with what holds them: Azure's own word, in an answer to a request that began at `at`. */
  noteAllGone(area: string, at: number): void {
    for (const [key, entry] of new Map(this.#entries.get(area)))
      this.#store(key, mergeGone(entry, at, this.#rules.lagMs), 'list');
  }

  /**
   * Takes in a whole list of an area; `undefined` if it holds its witnesses, else why it cannot be complete. Asks Azure
   * for witnesses that are missing.
   */
  async accept(area: string, list: CompletedList<T>, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return 'stopped'; // Released meanwhile: nothing of it may come back.
    const { lagMs } = this.#rules;
    const known = new Map(this.#entries.get(area));
    for (const { thing, requestedAt } of list.found) {
      // What is held by now, not what was: pages may show one thing twice.
      const held = this.#provenOf(thing.id);
      this.#store(thing.id, mergePresent(held, thing, requestedAt, 'list', this.#rules), 'list');
      known.delete(thing.key);
    }
    const missing: string[] = [];
    for (const [key, entry] of known) {
      if (isWitness(entry, list.startedAt, lagMs) && entry.seen.state === 'present')
        missing.push(entry.seen.thing.id);
      this.#store(key, mergeUnlisted(entry, list.startedAt, lagMs), 'list');
    }
    return await this.#explain(missing, signal);
  }

  /**
   * Drops what was learnt before then of areas that no list tells of: nothing else would ever end it. Of an area in use
   * (`kept`) what is there stays, since it is read again; only absences end.
   */
  prune(before: number, isListed: (area: string) => boolean, isKept: (area: string) => boolean): void {
    for (const [area, entries] of this.#entries) {
      if (isListed(area)) continue;
      for (const [key, entry] of entries) {
        if (entry.at >= before || entry.touchedAt >= before) continue;
        if (isKept(area) && entry.seen.state === 'present') continue;
        this.#options.reindex?.(presentIn(entry), undefined);
        entries.delete(key);
      }
      if (entries.size === 0) this.#entries.delete(area);
    }
  }

  /** How many things are held, absences and kept proofs among them. */
  get size(): number {
    return this.#proofs.size + [...this.#entries.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Drops all that is known of an area, but for the proofs that a list may not show yet. */
  forget(area: string): void {
    const now = this.#options.clock.monotonic();
    const { lagMs } = this.#rules;
    for (const [key, entry] of this.#proofs) if (now >= provenUntil(entry, lagMs)) this.#proofs.delete(key);
    for (const [key, entry] of this.#entries.get(area) ?? []) {
      this.#looks.drop(key);
      this.#options.reindex?.(presentIn(entry), undefined);
      if (now < provenUntil(entry, lagMs)) this.#proofs.set(key, entry);
    }
    this.#entries.delete(area);
  }

  /** Ends looks and waits for those under way, whose signal must have fired. */
  stop(): Promise<void> {
    return this.#looks.stop();
  }

  /** A missing witness either is gone, which a GET proves, or shows that the list is short. */
  async #explain(missing: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const { what, get } = this.#options;
    if (missing.length > MAX_WITNESS_GETS)
      return `the list lacks ${missing.length} ${what} that were there lately`;
    for (const id of missing) {
      await get(id, 'resync', signal);
      if (this.#entryOf(id)?.seen.state !== 'absent') return `the list lacks ${id}, which exists`;
    }
    return undefined;
  }

  #store(id: string, { entry, lookAgainAt }: Merged<T>, how: How): void {
    const { areaOf, reindex } = this.#options;
    const [key, area] = [armKey(id), areaOf(id)];
    let entries = this.#entries.get(area);
    const before = entries?.get(key);
    if (entry) {
      if (!entries) {
        entries = new Map();
        this.#entries.set(area, entries);
      }
      entries.set(key, entry);
    } else entries?.delete(key);
    this.#proofs.delete(key);
    reindex?.(presentIn(before), presentIn(entry));
    if (lookAgainAt !== undefined) this.#looks.add(key, id, lookAgainAt);
    if (this.#changed(before, entry)) for (const listener of this.#listeners) listener(key, how);
  }

  #entryOf(id: string): Entry<T> | undefined {
    return this.#entries.get(this.#options.areaOf(id))?.get(armKey(id));
  }

  /** What the next observation is merged with. */
  #provenOf(id: string): Entry<T> | undefined {
    return this.#entryOf(id) ?? this.#proofs.get(armKey(id));
  }

  /** Whether a reader would decide otherwise. An absence learnt of something never seen is no news. */
  #changed(before: Entry<T> | undefined, after: Entry<T> | undefined): boolean {
    const [was, is] = [before?.seen, after?.seen];
    if (is?.state === 'present')
      return was?.state !== 'present' || !this.#rules.sameContent(was.thing, is.thing);
    // Without an entry a listed area still means a suspicion, so forgetting one changes nothing.
    if (!was || !is) return was?.state === 'present';
    return was.state !== is.state;
  }
}
