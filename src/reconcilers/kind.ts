import type { ManagedObject } from '../api/schema/common.ts';
import type { ObjectKey, Resource } from '../kube/types.ts';
import type { Visit } from '../runtime/visit.ts';
import type { Decision, Failure, FrameAction, Note } from './decision.ts';

/** What the frame keeps for a kind during one visit. */
export interface VisitContext extends Visit {
  /** When this visit began, monotonic ms: what was read or written since is as live as a read made now. */
  readonly startedAt: number;
  /**
   * A lane that Azure closed for longer than this ends the visit, ms: the object says so meanwhile, and does not count among
   * those that its namespace may have under way (docs/guarantees.md G2, G12).
   */
  readonly patienceMs: number;
  /**
   * Asked when the turn of a write has come: true if what it was decided on may not hold any more. It is then not sent, and
   * the frame decides again.
   */
  readonly isStale?: () => boolean;
  /** When this visit last wrote to Azure, wall ms. */
  readonly wroteAt?: number;
}

/** What a performed action leaves to tell. */
export interface Performed {
  /** An Azure write: becomes one log line and one Kubernetes Event. */
  readonly write?: { readonly note: Note; readonly correlationId?: string };
  /** The object itself was removed: there is nothing left to reconcile. */
  readonly gone?: boolean;
}

/**
 * One kind of custom resource. `gather` reads, `decide` judges (pure), `perform` carries out one action; the frame does
 * what every kind has in common.
 */
export interface Kind<
  T extends ManagedObject,
  Facts,
  Action extends { readonly type: string },
  Status extends object,
> {
  /** In logs, metrics and queue names: the kind in lower case. */
  readonly name: string;
  readonly resource: Resource<T>;
  gather(object: T, context: VisitContext): Promise<Facts>;
  decide(
    object: T,
    facts: Facts,
    failed?: { readonly action: Action; readonly failure: Failure },
  ): Decision<Action, Status>;
  /** Throws what the call threw; the frame maps it. Never called with an action of the frame. */
  perform(action: Exclude<Action, FrameAction<Status>>, object: T, context: VisitContext): Promise<Performed>;
  /** The object is gone for good: drop what is kept of it in memory. `uid` is absent if no visit ever saw it. */
  forget?(key: ObjectKey, uid?: string): void;
}
