import type { LedgerSystem } from '../../api/host-identity.ts';
import type {
  SystemAssignedIdentity,
  SystemAssignedIdentityStatus,
} from '../../api/system-assigned-identity.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type { CommonAction, Decision, FailedAction, Failure, OwnStatusOf } from '../decision.ts';
import type { SpecProblem } from '../hosts/claims/spec.ts';
import type { HostMessage } from '../hosts/ledger/host-message.ts';
import type { DeleteLeftover } from '../principal-deletion.ts';
import type { SignInFacts } from '../sign-ins/last-sign-ins.ts';

/** What `observe` returns and `decide` reads: plain data, so that a table can hold it. */

/** What the host's ledger records. Its HostIdentity exists. */
export interface ObservedLedger extends HostMessage {
  /** Of the system-assigned identity; this object has a part in it. */
  readonly entry?: LedgerSystem;
  /** The ledger is full and names others; a policy allows the object what it would be named for. */
  readonly unnamed?: boolean;
  /** Uids of the other owners who release it as well, to be switched off. Asked of an object that goes. */
  readonly releasing?: readonly string[];
  /** One that the ledger does not name is to have it. Asked of an object that goes. */
  readonly wanted?: boolean;
  /** The resource's id as Azure spells it. */
  readonly hostId?: string;
}

/** Which service principal the system-assigned identity is, as Azure answers. */
export type ObservedIdentity =
  | {
      readonly state: 'found';
      readonly principalId: string;
      readonly clientId: string;
      readonly tenantId: string;
    }
  | { readonly state: 'unreadable'; readonly failure: Failure };

export interface Facts extends SignInFacts {
  /** Wall time, ms. */
  readonly now: number;
  readonly policy: NamespacePolicy;
  /** Wrong by itself, or a resource that can have no system-assigned identity. */
  readonly problem?: SpecProblem;
  readonly type: { readonly name: string; readonly known: boolean };
  /** Proven not to exist. */
  readonly absent: boolean;
  /** Where the very same resource is by now, if it is known again. */
  readonly movedTo?: string;
  readonly ledger?: ObservedLedger;
  /** Absent: not asked, since its principal is known already or there is none; or Azure does not know it yet. */
  readonly azure?: ObservedIdentity;
  /** The last principal that this process knew of it. */
  readonly lastPrincipalId?: string;
  /** Asked when it is to be switched off: objects that refer to it, and what azid left on it. */
  readonly references: readonly string[];
  readonly leftovers: readonly string[];
  /** How long a deletion may be refused before the object is let go (docs/guarantees.md G18). */
  readonly releaseAfterMs: number;
  /** For how long it has been refused, ms; absent: by `now`. */
  readonly blockedMs?: number;
}

export type OwnStatus = OwnStatusOf<SystemAssignedIdentityStatus>;

export type Action =
  | CommonAction<OwnStatus>
  /** The resource has a HostIdentity from then on, which alone writes to it. */
  | { readonly type: 'ensureHost'; readonly hostId: string }
  | DeleteLeftover;

/** The action that failed just before, if one did. */
export type Failed = FailedAction<Action>;

export type SystemIdentityDecision = Decision<Action, OwnStatus>;
export type { SystemAssignedIdentity };
