/** Told of everything that calls of one kind saw and did, so that no caller can forget to tell the cache. Ids in any spelling. */
export interface AzureObserver<T> {
  /** @param requestedAt monotonic ms at which the request began */
  noteGet(id: string, found: T | undefined, requestedAt: number): void;
  noteWrite(resource: T): void;
  noteDelete(id: string): void;
  /** A write whose effect is unknown, or comes only with the end of its operation. */
  noteWriteAttempt(id: string): void;
}
