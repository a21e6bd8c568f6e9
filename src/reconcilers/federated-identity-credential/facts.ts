import type {
  FederatedIdentityCredential,
  FederatedIdentityCredentialStatus,
} from '../../api/federated-identity-credential.ts';
import type { ObservedIssuer } from '../../kube/access/cluster-issuer.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type {
  CommonAction,
  Decision,
  FailedAction,
  Failure,
  OwnStatusOf,
  ReconcileEvent,
} from '../decision.ts';
import type { ProvenIdentity } from '../proof/proven.ts';
import type { KeptAction, KeptFacts } from '../retained.ts';

/** What `observe` returns and `decide` is given: plain data, so that a table can hold it. */

/** Whose tokens are trusted, and for what audience they must be made. */
export interface Trust {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** A credential as Azure shows it. */
export interface SeenCredential extends Trust {
  readonly id: string;
  readonly name: string;
}

/** The identity that `identityRef` names, as far as Azure proves it. */
type ObservedIdentity = ProvenIdentity;
export type OwnedIdentity = Extract<ObservedIdentity, { readonly state: 'owned' }>;

export type ObservedCredentials =
  /** All that are on the identity. `live`: read or written for this reconcile, so a write may be computed from it. */
  | { readonly state: 'known'; readonly credentials: readonly SeenCredential[]; readonly live: boolean }
  /** Azure says that the identity itself is not there. */
  | { readonly state: 'identityGone' }
  | { readonly state: 'unreadable'; readonly failure: Failure };

/** Another object on the same identity, or one that has moved away from it and still has its credential there. */
export interface Sibling {
  readonly key: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  /** What its credential is called in Azure. */
  readonly credentialName: string;
  /** What it is to have on this identity. Absent where its own preset cannot be resolved, and of one that has moved away. */
  readonly trust?: Trust;
  /** The UserAssignedIdentity (`namespace/name`) that one which has moved away refers to now. */
  readonly movedTo?: string;
  readonly deleting: boolean;
  /** It can write: allowed by policy, not suspended, not refused by Azure. One that cannot takes no place from another. */
  readonly mayWrite: boolean;
}

/** An identity with the objects that have or want a credential on it, besides the object itself. */
export interface CredentialsOfIdentity {
  /** Of the UserAssignedIdentity (`namespace/name`). */
  readonly key: string;
  readonly credentials: readonly SeenCredential[];
  readonly siblings: readonly Sibling[];
}

export interface Facts extends KeptFacts {
  /** Wall time, ms. */
  readonly now: number;
  readonly installationId: string;
  /** The cloud's usual audience of a federated credential. */
  readonly defaultAudience: string;
  readonly policy: NamespacePolicy;
  readonly clusterIssuer: ObservedIssuer;
  readonly identity: ObservedIdentity;
  /** Absent where it was not asked for: no identity, no permission, or a deletion that the ledger alone answers. */
  readonly credentials?: ObservedCredentials;
  readonly siblings: readonly Sibling[];
  /** Where those have moved to that hold what the object is to have. */
  readonly elsewhere?: readonly (CredentialsOfIdentity & { readonly live: boolean })[];
  /** How long a write that another process began, or that ended without an answer, may still take effect, ms. */
  readonly openWriteMs: number;
  /** When this reconcile last wrote to Azure, wall ms. */
  readonly wroteAt?: number;
  /** How long a deletion may be refused by Azure before the finalizer is removed (docs/guarantees.md G18). */
  readonly releaseAfterMs: number;
  /** For how long it has been refused, ms; absent: by `now`. */
  readonly blockedMs?: number;
}

export type OwnStatus = OwnStatusOf<FederatedIdentityCredentialStatus>;

export type CredentialWrite =
  /** PUT: makes it, or changes issuer, subject and audience in place. */
  | {
      readonly type: 'putCredential';
      readonly id: string;
      readonly trust: Trust;
      readonly event: ReconcileEvent;
    }
  | { readonly type: 'deleteCredential'; readonly id: string; readonly event: ReconcileEvent };

export type Action = CommonAction<OwnStatus> | CredentialWrite | KeptAction;

/** The action that failed just before, if one did. */
export type Failed = FailedAction<Action>;

export type CredentialDecision = Decision<Action, OwnStatus>;
export type { FederatedIdentityCredential };
