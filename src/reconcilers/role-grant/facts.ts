import type { RoleGrant, RoleGrantStatus } from '../../api/role-grant.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type {
  CommonAction,
  Decision,
  FailedAction,
  Failure,
  OwnStatusOf,
  ReconcileEvent,
} from '../decision.ts';
import type { KeptAction, KeptFacts } from '../retained.ts';
import type {
  CoOwner,
  Held,
  ObservedAssignment,
  ObservedEnd,
  ObservedMarks,
  PrincipalType,
  SeenAssignment,
  Target,
} from './observed.ts';

/** What `observe` reads and `decide` decides from: plain data, so that a table can hold it. */

/** Who is to get the role. */
export type ObservedPrincipal =
  | {
      readonly state: 'known';
      readonly id: string;
      readonly type: PrincipalType;
      /** So new that Azure's services may not know it yet (15 min): `PrincipalNotFound` is then worth a retry. */
      readonly young: boolean;
      /** Azure itself answered so recently, or the spec has it: a write may rest on it. */
      readonly live: boolean;
      /** ARM id of the identity, or of the resource whose own it is; absent for a principal by id. */
      readonly identityId?: string;
      /** The identity's object is being deleted: what stands stays, nothing new is given. */
      readonly deleting?: boolean;
    }
  /**
   * Azure shows no identity that is the object's by its marks, or there is no such object. `dead`: a GET proved that the
   * identity whose principal holds the present assignments is gone.
   */
  | {
      readonly state: 'waiting';
      readonly for: string;
      readonly message: string;
      readonly dead: boolean;
      /** Whether it is gone is not known: worth another read soon. */
      readonly unclear?: boolean;
      /** Nothing speaks against what was last seen: a list is under way. */
      readonly keep?: boolean;
    }
  | { readonly state: 'unreadable'; readonly failure: Failure };

export interface SeenRole {
  /** As it is to be sent. */
  readonly id: string;
  /** Lower case. */
  readonly guid: string;
  readonly name: string;
  readonly type: 'BuiltInRole' | 'CustomRole';
  /** Hash of what it allows. */
  readonly content: string;
}

export type ObservedRole =
  | { readonly state: 'found'; readonly role: SeenRole }
  /** The first lists are still under way, and the reconcile is not due to an edit or an event. */
  | { readonly state: 'loading' }
  /** `near`: the name of a role that is nearly what was asked for. */
  | { readonly state: 'notFound'; readonly near?: string }
  | { readonly state: 'ambiguous'; readonly candidates: readonly string[] }
  | { readonly state: 'unreadable'; readonly failure: Failure };

export interface Facts extends KeptFacts {
  /** Wall time, ms. */
  readonly now: number;
  readonly installationId: string;
  /** azid's own principal, which no object may give anything (docs/guarantees.md G21). */
  readonly selfId?: string;
  readonly policy: NamespacePolicy;
  readonly principal: ObservedPrincipal;
  /** Absent: not asked, since the principal is unknown or nothing is allowed on the scope. */
  readonly role?: ObservedRole | undefined;
  /** Absent: not resolved, or not observed because it is denied. */
  readonly target?: Target | undefined;
  /** Of the target. */
  readonly azure?: ObservedAssignment | undefined;
  /** An assignment of the target's scope, role and principal under a name that is not azid's. */
  readonly duplicate?: SeenAssignment;
  /** Who else asks for the target. */
  readonly coOwners: readonly CoOwner[];
  /** Azure refused to make the target: there are as many assignments as it takes. */
  readonly limited?: boolean;
  /** Azure refused each of the names the target may have. */
  readonly namesExhausted?: boolean;
  /** Of the target and of all that is held, by key. */
  readonly ends: ReadonlyMap<string, ObservedEnd>;
  /** What is known of what azid marked for the object at its scope; absent: not asked, as nothing ends. */
  readonly marked?: ObservedMarks;
  /** What the ledger holds beside the target, what the records say that it had, and what is marked for it where that ends. */
  readonly held: readonly Held[];
  /** When this reconcile last wrote to Azure, wall ms. */
  readonly wroteAt?: number;
  /** How long a deletion may be refused by Azure before the object is let go (docs/guarantees.md G18). */
  readonly releaseAfterMs: number;
  /** For how long it has been refused, ms; absent: by `now`. */
  readonly blockedMs?: number;
}

/** The fields of the status that are this kind's own. */
export type OwnStatus = OwnStatusOf<RoleGrantStatus>;

export type Action =
  | CommonAction<OwnStatus>
  /** Makes the assignment, or changes description and condition of the one of this name: PUT states both whole. */
  | {
      readonly type: 'putAssignment';
      readonly target: Target;
      readonly description: string;
      readonly condition?: string;
      readonly event: ReconcileEvent;
    }
  | { readonly type: 'deleteAssignment'; readonly id: string; readonly event: ReconcileEvent }
  /** Writes down, out of the owner's reach, that the assignment ends; without `expiresAt`, that it does not for this object. */
  | {
      readonly type: 'recordEnd';
      readonly assignmentId: string;
      readonly expiresAt?: string;
      readonly role?: string;
      readonly principalId?: string;
    }
  | KeptAction
  /** The object no longer counts for the assignment's end. */
  | { readonly type: 'withdrawEnd'; readonly assignmentId: string };

/** The action that failed just before, if one did. */
export type Failed = FailedAction<Action>;

export type GrantDecision = Decision<Action, OwnStatus>;

export type { RoleGrant };
