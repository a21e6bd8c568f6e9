import { describe, expect, test } from 'vitest';
import type { EventSource, EventSourceStatus } from '../../api/event-source.ts';
import { CLOUDS } from '../../azure/arm/clouds.ts';
import type { ObservedSubscription } from '../../hints/subscription-arrivals.ts';
import type { SourceFacts } from './connection.ts';
import { decide } from './index.ts';

/** One subscription falls silent while the others deliver. */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse('2026-11-29T10:00:00Z');
const at = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
const A = '11111111-2222-4333-8444-555555555555';
const B = '22222222-2222-4333-8444-555555555555';

const source = (
  subscriptions: EventSourceStatus['subscriptions'] = [],
  expectWithin = '24h',
): EventSource => ({
  kind: 'EventSource',
  apiVersion: 'azid.dev/v1alpha1',
  metadata: { name: 'main', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-11-23T10:00:00Z' },
  spec: { serviceBus: { namespace: 'contoso.servicebus.windows.net', queue: 'events' }, expectWithin },
  status: { subscriptions },
});
const observed = (id: string, more: Partial<ObservedSubscription> = {}): ObservedSubscription => ({
  id,
  isHeard: more.lastEventAt !== undefined,
  isOfAnother: false,
  ...more,
});
const facts = (subscriptions: readonly ObservedSubscription[], receivingMs = 24 * HOUR): SourceFacts => ({
  now: NOW,
  cloud: CLOUDS.Public,
  assignment: { type: 'receives', address: { namespace: 'contoso.servicebus.windows.net', queue: 'events' } },
  queue: { connection: { state: 'receiving', since: NOW - receivingMs }, lastEventAt: NOW - MINUTE },
  subscriptions,
});
const arriving = (given: EventSource, more: SourceFacts) => decide(given, more).conditions?.[0];
const delivers = observed(A, { lastEventAt: NOW - MINUTE });
const silent = (ms: number) => observed(B, { lastEventAt: NOW - 5 * HOUR, unansweredSince: NOW - ms });

describe('of whose own writes no event came', () => {
  test('an hour after azid wrote there it is named, with since when and what to do, and stays in the status', () => {
    const { conditions, status, summary } = decide(source(), facts([delivers, silent(HOUR)]));
    expect(conditions).toMatchObject([
      {
        type: 'EventsArriving',
        status: 'False',
        reason: 'SubscriptionSilent',
        message: expect.stringMatching(
          new RegExp(`within 60 minutes.*: ${B} since ${at(NOW - HOUR)}; see that an event subscription`),
        ),
      },
    ]);
    expect(conditions?.[0]?.message).not.toContain(A);
    expect(status.subscriptions).toEqual([
      { id: B, lastEventTime: at(NOW - 5 * HOUR), missedSince: at(NOW - HOUR) },
      { id: A, lastEventTime: at(NOW - MINUTE) },
    ]);
    expect(summary.state).toBe('ready');
  });

  test('until then nothing is wrong, and it is judged again when the hour is over', () => {
    const { conditions, summary } = decide(source(), facts([delivers, silent(HOUR - MINUTE)]));
    expect(conditions).toMatchObject([{ reason: 'Arriving' }]);
    expect(summary).toMatchObject({ nextMs: MINUTE + 1_000 });
  });

  test('where events are expected sooner than within an hour, so is that one', () => {
    expect(arriving(source([], '10m'), facts([delivers, silent(10 * MINUTE)]))).toMatchObject({
      reason: 'SubscriptionSilent',
      message: expect.stringContaining('within 10 minutes'),
    });
  });

  test('one that never brought any is missed as well; one that another source brings is not', () => {
    const never = observed(B, { unansweredSince: NOW - HOUR });
    expect(arriving(source(), facts([delivers, never]))).toMatchObject({ reason: 'SubscriptionSilent' });
    const elsewhere = { ...never, isOfAnother: true };
    expect(arriving(source(), facts([delivers, elsewhere]))).toMatchObject({ reason: 'Arriving' });
  });

  test('what waited in the queue while azid was away has time to come', () => {
    const given = facts([delivers, silent(2 * HOUR)], MINUTE);
    expect(arriving(source(), given)).toMatchObject({ reason: 'Arriving' });
    expect(decide(source(), given).summary).toMatchObject({ nextMs: 4 * MINUTE + 1_000 });
  });

  test('more than five are counted', () => {
    const many = Array.from({ length: 7 }, (_, n) =>
      observed(B.replace('22', `9${n}`), { unansweredSince: 0 }),
    );
    expect(arriving(source(), facts(many))?.message).toMatch(/and 2 more;/);
  });
});

test('silence alone is no fault: a subscription in which azid wrote nothing may be quiet', () => {
  const quiet = observed(B, { lastEventAt: NOW - 200 * HOUR });
  expect(arriving(source(), facts([delivers, quiet]))).toMatchObject({ reason: 'Arriving' });
});

describe('a process that starts', () => {
  const missed = [{ id: B, missedSince: at(NOW - 9 * HOUR) }];

  test('goes on missing what the one before missed, until an event of it comes', () => {
    expect(arriving(source(missed), facts([delivers, observed(B)]))).toMatchObject({
      reason: 'SubscriptionSilent',
      message: expect.stringContaining(at(NOW - 9 * HOUR)),
    });
    const heard = decide(source(missed), facts([delivers, observed(B, { lastEventAt: NOW })]));
    expect(heard.conditions).toMatchObject([{ reason: 'Arriving' }]);
    expect(heard.status.subscriptions).toContainEqual({ id: B, lastEventTime: at(NOW) });
  });

  test('keeps what it knows of subscriptions until it knows which are in use', () => {
    expect(decide(source(missed), facts([], MINUTE)).status.subscriptions).toEqual(missed);
    expect(decide(source(missed), facts([])).status.subscriptions).toBeUndefined();
  });
});

test('while nothing is received, nothing is missed, and what was shown stays', () => {
  const shown = [{ id: B, lastEventTime: at(NOW - HOUR) }];
  const queue = { connection: { state: 'connecting' } } as const;
  const { status, conditions } = decide(source(shown), { ...facts([silent(HOUR)]), queue });
  expect(status.subscriptions).toEqual(shown);
  expect(conditions).toEqual([]);
});

test('events cost no status write each: their times are five minutes old at most', () => {
  const shown = [{ id: A, lastEventTime: at(NOW - 5 * MINUTE) }];
  const after = (ms: number) => decide(source(shown), facts([observed(A, { lastEventAt: NOW - ms })])).status;
  expect(after(1_000).subscriptions).toEqual(shown);
  expect(after(0).subscriptions).toEqual([{ id: A, lastEventTime: at(NOW) }]);
});
