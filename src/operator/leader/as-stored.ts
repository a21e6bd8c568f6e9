import { namespaces } from '../../kube/builtin.ts';
import type { KindDefinition } from '../../reconcilers/definition.ts';
import type { WatchedResource } from '../../reconcilers/stores.ts';
import { unlessAborted } from '../../runtime/time/bounded-waits.ts';
import type { OperatorOptions } from '../options.ts';
import { untilAnswered } from '../waits.ts';
import type { Leadership } from './leadership.ts';

/** A head start has a few seconds. */
const HEAD_START_AGAIN_MS = 250;

interface AsStoredParts {
  readonly watched: readonly WatchedResource[];
  readonly kinds: readonly KindDefinition[];
  readonly options: Pick<OperatorOptions, 'clock' | 'log'>;
  /** Aborted: nothing leaves the process any more. */
  readonly cut: AbortSignal;
}

/** Makes the stores show what the API server has stored, which a watch may not have brought yet. */
export class AsStored {
  readonly #parts: AsStoredParts;
  readonly #shared: SharedCatchUp;

  constructor(parts: AsStoredParts) {
    this.#parts = parts;
    const { kinds, cut } = parts;
    const plurals = new Set(kinds.flatMap(({ resource }) => (resource.namespaced ? resource.plural : [])));
    // Also while azid stops: reconciles that work have some time to end.
    this.#shared = new SharedCatchUp(() => this.#list(({ plural }) => plurals.has(plural), cut));
  }

  /**
   * Whatever a process before this one gave is in the stores from here on: an object that is in none of them is gone, not
   * unread, so what it had may be taken away (docs/kubernetes.md section 3). Where no process has led since before the first lists, and
   * these showed what was stored, they do.
   */
  async forNewLeader(
    { nobodyBetween }: Pick<Leadership, 'nobodyBetween'>,
    signal: AbortSignal,
  ): Promise<void> {
    if (nobodyBetween) return;
    await this.#list(() => true, signal);
    this.#parts.options.log.info({}, 'caught up with the API server');
  }

  /** Before it is known who leads. A connection that was not used for long may be closed by now. */
  async forHeadStart(signal: AbortSignal): Promise<void> {
    await this.#list(() => true, signal, HEAD_START_AGAIN_MS);
  }

  async ofNamespaces(signal: AbortSignal): Promise<void> {
    await this.#list(({ plural }) => plural === namespaces.plural, signal);
  }

  /** All kinds with a namespace: other shards may have written to their objects. One list for all calls at the same time. */
  ofOtherShards(signal: AbortSignal): Promise<void> {
    return this.#shared.now(signal);
  }

  async #list(
    isAsked: (watched: WatchedResource) => boolean,
    signal: AbortSignal,
    againMs?: number,
  ): Promise<void> {
    const { watched, options } = this.#parts;
    const asked = watched.filter(isAsked);
    await Promise.all(
      asked.map(({ informer }) => untilAnswered(() => informer.catchUp(signal), options, signal, againMs)),
    );
  }
}

/**
 * Lists anew what other shards write to, once for all callers that wait at the same time: a call while a list is under way waits for the next one,
 * since what it is to see may have been written after that list began.
 */
export class SharedCatchUp {
  readonly #list: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(list: () => Promise<void>) {
    this.#list = list;
  }

  /** Resolves when a list that began after this call is in the stores; rejects as that did, or with the signal's reason. */
  now(signal: AbortSignal): Promise<void> {
    if (!this.#running) return unlessAborted(this.#start(), signal);
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return unlessAborted(this.#next, signal);
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running: Promise<void> = this.#list().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    // Each caller of `now` handles it; one that has aborted does not.
    running.catch(() => {});
    this.#running = running;
    return running;
  }
}
