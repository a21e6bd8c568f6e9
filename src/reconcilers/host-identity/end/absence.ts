import { RECHECK_INSIDE_MS } from '../../decision.ts';
import { linesOf } from '../../hosts/ledger/lines.ts';
import type { Action, Facts, HostDecision, HostIdentity, ObservedHost, OwnStatus } from '../facts.ts';
import { withLines } from '../object.ts';

/** Nothing enqueues it when a list shows the resource elsewhere; to search the cache costs no call. */
const SEARCH_AGAIN_MS = 10_000;

/**
 * The resource is not there: what was attached to it went with it, once that is proven (docs/guarantees.md G6). What is wanted
 * of it is attached when it is made again. `instance` stays, so that the new resource is known for another one.
 */
export function decideAbsence(
  object: HostIdentity,
  status: OwnStatus,
  observed: Extract<ObservedHost, { state: 'absent' }>,
  facts: Facts,
): HostDecision {
  const { resourceId } = object.spec;
  if (!observed.conclusive) {
    const message = `Azure does not show ${resourceId}; azid reads it again before it takes it for gone`;
    return confirming(status, message, Math.max(1_000, observed.conclusiveInMs));
  }
  const { elsewhere, searching } = facts;
  if (searching) {
    const message = `Azure does not show ${resourceId}; azid checks whether it was moved`;
    return confirming(status, message, SEARCH_AGAIN_MS);
  }
  if (elsewhere && !elsewhere.tookOver) return handOver(status, resourceId, elsewhere);
  const had = linesOf(status).size;
  const { operation: _o, writeStartedAt: _w, unproven: _u, movedTo: _t, movedFrom: _f, ...rest } = status;
  const gone = withLines(rest, new Map());
  const wanted = facts.claims.some(({ state }) => state === 'wants');
  const lost: Action[] =
    had === 0 || elsewhere
      ? []
      : [
          { type: 'saveStatus', status: gone, why: 'what was attached went with the resource' },
          {
            type: 'recordEvent',
            event: {
              type: 'Warning',
              reason: 'HostGone',
              action: 'Observe',
              message: `${resourceId} does not exist any more, and with it ${had} identities that were attached${wanted ? '; they are attached again when it is made again' : ''}`,
              drift: { id: resourceId, how: 'removed' },
            },
          },
        ];
  return {
    actions: lost,
    status: gone,
    summary: {
      state: 'waiting',
      for: resourceId,
      message: `waiting for ${resourceId}, which does not exist`,
      recheckMs: RECHECK_INSIDE_MS,
    },
  };
}

/** The very same resource is there under another id: what was attached to it goes into its ledger there, and only then ends here. */
function handOver(
  status: OwnStatus,
  resourceId: string,
  { id, known }: NonNullable<Facts['elsewhere']>,
): HostDecision {
  const next = { ...status, movedTo: id };
  const isRecorded = status.movedTo === id;
  return {
    actions: [
      ...(isRecorded
        ? []
        : [
            {
              type: 'saveStatus',
              status: next,
              why: 'the ledger of its new id takes this one over',
            } as const,
          ]),
      ...(known ? [] : [{ type: 'ensureHeir', hostId: id } as const]),
    ],
    status: next,
    summary: {
      state: 'progressing',
      reason: 'HandingOver',
      message: `${resourceId} was moved to ${id}, whose ledger takes this one over`,
      againMs: 5_000,
    },
  };
}

function confirming(status: OwnStatus, message: string, againMs: number): HostDecision {
  return {
    actions: [],
    status,
    summary: { state: 'progressing', reason: 'ConfirmingAbsence', message, againMs },
  };
}
