import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { SubscriptionArrivals, subscriptionIn } from './subscription-arrivals.ts';

const MINUTE = 60_000;
const VM = '/providers/Microsoft.Compute/virtualMachines/vm1';
let clock: FakeClock;
let arrivals: SubscriptionArrivals;
beforeEach(() => {
  clock = new FakeClock();
  arrivals = new SubscriptionArrivals({ clock, inUse: () => ['a', 'b'] });
});
const wrote = (subscription: string, what = VM) =>
  arrivals.wrote(`/subscriptions/${subscription}/resourceGroups/rg1${what}`);
const unanswered = () =>
  arrivals.of('main').flatMap(({ id, unansweredSince }) => (unansweredSince === undefined ? [] : [id]));

test('a subscription is unanswered from the first own write on, until an event of it comes by any source', () => {
  const first = clock.now();
  wrote('A');
  wrote('b');
  clock.advance(MINUTE);
  wrote('a');
  expect(arrivals.of('main')[0]).toEqual({ id: 'a', unansweredSince: first, isHeard: false });
  arrivals.came('main', ['b']);
  expect(unanswered()).toEqual(['a']);
  arrivals.came('other', ['a']);
  expect(unanswered()).toEqual([]);
  expect(arrivals.of('main')).toEqual([
    { id: 'a', isHeard: true },
    { id: 'b', lastEventAt: clock.now(), isHeard: true },
  ]);
});

test('an event that came before the answer to the write it is of counts as its own', () => {
  arrivals.came('main', ['a']);
  clock.advance(MINUTE - 1);
  wrote('a');
  expect(unanswered()).toEqual([]);
  clock.advance(1);
  wrote('a');
  expect(unanswered()).toEqual(['a']);
});

test('what Azure announces nowhere proves nothing', () => {
  wrote('a', '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i/federatedIdentityCredentials/c');
  arrivals.wrote(
    '/providers/Microsoft.Management/managementGroups/m/providers/Microsoft.Authorization/roleAssignments/r',
  );
  expect(unanswered()).toEqual([]);
});

test('of subscriptions that are not in use nothing is kept, whichever sender names them', () => {
  wrote('c');
  arrivals.came('main', ['c', '__proto__']);
  expect(arrivals.of('main').map(({ id }) => id)).toEqual(['a', 'b']);
});

test('a source that is gone brought nothing', () => {
  arrivals.came('main', ['a']);
  arrivals.forget('main');
  expect(arrivals.of('main')[0]).toEqual({ id: 'a', isHeard: true });
});

test.each([
  ['/subscriptions/AB', 'ab'],
  ['/SUBSCRIPTIONS/ab/resourceGroups/x', 'ab'],
  ['/providers/Microsoft.Management/managementGroups/m', undefined],
  ['/subscriptions/', undefined],
  ['', undefined],
])('%s lies in %s', (id, subscription) => expect(subscriptionIn(id)).toBe(subscription));
