import type { HostIdentity, HostIdentityStatus, LedgerOperation } from '../../api/host-identity.ts';
import type { HostCapability } from '../../azure/hosts/capabilities.ts';
import type { AzureHost, IdentityBody } from '../../azure/hosts/host.ts';
import type { Model } from '../../azure/hosts/write/replace.ts';
import type { CommonAction, Decision, Failure, OwnStatusOf, ReconcileEvent } from '../decision.ts';
import type { Claim } from '../hosts/claims/claim.ts';
import type { Line } from '../hosts/ledger/lines.ts';
import type { Batch } from './write/batch.ts';

/** What `observe` returns and `decide` reads: plain data, so that a table can hold it. */

export type ObservedHost =
  /** `live`: read for this very decision. `model`: the whole answer, only of a live read. */
  | {
      readonly state: 'present';
      readonly host: AzureHost;
      readonly live: boolean;
      readonly model?: Model;
    }
  /**
   * `conclusive`: neither Azure's lag nor a write that may still be under way explains it; else `conclusiveInMs` is
   * when to ask again.
   */
  | {
      readonly state: 'absent';
      readonly live: boolean;
      readonly conclusive: boolean;
      readonly conclusiveInMs: number;
    }
  /** The first list is under way, and the reconcile is not due to an edit or an event. */
  | { readonly state: 'loading' }
  | { readonly state: 'unreadable'; readonly failure: Failure };

/** A user-assigned identity. An absence is always of a live read. */
export type ObservedIdentity =
  | { readonly state: 'present'; readonly principalId: string; readonly live: boolean }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly failure: Failure };

/** The pending operation of the ledger. */
export type ObservedOperation =
  | { readonly state: 'running'; readonly againMs: number }
  /** Azure did not answer what its state is. */
  | { readonly state: 'unreadable'; readonly failure: Failure }
  /** Ended, or Azure has no record of it any more: the host shows the result. A failure is in `refusal`. */
  | { readonly state: 'over' };

/** What one write asks for; identities by key. */
export interface Asked {
  readonly adds: readonly string[];
  readonly removes: readonly string[];
  readonly system: 'on' | 'off' | 'keep';
  /** Of these: what azid had not attached before. A write that is refused has not attached it either. */
  readonly fresh: readonly string[];
}

/** A write that Azure refused, at once or at the end of its operation. */
export interface Refusal {
  readonly asked: Asked;
  readonly failure: Failure;
}

/** What is known of the last write's end. */
export interface WriteWindow {
  /** Another process may have a write under way: none is begun for so long, ms. */
  readonly blockedMs: number;
  /** A write may still take effect, or what it did may not show: for so long, ms, an absence proves nothing. */
  readonly openMs: number;
}

/** What Azure took from this process, and its reads need not show yet. */
export interface Accepted {
  readonly wanted: 'present' | 'absent';
  /** As a time of this reconcile, by its `now`: wall ms. */
  readonly at: number;
  /** Until then its not showing is Azure's lag, the same. */
  readonly until: number;
}

/** What azid attached to a resource under its former id. */
export interface FormerLedger {
  readonly from: string;
  readonly lines: ReadonlyMap<string, Line>;
}

export interface Facts {
  /** Wall time, ms. */
  readonly now: number;
  /** The host's id is none. */
  readonly problem?: string;
  /** Of the host, as the table of capabilities spells it. */
  readonly type: string;
  /** Absent: a type that is not in azid's table, and no object gives its API version. */
  readonly capability?: HostCapability;
  readonly apiVersion?: string;
  /** Of all objects that name or select the host, and of those in its ledger, each once. */
  readonly claims: readonly Claim[];
  /** Absent: not read, since nothing depends on it. */
  readonly host?: ObservedHost;
  /** Of a resource that is absent: the id under which the very same one is there. */
  readonly elsewhere?: {
    readonly id: string;
    /** It has a HostIdentity there. */
    readonly known: boolean;
    /** That one has taken this ledger over. */
    readonly tookOver: boolean;
  };
  /** No list has been made since the absence was seen that would show for certain where it is. */
  readonly searching: boolean;
  /** The ledgers of where this very resource was before, which are to be taken over. */
  readonly formerLedgers: readonly FormerLedger[];
  /** User-assigned identities by key, as far as they were observed. */
  readonly identities: ReadonlyMap<string, ObservedIdentity>;
  /** azid's own identity, which it neither attaches nor detaches (docs/guarantees.md G21). */
  readonly self?: { readonly principalId: string; readonly clientId: string };
  readonly operation?: ObservedOperation;
  /** An operation that Azure has begun for this process, and that is not in the ledger yet. */
  readonly started?: LedgerOperation;
  readonly window: WriteWindow;
  /** The write that was refused just before. */
  readonly refusal?: Refusal;
  /** Keys that the ledger has as about to be azid's, while the write that would have attached them was not sent. */
  readonly unsent?: readonly string[];
  /** By key. */
  readonly accepted: ReadonlyMap<string, Accepted>;
  /** How many identities a write may add, after one failed without saying whose fault it was. */
  readonly batchLimit?: number;
  /** For how long the host has shown its present, unsettled state, ms. */
  readonly busyMs: number;
  /** Azure refused a write because of another operation, and has taken none since: the resource may be at work. */
  readonly conflicted: boolean;
  /** What the next write is to carry, and since when; absent: there was nothing to write. */
  readonly batch?: Batch;
  /** A write was begun in this reconcile, sent or not. */
  readonly isTried: boolean;
  /** Writes to Azure in this reconcile. */
  readonly writes: number;
  /** This process has deleted the object; its watch does not show it yet. */
  readonly deleted: boolean;
}

export type OwnStatus = OwnStatusOf<HostIdentityStatus>;

export interface WriteIdentity {
  readonly type: 'writeIdentity';
  /** As Azure spells it. */
  readonly hostId: string;
  readonly apiVersion?: string;
  readonly identity: IdentityBody;
  readonly ifMatch?: string;
  /** The whole resource, for a type that takes no change of the identity alone. */
  readonly replace?: Model;
  readonly asked: Asked;
  /** `writeStartedAt` of the intent it carries out. */
  readonly begun: string;
  /** ARM ids of identities that must have been read before (docs/guarantees.md mistake 13). */
  readonly checks: readonly string[];
  readonly event: ReconcileEvent;
}

export type Action =
  | CommonAction<OwnStatus>
  | WriteIdentity
  | { readonly type: 'deleteSelf' }
  /** Where the resource is now has a HostIdentity from then on, which takes this one's ledger over. */
  | { readonly type: 'ensureHeir'; readonly hostId: string };

export interface HostDecision extends Decision<Action, OwnStatus> {
  /** It rests on what a read of the host shows now, not on what was seen some time ago. */
  readonly restsOnHost?: boolean;
  /**
   * What its write carries or, `isHeld`, will carry once nothing more comes. Absent: nothing is to be written, as far
   * as is known.
   */
  readonly batch?: Batch;
  readonly isHeld?: boolean;
}
export type { HostIdentity };
