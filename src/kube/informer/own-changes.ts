import { isOlder, type KubeObject, type ObjectKey } from '../types.ts';

type Version = Pick<KubeObject['metadata'], 'uid' | 'resourceVersion'>;

/** Own writes and deletions that the watch has not confirmed yet: lists and events that are older than they are do not undo them. */
export class OwnChanges {
  readonly #written = new Map<ObjectKey, Version>();
  /** uids. */
  readonly #deleted = new Map<ObjectKey, string>();

  wrote(key: ObjectKey, { uid, resourceVersion }: Version): void {
    this.#written.set(key, { uid, resourceVersion });
    this.#deleted.delete(key);
  }

  deleted(key: ObjectKey, uid: string): void {
    this.#deleted.set(key, uid);
    this.#written.delete(key);
  }

  /** This very object was deleted here: a list or an event that still shows it is late. */
  isDeleted(key: ObjectKey, uid: string): boolean {
    return this.#deleted.get(key) === uid;
  }

  /** What is there was written here, and a list of this version is too old to know it. */
  isAheadOf(key: ObjectKey, listVersion: string): boolean {
    const written = this.#written.get(key);
    return written !== undefined && isOlder(listVersion, written.resourceVersion);
  }

  /** A late event of the predecessor of what was written here. */
  isPredecessor(key: ObjectKey, { uid, resourceVersion }: Version): boolean {
    const written = this.#written.get(key);
    return written !== undefined && written.uid !== uid && isOlder(resourceVersion, written.resourceVersion);
  }

  /** The watch has come to what was written here, or past it. */
  confirmWrite(key: ObjectKey): void {
    this.#written.delete(key);
  }

  /** The watch has shown that it is gone, or what came after it. */
  confirmDeletion(key: ObjectKey): void {
    this.#deleted.delete(key);
  }

  /** What a list no longer shows is gone for it, too. */
  confirmDeletions(listed: ReadonlySet<ObjectKey>): void {
    for (const key of this.#deleted.keys()) if (!listed.has(key)) this.#deleted.delete(key);
  }

  clear(): void {
    this.#written.clear();
    this.#deleted.clear();
  }
}
