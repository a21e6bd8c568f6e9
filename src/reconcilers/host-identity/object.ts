import { hasFinalizer } from '../../api/schema/common.ts';
import { type Line, SYSTEM } from '../hosts/ledger/lines.ts';
import type { Action, HostIdentity, OwnStatus } from './facts.ts';

/** What every branch of the decision reads off the object, and how the ledger is written back. */

/** The fields of the status that are this kind's, as they are stored. */
export function ownStatus(object: HostIdentity): OwnStatus {
  const { conditions: _c, observedGeneration: _g, lastHandledReconcileAt: _r, ...own } = object.status ?? {};
  return own;
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
