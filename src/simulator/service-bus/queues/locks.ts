import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';
import type { BrokeredMessage, LockedMessage } from './message.ts';

interface Lock<Holder> {
  readonly message: BrokeredMessage;
  readonly holder: Holder;
  /** Monotonic ms. */
  until: number;
}

/**
 * Who holds which message of a queue, and until when. One timer for all: the locks of a queue are equally long, so they
 * expire in the order in which they were taken, renewed ones later than the timer thought.
 */
export class Locks<Holder> implements Disposable {
  readonly #held = new Map<string, Lock<Holder>>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #durationMs: number;
  readonly #onExpired: (message: BrokeredMessage) => void;
  #timer: Disposable | undefined;

  constructor(
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    durationMs: number,
    onExpired: (message: BrokeredMessage) => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#durationMs = durationMs;
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#held.size;
  }

  take(message: BrokeredMessage, holder: Holder): LockedMessage {
    const lockToken = this.#random.uuid();
    this.#held.set(lockToken, { message, holder, until: this.#clock.monotonic() + this.#durationMs });
    this.#arm(this.#durationMs);
    return { ...message, lockToken, lockedUntil: this.#clock.now() + this.#durationMs };
  }

  /** The message, for the receiver that settles it; undefined when the lock is lost. */
  release(lockToken: string): BrokeredMessage | undefined {
    const lock = this.#held.get(lockToken);
    this.#held.delete(lockToken);
    return lock?.message;
  }

  /** Of one holder, or of all. */
  releaseAll(holder?: Holder): BrokeredMessage[] {
    const released: BrokeredMessage[] = [];
    for (const [token, lock] of this.#held) {
      if (holder !== undefined && lock.holder !== holder) continue;
      this.#held.delete(token);
      released.push(lock.message);
    }
    return released;
  }

  /** Until when it holds now, wall ms. */
  renew(lockToken: string): number | undefined {
    const lock = this.#held.get(lockToken);
    if (!lock) return undefined;
    lock.until = this.#clock.monotonic() + this.#durationMs;
    return this.#clock.now() + this.#durationMs;
  }

  messages(): BrokeredMessage[] {
    return [...this.#held.values()].map(({ message }) => message);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#held.clear();
  }

  #arm(ms: number): void {
    this.#timer ??= this.#clock.timer(ms, () => {
      this.#timer = undefined;
      this.#expire();
    });
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    const due = [...this.#held].filter(([, { until }]) => until <= now);
    for (const [token] of due) this.#held.delete(token);
    const next = Math.min(...[...this.#held.values()].map(({ until }) => until));
    if (Number.isFinite(next)) this.#arm(next - now);
    for (const [, { message }] of due) this.#onExpired(message);
  }
}
