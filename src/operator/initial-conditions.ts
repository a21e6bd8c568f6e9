import type { ManagedObject } from '../api/schema/common.ts';
import type { Store } from '../kube/informer/store.ts';
import type { ObjectKey } from '../kube/types.ts';
import { needsInitialCondition } from '../reconcilers/reconciler/status-writer.ts';
import { Controller } from '../runtime/controller/controller.ts';
import type { ReconcileRequest } from '../runtime/controller/reconcile-request.ts';
import type { Log } from '../runtime/log.ts';
import type { Outcome } from '../runtime/outcome.ts';
import type { Random } from '../runtime/queue/backoff.ts';
import { WorkQueue } from '../runtime/queue/queue.ts';
import type { Clock } from '../runtime/time/clock.ts';

/** Each is one write to the API server, which a thousand new objects must not keep from other requests. */
const WORKERS = 8;

interface FirstConditionsOptions<T extends ManagedObject> {
  /** Lower case, for logs. */
  readonly kind: string;
  readonly store: Store<T>;
  /** Writes the condition if it is still missing; forgets what is gone. */
  readonly writeInitialCondition: (request: ReconcileRequest) => Promise<Outcome>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly outcomeOf: (error: unknown) => Outcome | undefined;
  /** Whether this process reconciles it. Absent: all. */
  readonly isMine?: (key: ObjectKey) => boolean;
}

/**
 * Gives each new object of a kind its initial condition at once, however long the backlog is: outside of the workers that reconcile,
 * since kstatus takes an object without conditions for done. Namespaces take turns here, too. Where nothing is new nothing is
 * done.
 */
export class InitialConditions<T extends ManagedObject> implements Disposable {
  readonly queue: WorkQueue;
  readonly controller: Controller;
  readonly #store: Store<T>;
  readonly #isMine: (key: ObjectKey) => boolean;
  readonly #subscription: Disposable;

  constructor({
    kind,
    store,
    writeInitialCondition,
    clock,
    random,
    log,
    outcomeOf,
    isMine = () => true,
  }: FirstConditionsOptions<T>) {
    this.#store = store;
    this.#isMine = isMine;
    this.queue = new WorkQueue({ clock, random });
    this.controller = new Controller({
      name: `${kind}-first-condition`,
      queue: this.queue,
      clock,
      random,
      log,
      workers: WORKERS,
      reconcile: writeInitialCondition,
      outcomeOf,
    });
    this.#subscription = store.onChange(({ key, new: now }) => {
      // An object that came and is gone, maybe before any reconcile, is forgotten.
      if (now) this.check(key);
      else this.queue.add(key, 'resync');
    });
    for (const key of store.keys()) this.check(key);
  }

  check(key: ObjectKey): void {
    const object = this.#store.get(key);
    if (object && this.#isMine(key) && needsInitialCondition(object)) this.queue.add(key, 'edit');
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}
