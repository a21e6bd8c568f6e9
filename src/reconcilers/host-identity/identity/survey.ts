import type { LedgerOwner } from '../../../api/host-identity.ts';
import { isSettled } from '../../../azure/hosts/read/read-host.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import type { Failure, ReconcileEvent } from '../../decision.ts';
import { claimsByIdentity, holdingOf } from '../../hosts/claims/by-identity.ts';
import { calmed } from '../../hosts/ledger/contest.ts';
import { type Line, MAX_OWNERS, SYSTEM, withState } from '../../hosts/ledger/lines.ts';
import { RESERVED_IDENTITY, withoutProblem, withProblem } from '../../hosts/ledger/problems.ts';
import { movedEvent, takenFrom } from '../absence.ts';
import type { Facts, ObservedHost, OwnStatus } from '../facts.ts';
import { attach } from './attach.ts';
import {
  type Case,
  type CaseDecision,
  type Change,
  idOf,
  isOwned,
  isSelf,
  isTakenOver,
  nameInEvents,
  recycledEvent,
  recycledSince,
  shownOn,
} from './case.ts';
import { detach, usesOn } from './detach.ts';
import { isAnother, repair } from './repair.ts';

/** What all identities of one host come to, each decided by itself. */
interface Survey {
  readonly lines: ReadonlyMap<string, Line>;
  readonly changes: readonly Change[];
  readonly events: readonly ReconcileEvent[];
  readonly pending: boolean;
  readonly failure: Failure | undefined;
  /** By key: for whom it stays, as long as their claim is not known. */
  readonly awaited: ReadonlyMap<string, LedgerOwner>;
  /** Where the resource was, if its ledger from there is taken over now. */
  readonly takenFrom: string | undefined;
}

/** azid's own credential: the only one until policies bring more. Each write is of one credential alone. */
export const AZID = 'azid';

export function surveyOf(
  lines: ReadonlyMap<string, Line>,
  status: OwnStatus,
  { host, model }: Extract<ObservedHost, { state: 'present' }>,
  settled: boolean,
  facts: Facts,
): Survey {
  const claims = claimsByIdentity(facts.claims);
  const recycled = recycledSince(status, host);
  const next = new Map<string, Line>();
  const changes: Change[] = [];
  const from = takenFrom(status, facts);
  const events: ReconcileEvent[] = [
    ...(recycled ? [recycledEvent(host)] : []),
    ...(from === undefined ? [] : [movedEvent(from, host.id)]),
  ];
  const awaited = new Map<string, LedgerOwner>();
  let pending = false;
  let failure: Failure | undefined;
  for (const key of new Set([...lines.keys(), ...claims.wants.keys()])) {
    const decided = decideCase({
      key,
      line: lines.get(key),
      wants: claims.wants.get(key) ?? [],
      shown: shownOn(host, key),
      facts,
      host,
      claims,
      recycled,
      settled,
      uses: model ? usesOn(model, host.identity, key) : [],
      // Most resources show it themselves; for the others only a write that was refused does.
      atWork: !isSettled(host) || (facts.conflicted && host.provisioningState === undefined),
    });
    if (decided.line) next.set(key, decided.line);
    if (decided.change) changes.push(decided.change);
    events.push(...(decided.events ?? []));
    if (decided.awaited) awaited.set(key, decided.awaited);
    pending ||= decided.pending ?? false;
    failure ??= decided.failure;
  }
  return { lines: next, changes, events, pending, failure, awaited, takenFrom: from };
}

/**
 * One identity of one host: kept, given, made anew or taken away. Giving needs a policy, a slot and an identity that is
 * there; taking away needs a ledger line by which azid gave it, and no object that wants it (docs/guarantees.md G5).
 */
function decideCase(each: Case): CaseDecision {
  const { key, line, shown, facts, claims } = each;
  const isAlive = shown?.principalId !== undefined;
  const { holders, releasing, awaited } = holdingOf(key, line, claims, isAlive);
  if (holders.length === 0) {
    if (!line) return {};
    // The change that settles whether an object wants it enqueues the host.
    return awaited && shown && line.owned ? { line, awaited } : detach(each, line, releasing);
  }
  // Who moved on to another identity is held by this one until that one is there.
  const waiting = releasing.filter(({ instead }) => instead !== undefined && !isThere(each, instead));
  // Those beyond still want it, so it stays; each is written down when another leaves.
  const owners = [...waiting.map(({ owner }) => owner), ...holders].slice(0, MAX_OWNERS);
  const id = idOf(each);
  const base: Line = line
    ? { ...line, owners }
    : {
        ...(key !== SYSTEM && { identityId: id }),
        state: 'Attaching',
        owned: false,
        owners,
        credential: AZID,
        since: timestamp(facts.now),
      };
  if (isSelf(each)) return reserved(each, base);
  if (!shown) return attach(each, base);
  if (!isAlive || isAnother(each)) return repair(each, base);
  return attached(each, base);
}

function isThere({ host }: Case, key: string): boolean {
  return host.identity.userAssigned.some((each) => each.key === key && each.principalId !== undefined);
}

/** Finished and read back. What was there before azid is not azid's, unless an object takes it over. */
function attached(each: Case, base: Line): CaseDecision {
  const { key, line, shown, facts, settled } = each;
  const { now } = facts;
  if (line?.state === 'Attaching' && !settled) return { line: base, pending: true };
  const owned = isOwned(each) || isTakenOver(each);
  const next: Line = {
    ...withState(calmed(withoutProblem(base), now), 'Attached', now),
    ...(key !== SYSTEM && { identityId: idOf(each) }),
    principalId: shown?.principalId,
    owned,
  };
  return { line: next, events: eventsOf(each, next) };
}

function eventsOf(each: Case, next: Line): ReconcileEvent[] {
  const { key, line, host } = each;
  const name = nameInEvents(each, idOf(each));
  const events: ReconcileEvent[] = [];
  if (next.owned && line?.owned !== true)
    events.push({
      type: 'Normal',
      reason: 'IdentityAdopted',
      action: 'Adopt',
      message: `took over ${name} on ${host.id}, which was there before: it goes with its objects`,
    });
  const before = line?.principalId;
  if (key === SYSTEM && before !== undefined && before !== next.principalId)
    events.push({
      type: 'Warning',
      reason: 'SystemIdentityReplaced',
      drift: { id: host.id, how: 'written', parts: [SYSTEM] },
      action: 'Observe',
      message: `${host.id} has a new system-assigned identity: principal ${next.principalId}, before ${before}`,
    });
  return events;
}

/** An object that could attach azid's own identity could act with azid's rights (docs/guarantees.md G21). */
function reserved({ line, facts, host }: Case, base: Line): CaseDecision {
  const message = `it is azid's own identity; no object can attach it to ${host.id}: name another identity`;
  const refused = withState({ ...base, owned: line?.owned ?? false }, 'Refused', facts.now);
  return { line: withProblem(refused, { reason: RESERVED_IDENTITY, message }, facts.now) };
}
