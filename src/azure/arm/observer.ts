/** Gets all that calls of one kind saw and did, so that no caller can forget to hand it to the cache. Ids in any spelling. */
export interface AzureObserver<T> {
  /** @param requestedAt monotonic ms at which the request began */
  recordGet(id: string, found: T | undefined, requestedAt: number): void;
  recordWrite(resource: T): void;
  recordDelete(id: string): void;
  /** A write whose effect is unknown, or comes only with the end of its operation. */
  recordWriteAttempt(id: string): void;
}
