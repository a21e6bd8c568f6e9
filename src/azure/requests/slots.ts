import PQueue from 'p-queue';
import { PRIORITIES, type Priority } from '../../runtime/outcome.ts';

/** How many calls of one scope run at once, and how many of them each namespace may have: slow calls of one do not hold up those of others. */

/** azid's own lists, which everything waits for. No namespace has such a name. */
export const LISTS = ' lists';
/** The turn of resources that no object names. */
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

  /** All of them, taken or not. */
  get size(): number {
    return this.#limits.concurrency;
  }

  /** How many one namespace may have. */
  get sizeOfOne(): number {
    return Math.max(1, this.#limits.concurrency - this.#limits.reserved);
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

  /** The last slots are kept free of resyncs, and of the namespace that has all others. */
  get open(): Open {
    const { concurrency, reserved } = this.#limits;
    const free = concurrency - this.#running.pending - this.#running.size;
    const classes = free <= 0 ? [] : free > reserved ? PRIORITIES : URGENT;
    return { classes, admits: (turn) => this.#admits(turn) };
  }

  /** A namespace leaves some to all others. */
  #admits(turn: string): boolean {
    // They are resyncs, whose class is bound already.
    if (turn === LISTS) return true;
    const most = this.sizeOfOne;
    if (turn !== UNNAMED) return this.of(turn) < most;
    // Resources that no object names leave as many again to the lists, and together they have no more than a namespace.
    const own = this.of(UNNAMED);
    return own < Math.max(1, most - this.#limits.reserved) && own + this.of(LISTS) < most;
  }
}
