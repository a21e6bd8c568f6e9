import type { Failure } from '../decision.ts';

/** Assignments as they are observed: as Azure shows them, the one that is asked for, who else asks for it, and what the object has. */

export type PrincipalType = 'ServicePrincipal' | 'User' | 'Group';

/** An assignment as Azure shows it. */
export interface SeenAssignment {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly roleGuid: string;
  readonly principalId: string;
  /** Frozen when it was made, so it is known of a principal that is gone, too. */
  readonly principalType?: string;
  readonly condition?: string;
  readonly description?: string;
  /** Wall ms. */
  readonly createdOn?: number;
}

export type ObservedAssignment =
  /** `live`: read or written in this reconcile. */
  | { readonly state: 'present'; readonly assignment: SeenAssignment; readonly live: boolean }
  /**
   * A GET of this reconcile found nothing. `conclusive`: neither Azure's lag nor a write of a dead process explains it; else
   * `conclusiveInMs` says when to ask again. `suspected`: the cache does not have it, and Azure was not asked yet.
   */
  | {
      readonly state: 'absent';
      readonly missing: 'assignment' | 'scope';
      readonly conclusive: boolean;
      readonly conclusiveInMs: number;
      readonly suspected?: true;
    }
  /** The first list is still under way, and the reconcile is not due to an edit or an event. */
  | { readonly state: 'loading' }
  | { readonly state: 'unreadable'; readonly failure: Failure };

/** The assignment the object asks for. */
export interface Target {
  /** `<scope>/providers/Microsoft.Authorization/roleAssignments/<name>`. */
  readonly id: string;
  readonly name: string;
  /** Under each of the names that azid may give it, in the order in which they are tried. */
  readonly ids: readonly string[];
  readonly scope: string;
  readonly roleId: string;
  readonly roleGuid: string;
  readonly roleName: string;
  readonly principalId: string;
  readonly principalType: PrincipalType;
}

/** Another object, neither deleted nor expired, that asks for the same assignment. */
export interface CoOwner {
  readonly key: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  readonly condition?: string;
  readonly description?: string;
  /** Its policies allow it the grant. */
  readonly allowed: boolean;
  /** It stands in its ledger already. */
  readonly holds: boolean;
  /** Azure refuses what it asks for. */
  readonly refused?: boolean;
  /**
   * It may ask for it, be allowed it and have it not yet; whether it does is not known now. It keeps what stands, and
   * no more.
   */
  readonly awaited?: boolean;
}

/** An assignment of the object's ledger. */
export interface Held {
  readonly id: string;
  readonly observed: ObservedAssignment;
  /** Objects that ask for this very assignment. */
  readonly coOwners: readonly CoOwner[];
  /** Azure reported that the principal it was made for is gone for good. Asked only where it takes the place of another. */
  readonly dead?: boolean;
  /** Azure shows an identity that has its principal. */
  readonly alive?: boolean;
  /** The ledger alone names it: neither Azure's own mark on it, nor the record of its end, nor what the object asks for does. */
  readonly unproven?: boolean;
  /** As `unproven`, as long as it is not known which identity the object means: what it has may be the principal. */
  readonly undetermined?: boolean;
}

/** What azid's own record says of the end of an assignment, where the object's owner cannot change it. */
export interface ObservedEnd {
  readonly id: string;
  /** The object has it, by its ledger or by the record. */
  readonly held: boolean;
  /** There is a record: an object was given the assignment with an end. */
  readonly recorded: boolean;
  /** The object in it. `endsAt`: wall ms; absent: it was given without an end. */
  readonly mine?: { readonly endsAt?: number };
  /** Uids of the other owners in it. */
  readonly others?: readonly string[];
  /** No further owner can be named. */
  readonly full: boolean;
}

/** Assignments that carry the object's mark, as the list of its scope shows them: a ledger that was lost is found again there. */
export interface ObservedMarks {
  readonly ids: readonly string[];
  /** `loading`: the first list is under way; else whether it may leave any out. */
  readonly list:
    | { readonly state: 'complete' }
    | { readonly state: 'loading' }
    | { readonly state: 'partial'; readonly because: string };
}
