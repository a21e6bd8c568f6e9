import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { sharedContext } from '../../azure/arm/arm-calls.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import type { Identities } from '../../azure/identities.ts';
import { armKey, parseIdentityId } from '../../azure/names/resource-id.ts';
import type { SingleFlight } from '../../cache/calls/single-flight.ts';
import type { IdentityCache, IdentityObservation } from '../../cache/identities.ts';
import { keyOf } from '../../kube/types.ts';
import type { Failure } from '../decision.ts';
import type { ReconcileContext } from '../kind.ts';
import { failureOf } from '../status/failure.ts';
import { type ObservedIdentity, observeIdentity, type ProofDeps } from './observe.ts';

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
  /** The first list of its subscription is under way, and the reconcile is not due to an edit or an event. */
  | { readonly state: 'loading'; readonly subscriptionId: string }
  | { readonly state: 'unreadable'; readonly failure: Failure };

interface ProveDeps extends ProofDeps {
  readonly identities: Pick<Identities, 'get'>;
  readonly identityCache: Pick<IdentityCache, 'observe' | 'byIndex' | 'loading'>;
  /** Reads that are under way, shared by all that ask: by the key of the identity. */
  readonly reads: SingleFlight<AzureIdentity | undefined>;
  /** Uids of the objects whose own reconcile has begun to search. */
  readonly met: ReadonlySet<string>;
}

/** From the cache, and from Azure itself where the cache does not suffice, or where a write is to rest on it (`live`). */
export async function proveIdentity(
  object: UserAssignedIdentity,
  context: ReconcileContext,
  live: boolean,
  deps: ProveDeps,
): Promise<ProvenIdentity> {
  /** What was read for this answer, by key. */
  const read = new Map<string, IdentityObservation>();
  const observe = (id: string) => read.get(armKey(id)) ?? deps.identityCache.observe(id);
  let failure: Failure | undefined;
  for (;;) {
    const seen = observeIdentity(object, deps, observe);
    if (seen.state === 'none')
      return failure ? { state: 'unreadable', failure } : waiting(object, seen, deps.searched);
    const found = owned(object, seen);
    if (found && (found.live || !live)) return found;
    const id = found?.id ?? (seen.state === 'unknown' ? seen.id : '');
    if (!found) {
      const loading = loadingOf(object, id, context, deps);
      if (loading) return loading;
    }
    // Read already: what Azure shows now is all there is.
    if (read.has(armKey(id))) return found ?? unseen(object, seen);
    const answer = await readIdentity(id, context, deps);
    if (!('failure' in answer)) read.set(armKey(id), merged(id, answer.identity, deps));
    else {
      // It may be in another place all the same, if the status remembers two.
      failure ??= answer.failure;
      read.set(armKey(id), { state: 'absent', provenBy: 'get', ageMs: 0 });
    }
  }
}

/** At start-up a list brings thousands at once; only what a user or another object waits for is read alone. */
function loadingOf(
  object: UserAssignedIdentity,
  id: string,
  { priority }: ReconcileContext,
  { identityCache, met, isAnothers }: ProveDeps,
): Extract<ProvenIdentity, { state: 'loading' }> | undefined {
  const { subscriptionId } = parseIdentityId(id);
  if (priority !== 'resync' || identityCache.observe(id).state !== 'unknown') return undefined;
  // Another's reconcile of it this process never sees.
  const isMet = met.has(object.metadata.uid) || isAnothers?.(keyOf(object));
  const isDue = identityCache.loading(subscriptionId) || !isMet;
  return isDue ? { state: 'loading', subscriptionId } : undefined;
}

async function readIdentity(
  id: string,
  context: ReconcileContext,
  { identities, reads }: ProveDeps,
): Promise<{ readonly identity: AzureIdentity | undefined } | { readonly failure: Failure }> {
  try {
    const start = async () => {
      const got = await identities.get(id, sharedContext(context));
      return got.found ? got.identity : undefined;
    };
    return { identity: await reads.join(armKey(id), context, start) };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { failure };
  }
}

/** What azid wrote a moment ago Azure need not show yet: then the cache is ahead of the answer. */
function merged(
  id: string,
  identity: AzureIdentity | undefined,
  { identityCache }: ProveDeps,
): IdentityObservation {
  if (identity) return { state: 'present', resource: identity, how: 'get', ageMs: 0 };
  const held = identityCache.observe(id);
  return held.state === 'present' ? { ...held, how: 'get', ageMs: 0 } : held;
}

/**
 * Before a write only an answer of Azure itself counts that is this recent: an identity that was made anew under
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
function unseen(
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

function waiting(
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
