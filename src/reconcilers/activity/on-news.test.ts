import { beforeEach, expect, it } from 'vitest';
import type { Call } from '../../hints/activity/call.ts';
import type { News } from '../../hints/activity/journal.ts';
import { Emitter } from '../../runtime/controller/watch.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { emptyStores } from '../stores.fixture.ts';
import { CALM_MS, NEWS_MS, onNews } from './owned.ts';

let clock: FakeClock;
let news: Emitter<News>;
let enqueued: string[];

beforeEach(() => {
  clock = new FakeClock();
  news = new Emitter();
  enqueued = [];
  const owned = {
    of: () => [],
    ownersOf: (key: string) => (key === '/both' ? ['shop/a', 'shop/b', 'shop/a'] : ['shop/a']),
    concerns: ({ change }: Call) => change === 'delete',
  };
  onNews(news, owned, emptyStores(), clock).start((...call) => void enqueued.push(call.join(' ')));
});

const tell = (key = '/one', change: Call['change'] = 'delete') =>
  news.emit({ key, call: { change } as Call });

it('news enqueue each owner once, at leisure, and nobody whom they do not concern', () => {
  tell('/both', 'write');
  expect(enqueued).toEqual([]);
  tell('/both');
  expect(enqueued).toEqual([`shop/a resync ${NEWS_MS}`, `shop/b resync ${NEWS_MS}`]);
});

it('news that come while an object is due are reported with the first', () => {
  tell();
  clock.advance(2_000);
  tell();
  expect(enqueued).toEqual([`shop/a resync ${NEWS_MS}`, `shop/a resync ${NEWS_MS - 2_000}`]);
});

it('after the first at once, an object is due once a minute, for each object by itself', () => {
  tell();
  clock.advance(NEWS_MS);
  tell('/both');
  clock.advance(NEWS_MS);
  tell();
  expect(enqueued.slice(1)).toEqual([
    `shop/a resync ${CALM_MS}`,
    `shop/b resync ${NEWS_MS}`,
    `shop/a resync ${CALM_MS - NEWS_MS}`,
  ]);
});

it('after a calm minute news are reported at once again', () => {
  tell();
  clock.advance(NEWS_MS + CALM_MS);
  tell();
  expect(enqueued).toEqual([`shop/a resync ${NEWS_MS}`, `shop/a resync ${NEWS_MS}`]);
});
