import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { LAG_MS, ResourceStore } from './store.ts';

interface CachedResource {
  readonly id: string;
  readonly key: string;
  readonly text: string;
}

const resource = (name: string, text = 'a'): CachedResource => ({
  id: `/area1/${name}`,
  key: `/area1/${name}`,
  text,
});

function setup() {
  const clock = new FakeClock();
  const stopping = new AbortController();
  const asked: string[] = [];
  const store = new ResourceStore<CachedResource, { text: string }>({
    clock,
    signal: stopping.signal,
    plural: 'resources',
    indexes: { text: { termsOf: ({ text }) => [text], termsFor: (text) => [text] } },
    areaOf: (id) => id.split('/')[1] ?? '',
    sameContent: (left, right) => left.text === right.text,
    sameInstance: () => true,
    read: async (id) => void asked.push(id),
  });
  const changes: [string, string][] = [];
  store.onChange((key, how) => changes.push([key, how]));
  const accept = (resources: CachedResource[], startedAt = clock.monotonic()) =>
    store.accept(
      'area1',
      { startedAt, found: resources.map((each) => ({ resource: each, requestedAt: startedAt })) },
      stopping.signal,
    );
  return { clock, store, asked, changes, accept };
}

describe('a list', () => {
  test('that shows one resource twice does not take back what we wrote', async () => {
    const { clock, store, accept } = setup();
    store.recordWrite(resource('x', 'ours'));
    clock.advance(1000);
    await accept([resource('x', 'older'), resource('x', 'older')]);
    expect(store.present('/AREA1/x'.toLowerCase())?.text).toBe('ours');
  });

  test('says nothing about another area', async () => {
    const { clock, store, accept } = setup();
    const far = { ...resource('y'), id: '/area2/y', key: '/area2/y' };
    store.recordWrite(far);
    clock.advance(2 * LAG_MS);
    await accept([]);
    expect(store.observe(far.id)).toMatchObject({ state: 'present' });
  });

  test('without a witness asks for it, and is short if it exists', async () => {
    const { clock, store, asked, accept } = setup();
    store.recordWrite(resource('x'));
    clock.advance(2 * LAG_MS);
    expect(await accept([])).toBe('the list lacks /area1/x, which exists');
    expect(asked).toEqual(['/area1/x']);
    expect(store.doubtfulIn('area1')).toEqual([resource('x')]);
    expect(store.presentIn('area1')).toEqual([]);
  });

  test('that lacks many witnesses is short, and no GET is made', async () => {
    const { clock, store, asked, accept } = setup();
    for (let n = 0; n < 21; n++) store.recordWrite(resource(`x${n}`));
    clock.advance(2 * LAG_MS);
    expect(await accept([])).toBe('the list lacks 21 resources that were there lately');
    expect(asked).toEqual([]);
  });
});

test('all are gone with what holds them, but for what was just written', () => {
  const { clock, store, changes } = setup();
  store.recordGet('/area1/old', resource('old'), 0);
  clock.advance(2 * LAG_MS);
  store.recordWrite(resource('new'));
  changes.length = 0;
  store.recordAllGone('area1', clock.monotonic());
  expect(store.observe('/area1/old')).toMatchObject({ state: 'absent', provenBy: 'get' });
  expect(store.observe('/area1/new')).toMatchObject({ state: 'present' });
  expect(changes).toEqual([['/area1/old', 'list']]);
});

test('what is forgotten leaves the index, and no timer', () => {
  const { clock, store } = setup();
  store.recordWrite(resource('x'));
  store.suspect('/area1/x');
  expect(store.byIndex('text', 'a')).toHaveLength(1);
  store.forget('area1');
  expect(store.byIndex('text', 'a')).toEqual([]);
  expect(store.observe('/area1/x')).toBeUndefined();
  expect(clock.untilNext()).toBeUndefined();
});

describe('what is proven holds for the lag, also of what was forgotten meanwhile', () => {
  test('an own deletion', async () => {
    const { clock, store, asked, accept } = setup();
    store.recordWrite(resource('x'));
    store.recordDelete('/area1/x');
    store.forget('area1');
    clock.advance(LAG_MS / 2);
    await accept([resource('x')]);
    expect(store.present('/area1/x')).toBeUndefined();
    clock.advance(LAG_MS / 2);
    expect(asked).toEqual(['/area1/x']);
    await accept([resource('x')]);
    expect(store.present('/area1/x')).toEqual(resource('x'));
  });

  test('a 404, which a GET puts to the test', async () => {
    const { clock, store, asked, accept } = setup();
    store.recordGet('/area1/x', undefined, clock.monotonic());
    store.forget('area1');
    clock.advance(LAG_MS / 2);
    await accept([resource('x')]);
    expect(store.present('/area1/x')).toBeUndefined();
    clock.advance(0);
    expect(asked).toEqual(['/area1/x']);
    store.recordGet('/area1/x', resource('x'), clock.monotonic());
    expect(store.present('/area1/x')).toEqual(resource('x'));
  });

  test('an own change: the list still shows what was before', async () => {
    const { clock, store, accept } = setup();
    store.recordWrite(resource('x', 'detached'));
    store.forget('area1');
    expect(store.presentIn('area1')).toEqual([]);
    clock.advance(LAG_MS / 2);
    await accept([resource('x', 'attached')]);
    expect(store.present('/area1/x')).toEqual(resource('x', 'detached'));
  });

  test('and is dropped after it', () => {
    const { clock, store } = setup();
    store.recordDelete('/area1/x');
    store.forget('area1');
    expect(store.size).toBe(1);
    clock.advance(LAG_MS);
    store.forget('area2');
    expect(store.size).toBe(0);
  });

  test('a list of no area is checked as any', () => {
    const { clock, store } = setup();
    const listed = () => store.checkListed(resource('x'), clock.monotonic());
    expect(listed()).toBe('there');
    store.recordDelete('/area1/x');
    expect(listed()).toBe('gone');
    store.forget('area1');
    clock.advance(LAG_MS - 1);
    expect(listed()).toBe('gone');
    clock.advance(1);
    expect(listed()).toBe('there');
    store.recordGet('/area1/x', undefined, clock.monotonic());
    expect(listed()).toBe('ask');
  });
});
