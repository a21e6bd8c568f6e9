import { describe, expect, test } from 'vitest';
import type { EventSource, EventSourceStatus } from '../../api/event-source.ts';
import { CLOUDS } from '../../azure/arm/clouds.ts';
import type { QueueFailureReason } from '../../hints/service-bus/failure.ts';
import type { QueueState } from '../../hints/service-bus/queue-state.ts';
import type { SourceFacts } from './connection.ts';
import { decide } from './index.ts';

const BORN = '2026-11-23T10:00:00Z';
const NOW = Date.parse('2026-11-29T10:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');

const source = (status: Partial<EventSourceStatus> = {}, expectWithin?: string): EventSource => ({
  kind: 'EventSource',
  apiVersion: 'azid.dev/v1alpha1',
  metadata: { name: 'main', uid: 'u', resourceVersion: '1', creationTimestamp: BORN },
  spec: {
    serviceBus: { namespace: 'contoso.servicebus.windows.net', queue: 'events' },
    ...(expectWithin !== undefined && { expectWithin }),
  },
  status,
});
const RECEIVES = {
  type: 'receives',
  address: { namespace: 'contoso.servicebus.windows.net', queue: 'events' },
} as const;
const facts = (more: Partial<SourceFacts> = {}): SourceFacts => ({
  now: NOW,
  cloud: CLOUDS.Public,
  assignment: RECEIVES,
  ...more,
});
const receiving = (more: Partial<QueueState> = {}): Partial<SourceFacts> => ({
  queue: { connection: { state: 'receiving', since: NOW - HOUR }, ...more },
});
const broken = (reason: QueueFailureReason, sinceMs: number): Partial<SourceFacts> => ({
  queue: { connection: { state: 'broken', since: NOW - sinceMs, failure: { reason, code: 'ECODE' } } },
});
const arriving = (given: EventSource, more: Partial<SourceFacts>) =>
  decide(given, facts(more)).conditions?.[0];

describe('how it stands', () => {
  test('receiving: ready, in words that no event changes', () => {
    const one = decide(source(), facts(receiving({ lastEventAt: NOW - MINUTE }))).summary;
    const two = decide(source(), facts(receiving({ lastEventAt: NOW }))).summary;
    expect(one).toMatchObject({
      state: 'ready',
      reason: 'Receiving',
      message: 'receives from queue events of contoso.servicebus.windows.net',
    });
    expect({ ...two, nextMs: 0 }).toEqual({ ...one, nextMs: 0 });
  });

  test.each<[string, Partial<SourceFacts>]>([
    ['before its consumer is there', {}],
    ['before anything of it is known', { assignment: undefined as never }],
    ['while it connects', { queue: { connection: { state: 'connecting' } } }],
  ])('%s: what was said before stays', (_, more) =>
    expect(decide(source(), facts(more)).summary).toMatchObject({
      state: 'progressing',
      reason: 'Connecting',
      keep: true,
    }),
  );

  test.each<[QueueFailureReason, RegExp]>([
    ['QueueNotFound', /^no such queue: queue events of contoso/],
    ['QueueNotUsable', /sessions/],
    ['AuthorizationFailed', /Azure Service Bus Data Receiver/],
  ])('%s is told at once, and waits for somebody', (reason, message) =>
    expect(decide(source(), facts(broken(reason, 0))).summary).toMatchObject({
      state: 'stalled',
      reason,
      message: expect.stringMatching(message),
      recheckMs: 5 * MINUTE,
    }),
  );

  test.each<[QueueFailureReason, RegExp]>([
    ['BrokerUnavailable', /does not answer \(ECODE\).*port 5671/],
    ['Throttled', /busy/],
    ['AzureAuthenticationFailed', /no token/],
  ])('%s is told once it lasts: a dropped connection flips nothing', (reason, message) => {
    expect(decide(source(), facts(broken(reason, 1_000))).summary).toMatchObject({
      state: 'progressing',
      keep: true,
      againMs: 30_000,
    });
    expect(decide(source(), facts(broken(reason, 31_000))).summary).toMatchObject({
      state: 'progressing',
      keep: false,
      reason,
      message: expect.stringMatching(message),
    });
  });

  test('after an edit nothing that was said of another queue stays', () => {
    const edited = {
      ...source({ observedGeneration: 1 }),
      metadata: { ...source().metadata, generation: 2 },
    };
    for (const more of [{}, broken('BrokerUnavailable', 1_000)]) {
      const { summary, conditions } = decide(edited, facts(more));
      expect(summary).toMatchObject({ state: 'progressing', keep: false });
      expect(conditions).toMatchObject([{ reason: 'NotReceiving' }]);
    }
  });

  test('a host of another cloud is refused, with the suffix that was expected', () => {
    expect(
      decide(source(), facts({ assignment: { type: 'otherCloud' }, cloud: CLOUDS.China })).summary,
    ).toMatchObject({
      state: 'stalled',
      reason: 'OtherCloud',
      message: expect.stringMatching(
        /China.*expected a host that ends in \.servicebus\.chinacloudapi\.cn, got 'contoso\.servicebus\.windows\.net'/,
      ),
    });
  });

  test('the queue of an older one names that', () => {
    expect(decide(source(), facts({ assignment: { type: 'taken', by: 'first' } })).summary).toMatchObject({
      state: 'stalled',
      reason: 'QueueTaken',
      message: expect.stringMatching(/^EventSource first receives from this queue/),
    });
  });

  test('messages of another schema alone are reported with the first reason, and what helps', () => {
    const unreadable = { reason: 'UnknownSchema', message: 'expected …' } as const;
    expect(decide(source(), facts(receiving({ unreadable }))).summary).toMatchObject({
      state: 'stalled',
      reason: 'UnreadableEvents',
      message: expect.stringMatching(/UnknownSchema.*CloudEvents 1\.0.*dead-letter queue/),
    });
  });
});

describe('when the last event came', () => {
  const shown = (status: Partial<EventSourceStatus>, lastEventAt?: number) =>
    decide(source(status), facts(receiving(lastEventAt === undefined ? {} : { lastEventAt }))).status
      .lastEventTime;

  test('is not reported before there was one', () => expect(shown({})).toBeUndefined());
  test('the first is reported', () => expect(shown({}, NOW)).toBe(at(NOW)));
  test('is written anew every five minutes at most', () => {
    const before = at(NOW - 5 * MINUTE);
    expect(shown({ lastEventTime: before }, NOW - 1)).toBe(before);
    expect(shown({ lastEventTime: before }, NOW)).toBe(at(NOW));
  });
  test('outlives the process that saw it', () =>
    expect(shown({ lastEventTime: at(NOW - HOUR) })).toBe(at(NOW - HOUR)));
  test('does not go back', () => expect(shown({ lastEventTime: at(NOW) }, NOW - HOUR)).toBe(at(NOW)));
});

describe('whether events arrive', () => {
  test('is not known while nothing is received', () => {
    expect(arriving(source(), broken('Throttled', HOUR))).toMatchObject({
      status: 'Unknown',
      reason: 'NotReceiving',
    });
    expect(arriving(source(), { assignment: { type: 'off' } })).toMatchObject({ reason: 'NotReceiving' });
  });

  test.each<[string, Partial<SourceFacts>]>([
    ['a connection that broke a moment ago', broken('BrokerUnavailable', 1_000)],
    ['a process that starts', {}],
    ['one that connects', { queue: { connection: { state: 'connecting' } } }],
  ])('%s changes nothing of what was said', (_, more) => {
    expect(decide(source(), facts(more)).conditions).toEqual([]);
  });

  test('a silence is none the shorter for a connection that was made anew', () => {
    const lastTransitionTime = at(NOW - HOUR);
    const silent = {
      type: 'EventsArriving',
      status: 'False',
      reason: 'Silent',
      message: '',
      lastTransitionTime,
    } as const;
    const given = source({ lastEventTime: at(NOW - 48 * HOUR), conditions: [silent] });
    const anew = { queue: { connection: { state: 'receiving', since: NOW - 1_000 } } } as const;
    expect(arriving(given, anew)).toMatchObject({ reason: 'Silent' });
    expect(arriving(given, receiving({ lastEventAt: NOW }))).toMatchObject({ reason: 'Arriving' });
  });

  test('yes, until as long as is expected has passed', () => {
    const { conditions, summary } = decide(source(), facts(receiving({ lastEventAt: NOW - 23 * HOUR })));
    expect(conditions).toMatchObject([{ status: 'True', reason: 'Arriving' }]);
    expect(summary).toMatchObject({ nextMs: HOUR + 1_000 });
  });

  test('then no, since when, and what to check; the queue itself is well all the same', () => {
    const { conditions, summary } = decide(source({}, '1h'), facts(receiving({ lastEventAt: NOW - HOUR })));
    expect(conditions).toMatchObject([
      {
        type: 'EventsArriving',
        status: 'False',
        reason: 'Silent',
        message: expect.stringContaining(`since ${at(NOW - HOUR)}, expected one within 1h`),
      },
    ]);
    expect(summary.state).toBe('ready');
  });

  test('one that never brought any has as long from when it was made', () => {
    const young = { ...source(), metadata: { ...source().metadata, creationTimestamp: at(NOW - HOUR) } };
    expect(arriving(young, receiving())).toMatchObject({ status: 'Unknown', reason: 'NoneYet' });
    expect(arriving(source(), receiving())).toMatchObject({
      reason: 'Silent',
      message: expect.stringContaining('ever came'),
    });
  });

  test('where what comes is of other sources, that is what to check', () => {
    const young = { ...source(), metadata: { ...source().metadata, creationTimestamp: at(NOW - HOUR) } };
    const message = expect.stringMatching(/of other sources.*Microsoft\.Resources\.Subscriptions/);
    expect(arriving(young, receiving({ others: true }))).toMatchObject({ reason: 'NoneYet', message });
    expect(arriving(source(), receiving({ others: true }))).toMatchObject({ reason: 'Silent', message });
    expect(arriving(source(), receiving())).not.toMatchObject({ message });
  });

  test('what waited in the queue while azid was away has time to come', () => {
    const since = NOW - MINUTE;
    const just = { queue: { connection: { state: 'receiving', since } } } as const;
    expect(arriving(source({ lastEventTime: at(NOW - 48 * HOUR) }), just)).toMatchObject({
      status: 'Unknown',
      reason: 'NoneYet',
    });
    expect(arriving(source({ lastEventTime: at(NOW - 48 * HOUR) }), receiving())).toMatchObject({
      reason: 'Silent',
    });
  });
});
