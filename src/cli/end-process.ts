/** For what ends by itself: standard output, connections that close in words. */
const LEFT_MS = 2_000;

/**
 * Ends the process with this code as soon as nothing holds it, and soon after in any case: a connection whose other end says nothing any
 * more is held open by a client that waits for its goodbye, and would hold the process until it is killed.
 */
export function endProcess(exitCode: number, leftMs = LEFT_MS): void {
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), leftMs).unref();
}
