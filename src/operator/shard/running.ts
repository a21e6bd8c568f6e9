import { ReconcileCut, type ReconcileRequest } from '../../runtime/controller/reconcile-request.ts';
import { Emitter } from '../../runtime/controller/watch.ts';
import { splitKey } from '../../runtime/key.ts';
import type { Clock } from '../../runtime/time/clock.ts';

interface Run {
  readonly abort: AbortController;
  readonly waits: ReconcileRequest['waits'];
  readonly log: ReconcileRequest['log'];
}

/** As long as a process that stops lets what runs go on (docs/kubernetes.md section 6). */
const GRACE_MS = 30_000;
const POLL_MS = 500;
/** What was cut off has ended by then, unless it does not heed its signal. */
const OVERDUE_MS = 10_000;
const REPORTED_AGAIN_MS = 60_000;

/** The reconciles under way, by namespace, of all kinds: a namespace is released when none of its own runs any more. */
export class RunningByNamespace {
  readonly #clock: Clock;
  readonly #runs = new Map<string, Set<Run>>();
  readonly #ended = new Emitter<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<T>(request: ReconcileRequest, work: (request: ReconcileRequest) => Promise<T>): Promise<T> {
    const namespace = splitKey(request.key).namespace ?? '';
    const abort = new AbortController();
    const onAbort = () => abort.abort(request.signal.reason);
    request.signal.addEventListener('abort', onAbort, { once: true });
    if (request.signal.aborted) onAbort();
    const run: Run = { abort, waits: request.waits, log: request.log };
    const runs = this.#runs.get(namespace) ?? new Set();
    this.#runs.set(namespace, runs.add(run));
    try {
      return await work({ ...request, signal: abort.signal });
    } finally {
      request.signal.removeEventListener('abort', onAbort);
      runs.delete(run);
      if (runs.size === 0) {
        this.#runs.delete(namespace);
        this.#ended.emit(namespace);
      }
    }
  }

  /**
   * What waits for a rate limit ends at once, since Azure may have asked for hours; what works gets as long as at a stop. Resolves when
   * nothing runs: a reconcile that does not heed its signal is waited for, and named in the log.
   */
  async end(namespace: string): Promise<void> {
    if (!this.#runs.has(namespace)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _ended = this.#ended.onChange((name) => {
      if (name === namespace) resolve();
    });
    const until = this.#clock.monotonic() + GRACE_MS;
    let reportAt = until + OVERDUE_MS;
    let timer: Disposable | undefined;
    const cut = () => {
      const now = this.#clock.monotonic();
      const isOverdue = now >= reportAt;
      if (isOverdue) reportAt = now + REPORTED_AGAIN_MS;
      for (const { abort, waits, log } of this.#runs.get(namespace) ?? []) {
        if (now >= until || waits?.waiting)
          abort.abort(new ReconcileCut('Stopping', 'the namespace is another shard’s'));
        if (isOverdue)
          log.warn({}, 'still runs though cut off: until it ends no other shard begins with its namespace');
      }
      timer = this.#clock.timer(POLL_MS, cut);
    };
    cut();
    try {
      await promise;
    } finally {
      timer?.[Symbol.dispose]();
    }
  }
}
