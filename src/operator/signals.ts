/** Waits and aborts that leave nothing behind on signals that live as long as the process. */

/** Aborts with the first of the signals; its listeners go with `cleanup`. Not `AbortSignal.any`: that keeps memory. */
export function anyOf(signals: readonly AbortSignal[], cleanup: AsyncDisposableStack): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    const onAbort = () => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    cleanup.defer(() => signal.removeEventListener('abort', onAbort));
  }
  return controller.signal;
}

/** False when the wait was ended by the signal; other failures are thrown. */
export async function waitUntil(work: Promise<void>, signal: AbortSignal): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
