/** How long a key that failed waits before it is tried again. */
export interface Backoff {
  /** Upper bound of the first wait, ms. Defaults to 1 s. */
  readonly baseMs?: number;
  /** No wait is longer, ms. Defaults to 15 min (docs/architecture.md section 5). */
  readonly maxMs?: number;
}

/** Source of randomness: a number in [0, 1), as `Math.random`. */
export type Random = () => number;

/**
 * The wait in ms after the `failures`-th failure in a row: `baseMs` doubled for each earlier failure, cut at `maxMs`,
 * of which half is fixed and half random. The fixed half keeps a hot loop impossible; the random half spreads keys
 * that failed together. Jitter only shortens, so `maxMs` stays the longest wait.
 */
export function backoffMs(failures: number, random: Random, backoff: Backoff = {}): number {
  const { baseMs = 1_000, maxMs = 15 * 60_000 } = backoff;
  if (!Number.isInteger(failures) || failures < 1) {
    throw new RangeError(`Expected \`failures\` to be an integer from 1 up, got \`${failures}\``);
  }
  // 2 ** 1023 is the last finite power; the cut by maxMs makes everything above it equal.
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 1_000));
  return full / 2 + (full / 2) * random();
}

/** `ms` moved by up to `share` of itself to either side: keys that were reconciled together drift apart. */
export function jittered(ms: number, random: Random, share = 0.1): number {
  return ms * (1 - share + 2 * share * random());
}
