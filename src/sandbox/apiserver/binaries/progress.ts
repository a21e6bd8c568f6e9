/** Lines that show a waiting person what is going on. */
import type { Clock } from '../../../runtime/time/clock.ts';

export type Progress = (line: string) => void;

export const stderrProgress: Progress = (line) => void process.stderr.write(`${line}\n`);

/** Calls `fn` with the seconds since the start, every `everyMs` until disposed. */
export function reportEvery(clock: Clock, everyMs: number, fn: (seconds: number) => void): Disposable {
  const started = clock.monotonic();
  let timer: Disposable;
  const arm = () => {
    timer = clock.timer(everyMs, () => {
      fn(Math.round((clock.monotonic() - started) / 1000));
      arm();
    });
  };
  arm();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

/** `95` as `1:35 min`, `12` as `12 s`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;
}
