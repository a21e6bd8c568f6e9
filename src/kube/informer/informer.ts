import { type Log, silentLog } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { KubeObject } from '../types.ts';
import { listSelected } from './list.ts';
import { type ReflectorEvent, type ReflectorOptions, type ReflectorState, reflect } from './reflector.ts';
import { Store, type StoreOptions } from './store.ts';

export interface InformerOptions<T extends KubeObject>
  extends Omit<ReflectorOptions<T>, 'onState' | 'onActivity' | 'first'> {
  readonly log?: Log;
  readonly transform?: StoreOptions<T>['transform'];
  /** Stands between reflector and store, for tests that drop, double or freeze events (docs/testing.md). */
  readonly tap?: (events: AsyncGenerator<ReflectorEvent<T>>) => AsyncGenerator<ReflectorEvent<T>>;
}

/** What a sign of life may be late before the watch counts as stuck: event loop, garbage collection, a slow page. */
const GRACE_MS = 30_000;
const WARN_AGAIN_MS = 60_000;

/** Keeps a store equal to the API server, and says whether it still does. */
export class Informer<T extends KubeObject> {
  readonly store: Store<T>;
  readonly #options: InformerOptions<T>;
  readonly #clock: Clock;
  readonly #log: Log;
  #running = false;
  /** The last failure that was logged as a warning. */
  #warned: { readonly message: string; readonly at: number } | undefined;
  #lastActivity: number | undefined;
  #dueBy = Number.POSITIVE_INFINITY;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log ?? silentLog;
    const plural = options.resource.plural;
    this.store = new Store<T>({
      ...(options.transform ? { transform: options.transform } : {}),
      onListenerError: (error) => this.#log.error({ resource: plural, error }, 'a store listener threw'),
    });
  }

  /** Monotonic ms of the last sign of life from the watch; undefined before the first. */
  get lastActivity(): number | undefined {
    return this.#lastActivity;
  }

  /**
   * True when neither an event nor a bookmark, a new attempt or the end of a wait came when it was due: fail the
   * liveness probe. An API server that is down does not count, as long as the attempts go on.
   */
  get stuck(): boolean {
    return this.#running && this.#clock.monotonic() > this.#dueBy + GRACE_MS;
  }

  /**
   * The store holds at least what there is now: a watch begins with what the API server that answered had in its cache,
   * and may fall behind. Read from where it is stored, of a size with the first list.
   */
  async catchUp(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await listSelected(this.#options, '', signal);
    this.store.catchUp(items, resourceVersion);
  }

  /** Until the signal aborts. One run at a time. */
  async run(signal: AbortSignal, first: ReflectorOptions<T>['first'] = 'cache'): Promise<void> {
    if (this.#running)
      throw new Error(
        `Expected the informer of ${this.#options.resource.plural} to be idle, got a second run()`,
      );
    this.#running = true;
    try {
      this.#active(0);
      const events = reflect(
        {
          ...this.#options,
          first,
          onState: (state) => this.#logState(state),
          onActivity: (withinMs) => this.#active(withinMs),
        },
        signal,
      );
      const tapped = this.#options.tap?.(events) ?? events;
      try {
        while (await this.#takeNext(tapped, signal));
      } finally {
        await tapped.return(undefined);
      }
    } finally {
      this.#running = false;
    }
  }

  /** A call of its own: a loop's variable would keep the first list alive until the next event, which may take hours. */
  async #takeNext(events: AsyncGenerator<ReflectorEvent<T>>, signal: AbortSignal): Promise<boolean> {
    const { value, done } = await events.next();
    // An event that was under way when the signal aborted: the consumer has stopped.
    if (done || signal.aborted) return false;
    this.store.take(value);
    return true;
  }

  /** The same again is worth a line a minute: an API server that is away is asked every second, by each kind. */
  #isNews(message: string): boolean {
    const now = this.#clock.monotonic();
    if (this.#warned?.message === message && now - this.#warned.at < WARN_AGAIN_MS) return false;
    this.#warned = { message, at: now };
    return true;
  }

  #active(withinMs: number): void {
    this.#lastActivity = this.#clock.monotonic();
    this.#dueBy = this.#lastActivity + withinMs;
  }

  #logState(state: ReflectorState): void {
    const resource = this.#options.resource.plural;
    if (state.type !== 'wait') {
      this.#log.debug({ resource, state: state.type }, 'reflector step');
      return;
    }
    const { reason, status, message } = state.error;
    const fields = { resource, reason, status, waitMs: state.ms, message };
    this.#log[this.#isNews(message) ? 'warn' : 'debug'](fields, 'reflector waits after a failure');
  }
}
