import type {
  Coordinates,
  UserAssignedIdentity,
  UserAssignedIdentityStatus,
} from '../../api/user-assigned-identity.ts';
import type { Tags } from '../../azure/names/identity-marks.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type {
  CommonAction,
  Decision,
  FailedAction,
  Failure,
  OwnStatusOf,
  ReconcileEvent,
} from '../decision.ts';
import type { Doubt } from '../holds.ts';
import type { DeleteLeftover } from '../principal-deletion.ts';
import type { KeptAction, KeptFacts } from '../retained.ts';
import type { SignInFacts } from '../sign-ins/last-sign-ins.ts';

/** What `observe` returns and `decide` is given: plain data, so that a table can hold it. */

/** An identity as Azure shows it. */
export interface SeenIdentity {
  readonly id: string;
  readonly location: string;
  readonly tags: Tags;
  readonly clientId: string;
  readonly principalId: string;
  readonly tenantId: string;
  readonly isolationScope?: string;
}

export type ObservedInAzure =
  /** `live`: read or written for this reconcile, so a write may be computed from it. */
  | { readonly state: 'present'; readonly identity: SeenIdentity; readonly live: boolean }
  /**
   * A GET of this reconcile found nothing. `conclusive`: it began late enough after the last write that Azure's lag does
   * not explain it; else `conclusiveInMs` says when to ask again.
   */
  | {
      readonly state: 'absent';
      readonly missing: 'resource' | 'resourceGroup' | 'subscription';
      readonly conclusive: boolean;
      readonly conclusiveInMs: number;
    }
  /** The first list of the subscription is still under way, and the reconcile is not due to an edit or an event. */
  | { readonly state: 'loading' }
  | { readonly state: 'unreadable'; readonly failure: Failure };

/** Why it is not known where the object's identity is, or that there is none. */
export type Search =
  /** The first list of a subscription in which it may be is under way. */
  | { readonly state: 'loading'; readonly subscriptionId: string }
  /** A list failed, or may leave out the identity whose principal is on record and that is not where its object says. */
  | {
      readonly state: 'incomplete';
      readonly subscriptionId: string;
      readonly principalId?: string;
      readonly because: string;
    }
  /** Its principal is on record, its place is not known any more, and no list shows it. */
  | { readonly state: 'notFound'; readonly principalId: string; readonly subscriptions: readonly string[] }
  /** Several have its marks, and nothing shows which of them is a copy. */
  | { readonly state: 'ambiguous'; readonly ids: readonly string[] };

/** Another object that wants the same identity. */
export interface Rival {
  readonly key: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  readonly deleting: boolean;
  /** Its namespace's policies allow it this identity: an object without permission keeps no other from it. */
  readonly allowed: boolean;
  /** Its namespace is not in the store yet: whether they do is not known. It keeps what it has, and no more. */
  readonly unseen?: boolean;
  /** The principal that azid last knew as this object's. */
  readonly lastShown?: string;
  /** Azure refuses what it declares, so it keeps no other from it. */
  readonly refused?: boolean;
  /** It is suspended and never had anything: it makes nothing, so it keeps no other from it. */
  readonly idle?: boolean;
}

export interface SeenConfigMap {
  readonly name: string;
  readonly uid: string;
  readonly data: Readonly<Record<string, string>>;
  /** Made by azid for an object of this kind and name. */
  readonly ours: boolean;
}

export interface Facts extends SignInFacts, KeptFacts {
  /** Wall time, ms. */
  readonly now: number;
  readonly installationId: string;
  /** azid's own identity in Azure, which no object may touch (docs/guarantees.md G21). Unknown until the first token. */
  readonly self?: { readonly clientId: string; readonly principalId: string };
  readonly policy: NamespacePolicy;
  /** Coordinates of an identity in Azure that carries this object's mark, for when the status was lost. */
  readonly marked?: Coordinates;
  /** Coordinates of the identity that Azure shows as this very object's, by its marks or by the principal on record. */
  readonly proven?: Coordinates;
  /** It may be somewhere else than it would be made, and that is not over: nothing is read of it meanwhile. */
  readonly search?: Search;
  /** The principal on which azid last read this object's marks, by this process or by the record, and no other object's since. */
  readonly lastShown?: string;
  /** The principal of an identity that azid's PUT met: another tool made it at the same moment, so marks on it prove nothing. */
  readonly disputed?: string;
  /** The principal that the record in azid's namespace has for this object. */
  readonly recorded?: string;
  /** Uids of the objects, this one among them, that might put marks back on the identity in Azure: by the record, or this process. */
  readonly holders: readonly string[];
  /** azid's own, where it keeps ConfigMaps for itself. */
  readonly azidNamespace: string;
  /** Absent when the target could not be resolved. */
  readonly azure?: ObservedInAzure;
  readonly rivals: readonly Rival[];
  /** Ids of other identities that carry its marks. Absent: what is the object's own is not known. */
  readonly second?: readonly string[];
  /**
   * Policy-allowed objects that refer to this identity, by kind and key: deletion waits for them. Else not searched
   * for.
   */
  readonly references: readonly string[];
  /** Of what referred to it when Azure last answered; asked where nothing else does. */
  readonly doubts?: readonly Doubt[];
  /** Role assignments that azid made for its principal and that no object owns any more; searched for on deletion. */
  readonly leftovers: readonly string[];
  /** ConfigMaps azid made for this object, and the one `output.configMap` names if it exists. */
  readonly configMaps: readonly SeenConfigMap[];
  /** When this reconcile last wrote to Azure, wall ms. */
  readonly wroteAt?: number;
  /** How long a deletion may be refused by Azure before the finalizer is removed (docs/guarantees.md G18). */
  readonly releaseAfterMs: number;
  /** For how long it has been refused, ms; absent: by `now`. */
  readonly blockedMs?: number;
}

export type OwnStatus = OwnStatusOf<UserAssignedIdentityStatus>;

export type Action =
  | CommonAction<OwnStatus>
  | KeptAction
  | {
      readonly type: 'createIdentity';
      readonly id: string;
      readonly location: string;
      readonly tags: Tags;
      readonly isolationScope?: 'None' | 'Regional';
      readonly event: ReconcileEvent;
    }
  | {
      readonly type: 'updateIdentity';
      readonly id: string;
      /** The whole map: ARM replaces it. Absent: tags stay. */
      readonly tags?: Tags;
      readonly isolationScope?: 'None' | 'Regional';
      readonly event: ReconcileEvent;
    }
  | { readonly type: 'recordPrincipal'; readonly principalId: string }
  /** Of these objects, by uid: the principal is another's, or is about to be. */
  | { readonly type: 'withdrawPrincipal'; readonly principalId: string; readonly uids: readonly string[] }
  | { readonly type: 'deleteIdentity'; readonly id: string; readonly event: ReconcileEvent }
  | DeleteLeftover
  | {
      readonly type: 'applyConfigMap';
      readonly name: string;
      /** The one that is to be changed. Absent: there was none, and none may be there when the write arrives. */
      readonly uid?: string;
      readonly data: Readonly<Record<string, string>>;
    }
  | { readonly type: 'deleteConfigMap'; readonly name: string; readonly uid: string };

/** The action that failed just before, if one did. */
export type Failed = FailedAction<Action>;

export type IdentityDecision = Decision<Action, OwnStatus>;
export type { UserAssignedIdentity };
