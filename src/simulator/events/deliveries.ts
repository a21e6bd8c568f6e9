import type { Clock } from '../clock.ts';
import type { Frame } from '../frame.ts';
import { draw } from '../random.ts';
import type { Namespaces } from '../service-bus/queues/namespaces.ts';
import { DEAD_LETTER_AFTER_MS, deliver, isFinal, type Outcome, retryAfter } from './delivery-attempt.ts';
import { passes } from './filters.ts';
import type { ResourceEvent } from './resource-event.ts';
import type { EventSubscription, Topics } from './topics.ts';

interface Delivery {
  readonly event: ResourceEvent;
  readonly subscription: EventSubscription;
  /** Monotonic ms. */
  readonly since: number;
  attempts: number;
}

/** A delivery and its outcome, as the control endpoint shows it. */
interface DeliveryView {
  readonly eventId: string;
  readonly eventType: string;
  readonly subject: string;
  readonly subscription: string;
  readonly attempts: number;
  readonly outcome: Outcome | 'Lost' | 'Expired';
}

/** As Event Grid writes it into the container of dead letters. */
interface DeadEvent extends ResourceEvent {
  readonly deadLetterReason:
    | 'MaxDeliveryAttemptsExceeded'
    | 'TimeToLiveExceeded'
    | 'UndeliverableDueToClientError';
  readonly deliveryAttempts: number;
  readonly lastDeliveryOutcome: Outcome;
}

/** So many views are kept. */
const KEPT = 1_000;

/** Brings events to queues: late, sometimes twice, in no order, again when the queue does not take them. */
export class Deliveries implements Disposable {
  readonly #frame: Frame;
  readonly #topics: Topics;
  readonly #namespaces: Namespaces;
  readonly #pending: Pending;
  readonly #log: DeliveryView[] = [];
  readonly #dead: DeadEvent[] = [];
  /** In the order in which they would have been delivered. */
  #held: Delivery[] | undefined;
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(frame: Frame, topics: Topics, namespaces: Namespaces) {
    this.#frame = frame;
    this.#topics = topics;
    this.#namespaces = namespaces;
    this.#pending = new Pending(frame.clock);
  }

  /** To every subscription that lets it through. */
  send(event: ResourceEvent, subscriptions: readonly EventSubscription[]): void {
    const { clock, knobs, random } = this.#frame;
    const { lossShare, duplicateShare, lagMs } = knobs.values.events;
    const hits = (share: number) => share > 0 && random.next() < share;
    for (const subscription of subscriptions) {
      if (!passes(event, subscription.filter)) continue;
      const once = () => ({ event, subscription, since: clock.monotonic(), attempts: 0 });
      if (hits(lossShare)) {
        this.#record(once(), 'Lost');
        continue;
      }
      for (let copies = hits(duplicateShare) ? 2 : 1; copies > 0; copies--) {
        const delivery = once();
        this.#pending.later(draw(lagMs, random), () => this.#attempt(delivery));
      }
    }
  }

  /** Nothing is delivered before `release`. */
  hold(): void {
    this.#held ??= [];
  }

  /** How many there were. */
  release(order: 'arrival' | 'reverse' | 'shuffled'): number {
    const held = this.#held ?? [];
    const count = held.length;
    this.#held = undefined;
    if (order === 'reverse') held.reverse();
    while (held.length > 0) {
      const at = order === 'shuffled' ? Math.floor(this.#frame.random.next() * held.length) : 0;
      for (const delivery of held.splice(at, 1)) this.#attempt(delivery);
    }
    return count;
  }

  /** As an outage of Event Grid: nothing is delivered for so long, then all of it. */
  quiet(ms: number): void {
    this.#quietUntil = this.#frame.clock.monotonic() + ms;
  }

  /** What only waits for its lag, or for its next attempt, goes now. */
  settle(): void {
    this.#pending.settle();
  }

  log(): readonly DeliveryView[] {
    return this.#log;
  }

  deadLetters(): readonly DeadEvent[] {
    return this.#dead;
  }

  [Symbol.dispose](): void {
    this.#pending[Symbol.dispose]();
  }

  #attempt(delivery: Delivery): void {
    const { event, subscription } = delivery;
    if (!this.#topics.has(subscription)) return;
    const quiet = this.#quietUntil - this.#frame.clock.monotonic();
    if (quiet > 0) this.#pending.later(quiet, () => this.#attempt(delivery));
    else if (this.#held) this.#held.push(delivery);
    else {
      const outcome = deliver(this.#frame, this.#namespaces, event, subscription, delivery.attempts);
      delivery.attempts += 1;
      this.#conclude(delivery, outcome);
    }
  }

  #conclude(delivery: Delivery, outcome: Outcome): void {
    const { clock, random } = this.#frame;
    const ageMs = clock.monotonic() - delivery.since;
    const wait = isFinal(outcome)
      ? undefined
      : retryAfter({ attempts: delivery.attempts, ageMs }, delivery.subscription, random);
    this.#record(delivery, wait === undefined && !isFinal(outcome) ? 'Expired' : outcome);
    if (wait !== undefined) this.#pending.later(wait, () => this.#attempt(delivery));
    else if (outcome !== 'Delivered' && delivery.subscription.deadLetters)
      this.#pending.later(DEAD_LETTER_AFTER_MS, () => this.#bury(delivery, outcome));
  }

  #bury({ event, subscription, attempts }: Delivery, outcome: Outcome): void {
    const deadLetterReason = isFinal(outcome)
      ? 'UndeliverableDueToClientError'
      : attempts >= subscription.maxDeliveryAttempts
        ? 'MaxDeliveryAttemptsExceeded'
        : 'TimeToLiveExceeded';
    this.#dead.push({ ...event, deadLetterReason, deliveryAttempts: attempts, lastDeliveryOutcome: outcome });
  }

  #record({ event, subscription, attempts }: Delivery, outcome: DeliveryView['outcome']): void {
    const { id: eventId, eventType, subject } = event;
    this.#log.push({ eventId, eventType, subject, subscription: subscription.name, attempts, outcome });
    if (this.#log.length > KEPT) this.#log.shift();
  }
}

/** Things that happen later, on the simulator's clock, or all at once when a test wants no waiting. */
class Pending implements Disposable {
  readonly #clock: Clock;
  readonly #entries = new Map<() => void, Disposable>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** At once where there is nothing to wait for. */
  later(ms: number, run: () => void): void {
    if (ms <= 0) {
      run();
      return;
    }
    // A function of its own: the same one may be waiting already.
    const entry = () => run();
    const timer = this.#clock.timer(ms, () => {
      this.#entries.delete(entry);
      run();
    });
    this.#entries.set(entry, timer);
  }

  /** What waits now happens now; what it asks to happen later waits. */
  settle(): void {
    const due = [...this.#entries];
    this.#entries.clear();
    for (const [run, timer] of due) {
      timer[Symbol.dispose]();
      run();
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#entries.values()) timer[Symbol.dispose]();
    this.#entries.clear();
  }
}
