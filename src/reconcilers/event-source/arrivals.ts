import {
  DEFAULT_EXPECT_WITHIN,
  type EventSource,
  type EventSourceStatus,
  MAX_SUBSCRIPTIONS,
} from '../../api/event-source.ts';
import type { ObservedSubscription } from '../../hints/subscription-arrivals.ts';
import { parseDuration } from '../../policy/grants.ts';
import { type Finding, timestamp } from '../../runtime/status/conditions.ts';
import { RECHECK_READY_MS } from '../decision.ts';
import { isAsBefore, isBrief, type SourceFacts } from './connection.ts';

/** Whether events come: at all, by the condition `EventsArriving`, and of each Azure subscription. */

/** How fresh the time of the last event is in the status: an event costs no write. */
export const REPORTED_EVERY_MS = 5 * 60_000;
/** What waited in the queue while azid was away has come by then. */
const CATCH_UP_MS = 5 * 60_000;

/** When the last event came, as far as this process or one before it observed. */
export function lastEventOf({ status }: EventSource, { queue, now }: SourceFacts): number | undefined {
  const shown = Date.parse(status?.lastEventTime ?? '');
  const last = Math.max(queue?.lastEventAt ?? 0, Number.isNaN(shown) ? 0 : Math.min(shown, now));
  return last > 0 ? last : undefined;
}

export function lastEventStatus(
  { status }: EventSource,
  lastEventAt: number | undefined,
): Pick<EventSourceStatus, 'lastEventTime'> {
  const shown = status?.lastEventTime;
  if (lastEventAt === undefined) return {};
  const fresh = shown !== undefined && lastEventAt - Date.parse(shown) < REPORTED_EVERY_MS;
  return { lastEventTime: fresh ? shown : timestamp(lastEventAt) };
}

/**
 * Silence is no proof that something is broken, so it is a condition of its own, and `Ready` stays. Without a
 * condition here the earlier one stays: nothing flips for a connection that is back within moments, nor for a process
 * that starts.
 */
export function arrivingOf(
  source: EventSource,
  { queue, now, assignment }: SourceFacts,
  lastEventAt: number | undefined,
  { missed }: Subscriptions,
): { readonly condition?: Finding; readonly nextMs: number } {
  const type = 'EventsArriving';
  const reported = (
    status: Finding['status'],
    reason: string,
    message: string,
    nextMs = RECHECK_READY_MS,
  ) => ({
    condition: { type, status, reason, message },
    nextMs,
  });
  if (assignment?.type === 'receives' && isAsBefore(source) && (!queue || isBrief(queue, now)))
    return { nextMs: RECHECK_READY_MS };
  const { connection } = queue ?? {};
  if (assignment?.type !== 'receives' || connection?.state !== 'receiving')
    return reported('Unknown', NOT_RECEIVING, 'azid does not receive from the queue now; Ready says why');
  const { expectWithin = DEFAULT_EXPECT_WITHIN } = source.spec;
  const overdueAt =
    (lastEventAt ?? Date.parse(source.metadata.creationTimestamp ?? '')) + parseDuration(expectWithin);
  const others = queue?.others ? OTHERS : '';
  const caughtUpAt = connection.since + CATCH_UP_MS;
  const wasSilent = source.status?.conditions?.some((each) => each.type === type && each.reason === SILENT);
  if (now >= overdueAt && (now >= caughtUpAt || wasSilent)) {
    const since = lastEventAt === undefined ? 'ever came' : `since ${timestamp(lastEventAt)}`;
    return reported(
      'False',
      SILENT,
      `no event ${since}, expected one within ${expectWithin}${others}; see that the event subscription exists and delivers to this queue, or raise spec.expectWithin where nothing changes for so long`,
    );
  }
  // Others may deliver meanwhile, so that the queue is not silent.
  if (missed !== undefined) return reported('False', SUBSCRIPTION_SILENT, missed);
  const nextMs = Math.min(RECHECK_READY_MS, Math.max(overdueAt, caughtUpAt) - now + 1_000);
  if (lastEventAt === undefined || now >= overdueAt)
    return reported(
      'Unknown',
      NONE_YET,
      `no event came yet; one is expected within ${expectWithin}${others}`,
      nextMs,
    );
  return reported('True', ARRIVING, `the last event came within ${expectWithin}`, nextMs);
}

const OTHERS =
  '; what comes is of other sources: the event subscription must be of a system topic of type Microsoft.Resources.Subscriptions or Microsoft.Resources.ResourceGroups';

export const ARRIVING = 'Arriving';
export const NONE_YET = 'NoneYet';
export const SILENT = 'Silent';
export const SUBSCRIPTION_SILENT = 'SubscriptionSilent';
export const NOT_RECEIVING = 'NotReceiving';

/** Event Grid delivers within seconds, and a machine's update may take long: its event comes when it ended. */
const ANSWERED_WITHIN_MS = 60 * 60_000;
/** So many are named in a message. */
const NAMED = 5;

type Shown = NonNullable<EventSourceStatus['subscriptions']>[number];

interface Subscriptions {
  readonly status: readonly Shown[];
  /** Of whose events none came since azid wrote there, and what to do; undefined: none is missed. */
  readonly missed: string | undefined;
  /** When the next one may be missed, ms from now. */
  readonly nextMs: number;
}

/**
 * What comes of each Azure subscription. One is missed when azid itself wrote in it, so that Azure had something to announce, and no
 * event of it came since for longer than is expected. It stays missed over a restart, until an event of it comes.
 */
export function subscriptionsOf(
  { status }: EventSource,
  { subscriptions, queue, now }: SourceFacts,
  expectWithinMs: number,
): Subscriptions {
  const before = status?.subscriptions ?? [];
  const { connection } = queue ?? {};
  // What is not received from is not missed, nor is it known to come.
  if (!subscriptions || connection?.state !== 'receiving')
    return { status: before, missed: undefined, nextMs: Infinity };
  const caughtUpAt = connection.since + CATCH_UP_MS;
  const withinMs = Math.min(ANSWERED_WITHIN_MS, expectWithinMs);
  let nextMs = Infinity;
  const after = subscriptions.flatMap((each): Shown[] => {
    const shown = before.find(({ id }) => id === each.id);
    const dueAt = Math.max((each.unansweredSince ?? Infinity) + withinMs, caughtUpAt);
    if (now < dueAt) nextMs = Math.min(nextMs, dueAt - now + 1_000);
    const missedSince = missedOf(each, shown, now >= dueAt);
    if (each.lastEventAt === undefined && missedSince === undefined) return [];
    return [
      {
        id: each.id,
        ...(each.lastEventAt !== undefined && { lastEventTime: timestamp(each.lastEventAt) }),
        ...(missedSince !== undefined && { missedSince }),
      },
    ];
  });
  // A process that starts does not know yet what its objects use.
  const unused = before.filter(({ id }) => now < caughtUpAt && !subscriptions.some((each) => each.id === id));
  const all = [...after, ...unused].toSorted(missedFirst).slice(0, MAX_SUBSCRIPTIONS);
  return { status: isNews(before, all) ? all : before, missed: messageOf(all, withinMs), nextMs };
}

function missedOf(
  { unansweredSince, isHeard, isOfAnother }: ObservedSubscription,
  shown: Shown | undefined,
  isDue: boolean,
): string | undefined {
  if (isOfAnother) return undefined;
  // Of a process before this one, and no event came since.
  if (!isHeard && shown?.missedSince !== undefined) return shown.missedSince;
  return isDue && unansweredSince !== undefined ? timestamp(unansweredSince) : undefined;
}

/** Times alone are written every few minutes at most: an event costs no write. */
function isNews(before: readonly Shown[], after: readonly Shown[]): boolean {
  if (before.length !== after.length) return true;
  return after.some((each) => {
    const old = before.find(({ id }) => id === each.id);
    if (!old || old.missedSince !== each.missedSince) return true;
    const [was = 0, is = 0] = [old, each].map(({ lastEventTime }) => Date.parse(lastEventTime ?? '') || 0);
    return is - was >= REPORTED_EVERY_MS || (was === 0) !== (is === 0);
  });
}

function missedFirst(left: Shown, right: Shown): number {
  const [a, b] = [left, right].map(({ missedSince }) => (missedSince === undefined ? 1 : 0));
  return (a ?? 0) - (b ?? 0) || (left.id < right.id ? -1 : 1);
}

function messageOf(all: readonly Shown[], withinMs: number): string | undefined {
  const missed = all.flatMap(({ id, missedSince }) =>
    missedSince === undefined ? [] : [`${id} since ${missedSince}`],
  );
  if (missed.length === 0) return undefined;
  const more = missed.length > NAMED ? ` and ${missed.length - NAMED} more` : '';
  return `azid wrote in these subscriptions, and no event of them came within ${withinMs / 60_000} minutes, nor since: ${missed.slice(0, NAMED).join(', ')}${more}; see that an event subscription in each delivers to this queue; until then what others change there is found by the Activity Log and by lists`;
}
