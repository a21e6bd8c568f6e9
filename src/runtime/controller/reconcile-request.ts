import type { Log } from '../log.ts';
import type { Outcome, Priority } from '../outcome.ts';
import type { Waits } from './workers.ts';

/** One run of a reconciler for one key. */
export interface ReconcileRequest {
  readonly key: string;
  /** The class it was taken in; calls made for it queue in the rate-limit scopes with the same one. */
  readonly priority: Priority;
  /** 1, plus the failures in a row before. */
  readonly attempt: number;
  /** Names this reconcile in logs and Events. */
  readonly reconcileId: string;
  /** Aborts when the reconcile ran over its time limit or azid must stop. Pass it to every wait and call. */
  readonly signal: AbortSignal;
  /** Carries `controller`, `namespace`, `name` and `reconcileId`. */
  readonly log: Log;
  /** The namespace whose turn it is; its calls use the same. Absent: none. */
  readonly turn?: string;
  /** Called while a call waits for a rate limit. Absent: no worker is given back. */
  readonly waits?: Waits;
}

/** Reconciles one key and returns the outcome. Throwing is for the unexpected. */
export type Reconcile = (request: ReconcileRequest) => Promise<Outcome>;

/** Reason with which a reconcile's signal aborts. */
export class ReconcileCut extends Error {
  override readonly name = 'ReconcileCut';
  readonly code: 'TimeLimitExceeded' | 'Stopping' | 'Superseded';

  constructor(code: ReconcileCut['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** How a reconcile ended, before it is decided what that means for the queue. */
export type Ending =
  | { readonly type: 'outcome'; readonly outcome: Outcome }
  /** Threw after its time limit had aborted it. */
  | { readonly type: 'overran'; readonly error: unknown }
  /** Threw after azid's stop had aborted it: no failure. */
  | { readonly type: 'stopped' }
  /** Threw after an edit of its object had ended its wait for a rate limit; the edit has queued the key. */
  | { readonly type: 'superseded' }
  /** Threw what `outcomeOf` does not know, or returned no outcome. */
  | { readonly type: 'panic'; readonly error: unknown };

/** Runs a reconciler to its end; never rejects. */
export async function endingOf(
  reconcile: Reconcile,
  request: ReconcileRequest,
  outcomeOf: (error: unknown) => Outcome | undefined,
): Promise<Ending> {
  try {
    const outcome = await reconcile(request);
    checkOutcome(outcome);
    return { type: 'outcome', outcome };
  } catch (error) {
    const cut: unknown = request.signal.reason;
    if (cut instanceof ReconcileCut) {
      if (cut.code === 'TimeLimitExceeded') return { type: 'overran', error };
      return { type: cut.code === 'Stopping' ? 'stopped' : 'superseded' };
    }
    return mapped(error, outcomeOf);
  }
}

function mapped(error: unknown, outcomeOf: (error: unknown) => Outcome | undefined): Ending {
  try {
    const outcome = outcomeOf(error);
    if (!outcome) return { type: 'panic', error };
    checkOutcome(outcome);
    return { type: 'outcome', outcome };
  } catch {
    // A mapping that fails must not hide what it was to map.
    return { type: 'panic', error };
  }
}

/** The times each outcome may carry. */
const TIMES: Readonly<Record<Outcome['type'], readonly string[]>> = {
  done: ['nextMs'],
  again: ['afterMs'],
  waiting: ['recheckMs'],
  stalled: ['recheckMs'],
  heldBack: ['notBeforeMs'],
  retry: ['notBeforeMs'],
};

/** A NaN from a faulty date computation is caught here, as the reconciler's fault, and not deep in the queue. */
function checkOutcome(outcome: Outcome): void {
  const times = TIMES[outcome?.type];
  if (!times)
    throw new TypeError(`Expected the reconciler to return an outcome, got \`${JSON.stringify(outcome)}\``);
  for (const [name, ms] of Object.entries(outcome)) {
    if (ms === undefined || !times.includes(name) || (typeof ms === 'number' && ms >= 0 && ms < Infinity))
      continue;
    const what = `Expected \`${name}\` of outcome \`${outcome.type}\``;
    throw new RangeError(`${what} to be a finite number of milliseconds from 0 up, got \`${ms}\``);
  }
}
