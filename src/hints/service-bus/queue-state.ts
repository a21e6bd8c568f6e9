import type { Clock } from '../../runtime/time/clock.ts';
import type { Refusal } from '../events/envelope.ts';
import type { ClockState } from './clocks.ts';
import type { QueueFailure } from './failure.ts';

/** The state of a consumer. Times are wall ms. */
export interface QueueState {
  readonly connection:
    | { readonly state: 'connecting' }
    | { readonly state: 'receiving'; readonly since: number }
    | { readonly state: 'broken'; readonly since: number; readonly failure: QueueFailure };
  /** When the last event of Resource Manager was received. */
  readonly lastEventAt?: number;
  /** Messages that nothing can be made of came, and no event since, nor shortly before. */
  readonly unreadable?: Refusal;
  /** Events of other sources than Resource Manager came, and none of its own since, nor shortly before. */
  readonly others?: true;
  /** Whether the times of messages fit azid's clock; absent while none showed it. */
  readonly clocks?: ClockState;
}

/** One strange message between events is a sender's mistake; the wrong schema is when there are no events. */
const MIXED_MS = 5 * 60_000;

/** The state of a queue, as its consumer observed it. */
export class QueueHistory {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #onChange: (soon: boolean) => void;
  #connection: QueueState['connection'] = { state: 'connecting' };
  #lastEventAt: number | undefined;
  #unreadable: Refusal | undefined;
  #others = false;

  /** @param onChange it is another now; `soon`: it matters at once */
  constructor(clock: Pick<Clock, 'now'>, onChange: (soon: boolean) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get state(): QueueState {
    return {
      connection: this.#connection,
      ...(this.#lastEventAt !== undefined && { lastEventAt: this.#lastEventAt }),
      ...(this.#unreadable && { unreadable: this.#unreadable }),
      ...(this.#others && { others: true }),
    };
  }

  /** A call for messages came back. True if it is news. */
  received(): boolean {
    if (this.#connection.state === 'receiving') return false;
    this.#connection = { state: 'receiving', since: this.#clock.now() };
    this.#onChange(true);
    return true;
  }

  /** True if it failed by another reason before, or did not. */
  failed(failure: QueueFailure): boolean {
    const before = this.#connection;
    const since = before.state === 'broken' ? before.since : this.#clock.now();
    const isNews = before.state !== 'broken' || before.failure.reason !== failure.reason;
    this.#connection = { state: 'broken', since, failure };
    this.#onChange(isNews);
    return isNews;
  }

  eventCame(): void {
    const isNews = this.#lastEventAt === undefined || this.#unreadable !== undefined || this.#others;
    this.#lastEventAt = this.#clock.now();
    this.#unreadable = undefined;
    this.#others = false;
    this.#onChange(isNews);
  }

  unreadableCame(refused: Refusal): void {
    const isNews = !this.#cameLately && !this.#unreadable;
    if (isNews) this.#unreadable = refused;
    this.#onChange(isNews);
  }

  othersCame(): void {
    if (this.#cameLately || this.#others) return;
    this.#others = true;
    this.#onChange(true);
  }

  get #cameLately(): boolean {
    return this.#lastEventAt !== undefined && this.#clock.now() - this.#lastEventAt < MIXED_MS;
  }
}
