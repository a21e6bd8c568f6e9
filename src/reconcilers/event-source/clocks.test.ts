import { expect, test } from 'vitest';
import type { EventSource, EventSourceStatus } from '../../api/event-source.ts';
import { CLOUDS } from '../../azure/arm/clouds.ts';
import type { ClockState } from '../../hints/service-bus/clocks.ts';
import { decide } from './index.ts';

const NOW = Date.parse('2026-11-29T10:00:00Z');
const source = (conditions: EventSourceStatus['conditions'] = []): EventSource => ({
  kind: 'EventSource',
  apiVersion: 'azid.dev/v1alpha1',
  metadata: { name: 'main', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-11-23T10:00:00Z' },
  spec: { serviceBus: { namespace: 'contoso.servicebus.windows.net', queue: 'events' } },
  status: { conditions },
});
const decided = (clocks: ClockState | undefined, given = source()) =>
  decide(given, {
    now: NOW,
    cloud: CLOUDS.Public,
    assignment: {
      type: 'receives',
      address: { namespace: 'contoso.servicebus.windows.net', queue: 'events' },
    },
    queue: {
      connection: { state: 'receiving', since: NOW - 1e6 },
      lastEventAt: NOW,
      ...(clocks && { clocks }),
    },
  });
const clocksAgree = (clocks: ClockState | undefined, given?: EventSource) =>
  decided(clocks, given).conditions?.find(({ type }) => type === 'ClocksAgree');

test.each<[ClockState, string, RegExp]>([
  [
    { verdict: 'brokerAhead', minutes: 12 },
    'BrokerClockAhead',
    /about 12 minutes ahead of that of azid; which of the two is off cannot be told.*NTP/,
  ],
  [{ verdict: 'brokerBehind', minutes: 60 }, 'BrokerClockBehind', /about 60 minutes behind that of azid/],
  [{ verdict: 'eventsOff' }, 'EventTimesOff', /cannot be right.*who else sends to the queue/],
])('%o is reported, and leaves Ready and EventsArriving as they are', (clocks, reason, message) => {
  expect(clocksAgree(clocks)).toMatchObject({
    status: 'False',
    reason,
    message: expect.stringMatching(message),
  });
  expect(decided(clocks).summary).toMatchObject({ state: 'ready' });
  expect(decided(clocks).conditions?.[0]).toMatchObject({ reason: 'Arriving' });
});

test('of clocks that always agreed nothing is reported; of ones that agree again it is', () => {
  expect(clocksAgree({ verdict: 'agree' })).toBeUndefined();
  const lastTransitionTime = '2026-11-29T09:00:00Z';
  const off = {
    type: 'ClocksAgree',
    status: 'False',
    reason: 'BrokerClockAhead',
    message: '',
    lastTransitionTime,
  } as const;
  expect(clocksAgree({ verdict: 'agree' }, source([off]))).toMatchObject({ status: 'True', reason: 'Agree' });
  expect(clocksAgree(undefined, source([off]))).toBeUndefined();
});
