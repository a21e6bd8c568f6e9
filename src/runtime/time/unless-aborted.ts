/** Settles as `work` does, or rejects with the signal's reason if that fires first. Leaves no listener behind. */
export async function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  work.catch(() => {}); // Whoever gives up must not leave a rejection that nobody hears.
  signal?.throwIfAborted();
  const given = Promise.withResolvers<never>();
  const onAbort = () => given.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, given.promise]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
