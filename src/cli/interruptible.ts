/** Exit codes of commands that a person runs. */
export const EXIT = { done: 0, failed: 1, found: 2, interrupted: 130 } as const;

/** Runs until SIGINT or SIGTERM aborts the signal; a second one ends the process at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort(new Error('interrupted'));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  // `azid uninstall | head`: without a listener the first line too many would be a crash.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  }
}
