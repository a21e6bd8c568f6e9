import type { LedgerEntry } from '../../api/host-identity.ts';
import { hasFinalizer } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { type Action, type HostIdentity, type Line, type OwnStatus, SYSTEM } from './facts.ts';

/** What every branch of the decision reads off the object, and how the ledger is written back. */

/** The kind's own status fields as they stand. */
export function ownStatus(object: HostIdentity): OwnStatus {
  const { conditions: _c, observedGeneration: _g, lastHandledReconcileAt: _r, ...own } = object.status ?? {};
  return own;
}

/** The ledger's entry of an identity, by `armKey` of its id. */
export function entryFor(host: HostIdentity, identityKey: string): LedgerEntry | undefined {
  return host.status?.entries?.find(({ identityId }) => armKey(identityId) === identityKey);
}

/** The ledger by key, the resource's own identity under `SYSTEM`. */
export function linesOf({ entries = [], systemAssigned }: OwnStatus): ReadonlyMap<string, Line> {
  const lines = new Map<string, Line>(entries.map((entry) => [armKey(entry.identityId), entry]));
  if (systemAssigned) lines.set(SYSTEM, systemAssigned);
  return lines;
}

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
  return holds && !hasFinalizer(object) ? [{ type: 'addFinalizer' }] : [];
}

/** For people: the name of an identity without its place, `system-assigned identity` for the resource's own. */
export function shortName(key: string, line?: Pick<Line, 'identityId'>): string {
  if (key === SYSTEM) return 'the system-assigned identity';
  return (line?.identityId ?? key).split('/').at(-1) ?? key;
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
