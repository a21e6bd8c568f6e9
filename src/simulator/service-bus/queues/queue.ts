import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';
import { Locks } from './locks.ts';
import {
  type BrokeredMessage,
  deadLettered,
  type LockedMessage,
  type MessageContent,
  type Settlement,
  tooManyDeliveries,
} from './message.ts';

/** As Azure Resource Manager has them; the defaults are Azure's (docs/azure-facts.md section 10). */
export interface QueueSettings {
  readonly lockDurationMs: number;
  readonly maxDeliveryCount: number;
  /** Off unless the queue was made so. */
  readonly duplicateDetection: boolean;
  readonly duplicateWindowMs: number;
}

export const DEFAULT_SETTINGS: QueueSettings = {
  lockDurationMs: 60_000,
  maxDeliveryCount: 10,
  duplicateDetection: false,
  duplicateWindowMs: 600_000,
};

/** A receiver's link. */
export interface Consumer {
  /** Its messages are gone when they are sent, without a lock. */
  readonly deletes: boolean;
  /** How many more it takes now. */
  room(): number;
  take(message: LockedMessage): void;
}

/**
 * A queue with peek-lock: each message goes to one consumer at a time and comes again until a receiver completes it. At
 * least once, in the order of arrival, without sessions.
 */
export class Queue implements Disposable {
  readonly settings: QueueSettings;
  /** By sequence number, the lowest first. */
  readonly #ready: BrokeredMessage[] = [];
  readonly #locks: Locks<Consumer>;
  readonly #consumers = new Set<Consumer>();
  readonly #history: DuplicateHistory | undefined;
  readonly #clock: Clock;
  readonly #deadLetters: Queue | undefined;
  #lastSequenceNumber = 0;

  /** @param deadLetters where to put what no receiver completes; without one (as in a dead-letter queue) it comes again for ever */
  constructor(
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    settings: QueueSettings,
    deadLetters?: Queue,
  ) {
    this.settings = settings;
    this.#clock = clock;
    this.#deadLetters = deadLetters;
    this.#history = settings.duplicateDetection
      ? new DuplicateHistory(clock, settings.duplicateWindowMs)
      : undefined;
    this.#locks = new Locks({ clock, random }, settings.lockDurationMs, (message) => {
      this.#fail(message);
      this.deliver();
    });
  }

  /** The number it got; undefined for one that came before. */
  enqueue(content: MessageContent, deliveryCount = 0): number | undefined {
    if (this.#history?.isRepeated(content.messageId)) return undefined;
    this.#lastSequenceNumber += 1;
    const sequenceNumber = this.#lastSequenceNumber;
    this.#ready.push({ ...content, sequenceNumber, enqueuedAt: this.#clock.now(), deliveryCount });
    this.deliver();
    return sequenceNumber;
  }

  /** The consumer gets messages while it has room. Disposing leaves its locks as they are. */
  attach(consumer: Consumer): Disposable {
    this.#consumers.add(consumer);
    this.deliver();
    return { [Symbol.dispose]: () => void this.#consumers.delete(consumer) };
  }

  /** Hands out what is ready: called when there is something new, or when a consumer has room again. */
  deliver(): void {
    for (;;) {
      const consumer = this.#next();
      const message = consumer && this.#ready.shift();
      if (!message) return;
      if (consumer.deletes) consumer.take({ ...message, lockToken: '', lockedUntil: 0 });
      else consumer.take(this.#locks.take(message, consumer));
    }
  }

  /** False when that lock is not held any more: it expired, was settled, or never was. */
  settle(lockToken: string, settlement: Settlement): boolean {
    const message = this.#locks.release(lockToken);
    if (!message) return false;
    switch (settlement.kind) {
      case 'complete':
        break;
      case 'abandon':
        this.#fail(withProperties(message, settlement.properties));
        break;
      case 'deadLetter':
        this.#bury(deadLettered(message, settlement));
        break;
    }
    this.deliver();
    return true;
  }

  /** Until when the lock holds now, wall ms; undefined when it is lost. */
  renew(lockToken: string): number | undefined {
    return this.#locks.renew(lockToken);
  }

  /** The locks that a consumer holds end, as if they had expired; without one all. */
  expireLocks(consumer?: Consumer): number {
    const expired = this.#locks.releaseAll(consumer);
    for (const message of expired) this.#fail(message);
    this.deliver();
    return expired.length;
  }

  /** What is in it from that number on, locked or not, without locking it. */
  peek(fromSequenceNumber: number, count: number): BrokeredMessage[] {
    return [...this.#ready, ...this.#locks.messages()]
      .filter(({ sequenceNumber }) => sequenceNumber >= fromSequenceNumber)
      .sort((a, b) => a.sequenceNumber - b.sequenceNumber)
      .slice(0, count);
  }

  counts(): { readonly ready: number; readonly locked: number } {
    return { ready: this.#ready.length, locked: this.#locks.size };
  }

  /** Everything that no receiver holds; how many. */
  purge(): number {
    return this.#ready.splice(0).length;
  }

  [Symbol.dispose](): void {
    this.#locks[Symbol.dispose]();
  }

  /** In turns, so that one consumer with much credit does not starve the others. */
  #next(): Consumer | undefined {
    if (this.#ready.length === 0) return undefined;
    for (const consumer of this.#consumers) {
      if (consumer.room() <= 0) continue;
      this.#consumers.delete(consumer);
      this.#consumers.add(consumer);
      return consumer;
    }
    return undefined;
  }

  /** Counts a delivery that came to nothing. */
  #fail(message: BrokeredMessage): void {
    const deliveryCount = message.deliveryCount + 1;
    const counted = { ...message, deliveryCount };
    const { maxDeliveryCount } = this.settings;
    if (this.#deadLetters && deliveryCount >= maxDeliveryCount)
      this.#bury(deadLettered(counted, tooManyDeliveries(maxDeliveryCount)));
    else this.#putBack(counted);
  }

  #putBack(message: BrokeredMessage): void {
    let at = this.#ready.length;
    while (at > 0 && (this.#ready[at - 1]?.sequenceNumber ?? 0) > message.sequenceNumber) at -= 1;
    this.#ready.splice(at, 0, message);
  }

  /** A message that is dead-lettered in the dead-letter queue itself stays there. */
  #bury(message: BrokeredMessage): void {
    if (this.#deadLetters) this.#deadLetters.enqueue(message, message.deliveryCount);
    else this.#putBack(message);
  }
}

function withProperties(
  message: BrokeredMessage,
  properties: Readonly<Record<string, unknown>> | undefined,
): BrokeredMessage {
  if (!properties) return message;
  return { ...message, applicationProperties: { ...message.applicationProperties, ...properties } };
}

/**
 * Duplicate detection: the ids that came within the window. A message whose id is known is accepted and dropped, so
 * that a sender which repeats itself succeeds. An id counts from when it came first.
 */
class DuplicateHistory {
  /** When it came, monotonic ms, by id; in the order of arrival. */
  readonly #seen = new Map<string, number>();
  readonly #clock: Clock;
  readonly #windowMs: number;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** Whether it came before; remembers it if not. */
  isRepeated(messageId: string): boolean {
    const now = this.#clock.monotonic();
    for (const [id, at] of this.#seen) {
      if (at + this.#windowMs > now) break;
      this.#seen.delete(id);
    }
    if (this.#seen.has(messageId)) return true;
    this.#seen.set(messageId, now);
    return false;
  }
}
