/**
 * The watched picture of the user-assigned identities in Azure: bulk lists per subscription in use, live GETs, and our
 * own writes, merged by the rules of `merge.ts`. It hears of GETs and writes through `Identities`, whose observer it is.
 */
import type { AzureIdentity } from '../azure/azure-identity.ts';
import { sameContent } from '../azure/azure-identity.ts';
import type { Identities, IdentityObserver } from '../azure/identities.ts';
import type { Permissions } from '../azure/permissions.ts';
import { armKey, parseResourceId } from '../azure/resource-id.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Priority } from '../runtime/outcome.ts';
import { type Completeness, isWitness } from './completeness.ts';
import { EarlyLooks } from './early-looks.ts';
import { type Entry, type How, type Observation, observationOf } from './entry.ts';
import { MarkIndex } from './mark-index.ts';
import {
  type Merged,
  mergeAttempt,
  mergeDelete,
  mergeGone,
  mergePresent,
  mergeUnlisted,
  mergeWrite,
} from './merge.ts';
import { RESYNC, type ResyncOptions } from './resync.ts';
import { type CompletedList, SubscriptionWatch } from './subscription-watch.ts';

export interface IdentityMirrorOptions {
  readonly identities: Identities;
  readonly permissions: Permissions;
  readonly clock: Clock;
  /** Stops lists and looks. */
  readonly signal: AbortSignal;
  /** 0 <= random() < 1; default `Math.random`. */
  readonly random?: () => number;
  /** How long Azure may show what was before a write. Default 2 min (design.md section 2). */
  readonly lagMs?: number;
  readonly resync?: Partial<ResyncOptions>;
  /** A list failed; it is tried again. For the log. */
  readonly onListFailure?: (subscriptionId: string, error: unknown) => void;
}

/** `how`: which kind of observation changed the picture. A writer may skip its own `write` and `delete`. */
export type ChangeListener = (key: string, how: How) => void;

/** Above this many missing witnesses a list is short beyond doubt, and asking for each would cost more than it tells. */
const MAX_WITNESS_GETS = 20;

export class IdentityMirror implements IdentityObserver {
  readonly #options: IdentityMirrorOptions;
  readonly #lagMs: number;
  readonly #looks: EarlyLooks;
  readonly #watched = new Map<string, SubscriptionWatch>();
  readonly #stopped = new Set<Promise<void>>();
  /** By lower-cased subscription id, then by key. */
  readonly #entries = new Map<string, Map<string, Entry>>();
  readonly #marks = new MarkIndex();
  readonly #listeners = new Set<ChangeListener>();

  constructor(options: IdentityMirrorOptions) {
    this.#options = options;
    this.#lagMs = options.lagMs ?? 120_000;
    const { clock, signal, identities } = options;
    this.#looks = new EarlyLooks({
      clock,
      signal,
      look: async (id) => void (await identities.get(id, { priority: 'event', signal })),
    });
    identities.observedBy(this);
    signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Somebody needs this subscription: its lists start, unless they run already. Who counts users does so outside. */
  use(subscriptionId: string): void {
    const {
      identities,
      permissions,
      clock,
      random = Math.random,
      resync,
      onListFailure,
      signal,
    } = this.#options;
    const name = subscriptionId.toLowerCase();
    if (signal.aborted || this.#watched.has(name)) return;
    const watch = new SubscriptionWatch({
      subscriptionId,
      identities,
      permissions,
      clock,
      random,
      resync: { ...RESYNC, ...resync },
      accept: (list, stop) => this.#accept(name, list, stop),
      onFailure: (error) => onListFailure?.(subscriptionId, error),
    });
    this.#watched.set(name, watch);
  }

  /** Nobody needs it any more: its lists end, and what is known of it is forgotten. */
  release(subscriptionId: string): void {
    const name = subscriptionId.toLowerCase();
    const watch = this.#watched.get(name);
    if (!watch) return;
    this.#watched.delete(name);
    for (const [key, entry] of this.#entries.get(name) ?? []) {
      this.#looks.drop(key);
      this.#marks.replace(identityOf(entry), undefined);
    }
    this.#entries.delete(name);
    this.#end(watch);
  }

  /** What is held of this identity now. Costs nothing. */
  observe(id: string): Observation {
    const entry = this.#entryOf(id);
    if (entry) return observationOf(entry, this.#options.clock.monotonic());
    const { subscriptionId } = parseResourceId(id);
    const listed = this.#watched.get(subscriptionId.toLowerCase())?.listedAt !== undefined;
    return { state: listed ? 'suspectAbsent' : 'unknown' };
  }

  /** A live GET, merged. Within the lag of an own write its 404 is no proof, and what was written is still told. */
  async refresh(id: string, priority: Priority, signal?: AbortSignal): Promise<Observation> {
    await this.#options.identities.get(id, { priority, signal });
    return this.observe(id);
  }

  /** Something said that this identity changed: looked at soon, whether true or not. The door for events. */
  suspect(id: string): void {
    this.#looks.add(armKey(id), id, this.#options.clock.monotonic());
  }

  /** All that are held to be there, in one subscription. */
  present(subscriptionId: string): AzureIdentity[] {
    const found: AzureIdentity[] = [];
    for (const { seen } of this.#entries.get(subscriptionId.toLowerCase())?.values() ?? [])
      if (seen.state === 'present') found.push(seen.identity);
    return found;
  }

  /** One that carries all these marks of azid (tags that begin with `azid-`), in any subscription in use. */
  markedWith(tags: Readonly<Record<string, string>>): AzureIdentity | undefined {
    for (const key of this.#marks.find(tags)) {
      const identity = identityOf(this.#entryOf(key));
      if (identity) return identity;
    }
    return undefined;
  }

  /** Resolves with the first whole list of a subscription in use. */
  async whenLoaded(subscriptionId: string, signal?: AbortSignal): Promise<void> {
    const watch = this.#watched.get(subscriptionId.toLowerCase());
    if (!watch) throw new Error(`expected subscription ${subscriptionId} to be in use, it is not`);
    signal?.throwIfAborted();
    const given = Promise.withResolvers<never>();
    const onAbort = () => given.reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([watch.loaded, given.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** The first list of this subscription is under way: soon much will be known at once. False once it ended or failed. */
  loading(subscriptionId: string): boolean {
    return this.#watched.get(subscriptionId.toLowerCase())?.loading ?? false;
  }

  completeness(subscriptionId: string): Completeness {
    const watch = this.#watched.get(subscriptionId.toLowerCase());
    return watch?.completeness ?? { state: 'partial', reason: 'the subscription is not in use' };
  }

  /** Ms since the last whole list began; undefined before the first. */
  age(subscriptionId: string): number | undefined {
    const listedAt = this.#watched.get(subscriptionId.toLowerCase())?.listedAt;
    return listedAt === undefined ? undefined : this.#options.clock.monotonic() - listedAt;
  }

  resyncNow(subscriptionId: string): void {
    this.#watched.get(subscriptionId.toLowerCase())?.resyncNow();
  }

  /** Hears of each identity whose content or presence changed, suspicions included; not of mere refreshes. */
  onChange(listener: ChangeListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Ends lists and looks and waits for what is under way. The signal does the same without the waiting. */
  async stop(): Promise<void> {
    for (const watch of this.#watched.values()) this.#end(watch);
    await Promise.all([...this.#stopped, this.#looks.stop()]);
  }

  noteGet(id: string, found: AzureIdentity | undefined, requestedAt: number): void {
    const entry = this.#entryOf(id);
    const merged = found
      ? mergePresent(entry, found, requestedAt, 'get', this.#lagMs)
      : mergeGone(entry, requestedAt, this.#lagMs);
    this.#store(id, merged, 'get');
  }

  noteWrite(identity: AzureIdentity): void {
    const entry = mergeWrite(this.#entryOf(identity.id), identity, this.#options.clock.monotonic());
    this.#store(identity.id, { entry }, 'write');
  }

  noteDelete(id: string): void {
    this.#store(id, { entry: mergeDelete(this.#entryOf(id), this.#options.clock.monotonic()) }, 'delete');
  }

  noteWriteAttempt(id: string): void {
    const now = this.#options.clock.monotonic();
    this.#store(id, mergeAttempt(this.#entryOf(id), now, this.#lagMs), 'write');
  }

  async #accept(name: string, list: CompletedList, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return 'stopped'; // Released meanwhile: nothing of it may come back.
    const known = new Map(this.#entries.get(name));
    for (const { identity, requestedAt } of list.found) {
      const merged = mergePresent(known.get(identity.key), identity, requestedAt, 'list', this.#lagMs);
      this.#store(identity.id, merged, 'list');
      known.delete(identity.key);
    }
    const missing: string[] = [];
    for (const [key, entry] of known) {
      if (isWitness(entry, list.startedAt, this.#lagMs) && entry.seen.state === 'present')
        missing.push(entry.seen.identity.id);
      this.#store(key, mergeUnlisted(entry, list.startedAt, this.#lagMs), 'list');
    }
    return await this.#explain(missing, signal);
  }

  /** A missing witness either is gone, which a GET proves, or shows that the list is short. */
  async #explain(missing: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    if (missing.length > MAX_WITNESS_GETS)
      return `the list lacks ${missing.length} identities that were there lately`;
    for (const id of missing) {
      const seen = await this.refresh(id, 'resync', signal);
      if (seen.state !== 'absent') return `the list lacks ${id}, which exists`;
    }
    return undefined;
  }

  #store(id: string, { entry, lookAgainAt }: Merged, how: How): void {
    const key = armKey(id);
    const name = parseResourceId(id).subscriptionId.toLowerCase();
    let entries = this.#entries.get(name);
    const before = entries?.get(key);
    if (entry) {
      if (!entries) {
        entries = new Map();
        this.#entries.set(name, entries);
      }
      entries.set(key, entry);
    } else entries?.delete(key);
    this.#marks.replace(identityOf(before), identityOf(entry));
    if (lookAgainAt !== undefined) this.#looks.add(key, id, lookAgainAt);
    if (changed(before, entry)) for (const listener of this.#listeners) listener(key, how);
  }

  #entryOf(id: string): Entry | undefined {
    return this.#entries.get(parseResourceId(id).subscriptionId.toLowerCase())?.get(armKey(id));
  }

  #end(watch: SubscriptionWatch): void {
    const ended = watch.stop().finally(() => this.#stopped.delete(ended));
    this.#stopped.add(ended);
  }
}

function identityOf(entry: Entry | undefined): AzureIdentity | undefined {
  return entry?.seen.state === 'present' ? entry.seen.identity : undefined;
}

/** Whether a reader would decide otherwise. An absence learnt of something never seen is no news. */
function changed(before: Entry | undefined, after: Entry | undefined): boolean {
  const [was, is] = [before?.seen, after?.seen];
  if (is?.state === 'present') return was?.state !== 'present' || !sameContent(was.identity, is.identity);
  // Without an entry a listed subscription still means a suspicion, so forgetting one changes nothing.
  if (!was || !is) return was?.state === 'present';
  return was.state !== is.state;
}
