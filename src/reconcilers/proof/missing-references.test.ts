import { beforeEach, expect, it } from 'vitest';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import { MissingReferences } from './missing-references.ts';

const HOUR = 3_600_000;

let now: number;
let references: MissingReferences;
let stores: ReturnType<typeof emptyStores>;
const sync = () =>
  stores.identities.take({ type: 'replace', objects: [], resourceVersion: '1000', rewound: false });
const isAwaited = (uid = 'uid-a', reference = 'shop/app') =>
  references.isAwaited(uid, reference, stores.identities);

beforeEach(() => {
  now = 0;
  stores = emptyStores();
  references = new MissingReferences({ clock: { monotonic: () => now }, releaseAfterMs: HOUR });
});

it('what was not listed yet is awaited, and the time begins with the list', () => {
  expect(isAwaited()).toBe(true);
  now += 10 * HOUR;
  sync();
  expect(isAwaited()).toBe(true);
});

it('what is not there is awaited for a time, by each object that refers to it', () => {
  sync();
  expect(isAwaited()).toBe(true);
  now += HOUR - 1;
  expect(isAwaited()).toBe(true);
  expect(isAwaited('uid-b')).toBe(true);
  now += 1;
  expect(isAwaited()).toBe(false);
  expect(isAwaited('uid-b')).toBe(true);
});

it('what is there is not awaited; should it go, it is once more', () => {
  sync();
  isAwaited();
  put(stores.identities, { metadata: meta('app'), spec: {} });
  now += 2 * HOUR;
  expect(isAwaited()).toBe(false);
  stores.identities.take({ type: 'replace', objects: [], resourceVersion: '2000', rewound: false });
  expect(isAwaited()).toBe(true);
});

it('another reference of the object is awaited anew, and nothing is kept of one that is gone', () => {
  sync();
  isAwaited();
  now += HOUR;
  expect(isAwaited('uid-a', 'shop/web')).toBe(true);
  references.forget('uid-a');
  expect(isAwaited()).toBe(true);
});
