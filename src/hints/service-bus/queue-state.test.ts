import { expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { QueueHistory } from './queue-state.ts';

const MINUTE = 60_000;
const REFUSED = { reason: 'NotJson', message: 'x' } as const;
function history() {
  const clock = new FakeClock();
  const reported: boolean[] = [];
  return { clock, reported, history: new QueueHistory(clock, (soon) => void reported.push(soon)) };
}

test('a connection is news when it is made, and when it fails by another reason; it is broken since the first', () => {
  const { clock, reported, history: queue } = history();
  const [busy, gone] = [
    { reason: 'Throttled', code: 'ServiceBusy' },
    { reason: 'BrokerUnavailable', code: 'ECONNREFUSED' },
  ] as const;
  expect([queue.received(), queue.received()]).toEqual([true, false]);
  const since = clock.now();
  expect([queue.failed(busy), queue.failed(busy)]).toEqual([true, false]);
  clock.advance(MINUTE);
  expect(queue.failed(gone)).toBe(true);
  expect(queue.state.connection).toEqual({ state: 'broken', since, failure: gone });
  expect(queue.received()).toBe(true);
  expect(reported).toEqual([true, true, false, true, true]);
});

test('only the first event is news at once, and each moves the time', () => {
  const { clock, reported, history: queue } = history();
  queue.eventCame();
  clock.advance(MINUTE);
  queue.eventCame();
  expect(reported).toEqual([true, false]);
  expect(queue.state.lastEventAt).toBe(clock.now());
});

test('a strange message among events is no matter; five minutes after the last it is, until an event comes', () => {
  const { clock, reported, history: queue } = history();
  queue.eventCame();
  queue.unreadableCame(REFUSED);
  expect(queue.state.unreadable).toBeUndefined();
  clock.advance(5 * MINUTE);
  queue.unreadableCame(REFUSED);
  queue.unreadableCame({ reason: 'UnknownSchema', message: 'y' });
  expect(queue.state.unreadable).toBe(REFUSED);
  queue.eventCame();
  expect(queue.state.unreadable).toBeUndefined();
  expect(reported).toEqual([true, false, true, false, true]);
});

test('events of other sources among those of Resource Manager are no matter; where they come alone they are, until one does', () => {
  const { clock, reported, history: queue } = history();
  queue.eventCame();
  queue.othersCame();
  expect(queue.state.others).toBeUndefined();
  clock.advance(5 * MINUTE);
  queue.othersCame();
  queue.othersCame();
  expect(queue.state.others).toBe(true);
  queue.eventCame();
  expect(queue.state.others).toBeUndefined();
  expect(reported).toEqual([true, true, true]);
});
