import { hasFinalizer } from '../../api/schema/common.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { type Line, linesOf, SYSTEM, withState } from '../hosts/ledger/lines.ts';
import { type Trouble, withProblem } from '../hosts/ledger/problems.ts';
import { finalizerOf } from '../status/summary.ts';
import type { Action, Facts, HostIdentity, OwnStatus } from './facts.ts';

/** The status of a HostIdentity: what of it is the ledger, and how the ledger is written back. */

/** The status with these lines as its ledger. */
export function withLines(status: OwnStatus, lines: ReadonlyMap<string, Line>): OwnStatus {
  const { entries: _e, systemAssigned: _s, ...rest } = status;
  const entries = [...lines.values()].flatMap((line) => {
    const { identityId, ...common } = line;
    return identityId === undefined ? [] : [{ identityId, ...common }];
  });
  const own = lines.get(SYSTEM);
  return { ...rest, entries, ...(own && { systemAssigned: own }) };
}

/** Set before the first Azure write; without anything that is azid's to take away there is nothing to hold the object for. */
export function finalizer(object: HostIdentity, lines: ReadonlyMap<string, Line>): Action[] {
  const holds = [...lines.values()].some(({ owned }) => owned);
  return holds ? finalizerOf(object) : [];
}

export function sameStatus(left: OwnStatus, right: OwnStatus): boolean {
  return asText(left) === asText(right);
}

function asText(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/** What its identities came to. */
interface Surveyed {
  readonly lines: ReadonlyMap<string, Line>;
  /** Something waits for Azure to show, or to end, what was written. */
  readonly pending: boolean;
  /** The id from which the resource was moved, and whose ledger is taken over now. */
  readonly takenFrom: string | undefined;
}

/** The fields about the host itself. The mark of an open write stays until that can change nothing any more. */
export function statusOf(
  { spec }: HostIdentity,
  status: OwnStatus,
  host: AzureHost,
  { window }: Facts,
  { lines, pending, takenFrom }: Surveyed,
): OwnStatus {
  // The resource is at its id: no other ledger takes this one over.
  const { writeStartedAt, movedTo: _, ...rest } = status;
  const instance = host.instance ?? status.instance;
  const open = writeStartedAt !== undefined && (window.openMs > 0 || pending) && !hasLanded(status, lines);
  return {
    ...rest,
    hostId: host.id === '' ? spec.resourceId : host.id,
    ...(instance !== undefined && { instance }),
    ...(open && { writeStartedAt }),
    ...(takenFrom !== undefined && { movedFrom: takenFrom }),
  };
}

/** All that the write was to add is there: it has taken effect, whichever process sent it. A removal may still come later. */
function hasLanded(status: OwnStatus, now: ReadonlyMap<string, Line>): boolean {
  const begun = [...linesOf(status)].filter(
    ([, { state }]) => state === 'Attaching' || state === 'Detaching',
  );
  return (
    begun.length > 0 &&
    begun.every(([key, { state }]) => state === 'Attaching' && now.get(key)?.state === 'Attached')
  );
}

/**
 * A finalizer and no ledger: the object was restored without its status. What is attached is kept, and named as what can
 * no longer be proven, until it is gone, taken over, or not wanted any more.
 */
export function withUnproven(object: HostIdentity, next: OwnStatus, before: OwnStatus): OwnStatus {
  const { unproven: _, ...rest } = next;
  const lost = before.hostId === undefined && hasFinalizer(object);
  const named = new Set((before.unproven ?? []).map((id) => (id === SYSTEM ? SYSTEM : armKey(id))));
  const doubtful = [...linesOf(next)]
    .filter(([key, { owned, state }]) => !owned && state === 'Attached' && (lost || named.has(key)))
    .map(([key, { identityId }]) => identityId ?? key);
  return doubtful.length > 0 ? { ...rest, unproven: doubtful } : rest;
}

/** The lines with what of them could not be written. */
export function withTroubles(
  lines: ReadonlyMap<string, Line>,
  troubles: ReadonlyMap<string, Trouble>,
  now: number,
): ReadonlyMap<string, Line> {
  const next = new Map(lines);
  for (const [key, trouble] of troubles) {
    const line = next.get(key);
    if (!line) continue;
    const refused = line.state === 'Attaching' ? withState(line, 'Refused', now) : line;
    next.set(key, withProblem(refused, trouble, now));
  }
  return next;
}
