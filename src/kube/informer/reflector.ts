/**
 * Follows one resource: list, then watch, for ever, with client-go's semantics (docs/kubernetes.md section 2). A state
 * machine whose steps yield what changed; nothing between a list and its watch, or between two watches, is lost.
 */
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import type { List } from '../client.ts';
import {
  isAborted,
  isBadRequest,
  isConnectionFailed,
  isGone,
  isInvalid,
  isNobodyThere,
  isTransient,
  isUnauthorized,
  isVersionTooLarge,
  KubeError,
} from '../errors.ts';
import { isOlder, type KubeObject, keyOf } from '../types.ts';
import { WatchBackoff } from './backoff.ts';
import { LIST_TIMEOUT_MS, type ListOptions, listSelected, selectionOf } from './list.ts';
import { watchEventOf, withoutManagedFields } from './received.ts';

export type ReflectorEvent<T> =
  /**
   * The complete list: what is not in `objects` is gone. `rewound`: the server's version went back (etcd restored
   * from a backup), so objects hold even if their version is older than one's own writes.
   */
  | {
      readonly type: 'replace';
      readonly objects: readonly T[];
      readonly resourceVersion: string;
      readonly rewound: boolean;
    }
  /** Created or changed. A new uid under a known name means that the deletion of the old one went by unseen. */
  | { readonly type: 'apply'; readonly object: T }
  /** The object as it was last. */
  | { readonly type: 'delete'; readonly object: T };

export type ReflectorState =
  /** '0': what the server's cache holds; a version: not older than that; '': the latest, read from etcd. */
  | { readonly type: 'list'; readonly resourceVersion: string }
  /** The same, but as the beginning of the watch that follows: one object at a time, never the whole list as text. */
  | { readonly type: 'streamList'; readonly resourceVersion: string }
  | { readonly type: 'watch'; readonly resourceVersion: string }
  | {
      readonly type: 'wait';
      readonly ms: number;
      readonly error: KubeError;
      readonly next: Exclude<ReflectorState, { type: 'wait' }>;
    };

export interface ReflectorOptions<T extends KubeObject> extends ListOptions<T> {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Silence that ends a watch. Defaults to 120 s; bookmarks come about once a minute, so keep it above 60 s. */
  readonly idleMs?: number;
  /**
   * Lists by a watch that begins with what exists, and by pages where the server does not know that. Defaults to false:
   * pages.
   */
  readonly streamLists?: boolean;
  /**
   * What the first list shows: what the server that answers has in its `cache`, the default, or what is `stored` when it is asked,
   * however far behind that server is.
   */
  readonly first?: 'cache' | 'stored';
  /** Called at every change of state. */
  readonly onState?: (state: ReflectorState) => void;
  /** Called for every sign of life; `withinMs`: when the next one is due at the latest. */
  readonly onActivity?: (withinMs: number) => void;
}

const DEFAULT_IDLE_MS = 120_000;
const HEADERS_MS = 30_000;
/** A server that asks for more is asked again all the same: a controller must not stay blind for hours. */
const LONGEST_WAIT_MS = 300_000;
/** client-go: a watch that ends this early and brings nothing is a failure, or it would be a hot loop. */
const TOO_SHORT_MS = 1_000;

/** Ends, without an error, when `signal` aborts; after any failure it goes on. */
export async function* reflect<T extends KubeObject>(
  options: ReflectorOptions<T>,
  signal: AbortSignal,
): AsyncGenerator<ReflectorEvent<T>> {
  const reflector = new Reflector(options, signal);
  let state: ReflectorState = reflector.relist(options.first === 'stored' ? '' : '0');
  while (!signal.aborted) {
    options.onState?.(state);
    switch (state.type) {
      case 'list':
        state = yield* reflector.list(state.resourceVersion);
        break;
      case 'streamList':
        state = yield* reflector.watch(state.resourceVersion, new Map());
        break;
      case 'watch':
        state = yield* reflector.watch(state.resourceVersion);
        break;
      case 'wait':
        options.onActivity?.(state.ms);
        await sleep(options.clock, state.ms, signal).catch(() => {});
        state = state.next;
        break;
      default:
        state satisfies never;
    }
  }
}

type Step<T> = AsyncGenerator<ReflectorEvent<T>, ReflectorState>;

class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #signal: AbortSignal;
  readonly #backoff: WatchBackoff;
  /** The newest version read, '' before the first list. */
  #last = '';
  #streamLists: boolean;

  constructor(options: ReflectorOptions<T>, signal: AbortSignal) {
    this.#options = options;
    this.#streamLists = options.streamLists ?? false;
    this.#signal = signal;
    this.#backoff = new WatchBackoff(options.clock, options.random);
  }

  relist(resourceVersion: string): Exclude<ReflectorState, { type: 'wait' }> {
    return { type: this.#streamLists ? 'streamList' : 'list', resourceVersion };
  }

  async *list(resourceVersion: string): Step<T> {
    this.#alive(LIST_TIMEOUT_MS);
    let list: List<T>;
    try {
      list = await listSelected(this.#options, resourceVersion, this.#signal);
    } catch (error) {
      // The server no longer has that version, or does not have it yet: only the latest is left to ask for.
      if (resourceVersion !== '' && (isGone(error) || isVersionTooLarge(error)))
        return { type: 'list', resourceVersion: '' };
      return this.#wait(error, { type: 'list', resourceVersion });
    }
    const rewound = isOlder(list.resourceVersion, this.#last);
    // "Not older than" was asked and something older came: it counts only when etcd itself answers so.
    if (rewound && resourceVersion !== '') return { type: 'list', resourceVersion: '' };
    this.#last = list.resourceVersion;
    yield { type: 'replace', objects: list.items, resourceVersion: list.resourceVersion, rewound };
    return { type: 'watch', resourceVersion: list.resourceVersion };
  }

  /** `initial`: collect what exists first, and begin with it; then the watch goes on in the same stream. */
  async *watch(from: string, initial?: Map<string, T>): Step<T> {
    const { clock } = this.#options;
    const idleMs = this.#options.idleMs ?? DEFAULT_IDLE_MS;
    const started = clock.monotonic();
    let collected = initial;
    let events = 0;
    this.#alive(HEADERS_MS);
    try {
      for await (const line of this.#watch(from, initial !== undefined, idleMs)) {
        events++;
        this.#alive(idleMs);
        const event = watchEventOf<T>(this.#options.resource.plural, line);
        if (collected) {
          // Until its cache has caught up the server sends changes, too, and does not send them again.
          if (event.type === 'DELETED') collected.delete(keyOf(event.object));
          else if (event.type !== 'BOOKMARK')
            collected.set(keyOf(event.object), withoutManagedFields(event.object));
          if (event.type !== 'BOOKMARK' || !event.initialEventsEnd) continue;
          const { resourceVersion } = event;
          const rewound = isOlder(resourceVersion, this.#last);
          if (rewound && from !== '') return this.relist('');
          this.#last = resourceVersion;
          const objects = [...collected.values()];
          collected = undefined;
          yield { type: 'replace', objects, resourceVersion, rewound };
          continue;
        }
        const version =
          event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
        if (isOlder(version, this.#last))
          return this.#wait(wentBack(this.#options.resource.plural), this.relist(''));
        if (event.type === 'DELETED') yield { type: 'delete', object: event.object };
        else if (event.type !== 'BOOKMARK') yield { type: 'apply', object: event.object };
        // Only after the consumer took it: a version must never be ahead of what was handed over.
        this.#last = version;
      }
    } catch (error) {
      if (collected) return this.#afterFailedStreamList(error, from);
      return this.#afterFailure(error, clock.monotonic() - started);
    }
    if (collected) return this.#wait(endedEarly(this.#options.resource.plural), this.relist(from));
    if (events === 0 && clock.monotonic() - started < TOO_SHORT_MS)
      return this.#wait(tooShort(this.#options.resource.plural), this.relist(this.#last));
    return { type: 'watch', resourceVersion: this.#last };
  }

  #watch(resourceVersion: string, sendInitialEvents: boolean, idleMs: number): AsyncGenerator<unknown> {
    const { client, resource, random } = this.#options;
    return client.watch(
      resource,
      {
        ...selectionOf(this.#options),
        resourceVersion,
        ...(sendInitialEvents ? { sendInitialEvents, resourceVersionMatch: 'NotOlderThan' } : {}),
        // Random, so that the watches of all kinds and replicas do not end together.
        timeoutSeconds: Math.floor(300 + 300 * random()),
        idleMs,
      },
      this.#signal,
    );
  }

  #afterFailedStreamList(error: unknown, from: string): ReflectorState {
    if (from !== '' && (isGone(error) || isVersionTooLarge(error))) return this.relist('');
    if (isInvalid(error) || isBadRequest(error)) {
      // A server without streaming lists, or with the feature switched off: it says so for each parameter.
      this.#streamLists = false;
      return { type: 'list', resourceVersion: from };
    }
    return this.#wait(error, this.relist(from));
  }

  /** `livedMs`: how long the watch stood. */
  #afterFailure(error: unknown, livedMs: number): ReflectorState {
    const resume: ReflectorState = { type: 'watch', resourceVersion: this.#last };
    // A watch that stood and was cut, by a load balancer or an API server that restarts: nothing is overloaded.
    if (isConnectionFailed(error) && livedMs >= TOO_SHORT_MS && !this.#signal.aborted) return resume;
    // No answer, overload, a renewed token: nothing was missed as long as the server still has the version.
    if (!isGone(error) && (isTransient(error) || isUnauthorized(error))) return this.#wait(error, resume);
    return this.#wait(error, this.relist(this.#last));
  }

  #wait(error: unknown, next: Exclude<ReflectorState, { type: 'wait' }>): ReflectorState {
    // What is no KubeError was thrown by the consumer or is a bug; waiting would hide it.
    if (!(error instanceof KubeError)) throw error;
    if (isAborted(error)) return next;
    const own = isNobodyThere(error) ? this.#backoff.whileNobodyListens() : this.#backoff.next();
    const ms = Math.min(LONGEST_WAIT_MS, Math.max(own, error.retryAfterMs ?? 0));
    return { type: 'wait', ms, error, next };
  }

  #alive(withinMs: number): void {
    this.#options.onActivity?.(withinMs);
  }
}

const wentBack = (plural: string) =>
  new KubeError(`watch of ${plural}: the version went back`, { reason: 'InvalidResponse' });

const tooShort = (plural: string) =>
  new KubeError(`watch of ${plural}: ended within ${TOO_SHORT_MS} ms without an event`, {
    reason: 'ConnectionFailed',
  });

const endedEarly = (plural: string) =>
  new KubeError(`watch of ${plural}: ended before all of what exists had come`, {
    reason: 'ConnectionFailed',
  });
