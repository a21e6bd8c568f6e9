import { beforeEach, expect, it } from 'vitest';
import { SharedCatchUp } from '../leader/as-stored.ts';

let lists: PromiseWithResolvers<void>[];
let shared: SharedCatchUp;
const signal = new AbortController().signal;
const turns = async () => {
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve));
};
beforeEach(() => {
  lists = [];
  shared = new SharedCatchUp(() => {
    const list = Promise.withResolvers<void>();
    lists.push(list);
    return list.promise;
  });
});
function asked() {
  const state = { over: '' };
  shared.now(signal).then(
    () => {
      state.over = 'done';
    },
    (error) => {
      state.over = String(error.message);
    },
  );
  return state;
}

it('who asks while a list is under way waits for the next one, and all who do share it', async () => {
  const first = asked();
  const [second, third] = [asked(), asked()];
  expect(lists).toHaveLength(1);
  lists[0]?.resolve();
  await turns();
  expect([first.over, second.over, lists.length]).toEqual(['done', '', 2]);
  lists[1]?.resolve();
  await turns();
  expect([second.over, third.over, lists.length]).toEqual(['done', 'done', 2]);
  asked();
  expect(lists).toHaveLength(3);
});

it('one that fails is failed for those who waited for it, and the next is made all the same', async () => {
  const [first, second] = [asked(), asked()];
  lists[0]?.reject(new Error('no'));
  await turns();
  expect([first.over, second.over, lists.length]).toEqual(['no', '', 2]);
  lists[1]?.resolve();
  await turns();
  expect(second.over).toBe('done');
});

it('a caller that gives up does not end it for the others', async () => {
  const gone = new AbortController();
  const mine = shared.now(gone.signal);
  const other = asked();
  gone.abort(new Error('gone'));
  await expect(mine).rejects.toThrow('gone');
  lists[0]?.resolve();
  await turns();
  lists[1]?.resolve();
  await turns();
  expect(other.over).toBe('done');
});
