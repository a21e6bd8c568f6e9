import type {
  FederatedIdentityCredential,
  FederatedIdentityCredentialStatus,
} from '../../api/federated-identity-credential.ts';
import type { ClusterIssuerView } from '../../kube/access/cluster-issuer.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type { Decision, Failure, FrameAction, Note } from '../decision.ts';
import type { ProvenIdentity } from '../proof/identity-proofs.ts';

/** What `observe` brings and `decide` judges: plain data, so that a table can hold it. */

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
export type IdentityView = ProvenIdentity;
export type OwnedIdentity = Extract<IdentityView, { readonly state: 'owned' }>;

export type CredentialsView =
  /** All that are on the identity. `live`: read or written for this visit, so a write may be computed from it. */
  | { readonly state: 'known'; readonly credentials: readonly SeenCredential[]; readonly live: boolean }
  /** Azure says that the identity itself is not there. */
  | { readonly state: 'identityGone' }
  | { readonly state: 'unreadable'; readonly failure: Failure };

/** Another object on the same identity. */
export interface Sibling {
  readonly key: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  /** What its credential is called in Azure. */
  readonly credentialName: string;
  /** Absent where its own preset cannot be resolved. */
  readonly trust?: Trust;
  readonly deleting: boolean;
  /** It can write: allowed by policy, not suspended, not refused by Azure. One that cannot takes no place from anybody. */
  readonly mayWrite: boolean;
}

export interface Facts {
  /** Wall time, ms. */
  readonly now: number;
  readonly installationId: string;
  /** The cloud's usual audience of a federated credential. */
  readonly defaultAudience: string;
  readonly policy: NamespacePolicy;
  readonly clusterIssuer: ClusterIssuerView;
  readonly identity: IdentityView;
  /** Absent where it was not asked for: no identity, no permission, or a deletion that the ledger alone answers. */
  readonly credentials?: CredentialsView;
  readonly siblings: readonly Sibling[];
  /** How long a write that another process began, or that ended without an answer, may still take effect, ms. */
  readonly openWriteMs: number;
  /** When this visit last wrote to Azure, wall ms. */
  readonly wroteAt?: number;
  /** How long a deletion may be refused by Azure before the object is let go (docs/guarantees.md G18). */
  readonly releaseAfterMs: number;
}

/** The fields of the status that are this kind's own. */
export type OwnStatus = Omit<
  FederatedIdentityCredentialStatus,
  'conditions' | 'observedGeneration' | 'lastHandledReconcileAt'
>;

export type CredentialWrite =
  /** PUT: makes it, or changes issuer, subject and audience in place. */
  | { readonly type: 'putCredential'; readonly id: string; readonly trust: Trust; readonly note: Note }
  | { readonly type: 'deleteCredential'; readonly id: string; readonly note: Note };

export type Action = FrameAction<OwnStatus> | CredentialWrite;

/** The action that failed just before, if one did. */
export interface Failed {
  readonly action: Action;
  readonly failure: Failure;
}

export type CredentialDecision = Decision<Action, OwnStatus>;
export type { FederatedIdentityCredential };
