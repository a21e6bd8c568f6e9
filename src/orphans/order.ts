import { armKey } from '../azure/names/resource-id.ts';
import { WITHOUT_OWNER } from './candidates/grace.ts';
import type { ObservedIdentity } from './observed.ts';
import type { Candidate } from './report.ts';
import { MAX_LISTED } from './spec.ts';

/** What goes first: what was to end, rights, ways to become an identity, and identities when nothing of theirs is left. */
function rank({ type, reason }: Candidate): number {
  if (reason === 'Ended') return 0;
  return { RoleAssignment: 1, FederatedIdentityCredential: 2, Identity: 3 }[type];
}

export function inOrder(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.toSorted((a, b) => rank(a) - rank(b) || a.since - b.since || byKey(a, b));
}

/** What only people can do anything about must not take up the room of what may go. */
export function forListing(candidates: readonly Candidate[]): readonly Candidate[] {
  const place = ({ reason, clearSince }: Candidate) =>
    WITHOUT_OWNER.has(reason) ? (clearSince === undefined ? 1 : 0) : reason === 'OwnerUnknown' ? 2 : 3;
  return candidates.toSorted((a, b) => place(a) - place(b) || a.since - b.since || byKey(a, b));
}

/**
 * What nobody is shown, nobody can confirm: it counts as listed from when there is room for it, whether or not the process that judges
 * remembers it from before.
 */
export function withRoom(now: number): (candidate: Candidate, at: number) => Candidate {
  return (candidate, at) => {
    if (at < MAX_LISTED) return candidate;
    const { clearSince: _, ...rest } = candidate;
    const why = `${MAX_LISTED} others are listed before it, and it is looked at when there is room`;
    return { ...rest, since: now, verdict: { type: 'kept', because: 'NotListed', why } };
  };
}

function byKey(a: Candidate, b: Candidate): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/**
 * Identities some of whose own assignments are listed and not due: of a dead principal they would stay for ever. One that is not listed
 * at all lies outside of the sweep's scopes; the reads directly before the deletion find it (`recheck`).
 */
export function behindLeftovers(
  candidates: readonly Candidate[],
  identities: readonly ObservedIdentity[],
  assignments: ReadonlySet<string>,
): readonly Candidate[] {
  const due = new Set(candidates.filter(({ verdict }) => verdict.type === 'due').map(({ key }) => key));
  const leftovers = new Map(identities.map(({ key, leftovers: ids }) => [key, ids]));
  return candidates.map((candidate) => {
    if (candidate.type !== 'Identity' || candidate.verdict.type !== 'due') return candidate;
    const waits = (leftovers.get(candidate.key) ?? []).find(
      (id) => assignments.has(armKey(id)) && !due.has(armKey(id)),
    );
    if (waits === undefined) return candidate;
    const why = `role assignment ${waits} of it goes first, and is not due`;
    return { ...candidate, verdict: { type: 'kept', because: 'LeftoversFirst', why } };
  });
}
