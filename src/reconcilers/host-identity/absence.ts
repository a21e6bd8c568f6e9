import { type AzureHost, isUniqueInstance } from '../../azure/hosts/host.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { areaOfHost } from '../../cache/hosts/area.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { RECHECK_INSIDE_MS, type ReconcileEvent } from '../decision.ts';
import { type Line, linesOf } from '../hosts/ledger/lines.ts';
import { ownStatusOf } from '../status/summary.ts';
import { INDEX, type Stores } from '../stores.ts';
import type {
  Action,
  Facts,
  FormerLedger,
  HostDecision,
  HostIdentity,
  ObservedHost,
  OwnStatus,
} from './facts.ts';
import { shownOn } from './identity/case.ts';
import { withLines } from './status.ts';
import type { HostMemory } from './write/memory.ts';

/**
 * A resource that is not at its id: it is gone, or it was moved. One that is moved to another group keeps what is attached to it,
 * and is recognised by its `vmId` or `uniqueId`: its ledger goes with it. Where a type has neither, what is there under the
 * new id is not azid's.
 */

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

/**
 * The very same resource is there under another id: what was attached to it goes into its ledger there, and only then
 * ends here.
 */
function handOver(
  status: OwnStatus,
  resourceId: string,
  { id, known }: NonNullable<Facts['elsewhere']>,
): HostDecision {
  const next = { ...status, movedTo: id };
  const why = 'the ledger of its new id takes this one over';
  const message = `${resourceId} was moved to ${id}, whose ledger takes this one over`;
  return {
    actions: [
      ...(status.movedTo === id ? [] : [{ type: 'saveStatus', status: next, why } as const]),
      ...(known ? [] : [{ type: 'ensureHeir', hostId: id } as const]),
    ],
    status: next,
    summary: { state: 'progressing', reason: 'HandingOver', message, againMs: 5_000 },
  };
}

function confirming(status: OwnStatus, message: string, againMs: number): HostDecision {
  return {
    actions: [],
    status,
    summary: { state: 'progressing', reason: 'ConfirmingAbsence', message, againMs },
  };
}

export interface MoveDeps {
  readonly hostCache: Pick<HostCache, 'observe' | 'byIndex' | 'ask' | 'openUntil' | 'resyncNow'>;
  readonly stores: Pick<Stores, 'hosts'>;
  readonly clock: Clock;
  readonly memory: HostMemory;
}

/** A list that does not come is waited for no longer, ms after it was due. */
const LATE_MS = 60_000;

/** Of a resource that is gone from its id: where it is, or that no list has shown it yet. */
export function whereabouts(
  object: HostIdentity,
  observed: ObservedHost | undefined,
  { hostCache, stores, clock, memory }: MoveDeps,
): Pick<Facts, 'elsewhere' | 'searching'> {
  const { instance } = object.status ?? {};
  const key = armKey(object.spec.resourceId);
  const { uid } = object.metadata;
  if (observed?.state === 'present') memory.notAbsent(uid);
  if (observed?.state !== 'absent' || !isUniqueInstance(instance) || !leavesSomething(object))
    return { searching: false };
  const found = hostCache.byIndex('instance', instance).find((each) => each.key !== key);
  if (found) {
    const [there] = stores.hosts.byIndex(INDEX.host, found.key);
    const { movedFrom } = there?.status ?? {};
    const tookOver = movedFrom !== undefined && armKey(movedFrom) === key;
    return { elsewhere: { id: found.id, known: there !== undefined, tookOver }, searching: false };
  }
  const area = areaOfHost(object.spec.resourceId);
  const now = clock.monotonic();
  const absentAt = memory.absentSince(uid, now);
  if (absentAt === now) {
    hostCache.resyncNow(area);
    // A list of now need not show it under its new id yet.
    hostCache.ask(area);
  }
  const until = hostCache.openUntil(area, absentAt);
  return { searching: until !== undefined && now < until + LATE_MS };
}

function leavesSomething(object: HostIdentity): boolean {
  return [...linesOf(ownStatusOf(object)).values()].some(({ owned }) => owned);
}

/** What was attached to this very resource where it was before, and is there still. */
export function formerLedgersOf(
  { spec }: HostIdentity,
  host: AzureHost | undefined,
  { hostCache, stores }: Pick<MoveDeps, 'hostCache' | 'stores'>,
): readonly FormerLedger[] {
  return stores.hosts.byIndex(INDEX.movedTo, armKey(spec.resourceId)).flatMap((holder): FormerLedger[] => {
    const { instance } = holder.status ?? {};
    const from = holder.spec.resourceId;
    if (!host || !isUniqueInstance(instance) || host.instance !== instance) return [];
    if (hostCache.observe(from).state !== 'absent') return [];
    const lines = [...linesOf(ownStatusOf(holder))].filter(
      ([key, { owned }]) => owned && shownOn(host, key) !== undefined,
    );
    return [{ from, lines: new Map(lines) }];
  });
}

/** The ledger with what it takes over: what was azid's there is azid's here, for the owners there and here. */
export function withFormerLedgers(
  own: ReadonlyMap<string, Line>,
  { movedFrom }: OwnStatus,
  formerLedgers: readonly FormerLedger[],
): ReadonlyMap<string, Line> {
  const lines = new Map(own);
  for (const { from, lines: left } of formerLedgers) {
    if (movedFrom !== undefined && armKey(movedFrom) === armKey(from)) continue;
    for (const [key, line] of left) {
      const mine = lines.get(key);
      const known = new Set(mine?.owners.map(({ uid }) => uid));
      const owners = [...(mine?.owners ?? []), ...line.owners.filter(({ uid }) => !known.has(uid))];
      lines.set(key, { ...line, ...mine, owned: true, owners });
    }
  }
  return lines;
}

/** Where it was, if its ledger from there is taken over now. */
export function takenFrom(
  { movedFrom }: OwnStatus,
  { formerLedgers }: Pick<Facts, 'formerLedgers'>,
): string | undefined {
  return formerLedgers.find(({ from }) => movedFrom === undefined || armKey(movedFrom) !== armKey(from))
    ?.from;
}

export function movedEvent(from: string, to: string): ReconcileEvent {
  return {
    type: 'Normal',
    reason: 'HostMoved',
    action: 'Observe',
    message: `${from} was moved to ${to}: what azid attached to it there is azid's here`,
  };
}
