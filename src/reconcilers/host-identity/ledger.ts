import { hasFinalizer } from '../../api/schema/common.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { type Line, linesOf, SYSTEM } from '../hosts/ledger/lines.ts';
import { withProblem } from '../hosts/ledger/problems.ts';
import type { Facts, HostIdentity, OwnStatus } from './facts.ts';
import { withState } from './identity/case.ts';
import type { Survey } from './identity/survey.ts';
import { takenFrom } from './repair/moved.ts';
import type { WritePlan } from './write/write.ts';

/** What the ledger says beside its lines, and what of them could not be written. */

/** What the ledger says of the host itself. The mark of an open write stays until nothing it did can come as a surprise. */
export function statusOf(
  { spec }: HostIdentity,
  status: OwnStatus,
  host: AzureHost,
  facts: Facts,
  { lines, pending }: Survey,
): OwnStatus {
  const { window } = facts;
  // It is there: nobody takes its ledger over.
  const { writeStartedAt, movedTo: _, ...rest } = status;
  const movedFrom = takenFrom(status, facts);
  const instance = host.instance ?? status.instance;
  const open = writeStartedAt !== undefined && (window.openMs > 0 || pending) && !hasLanded(status, lines);
  return {
    ...rest,
    hostId: host.id === '' ? spec.resourceId : host.id,
    ...(instance !== undefined && { instance }),
    ...(open && { writeStartedAt }),
    ...(movedFrom !== undefined && { movedFrom }),
  };
}

/** All that the write was to add is there: it has taken effect, whoever sent it. A removal may still come later. */
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

export function withTroubles(
  lines: ReadonlyMap<string, Line>,
  { troubles }: WritePlan,
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
