import type { LedgerEntry } from '../../api/host-identity.ts';
import type { IdentityAttachment, IdentityAttachmentStatus } from '../../api/identity-attachment.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type { CommonAction, Decision, OwnStatusOf } from '../decision.ts';
import type { ObservedAttachedIdentity } from '../hosts/claims/identity-of.ts';
import type { SpecProblem } from '../hosts/claims/spec.ts';
import type { HostMessage } from '../hosts/ledger/host-message.ts';

/** What `observe` returns and `decide` reads: plain data, so that a table can hold it. */

/** What a host's ledger records of this object. Its HostIdentity exists. */
export interface ObservedLedger extends HostMessage {
  /** Of the identity that is asked for now; this object is among its owners, or would be if there were room. */
  readonly entry?: LedgerEntry;
  /** The entry is full, and names others. */
  readonly unnamed?: boolean;
  /** Of identities it asked for earlier. */
  readonly former: readonly LedgerEntry[];
  /** The ledger was lost: nothing shows that azid attached it. */
  readonly unproven: boolean;
}

export interface ObservedHost {
  /** ARM id. */
  readonly id: string;
  readonly key: string;
  /** In the table's spelling. */
  readonly type: string;
  /**
   * `wanted`: it is the resource that is named, or one that the selector finds. `unclear`: Azure does not answer now,
   * so what is attached is kept. `gone`: the selector's resource is proven not to exist any more. `moved`: it is the
   * resource that is named, under another id by now; what is attached is kept.
   */
  readonly claim: 'wanted' | 'unwanted' | 'unclear' | 'gone' | 'moved';
  /** Proven not to exist. */
  readonly absent: boolean;
  /** The cache shows the identity on it, alive. */
  readonly shown: boolean;
  /** It was read, and what was read does not show the identity. */
  readonly lacking: boolean;
  readonly ledger?: ObservedLedger;
}

export interface Facts {
  /** Wall time, ms. */
  readonly now: number;
  readonly policy: NamespacePolicy;
  readonly problem?: SpecProblem;
  readonly identity: ObservedAttachedIdentity;
  /** Of the type that is asked for: azid's table has it, and a change of identities restarts what runs there. */
  readonly type: { readonly name: string; readonly known: boolean; readonly restarts: boolean };
  /** The first list of the selector's area is not in yet. */
  readonly loading: boolean;
  /** Until when the selector may miss resources, wall ms; see `selecting.ts`. */
  readonly mayMissUntil?: number;
  /** Those asked for and those whose ledger names the object, by key. */
  readonly hosts: readonly ObservedHost[];
  /** What this process reported of each host, by key; absent: nothing yet. */
  readonly reported?: ReconcileEvents;
  /** How long a deletion may be refused before the object is let go (docs/guarantees.md G18). */
  readonly releaseAfterMs: number;
  /** For how long it has been refused, ms; absent: by `now`. */
  readonly blockedMs?: number;
}

/** What Events report of a host. */
export type ReportedState = 'Attached' | 'ExistsUnmanaged' | 'Contested' | 'Detaching' | 'Gone' | 'other';
export type ReconcileEvents = ReadonlyMap<string, ReportedState>;

export type OwnStatus = OwnStatusOf<IdentityAttachmentStatus>;

export type Action =
  | CommonAction<OwnStatus>
  /** The hosts have a HostIdentity each from then on, which alone writes to them. */
  | { readonly type: 'ensureHosts'; readonly hostIds: readonly string[] };

export interface AttachmentDecision extends Decision<Action, OwnStatus> {
  /** What its Events have reported once its actions are done. */
  readonly reported?: ReconcileEvents;
}

export type { IdentityAttachment };
