/**
 * The objects of one resource as azid holds them: by key, with named indexes, changes reported to listeners. Filled by an informer;
 * results of azid's own writes are put in at once and are not rolled back by older events (read-your-writes).
 */

import { unlessAborted } from '../../runtime/time/bounded-waits.ts';
import { compareVersions, isOlder, type KubeObject, keyOf, type ObjectKey } from '../types.ts';
import { IndexedObjects, type Listener, Listeners, type StoreChange } from './indexed-objects.ts';
import { OwnChanges } from './own-changes.ts';
import { freezeDeep, withoutManagedFields } from './received.ts';
import type { ReflectorEvent } from './reflector.ts';

export type { StoreChange } from './indexed-objects.ts';

type StoreListener<T> = Listener<StoreChange<T>>;

export interface StoreOptions<T> {
  /** What is kept of an object. By default everything but `metadata.managedFields`, about half of the memory. */
  readonly transform?: (object: T) => T;
  /** A listener that throws is a bug; the others are still called. By default the error is thrown at the end. */
  readonly onListenerError?: (error: unknown) => void;
}

export class Store<T extends KubeObject> {
  readonly #objects = new IndexedObjects<T>();
  readonly #listeners: Listeners<StoreChange<T>>;
  readonly #own = new OwnChanges();
  readonly #options: StoreOptions<T>;
  #asShown: ((object: T) => T) | undefined;
  readonly #firstList = Promise.withResolvers<void>();
  #synced = false;
  #rewinds = 0;
  /** The newest version the reflector brought. */
  #newest = '';
  /** Up to this version the store is whole, also before the watch has brought it. */
  #caughtUpTo = '';

  constructor(options: StoreOptions<T> = {}) {
    this.#options = options;
    this.#listeners = new Listeners(options.onListenerError);
  }

  /** True once the first list was taken in whole. */
  get synced(): boolean {
    return this.#synced;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Another number after each change of what is in it: for answers that are kept until then. */
  get version(): number {
    return this.#objects.version;
  }

  /** How often the server went back in its versions: what was newest before says nothing of what is newer now. */
  get rewinds(): number {
    return this.#rewinds;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(key);
  }

  keys(): readonly ObjectKey[] {
    return this.#objects.keys();
  }

  values(): readonly T[] {
    return this.#objects.values();
  }

  /** Resolves when synced; rejects with the signal's reason. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#firstList.promise, signal);
  }

  /** Indexes every object under each value that `valuesOf` returns. Objects already there are indexed now. */
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void {
    this.#objects.addIndex(name, valuesOf);
  }

  keysByIndex(name: string, value: string): readonly ObjectKey[] {
    return this.#objects.keysByIndex(name, value);
  }

  /** Whether any object has this value, however many have. */
  isIndexed(name: string, value: string): boolean {
    return this.#objects.isIndexed(name, value);
  }

  byIndex(name: string, value: string): readonly T[] {
    return this.#objects.byIndex(name, value);
  }

  /**
   * From now on every object is shown to readers as `shown` returns it, those that are there included.
   * Disposing ends that; what is in the store stays as it was shown.
   */
  showAs(shown: (object: T) => T): Disposable {
    this.#asShown = shown;
    for (const object of this.values()) {
      const next = shown(object);
      if (next !== object) this.#listeners.notify(this.#objects.set(keyOf(object), freezeDeep(next)));
    }
    return {
      [Symbol.dispose]: () => {
        if (this.#asShown === shown) this.#asShown = undefined;
      },
    };
  }

  /** Called for every change after it is in the store. Disposing ends it. */
  onChange(listener: StoreListener<T>): Disposable {
    return this.#listeners.add(listener);
  }

  /** Takes in what a reflector saw. */
  take(event: ReflectorEvent<T>): void {
    if (this.#isOutrun(event)) return;
    switch (event.type) {
      case 'replace':
        this.#replace(event.objects, event.resourceVersion, event.rewound);
        break;
      case 'apply':
        this.#saw(event.object.metadata.resourceVersion);
        this.#listeners.notify(this.#applied(event.object));
        break;
      case 'delete':
        this.#saw(event.object.metadata.resourceVersion);
        this.#listeners.notify(this.#removed(keyOf(event.object), event.object.metadata));
        break;
      default:
        event satisfies never;
    }
  }

  /**
   * Takes in a list of what there is now, made beside a watch that may be behind: what the watch then brings of the time
   * before is old. A list that the watch has passed meanwhile is old itself.
   */
  catchUp(objects: readonly T[], resourceVersion: string): void {
    if ((compareVersions(this.#newest, resourceVersion) ?? -1) > 0) return;
    this.#replace(objects, resourceVersion, false);
    this.#caughtUpTo = resourceVersion;
  }

  #isOutrun(event: ReflectorEvent<T>): boolean {
    if (this.#caughtUpTo === '') return false;
    if (event.type === 'replace' && event.rewound) {
      this.#caughtUpTo = '';
      return false;
    }
    const version = event.type === 'replace' ? event.resourceVersion : event.object.metadata.resourceVersion;
    return isOlder(version, this.#caughtUpTo);
  }

  /** Shows the object that an own write returned, unless something newer is already here. */
  recordWrite(object: T): void {
    const key = keyOf(object);
    const { uid, resourceVersion } = object.metadata;
    // The watch is past this version: it has shown the write, or a deletion that came after it and would not be
    // shown again.
    if ((compareVersions(resourceVersion, this.#newest) ?? 1) <= 0) return;
    const current = this.#objects.get(key);
    if (current?.metadata.uid === uid && !isNewer(object, current)) return;
    this.#own.wrote(key, object.metadata);
    this.#listeners.notify(this.#put(key, object).map((change) => ({ ...change, skipped: true })));
  }

  /**
   * Hides an object that an own call removed. Only when the server answered that it is gone, not when finalizers
   * still hold it: late events and lists that show this uid are ignored until the watch confirms.
   */
  recordDelete(object: T): void {
    const key = keyOf(object);
    if (this.#objects.get(key)?.metadata.uid !== object.metadata.uid) return;
    this.#own.deleted(key, object.metadata.uid);
    this.#listeners.notify(this.#objects.drop(key));
  }

  /** In one step: listeners are called when all of the changes are in. */
  #replace(objects: readonly T[], resourceVersion: string, rewound: boolean): void {
    if (rewound) {
      this.#rewinds += 1;
      this.#own.clear();
      this.#newest = resourceVersion;
    } else this.#saw(resourceVersion);
    const listed = new Set<ObjectKey>();
    const changes: StoreChange<T>[] = [];
    for (const object of objects) {
      listed.add(keyOf(object));
      changes.push(...this.#applied(object, rewound));
    }
    for (const key of this.keys()) {
      if (listed.has(key)) continue;
      if (this.#own.isAheadOf(key, resourceVersion)) continue;
      this.#own.confirmWrite(key);
      changes.push(...this.#objects.drop(key));
    }
    this.#own.confirmDeletions(listed);
    const initial = !this.#synced;
    this.#synced = true;
    try {
      this.#listeners.notify(changes.map((change) => ({ ...change, initial, skipped: true })));
    } finally {
      this.#firstList.resolve();
    }
  }

  #saw(version: string): void {
    if ((compareVersions(version, this.#newest) ?? 1) > 0) this.#newest = version;
  }

  #applied(object: T, rewound = false): readonly StoreChange<T>[] {
    const key = keyOf(object);
    const { uid } = object.metadata;
    if (this.#own.isDeleted(key, uid)) return [];
    this.#own.confirmDeletion(key);
    const current = this.#objects.get(key);
    if (current?.metadata.uid === uid && !rewound && !isNewer(object, current)) return [];
    if (this.#own.isPredecessor(key, object.metadata)) return [];
    this.#own.confirmWrite(key);
    return this.#put(key, object);
  }

  #removed(key: ObjectKey, { uid }: { readonly uid: string }): readonly StoreChange<T>[] {
    if (this.#own.isDeleted(key, uid)) this.#own.confirmDeletion(key);
    // The deletion of a predecessor must not take the new object away.
    if (this.#objects.get(key)?.metadata.uid !== uid) return [];
    this.#own.confirmWrite(key);
    return this.#objects.drop(key);
  }

  #put(key: ObjectKey, given: T): readonly StoreChange<T>[] {
    const plain = (this.#options.transform ?? withoutManagedFields)(given);
    return this.#objects.set(key, freezeDeep(this.#asShown?.(plain) ?? plain));
  }
}

/** Whether `object` is to take the place of `current`, of the same uid. Opaque versions: what differs is newer. */
function isNewer(object: KubeObject, current: KubeObject): boolean {
  return (compareVersions(object.metadata.resourceVersion, current.metadata.resourceVersion) ?? 1) > 0;
}
