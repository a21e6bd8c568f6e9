import { expect, it } from 'vitest';
import { SubscriptionsInUse } from './subscriptions.ts';

function stage() {
  const calls: string[] = [];
  const loaded = Promise.withResolvers<void>();
  const woken: string[][] = [];
  const subscriptions = new SubscriptionsInUse(
    {
      use: (id) => void calls.push(`use ${id}`),
      release: (id) => void calls.push(`release ${id}`),
      whenLoaded: () => loaded.promise,
    },
    (keys) => woken.push([...keys]),
  );
  return { subscriptions, calls, loaded, woken };
}

it('lists a subscription from its first user to its last', () => {
  const { subscriptions, calls } = stage();
  subscriptions.note('a/x', 'SUB');
  subscriptions.note('a/y', 'sub');
  subscriptions.note('a/x', 'sub');
  expect(subscriptions.all).toEqual(['sub']);
  subscriptions.forget('a/x');
  subscriptions.forget('a/x');
  expect(calls).toEqual(['use sub']);
  subscriptions.forget('a/y');
  expect(calls).toEqual(['use sub', 'release sub']);
  expect(subscriptions.all).toEqual([]);
});

it('moves a user without a gap', () => {
  const { subscriptions, calls } = stage();
  subscriptions.note('a/x', 'one');
  subscriptions.note('a/x', 'two');
  expect(calls).toEqual(['use one', 'use two', 'release one']);
});

it('wakes whoever uses it when the first list is in', async () => {
  const { subscriptions, loaded, woken } = stage();
  subscriptions.note('a/x', 'sub');
  subscriptions.note('a/y', 'sub');
  subscriptions.note('a/z', 'sub');
  subscriptions.forget('a/x');
  loaded.resolve();
  await loaded.promise;
  expect(woken).toEqual([['a/y', 'a/z']]);
});
