import { classify } from '../../azure/arm/classify.ts';
import { RESYNC, retryAfterMs } from '../../cache/schedule/resync.ts';
import { type Clock, sleep } from '../../runtime/time/clock.ts';

/** Two queries every 5 min are 24 calls an hour and subscription; a record that shows 20 min after the call is read within 25. */
export const EVERY_MS = 5 * 60_000;
/** Within this time of its start a query is first made: those of all subscriptions begin apart, and keep apart. */
const FIRST_MS = 60_000;
/** After a first failure; doubles up to the ordinary interval. */
const RETRY = { ...RESYNC, everyMs: EVERY_MS, retryMs: 30_000 };
/** Where a right is missing, somebody has to act first. */
const REFUSED_MS = 60 * 60_000;

export interface QueryLoopOptions {
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  /** Throws only `AzureError`. */
  readonly read: (signal: AbortSignal) => Promise<void>;
  readonly onRead: () => void;
  readonly onFailure: (failure: QueryFailure) => void;
}

export interface QueryFailure {
  /** As in conditions. */
  readonly reason: string;
  /** No retry helps until somebody acts. */
  readonly refused: boolean;
  readonly error: Error;
}

/** Makes one query every 5 min, from beginning to beginning; one that fails is repeated sooner, or much later where azid has no right. */
export async function runQueryLoop(options: QueryLoopOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, read, onRead, onFailure } = options;
  let dueAt = clock.monotonic() + random() * FIRST_MS;
  for (let failures = 0; !signal.aborted; ) {
    try {
      await sleep(clock, dueAt - clock.monotonic(), signal);
      const startedAt = clock.monotonic();
      await read(signal);
      failures = 0;
      onRead();
      dueAt = startedAt + EVERY_MS;
    } catch (thrown) {
      if (signal.aborted) return;
      failures += 1;
      const { waitMs, ...failure } = judged(thrown, failures, random);
      dueAt = clock.monotonic() + waitMs;
      onFailure(failure);
    }
  }
}

function judged(thrown: unknown, failures: number, random: () => number) {
  const found = classify(thrown);
  const { error } = found;
  const backOffMs = retryAfterMs(RETRY, failures, random);
  switch (found.kind) {
    case 'stalled':
      return { reason: found.reason, refused: true, error, waitMs: REFUSED_MS * (0.9 + random() / 5) };
    case 'notFound':
      return { reason: error.code, refused: true, error, waitMs: REFUSED_MS * (0.9 + random() / 5) };
    case 'throttled':
      return { reason: 'Throttled', refused: false, error, waitMs: Math.max(backOffMs, found.retryAfterMs) };
    case 'transient':
      return { reason: found.reason, refused: false, error, waitMs: backOffMs };
    case 'aborted':
      return { reason: error.code, refused: false, error, waitMs: backOffMs };
  }
}
