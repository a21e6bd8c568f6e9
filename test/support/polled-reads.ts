import { AsyncLocalStorage } from 'node:async_hooks';

/** How many writes of a kind have ended, and how many are under way. */
export interface WriteCount {
  readonly ended: number;
  readonly under: number;
}

/** So often an answer serves again, then it is asked for anew: somebody may write whose writes nobody counts. */
const MAX_REUSES = 20;

const NONE: WriteCount = { ended: 0, under: 0 };
const waiting = new AsyncLocalStorage<true>();

/** Of a condition that is polled until it holds: what it reads may be what it read before, as long as nobody wrote. */
export function whilePolling<T>(condition: () => T): T {
  return waiting.run(true, condition);
}

/**
 * What conditions read from the API server. One that is waited for is polled hundreds of times a second, and asking each time took more
 * of the API server than the operator under test.
 */
export class PolledReads {
  readonly #count: (plural: string) => WriteCount | undefined;
  readonly #last = new Map<string, { readonly ended: number; readonly answer: unknown; reuses: number }>();

  constructor(count: (plural: string) => WriteCount | undefined) {
    this.#count = count;
  }

  /** The answer to what is asked for by `what`, of objects of one kind; outside of conditions always a new one. */
  async read<T>(plural: string, what: string, ask: () => Promise<T>): Promise<T> {
    if (!waiting.getStore()) return ask();
    const { ended, under } = this.#count(plural) ?? NONE;
    const last = this.#last.get(what);
    if (under === 0 && last?.ended === ended && last.reuses++ < MAX_REUSES) return last.answer as T;
    const answer = await ask();
    // What was under way may have come before or after it.
    if (under === 0) this.#last.set(what, { ended, answer, reuses: 0 });
    else this.#last.delete(what);
    return answer;
  }
}
