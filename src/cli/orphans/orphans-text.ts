import type { Candidate } from '../../orphans/report.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { EXIT } from '../interruptible.ts';
import { shortened, table } from '../table.ts';
import type { OrphanReport } from './orphan-report.ts';

/** What `azid orphans` prints, and how it ends. Pure. */

export function exitCodeOf({ observed, report }: OrphanReport): number {
  if (report.candidates.length > 0) return EXIT.found;
  return observed.areas.every(({ state }) => state === 'complete') ? EXIT.done : EXIT.failed;
}

/** As a sweep would list it: times in RFC 3339. */
export function jsonOf({ observed, report }: OrphanReport): string {
  const candidates = report.candidates.map(({ type, id, scope, reason, owner, verdict }) => ({
    type,
    id,
    scope,
    reason,
    ...(owner !== undefined && { owner }),
    ...(verdict.type === 'kept' && { keptBecause: verdict.because }),
    message: messageOf(verdict),
  }));
  const { areas, installationId } = observed;
  const fields = { installationId, time: timestamp(observed.now), areas, candidates, judged: report.judged };
  return `${JSON.stringify(fields, undefined, 2)}\n`;
}

export function textOf({ observed, report }: OrphanReport, wide: boolean): string {
  const incomplete = observed.areas.flatMap(({ scope, state, why }) =>
    state === 'complete' ? [] : [`Not all of ${scope} could be read: ${why ?? state}`],
  );
  const { Identity, RoleAssignment, FederatedIdentityCredential } = report.judged;
  const extent = `Looked at ${Identity} identities, ${RoleAssignment} role assignments and ${FederatedIdentityCredential} credentials of installation ${observed.installationId}.`;
  if (report.candidates.length === 0) {
    const none = incomplete.length > 0 ? [] : ['No orphans.'];
    return `${[...none, ...incomplete, extent].join('\n')}\n`;
  }
  const head = ['TYPE', 'REASON', 'OWNER', wide ? 'ID' : 'NAME', ...(wide ? ['MESSAGE'] : [])];
  const rows = report.candidates.map((each) => rowOf(each, wide));
  return `${[...table([head, ...rows]), ...incomplete, extent].join('\n')}\n`;
}

function rowOf({ type, reason, owner = '-', id, verdict }: Candidate, wide: boolean): readonly string[] {
  const kept = verdict.type === 'kept' ? `${reason} (${verdict.because})` : reason;
  return wide ? [type, kept, owner, id, messageOf(verdict)] : [type, kept, owner, shortened(id)];
}

function messageOf(verdict: Candidate['verdict']): string {
  switch (verdict.type) {
    case 'kept':
    case 'reported':
      return verdict.why;
    case 'due':
      return 'a sweep may delete it';
    case 'waiting':
      return `a sweep may delete it from ${timestamp(verdict.until)}`;
  }
}
