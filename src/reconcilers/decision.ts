import type { Changed } from '../hints/activity/by-whom.ts';
import type { Condition } from '../kube/types.ts';

/**
 * What a `decide` function returns: data that the controller carries out, a plan prints and a test compares
 * (docs/architecture.md section 2). Nothing here does I/O.
 */

/** How the object stands, from which its conditions and the next reconcile follow (docs/conditions.md). */
export type Summary =
  /** Azure is as declared. `nextMs`: when to reconcile again without being enqueued. */
  | { readonly state: 'ready'; readonly reason: string; readonly message: string; readonly nextMs: number }
  /** On the way, no failure: reconcile again after `againMs`. */
  | {
      readonly state: 'progressing';
      readonly reason: string;
      readonly message: string;
      readonly againMs: number;
      /** It takes but a moment, and conditions stay as they are. */
      readonly keep?: boolean;
    }
  /** Failed for now; the queue backs off, at least as long as the server asked. */
  | { readonly state: 'retrying'; readonly failure: Failure }
  /** Something named must come first and enqueues this object; `recheckMs` is the safety net. */
  | {
      readonly state: 'waiting';
      readonly for: string;
      readonly message: string;
      readonly recheckMs: number;
      /** Nothing speaks against what was last seen: conditions stay, so that a restart flips no object. */
      readonly keep?: boolean;
    }
  /** No retry helps until someone acts. */
  | {
      readonly state: 'stalled';
      readonly reason: string;
      readonly message: string;
      readonly recheckMs: number;
    }
  /** Being deleted, and something is still in the way. */
  | {
      readonly state: 'deleting';
      /** Defaults to what failed, else `Deleting`. */
      readonly reason?: string;
      readonly message: string;
      readonly failure?: Failure;
      readonly againMs: number;
    };

/** A failed call as a value, mapped once at the edge of Azure or Kubernetes. */
export interface Failure {
  readonly kind: 'transient' | 'stalled' | 'alreadyExists';
  /** CamelCase and stable: it becomes the reason of a condition. */
  readonly reason: string;
  /** What failed and the remedy, fit for people; no payload, no secret. */
  readonly message: string;
  /** The call may have taken effect all the same: no answer, a lost connection, a 5xx. */
  readonly ambiguous: boolean;
  /** The server asked not to come back earlier (ms from now). */
  readonly notBeforeMs?: number;
  /** Nothing was sent, since the rate-limit scope is closed until `notBeforeMs`: no refusal, and no reason to back off. */
  readonly heldBack?: boolean;
  readonly error: unknown;
}

/** What a call for it came to, where it failed. */
export interface Refused<Action> {
  readonly action: Action;
  readonly failure: Failure;
}

/** The action that failed just before. */
export interface FailedAction<Action> extends Refused<Action> {
  /** Of the kind's `removals`, what failed besides in this reconcile. Each stands by itself. */
  readonly others?: readonly Refused<Action>[];
}

/** Steps every kind has; the reconciler performs them. */
export type CommonAction<Status> =
  | { readonly type: 'addFinalizer' }
  | { readonly type: 'removeFinalizer' }
  /** Something that must survive a crash before the next action begins. */
  | { readonly type: 'saveStatus'; readonly status: Status; readonly why: string }
  /** A Kubernetes Event that goes with no write. */
  | { readonly type: 'recordEvent'; readonly event: ReconcileEvent };

/** A Kubernetes Event to be. */
export interface ReconcileEvent {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, stable. */
  readonly reason: string;
  /** What azid did or found, a verb: `Create`, `Delete`, `Observe`. */
  readonly action: string;
  readonly message: string;
  /** It is about what another caller did in Azure: the Event names it, where Azure does. */
  readonly drift?: Drift;
}

/** What azid finds otherwise than it left it. */
export interface Drift {
  /** ARM id. */
  readonly id: string;
  readonly how: Changed;
  /** Of a resource that others write to for their own ends: what azid gave it and found missing. */
  readonly parts?: readonly string[];
  /** Another object has found it before, and may have put it right. */
  readonly isRepaired?: boolean;
}

export interface Decision<Action, Status> {
  /** To be done in order, then observed and decided again. Empty: nothing to do. */
  readonly actions: readonly Action[];
  /** The kind's own status fields as they should read; the reconciler adds what all kinds share. */
  readonly status: Status;
  readonly summary: Summary;
  /**
   * What the decision rests on and only a cache showed, by names of the kind's own. Where there is any, nothing is
   * done: it is observed live and decided again.
   */
  readonly needsLive?: readonly string[];
  /** It holds while the object is suspended, too: what takes away at an end that binds, and nothing that gives. */
  readonly binds?: boolean;
  /**
   * What bound while the object is suspended is done: it says that it is suspended, as it will when nothing binds any more.
   * `pending`: what it asks for by now waits.
   */
  readonly rests?: { readonly pending: boolean };
  /** Conditions beside Ready, Reconciling and Stalled. */
  readonly conditions?: readonly Pick<Condition, 'type' | 'status' | 'reason' | 'message'>[];
}

/** The fields of a status that are the kind's own: the reconciler writes the others. */
export type OwnStatusOf<Status> = Omit<
  Status,
  'conditions' | 'observedGeneration' | 'lastHandledReconcileAt'
>;

/** Missing rights, locks and the like may be mended outside the cluster at any time (docs/guarantees.md G19). */
export const RECHECK_OUTSIDE_MS = 5 * 60_000;

/** What only an edit or a policy mends: both enqueue the object, this is the safety net. */
export const RECHECK_INSIDE_MS = 30 * 60_000;

/** A settled object is enqueued by its watch and the cache; this repeats client-go's resync (docs/kubernetes.md section 4). */
export const RECHECK_READY_MS = 10 * 3_600_000;
