import type { RecentMap } from '../../runtime/recent-map.ts';
import { nextTurn } from '../../runtime/time/bounded-waits.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Dropped, Refusal } from '../events/envelope.ts';
import { type ReadEvent, readMessage } from '../events/read-message.ts';
import type { HintEffect, HintSink } from '../hint.ts';
import type { SourceMetrics } from '../metrics.ts';

/** What of a received message matters here. */
interface Message {
  readonly body: unknown;
  readonly enqueuedTimeUtc?: Date | undefined;
}

export interface Taken {
  /** Of the first part that can never be understood: the message goes to the dead letters. Absent: it is done with. */
  readonly refused?: Refusal;
  /** So many events of Resource Manager were in it. */
  readonly events: number;
  /** Of whose resources they are. */
  readonly subscriptions: ReadonlySet<string>;
  /** Nothing but events of other sources was in it. */
  readonly isOfOthers: boolean;
  /** The time of one of them could not be right. */
  readonly clockOff: boolean;
}

interface Taking {
  readonly sink: HintSink;
  readonly clock: Clock;
  readonly metrics: SourceMetrics;
  /** Ids of events whose hints were taken. */
  readonly seen: RecentMap<true>;
}

/** So many ids are remembered: 0.5 MiB, and more than come again while a lock or a delivery's repetition lasts. */
export const SEEN_EVENTS = 4_096;

/** So many events are taken in one turn of the event loop: a message may hold thousands, and the Lease is to be renewed meanwhile. */
const EVENTS_A_TURN = 100;

/**
 * Passes the hints of a message to the sink. Hints that arrived before are not passed again; throws only what the
 * sink throws.
 */
export async function takeMessage({ body, enqueuedTimeUtc }: Message, taking: Taking): Promise<Taken> {
  const now = taking.clock.now();
  const { events, refused } = readMessage(body, enqueuedTimeUtc?.getTime() ?? now);
  for (const [at, event] of events.entries()) {
    if (at % EVENTS_A_TURN === 0) await nextTurn();
    const effect = take(event, taking);
    const actionable = effect === 'read' || effect === 'list';
    taking.metrics.received(event.type, actionable);
    if (!actionable) taking.metrics.dropped(effect);
    taking.metrics.age(Math.max(0, now - event.at));
    if (event.clockOff) taking.metrics.clockOff();
  }
  return {
    ...(refused && { refused }),
    events: events.filter(({ type }) => type !== 'other').length,
    subscriptions: new Set(events.flatMap(({ subscription }) => subscription ?? [])),
    isOfOthers: events.length > 0 && events.every(({ type }) => type === 'other'),
    clockOff: events.some((event) => event.clockOff),
  };
}

/** What became of it: an effect of the sink, or why it did not get there. */
function take(event: ReadEvent, { sink, seen }: Taking): string {
  if ('dropped' in event) return event.dropped;
  if (seen.get(event.id)) return 'Duplicate' satisfies Dropped;
  const effect = sink.take(event.hint);
  // Only now: what the sink did not get must be taken when it comes again.
  seen.set(event.id, true);
  return LABELS[effect];
}

/** Beside the reasons of `Dropped`, for the same label of a metric. */
const LABELS: Readonly<Record<HintEffect, string>> = {
  read: 'read',
  list: 'list',
  own: 'Own',
  irrelevant: 'Irrelevant',
};
