import { expect, test } from 'vitest';
import type { EventSource } from '../api/event-source.ts';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { SubscriptionArrivals, subscriptionsBy } from './subscription-arrivals.ts';

const source = (name: string, subscriptions: { id: string; lastEventTime: string }[] = []): EventSource => ({
  kind: 'EventSource',
  apiVersion: 'azid.dev/v1alpha1',
  metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-11-23T10:00:00Z' },
  spec: { serviceBus: { namespace: 'contoso.servicebus.windows.net', queue: name } },
  status: { subscriptions },
});
const clock = new FakeClock();
const arrivals = () => new SubscriptionArrivals({ clock, inUse: () => ['a', 'b'] });

test('a subscription that no source ever brought is expected by each', () => {
  for (const name of ['x', 'y'])
    expect(subscriptionsBy(name, [source('x'), source('y')], arrivals())).toMatchObject([
      { id: 'a', isOfAnother: false },
      { id: 'b', isOfAnother: false },
    ]);
});

test('one that a source brought is expected by that, as the statuses show it to a process that starts', () => {
  const all = [source('x', [{ id: 'a', lastEventTime: '2026-11-29T10:00:00Z' }]), source('y')];
  const ofAnother = (name: string) => subscriptionsBy(name, all, arrivals()).map((each) => each.isOfAnother);
  expect([ofAnother('x'), ofAnother('y')]).toEqual([
    [false, false],
    [true, false],
  ]);
});

test('where another source brings it now, it is that one’s', () => {
  const known = arrivals();
  known.came('y', ['a']);
  const all = [source('x', [{ id: 'a', lastEventTime: '2000-01-01T00:00:00Z' }]), source('y')];
  expect(subscriptionsBy('x', all, known)[0]).toMatchObject({ isOfAnother: true });
  expect(subscriptionsBy('y', all, known)[0]).toMatchObject({ isOfAnother: false, lastEventAt: clock.now() });
});
