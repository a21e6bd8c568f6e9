import PQueue from 'p-queue';
import { PRIORITIES, type Priority } from '../../runtime/outcome.ts';

/** How many calls of one scope run at once, and how many of them each namespace may have: slow calls of one hold up nobody else. */

/** azid's own lists, which everything waits for. No namespace has such a name. */
export const LISTS = ' lists';
/** What no namespace names: resources that are in nobody's cache and ledger. */
export const UNNAMED = '';

const URGENT: readonly Priority[] = PRIORITIES.filter((priority) => priority !== 'resync');

export interface SlotLimits {
  readonly concurrency: number;
  /** Slots that are kept free of resyncs, and of the namespace that has all others. */
  readonly reserved: number;
}

/** What may start now. */
export interface Open {
  readonly classes: readonly Priority[];
  admits(turn: string): boolean;
}

export class Slots {
  readonly #limits: SlotLimits;
  /** Counts what runs. Its priorities never age and its rate limit stands on the wall clock: neither is used. */
  readonly #running: PQueue;
  readonly #byTurn = new Map<string, number>();

  constructor(limits: SlotLimits) {
    this.#limits = limits;
    this.#running = new PQueue({ concurrency: limits.concurrency });
  }

  get running(): number {
    return this.#running.pending;
  }

  get free(): number {
    return this.#limits.concurrency - this.#running.pending - this.#running.size;
  }

  /** Begins a call, which never rejects, in a slot that is free. */
  async run(turn: string, call: () => Promise<void>): Promise<void> {
    this.#byTurn.set(turn, this.of(turn) + 1);
    await this.#running.add(call);
    const left = this.of(turn) - 1;
    // Nothing is kept of who runs nothing: namespaces come and go.
    if (left > 0) this.#byTurn.set(turn, left);
    else this.#byTurn.delete(turn);
  }

  of(turn: string): number {
    return this.#byTurn.get(turn) ?? 0;
  }

  /** The last slots are kept free of resyncs, and of whoever has all others. */
  get open(): Open {
    const { free } = this;
    const classes = free <= 0 ? [] : free > this.#limits.reserved ? PRIORITIES : URGENT;
    return { classes, admits: (turn) => this.room(turn) > 0 };
  }

  /** How many more it may have: a namespace leaves some to all others. */
  room(turn: string): number {
    // They are resyncs, whose class is bound already.
    if (turn === LISTS) return Number.POSITIVE_INFINITY;
    const { concurrency, reserved } = this.#limits;
    const most = Math.max(1, concurrency - reserved);
    if (turn !== UNNAMED) return most - this.of(turn);
    // What nobody names leaves as many again to the lists, and together they have no more than a namespace.
    const own = this.of(UNNAMED);
    return Math.min(Math.max(1, most - reserved) - own, most - own - this.of(LISTS));
  }
}
