/**
 * What is read directly before a deletion: plain data. Each part says whether it was read to its end. It is read twice: for what is put
 * on record, and once more when that is written, since a write in between takes time in which the identity may be attached.
 */
import type { Tags } from '../azure/names/identity-marks.ts';
import type { ShownAssignment, ShownCredential, ShownIdentity } from './objects.ts';
import type { MadeBy, ObservedArea, ObservedPrincipal, SweepObservation } from './observed.ts';
import type { SweepReport } from './report.ts';
import type { SweepSpec } from './spec.ts';

export interface LiveObservation {
  /** Wall ms. */
  readonly now: number;
  readonly installationId: string;
  readonly self: SweepObservation['self'];
  /** As the sweep declares now. */
  readonly spec: SweepSpec;
  /** Of an evaluation made anew after these reads: a claim that was lost, a store that fell behind, owners that vanished meanwhile. */
  readonly stops: SweepReport['stops'];
  /** That of the candidate's scope, as it is known now. */
  readonly area: ObservedArea;
  /** By a GET of the object that `ownerToRead` names, at the API server: a watch may lag. */
  readonly owner: LiveOwner;
  /** How long ago the first of these reads began, monotonic ms. */
  readonly tookMs: number;
  /** How many deletions the run has left, with this one not counted yet. */
  readonly left: number;
  readonly thing: LiveThing;
}

export type LiveOwner =
  | { readonly state: 'absent' }
  | { readonly state: 'present' }
  | { readonly state: 'unread'; readonly why: string }
  /** `ownerToRead` names none. */
  | { readonly state: 'notNamed' };

/** By a GET of exactly that thing, and by lists of what hangs on it. */
export type LiveThing =
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly why: string }
  | LiveIdentity
  | LiveAssignment
  | LiveCredential;

export type LiveList<T> =
  | { readonly state: 'read'; readonly items: readonly T[] }
  | { readonly state: 'unread'; readonly why: string };

export interface LiveIdentity {
  readonly state: 'present';
  readonly type: 'Identity';
  readonly identity: ShownIdentity & { readonly tags: Tags };
  /** Ids of resources: `listAssociatedResources` of exactly this identity, all pages. */
  readonly resources: LiveList<string>;
  /** Of its principal, at every scope that azid may read. */
  readonly assignments: LiveList<Omit<LiveAssignment['assignment'], 'madeBy'>>;
  readonly credentials: LiveList<LiveCredential['credential'] & { readonly id: string }>;
}

export interface LiveAssignment {
  readonly state: 'present';
  readonly type: 'RoleAssignment';
  readonly assignment: ShownAssignment & { readonly createdOn?: number; readonly madeBy: MadeBy };
  readonly principal: ObservedPrincipal;
  /** As the record in azid's namespace has it now. */
  readonly endsAt?: number;
}

export interface LiveCredential {
  readonly state: 'present';
  readonly type: 'FederatedIdentityCredential';
  readonly credential: ShownCredential & { readonly issuer: string; readonly subject: string };
  /** By a GET of the identity: a credential of one that was made again is another one. */
  readonly identity: { readonly principalId: string; readonly clientId: string; readonly madeBy: MadeBy };
}
