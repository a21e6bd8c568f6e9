import type { Clock } from './clock.ts';

/** A time limit whose time stands still while it is paused. */
export class TimeLimit implements Disposable {
  readonly #clock: Clock;
  readonly #onOver: () => void;
  #leftMs: number;
  #running: { readonly since: number; readonly timer: Disposable } | undefined;

  constructor(clock: Clock, ms: number, onOver: () => void) {
    this.#clock = clock;
    this.#leftMs = ms;
    this.#onOver = onOver;
    this.resume();
  }

  pause(): void {
    if (!this.#running) return;
    const { since, timer } = this.#running;
    timer[Symbol.dispose]();
    this.#leftMs -= this.#clock.monotonic() - since;
    this.#running = undefined;
  }

  resume(): void {
    if (this.#running) return;
    const timer = this.#clock.timer(Math.max(0, this.#leftMs), this.#onOver);
    this.#running = { since: this.#clock.monotonic(), timer };
  }

  [Symbol.dispose](): void {
    this.pause();
  }
}
