import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import type { Failure } from '../decision.ts';
import type { ObservedIdentity } from './observe.ts';

/** The identity of a UserAssignedIdentity, as far as Azure proves it. */
export type ProvenIdentity =
  /** Azure shows it with this object's marks. `live`: recently enough for a write to follow. */
  | {
      readonly state: 'owned';
      readonly id: string;
      readonly principalId: string;
      readonly live: boolean;
      readonly deleting: boolean;
    }
  /** `why` follows the name of the object: `does not exist`. */
  | {
      readonly state: 'waiting';
      readonly why: string;
      /** It vanished, and its object makes it again. */
      readonly returns?: boolean;
      /** Which identity is the object's is still being searched. */
      readonly undecided?: true;
      /** The object is not there, and Azure shows this one with marks that name it. */
      readonly marked?: AzureIdentity;
    }
  /** The first list of its subscription is under way, and nobody waits for this object. */
  | { readonly state: 'loading'; readonly subscriptionId: string }
  | { readonly state: 'unreadable'; readonly failure: Failure };

/**
 * Before a write only an answer of Azure itself counts that is this recent: an identity that somebody made anew under
 * the same name, or took over, must not get anything. Fresh enough that 20 objects at once share one read.
 */
const LIVE_MS = 30_000;

export function owned(
  { metadata }: UserAssignedIdentity,
  seen: ObservedIdentity,
): Extract<ProvenIdentity, { state: 'owned' }> | undefined {
  if (seen.state !== 'owned') return undefined;
  const { id, principalId } = seen.identity;
  const live = seen.how !== 'list' && seen.ageMs <= LIVE_MS;
  return { state: 'owned', id, principalId, live, deleting: metadata.deletionTimestamp !== undefined };
}

/** Read, and still not known. */
export function unseen(
  { metadata }: UserAssignedIdentity,
  seen: ObservedIdentity,
): Extract<ProvenIdentity, { state: 'waiting' }> {
  const why = 'has no identity in Azure';
  const undecided = seen.state === 'unknown' && seen.undecided === true;
  if (!undecided) return { state: 'waiting', why };
  return {
    state: 'waiting',
    why: 'has yet to find out whether what has its tags is a copy',
    undecided: true,
    ...(metadata.deletionTimestamp === undefined && { returns: true }),
  };
}

export function waiting(
  object: UserAssignedIdentity,
  seen: Extract<ObservedIdentity, { state: 'none' }>,
  searched: ReadonlySet<string>,
): ProvenIdentity {
  const why = whyNone(object, seen);
  const returns =
    seen.id !== undefined && seen.shown === undefined && object.metadata.deletionTimestamp === undefined;
  // A status that was lost does not show where it is until its own reconcile has searched.
  const undecided = seen.id === undefined && !searched.has(object.metadata.uid);
  return {
    state: 'waiting',
    why,
    ...(returns && { returns }),
    ...(undecided && { undecided }),
  };
}

function whyNone(
  { status }: UserAssignedIdentity,
  { shown, id }: Extract<ObservedIdentity, { state: 'none' }>,
): string {
  if (shown) return `is not the owner of identity ${shown.id}, going by its tags`;
  if (id !== undefined) return 'has no identity in Azure';
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready ? `is not ready: ${ready.reason}` : 'is not ready yet';
}
