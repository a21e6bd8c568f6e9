import type { Log } from '../log.ts';
import type { ControllerMetrics, ReconcileResult } from '../metrics.ts';
import type { Outcome, Priority } from '../outcome.ts';
import { jittered, type Random } from '../queue/backoff.ts';
import type { WorkQueue } from '../queue/queue.ts';
import type { Ending } from './reconcile-request.ts';

interface AfterReconcile {
  readonly key: string;
  /** The class the reconcile ran in. */
  readonly priority: Priority;
  readonly queue: WorkQueue;
  readonly metrics: ControllerMetrics;
  readonly log: Log;
  /** Moves rechecks by up to 10 % to either side, so that keys reconciled together drift apart. */
  readonly random: Random;
}

/** Turns how a reconcile ended into queue action, metrics and log; gives controller-runtime's word for it. */
export function afterReconcile(ending: Ending, after: AfterReconcile): ReconcileResult {
  const { key, priority, queue, metrics, log } = after;
  switch (ending.type) {
    case 'outcome':
      return afterOutcome(ending.outcome, after);
    case 'overran':
      return afterOutcome({ type: 'retry', reason: 'TimeLimitExceeded', error: ending.error }, after);
    case 'stopped':
      // The next process finds the object as it is; nothing failed, so nothing is counted against the key.
      log.debug({}, 'reconcile ended by stop');
      queue.add(key, priority);
      return 'requeue';
    case 'superseded':
      log.debug({}, 'reconcile ended by an edit while it waited for a rate limit');
      queue.add(key, priority);
      return 'requeue';
    case 'panic':
      metrics.panicked();
      metrics.failed();
      log.error({ error: ending.error }, 'reconcile failed unexpectedly');
      queue.retry(key, priority);
      return 'error';
    default:
      return ending satisfies never;
  }
}

/**
 * The result map (docs/kubernetes.md section 4), in one switch. Success of any kind forgets earlier failures. A recheck is a
 * resync: a change before then queues the key in a class of its own.
 */
function afterOutcome(outcome: Outcome, after: AfterReconcile): ReconcileResult {
  const { key, priority, queue, metrics, log, random } = after;
  switch (outcome.type) {
    case 'done': {
      const { nextMs } = outcome;
      queue.forget(key);
      if (nextMs !== undefined) queue.add(key, 'resync', jittered(nextMs, random));
      log.debug({ nextMs }, 'reconcile done');
      return nextMs === undefined ? 'success' : 'requeue_after';
    }
    case 'again':
      // Exactly then and in its class: it is the same piece of work, under way.
      queue.forget(key);
      queue.add(key, priority, outcome.afterMs);
      log.debug({ afterMs: outcome.afterMs, why: outcome.why }, 'reconcile to be continued');
      return outcome.afterMs > 0 ? 'requeue_after' : 'requeue';
    case 'waiting':
      queue.forget(key);
      queue.add(key, 'resync', jittered(outcome.recheckMs, random));
      log.debug({ for: outcome.for, recheckMs: outcome.recheckMs }, 'reconcile waits for another object');
      return 'requeue_after';
    case 'stalled':
      queue.forget(key);
      queue.add(key, 'resync', jittered(outcome.recheckMs, random));
      metrics.failed();
      metrics.terminal();
      log.warn(
        { reason: outcome.reason, recheckMs: outcome.recheckMs },
        'reconcile stalled until someone acts',
      );
      return 'error';
    case 'heldBack':
      queue.holdBack(key, priority, outcome.notBeforeMs);
      log.debug(
        { reason: outcome.reason, notBeforeMs: outcome.notBeforeMs },
        'reconcile held back by a closed rate-limit scope',
      );
      return 'requeue_after';
    case 'retry':
      queue.retry(key, priority, outcome.notBeforeMs);
      metrics.failed();
      log.warn(
        { reason: outcome.reason, error: outcome.error, failures: queue.failures(key) },
        'reconcile failed, will be retried',
      );
      return 'error';
    default:
      return outcome satisfies never;
  }
}
