import { AsyncLocalStorage } from 'node:async_hooks';

/** How many writes of a kind have ended, and how many are under way. */
export interface WriteCount {
  readonly ended: number;
  readonly under: number;
}

/** So many looks at what was read before, then it is asked for again: somebody may write whose writes nobody counts. */
const GLANCES = 20;

const NONE: WriteCount = { ended: 0, under: 0 };
const waiting = new AsyncLocalStorage<true>();

/** A condition that is looked at again and again until it holds: what it reads may be what it read before, as long as nobody wrote. */
export function asLook<T>(condition: () => T): T {
  return waiting.run(true, condition);
}

/**
 * What conditions read from the API server. One that is waited for is looked at with every breath, hundreds of times a second, and
 * asking each time took more of the API server than the operator under test.
 */
export class Looks {
  readonly #count: (plural: string) => WriteCount | undefined;
  readonly #last = new Map<string, { readonly ended: number; readonly answer: unknown; glances: number }>();

  constructor(count: (plural: string) => WriteCount | undefined) {
    this.#count = count;
  }

  /** The answer to what is asked for by `what`, of objects of one kind; outside of conditions always a new one. */
  async read<T>(plural: string, what: string, ask: () => Promise<T>): Promise<T> {
    if (!waiting.getStore()) return ask();
    const { ended, under } = this.#count(plural) ?? NONE;
    const last = this.#last.get(what);
    if (under === 0 && last?.ended === ended && last.glances++ < GLANCES) return last.answer as T;
    const answer = await ask();
    // What was under way may have come before or after it.
    if (under === 0) this.#last.set(what, { ended, answer, glances: 0 });
    else this.#last.delete(what);
    return answer;
  }
}
