const MINUTE_MS = 60_000;
/** Two clocks of Azure may differ by so much. */
const AHEAD_MS = 5 * MINUTE_MS;
/** Event Grid gives up after a day; what comes later than that did not come from it (docs/azure-facts.md section 10). */
const BEHIND_MS = 25 * 60 * MINUTE_MS;

/**
 * When an event happened. A time that cannot be right is replaced by when the message reached the queue: with one of last
 * year the hint would count as older than what was read since, and with one of next year as newer than whatever is read.
 */
export function timeOf(
  given: string | undefined,
  queuedAt: number,
): { readonly at: number; readonly clockOff: boolean } {
  if (given === undefined) return { at: queuedAt, clockOff: false };
  const at = Date.parse(given);
  const possible = at <= queuedAt + AHEAD_MS && at >= queuedAt - BEHIND_MS;
  return possible ? { at: Math.min(at, queuedAt), clockOff: false } : { at: queuedAt, clockOff: true };
}
