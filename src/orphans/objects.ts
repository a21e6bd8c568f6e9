/**
 * What the stores of Kubernetes, and azid's own records in them, show about the owners of things in Azure. Each answers with too many
 * rather than too few: every object that may want a thing is named, and one that is named keeps it.
 */

/** An object in any state: one that is being deleted removes by its own reconcile what it has. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** It is being deleted. */
  readonly deleting?: true;
}

/** An identity as Azure shows it. */
export interface ShownIdentity {
  /** `armKey(id)`. */
  readonly key: string;
  readonly principalId: string;
  readonly clientId: string;
}

/** A role assignment as Azure shows it. */
export interface ShownAssignment {
  readonly id: string;
  /** `armKey(id)`. */
  readonly key: string;
  readonly name: string;
  readonly scope: string;
  readonly roleGuid: string;
  readonly principalId: string;
  readonly description?: string | undefined;
}

/** A federated credential as Azure shows it. */
export interface ShownCredential {
  /** `armKey(id)`. */
  readonly key: string;
  readonly name: string;
}

/** That something is kept on purpose, as the records in azid's namespace have it, whether or not its object was deleted by force. */
export interface RetainedRecord {
  readonly owner: string;
  /** It was there without an object when the records began: whether it was retained or orphaned is not known. */
  readonly unproven?: boolean;
}

export interface Objects {
  /** UserAssignedIdentities of this uid, in any case. */
  identitiesOfUid(uid: string): readonly ObjectRef[];
  /** Those whose `ownerValue` this is: one of the same name that was made anew takes its identity back. */
  identitiesOfOwner(ownerValue: string): readonly ObjectRef[];
  /** Those that want this id, may want it by what a policy completes, have it in their status, or have its principal on record. */
  identitiesAt(identity: ShownIdentity): readonly ObjectRef[];
  /** Keys of identities in Azure that are known to carry this uid in their marks, this one's among them. */
  identitiesMarked(uid: string): readonly string[];
  /** Objects of any kind that name the identity by its id, principal or client id, and HostIdentities that have it in their ledger. */
  referrersOf(identity: ShownIdentity): readonly ObjectRef[];
  /** Grants, credentials and attachments that refer by name to a UserAssignedIdentity that may not be there. */
  referrersByName(namespace: string, name: string): readonly ObjectRef[];
  /** RoleGrants whose ledger, status, mark, record of an end, or spec may mean the assignment. */
  grantsOf(assignment: ShownAssignment): readonly ObjectRef[];
  /** FederatedIdentityCredentials whose name in Azure this is, or that have it in their ledger. */
  credentialsOf(credential: ShownCredential): readonly ObjectRef[];
  /**
   * By `armKey` of an identity, an assignment or a credential.
   *
   * @param ownerUid as the marks of an identity name it
   */
  retained(key: string, ownerUid?: string): RetainedRecord | undefined;
  /**
   * Whether objects of the namespace may be there that the stores do not show; without a name: whether there is any such namespace.
   * False for one that is known to be gone.
   */
  isUnseen(namespace?: string): boolean;
}
