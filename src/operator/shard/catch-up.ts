import { unlessAborted } from '../../runtime/time/unless-aborted.ts';

/**
 * Lists anew what other shards write to, for all who ask at the same time together: whoever asks while one is under way waits for the next,
 * since what it is to see may have come after that one began.
 */
export class SharedCatchUp {
  readonly #list: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(list: () => Promise<void>) {
    this.#list = list;
  }

  /** Resolves when a list that began after this call is in the stores; rejects as that did, or with the signal's reason. */
  now(signal: AbortSignal): Promise<void> {
    if (!this.#running) return unlessAborted(this.#start(), signal);
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return unlessAborted(this.#next, signal);
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running: Promise<void> = this.#list().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    // Whoever waits hears of it, if anybody still does.
    running.catch(() => {});
    this.#running = running;
    return running;
  }
}
