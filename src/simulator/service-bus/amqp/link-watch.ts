import type { Clock } from '../../clock.ts';

/**
 * Fires when nothing was touched for so long. Lazy: touching moves no timer, the timer looks when it fires. `busy` holds
 * it off, as the outstanding credit of a receiver does.
 */
export function watchIdle(
  clock: Clock,
  idleMs: number,
  onIdle: () => void,
  busy: () => boolean = () => false,
): Disposable & { touch(): void } {
  let touchedAt = clock.monotonic();
  let timer: Disposable | undefined;
  const arm = (ms: number) => {
    timer = clock.timer(ms, () => {
      const left = touchedAt + idleMs - clock.monotonic();
      if (busy()) arm(idleMs);
      else if (left > 0) arm(left);
      else onIdle();
    });
  };
  arm(idleMs);
  return {
    touch() {
      touchedAt = clock.monotonic();
    },
    [Symbol.dispose]: () => timer?.[Symbol.dispose](),
  };
}

/** Timers of the platform hold 24 days, and tokens of tests may hold years. */
const LONGEST_MS = 24 * 3600_000;

/** Fires when the right to a link has ended and was not given anew: looks whenever the last token known of ends. */
export function watchRight(
  clock: Clock,
  right: { expiresAt(): number | undefined; holds(): boolean },
  onEnded: () => void,
): Disposable {
  let timer: Disposable | undefined;
  const arm = () => {
    const left = Math.max(0, (right.expiresAt() ?? 0) - clock.now());
    timer = clock.timer(Math.min(left, LONGEST_MS), () => {
      if (right.holds()) arm();
      else onEnded();
    });
  };
  arm();
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}
