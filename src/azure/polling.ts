/** Polls Azure for as long as its answer is needed, and classifies the failures. */
import { backoffMs, jittered } from '../runtime/queue/backoff.ts';
import { type Clock, sleep } from '../runtime/time/clock.ts';
import { classify } from './arm/classify.ts';

export interface PollTiming {
  /** From beginning to beginning. */
  readonly everyMs: number;
  /** Within this time of its start it is first asked: those that begin together keep apart from then on. */
  readonly firstMs: number;
  /** After a first failure; doubles up to `everyMs`. */
  readonly retryMs: number;
  /** After one that no retry helps until a user acts. */
  readonly refusedMs: number;
}

interface PollOptions {
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly timing: PollTiming;
  /** Throws only `AzureError`. */
  readonly read: (signal: AbortSignal) => Promise<void>;
  readonly onRead: () => void;
  readonly onFailure: (failure: PollFailure) => void;
}

export interface PollFailure {
  /** As in conditions. */
  readonly reason: string;
  /** No retry helps until a user acts. */
  readonly refused: boolean;
  /** What a user can do, where the reason shows it. */
  readonly remedy?: string;
  readonly error: Error & { readonly code?: string };
}

/** Until the signal aborts. */
export async function poll(options: PollOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, timing, read, onRead, onFailure } = options;
  let dueAt = clock.monotonic() + random() * timing.firstMs;
  for (let failures = 0; !signal.aborted; ) {
    try {
      await sleep(clock, dueAt - clock.monotonic(), signal);
      const startedAt = clock.monotonic();
      await read(signal);
      failures = 0;
      onRead();
      dueAt = startedAt + timing.everyMs;
    } catch (thrown) {
      if (signal.aborted) return;
      failures += 1;
      const { waitMs, ...failure } = classified(thrown, failures, options);
      dueAt = clock.monotonic() + waitMs;
      onFailure(failure);
    }
  }
}

function classified(thrown: unknown, failures: number, { timing, random }: PollOptions) {
  const found = classify(thrown);
  const { error } = found;
  const backOffMs = backoffMs(failures, random, { baseMs: timing.retryMs, maxMs: timing.everyMs });
  const refusedMs = jittered(timing.refusedMs, random);
  switch (found.kind) {
    case 'stalled':
      return { reason: found.reason, refused: true, remedy: found.remedy, error, waitMs: refusedMs };
    case 'notFound':
      return { reason: error.code, refused: true, error, waitMs: refusedMs };
    case 'throttled':
      return { reason: 'Throttled', refused: false, error, waitMs: Math.max(backOffMs, found.retryAfterMs) };
    case 'transient':
      return { reason: found.reason, refused: false, error, waitMs: backOffMs };
    case 'aborted':
      return { reason: error.code, refused: false, error, waitMs: backOffMs };
  }
}
