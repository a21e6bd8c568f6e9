/**
 * What runs in this process for a test, and ends with its file at the latest: the files after it run in the same process. A test that
 * fails, or whose time is over, may leave an operator that would work on beside them.
 */
const running = new Map<object, () => Promise<unknown>>();

/** `end` is called once the file is over, unless what it ends has been forgotten by then. */
export function endWithFile(what: object, end: () => Promise<unknown>): void {
  running.set(what, end);
}

/** It has ended by itself. */
export function hasEnded(what: object): void {
  running.delete(what);
}

/** Ends all of it, the last one first; one that cannot be ended keeps no other from its end. */
export async function endAll(): Promise<void> {
  const left = [...running].reverse();
  running.clear();
  const failures: unknown[] = [];
  for (const [, end] of left) await end().catch((error: unknown) => failures.push(error));
  if (failures.length > 0)
    throw new AggregateError(failures, 'what the tests of this file left could not be ended');
}
