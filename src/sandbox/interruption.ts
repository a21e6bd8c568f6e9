/** Ctrl-C and its kin: the first asks for an orderly end, the second ends at once. */
import type { Clock } from '../runtime/time/clock.ts';

const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * npm passes on to its script a signal that a terminal's Ctrl-C has sent to the script already: two of them within this
 * time are one.
 */
const SAME_MS = 1_000;

interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** Of a process that a signal ended, as shells count; undefined while there was none. */
  readonly exitCode: number | undefined;
  /** The same without a signal: the reader of the output is gone. */
  brokenPipe(): void;
}

/** What a shell shows of a process that SIGPIPE ended; Node ignores that signal. */
const SIGPIPE_CODE = 141;

/** Listens until disposed. `onFirst` runs at the first signal. */
export function listenForInterruption(clock: Clock, onFirst: () => void): Interruption {
  const controller = new AbortController();
  let first: { readonly at: number; readonly exitCode: number } | undefined;
  const interrupt = (why: string, exitCode: number) => {
    first = { at: clock.monotonic(), exitCode };
    controller.abort(new Error(`ended by ${why}`));
  };
  const listeners = Object.entries(CODES).map(([name, exitCode]) => {
    const listener = () => {
      if (first === undefined) {
        onFirst();
        interrupt(name, exitCode);
      } else if (clock.monotonic() - first.at > SAME_MS) {
        // Children hang on a pipe to this process (tethered-process.ts) and go with it.
        process.exit(exitCode);
      }
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return {
    signal: controller.signal,
    get exitCode() {
      return first?.exitCode;
    },
    brokenPipe() {
      if (first === undefined) interrupt('the end of its output', SIGPIPE_CODE);
    },
    [Symbol.dispose]() {
      for (const off of listeners) off();
    },
  };
}
