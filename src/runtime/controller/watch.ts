import type { ObjectKey } from '../key.ts';
import type { Priority } from '../outcome.ts';

/**
 * What enqueues a controller: sources of events, and which keys each event touches (the shape of controller-runtime's
 * `For`, `Owns` and `Watches`). Keys, not objects, go into the queue, and a key too many costs one reconcile.
 */

export type Enqueue = (key: ObjectKey, priority: Priority, afterMs?: number) => void;

export interface Source<E> {
  /** Disposing ends it. */
  onChange(listener: (event: E) => void): Disposable;
}

export interface Watch {
  /** From now on events enqueue keys, until disposed. */
  start(enqueue: Enqueue): Disposable;
}

export function watch<E>(
  source: Source<E>,
  keysOf: (event: E) => Iterable<ObjectKey>,
  priorityOf: (event: E) => Priority = () => 'event',
): Watch {
  return {
    start: (enqueue) =>
      source.onChange((event) => {
        // Once each: an event may touch a key by several ways.
        for (const key of new Set(keysOf(event))) enqueue(key, priorityOf(event));
      }),
  };
}

/** A source whose events are emitted by its owner. */
export class Emitter<E> implements Source<E> {
  readonly #listeners = new Set<(event: E) => void>();

  onChange(listener: (event: E) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  emit(event: E): void {
    for (const listener of this.#listeners) listener(event);
  }
}
