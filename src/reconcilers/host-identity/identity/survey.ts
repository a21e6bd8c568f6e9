import type { LedgerOwner } from '../../../api/host-identity.ts';
import { isSettled } from '../../../azure/hosts/read/read-host.ts';
import type { Failure, ReconcileEvent } from '../../decision.ts';
import { claimsByIdentity } from '../../hosts/claims/by-identity.ts';
import type { Line } from '../../hosts/ledger/lines.ts';
import { usesOn } from '../detach/in-use.ts';
import type { Facts, ObservedHost, OwnStatus } from '../facts.ts';
import { movedEvent, takenFrom } from '../repair/moved.ts';
import { recycledEvent, recycledSince } from '../repair/recycled.ts';
import { type Change, shownOn } from './case.ts';
import { decideCase } from './decide-case.ts';

/** What all identities of one host come to, each decided by itself. */
export interface Survey {
  readonly lines: ReadonlyMap<string, Line>;
  readonly changes: readonly Change[];
  readonly events: readonly ReconcileEvent[];
  readonly pending: boolean;
  readonly failure: Failure | undefined;
  /** By key: for whom it stays, as long as their claim is not known. */
  readonly awaited: ReadonlyMap<string, LedgerOwner>;
}

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
  const taken = takenFrom(status, facts);
  const events: ReconcileEvent[] = [
    ...(recycled ? [recycledEvent(host)] : []),
    ...(taken === undefined ? [] : [movedEvent(taken, host.id)]),
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
  return { lines: next, changes, events, pending, failure, awaited };
}
