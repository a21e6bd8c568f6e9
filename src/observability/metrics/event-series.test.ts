import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { eventSeries } from './event-series.ts';

const registry = new Registry();
const metrics = eventSeries(registry);
const text = () => registry.metrics();

test('with no source there is a zero to alert on, and nothing else', async () => {
  metrics.sources(() => []);
  expect(await text()).toContain('azid_event_sources 0\n');
  expect(await text()).not.toContain('source="');
});

test('a source has all its series from the beginning, and takes them with it', async () => {
  metrics.source('a');
  const other = metrics.source('b');
  other.received('ResourceWriteSuccess', true);
  other.dropped('Duplicate');
  other.age(2_000);
  other.settled('failed');
  other.deadLettered('NotJson');
  other.clockOff();
  const before = await text();
  for (const line of [
    'azid_event_received_total{source="a",type="ResourceDeleteCancel",actionable="false"} 0',
    'azid_event_received_total{source="b",type="ResourceWriteSuccess",actionable="true"} 1',
    'azid_event_dropped_total{source="b",reason="Duplicate"} 1',
    'azid_event_age_seconds_sum{source="b"} 2',
    'azid_event_messages_settled_total{source="b",outcome="failed"} 1',
    'azid_event_messages_dead_lettered_total{source="b",reason="NotJson"} 1',
    'azid_event_clock_off_total{source="b"} 1',
  ])
    expect(before).toContain(`${line}\n`);
  await metrics.forget('b');
  expect(await text()).not.toContain('source="b"');
  expect(await text()).toContain('source="a"');
});

test('state and silence are read when someone scrapes', async () => {
  metrics.sources(() => [
    { source: 'a', state: 'broken', silentMs: 60_000, subscriptions: [] },
    {
      source: 'b',
      state: 'receiving',
      silentMs: undefined,
      subscriptions: [
        { subscription: 's1', silentMs: 30_000 },
        { subscription: 's2', silentMs: undefined },
      ],
    },
  ]);
  const shown = await text();
  for (const line of [
    'azid_event_sources 2',
    'azid_event_source_state{source="a",state="broken"} 1',
    'azid_event_source_state{source="a",state="receiving"} 0',
    'azid_event_silence_seconds{source="a"} 60',
    'azid_event_silence_seconds{source="b"} +Inf',
    'azid_event_subscription_silence_seconds{source="b",subscription="s1"} 30',
    'azid_event_subscription_silence_seconds{source="b",subscription="s2"} +Inf',
  ])
    expect(shown).toContain(`${line}\n`);
  metrics.sources(() => []);
  expect(await text()).not.toContain('subscription="');
});
