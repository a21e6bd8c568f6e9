/**
 * What a sweep for orphans evaluates: plain data, as Azure and the stores show it. The observer says how complete each part is; nothing
 * here reads anything. `docs/orphans.md` says what counts as an orphan, and why.
 */
import type { Tags } from '../azure/names/identity-marks.ts';
import type { DoubtReason } from './reasons.ts';

/**
 * By whom a thing was made, or kept for an object: object ids, lower case. Undefined: Azure does not show it, as of an identity that was
 * last written before azid wrote that.
 */
export type MadeBy = readonly string[] | undefined;

export type OrphanType = 'Identity' | 'RoleAssignment' | 'FederatedIdentityCredential';

/** Everything that one run evaluates. */
export interface SweepObservation {
  /** Wall ms. */
  readonly now: number;
  readonly installationId: string;
  /** azid's own identity, which is never an orphan (docs/guarantees.md G21). Absent: unknown, so nothing is deleted. */
  readonly self?: { readonly clientId: string; readonly principalId: string };
  /**
   * How many objects of azid's kinds the stores hold, in all scopes. None: the cluster is empty, or was emptied, and nothing is concluded
   * from the absence of any one of them.
   */
  readonly objects: number;
  /** One for each scope of the sweep. */
  readonly areas: readonly ObservedArea[];
  /** What makes it unsafe to conclude from what is not there, in any scope. Empty: nothing. */
  readonly doubts: readonly Doubt[];
  /** Those in the areas that carry any mark of azid, of any installation; the others are left out. */
  readonly identities: readonly ObservedIdentity[];
  /** Those in the areas whose name proves that this installation made them. */
  readonly assignments: readonly ObservedAssignment[];
  /** Of living identities: those whose name carries this installation's mark. Those of abandoned ones are read before their deletion. */
  readonly credentials: readonly ObservedCredential[];
  /** In Azure, not made by azid, of a principal that is proven to be gone. Reported only, and only where the directory can be asked. */
  readonly foreignDead: readonly ObservedForeignAssignment[];
}

/** A subscription, or a part of one, as the lists show it. */
export interface ObservedArea {
  /** Scope as the sweep names it. */
  readonly scope: string;
  /** Only of a complete one absence and abandonment are believed. `why`: what is missing, for the message. */
  readonly state: 'complete' | 'loading' | 'incomplete';
  readonly why?: string;
}

/** Why nothing may be deleted now. `reason` becomes a condition's, `message` names the remedy. */
export interface Doubt {
  readonly reason: DoubtReason;
  readonly message: string;
}

/** Whether an object in Kubernetes owns a thing in Azure. */
export type ObservedOwner =
  /** An object that lives, or may want it, by kind and key. `deleting`: one of those is being deleted, and may be retaining it. */
  | { readonly state: 'living'; readonly by: string; readonly deleting?: true }
  /** Marks name it whole, and no object is, was or wants that. `owner`: as the marks name it; `uid`: where they name it. */
  | { readonly state: 'gone'; readonly owner: string; readonly uid?: string }
  /** Kept on purpose: `deletionPolicy: Retain`. */
  | { readonly state: 'retained'; readonly owner: string }
  /** Cannot be determined. `why`, for the message: some of its tags are missing, its namespace was not seen, … */
  | { readonly state: 'unknown'; readonly why: string }
  /** Another installation's. */
  | { readonly state: 'otherInstallation'; readonly installationId: string };

interface ObservedThing {
  /** As Azure spells it. */
  readonly id: string;
  /** `armKey(id)`. */
  readonly key: string;
  /** In which of the sweep's scopes. */
  readonly scope: string;
  readonly owner: ObservedOwner;
  /** Of a credential: its identity. */
  readonly madeBy: MadeBy;
  /**
   * Which one it is, should it be deleted and made again under the same id: the principal of an identity; principal and time of creation
   * of an assignment; identity's principal, issuer and subject of a credential.
   */
  readonly instance: string;
  /** Wall ms of its creation, where Azure shows it. What is younger than the grace period is no orphan yet. */
  readonly createdAt?: number;
}

export interface ObservedIdentity extends ObservedThing {
  readonly principalId: string;
  readonly clientId: string;
  readonly tags: Tags;
  /** What hangs on it that keeps it, as far as it was read. */
  readonly hanging: readonly Hanging[];
  /** What azid made on it and no object owns: assignments that go first, by id. */
  readonly leftovers: readonly string[];
  /** Nothing is attached to, federated with or granted to it, since this wall time; absent: it is used, or cannot be determined. Reported only. */
  readonly unusedSince?: number;
}

/** Something that keeps an identity. */
export interface Hanging {
  readonly what: 'resource' | 'roleAssignment' | 'federatedCredential' | 'object' | 'unread';
  /** Id, or kind and key; of what could not be read, what and why. */
  readonly name: string;
}

export interface ObservedAssignment extends ObservedThing {
  readonly principalId: string;
  readonly roleDefinitionId: string;
  readonly at: string;
  readonly principal: ObservedPrincipal;
  /** Its end by the record in azid's namespace, wall ms. */
  readonly endsAt?: number;
}

export type ObservedPrincipal =
  | { readonly state: 'present' }
  /** The directory has neither it nor a deleted one of that id; or azid itself deleted its identity. */
  | { readonly state: 'gone' }
  /** It can be restored for 30 days. */
  | { readonly state: 'softDeleted' }
  | { readonly state: 'unknown'; readonly why: string };

export interface ObservedCredential extends ObservedThing {
  readonly identityId: string;
  /** Of the identity. */
  readonly principalId: string;
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
}

export interface ObservedForeignAssignment {
  readonly id: string;
  readonly key: string;
  readonly scope: string;
  readonly principalId: string;
  readonly roleDefinitionId: string;
}
