import { describe, expect, test } from 'vitest';
import { FakeClock } from '../runtime/fake-clock.ts';
import { LAG_MS, Picture } from './picture.ts';

interface Thing {
  readonly id: string;
  readonly key: string;
  readonly text: string;
}

const thing = (name: string, text = 'a'): Thing => ({ id: `/area1/${name}`, key: `/area1/${name}`, text });

function setup() {
  const clock = new FakeClock();
  const stopping = new AbortController();
  const asked: string[] = [];
  const index = new Map<string, Thing>();
  const picture = new Picture<Thing>({
    clock,
    signal: stopping.signal,
    what: 'things',
    areaOf: (id) => id.split('/')[1] ?? '',
    sameContent: (left, right) => left.text === right.text,
    sameInstance: () => true,
    get: async (id) => void asked.push(id),
    reindex: (before, after) => {
      if (before) index.delete(before.key);
      if (after) index.set(after.key, after);
    },
  });
  const changes: [string, string][] = [];
  picture.onChange((key, how) => changes.push([key, how]));
  const accept = (things: Thing[], startedAt = clock.monotonic()) =>
    picture.accept(
      'area1',
      { startedAt, found: things.map((each) => ({ thing: each, requestedAt: startedAt })) },
      stopping.signal,
    );
  return { clock, picture, asked, index, changes, accept };
}

describe('a list', () => {
  test('that shows one thing twice does not take back what we wrote', async () => {
    const { clock, picture, accept } = setup();
    picture.noteWrite(thing('x', 'ours'));
    clock.advance(1000);
    await accept([thing('x', 'older'), thing('x', 'older')]);
    expect(picture.present('/AREA1/x'.toLowerCase())?.text).toBe('ours');
  });

  test('says nothing about another area', async () => {
    const { clock, picture, accept } = setup();
    const far = { ...thing('y'), id: '/area2/y', key: '/area2/y' };
    picture.noteWrite(far);
    clock.advance(2 * LAG_MS);
    await accept([]);
    expect(picture.observe(far.id)).toMatchObject({ state: 'present' });
  });

  test('without a witness asks for it, and is short if it exists', async () => {
    const { clock, picture, asked, accept } = setup();
    picture.noteWrite(thing('x'));
    clock.advance(2 * LAG_MS);
    expect(await accept([])).toBe('the list lacks /area1/x, which exists');
    expect(asked).toEqual(['/area1/x']);
    expect(picture.doubtfulIn('area1')).toEqual([thing('x')]);
    expect(picture.presentIn('area1')).toEqual([]);
  });

  test('that lacks many witnesses is short, and nobody is asked', async () => {
    const { clock, picture, asked, accept } = setup();
    for (let n = 0; n < 21; n++) picture.noteWrite(thing(`x${n}`));
    clock.advance(2 * LAG_MS);
    expect(await accept([])).toBe('the list lacks 21 things that were there lately');
    expect(asked).toEqual([]);
  });
});

test('all are gone with what holds them, but for what was just written', () => {
  const { clock, picture, changes } = setup();
  picture.noteGet('/area1/old', thing('old'), 0);
  clock.advance(2 * LAG_MS);
  picture.noteWrite(thing('new'));
  changes.length = 0;
  picture.noteAllGone('area1', clock.monotonic());
  expect(picture.observe('/area1/old')).toMatchObject({ state: 'absent', provenBy: 'get' });
  expect(picture.observe('/area1/new')).toMatchObject({ state: 'present' });
  expect(changes).toEqual([['/area1/old', 'list']]);
});

test('what is forgotten leaves the index, and no timer', () => {
  const { clock, picture, index } = setup();
  picture.noteWrite(thing('x'));
  picture.suspect('/area1/x');
  expect(index.size).toBe(1);
  picture.forget('area1');
  expect(index.size).toBe(0);
  expect(picture.observe('/area1/x')).toBeUndefined();
  expect(clock.untilNext()).toBeUndefined();
});

describe('what is proven holds for the lag, also of what was forgotten meanwhile', () => {
  test('an own deletion', async () => {
    const { clock, picture, asked, accept } = setup();
    picture.noteWrite(thing('x'));
    picture.noteDelete('/area1/x');
    picture.forget('area1');
    clock.advance(LAG_MS / 2);
    await accept([thing('x')]);
    expect(picture.present('/area1/x')).toBeUndefined();
    clock.advance(LAG_MS / 2);
    expect(asked).toEqual(['/area1/x']);
    await accept([thing('x')]);
    expect(picture.present('/area1/x')).toEqual(thing('x'));
  });

  test('a 404, which a GET puts to the test', async () => {
    const { clock, picture, asked, accept } = setup();
    picture.noteGet('/area1/x', undefined, clock.monotonic());
    picture.forget('area1');
    clock.advance(LAG_MS / 2);
    await accept([thing('x')]);
    expect(picture.present('/area1/x')).toBeUndefined();
    clock.advance(0);
    expect(asked).toEqual(['/area1/x']);
    picture.noteGet('/area1/x', thing('x'), clock.monotonic());
    expect(picture.present('/area1/x')).toEqual(thing('x'));
  });

  test('an own change: the list still shows what was before', async () => {
    const { clock, picture, accept } = setup();
    picture.noteWrite(thing('x', 'detached'));
    picture.forget('area1');
    expect(picture.presentIn('area1')).toEqual([]);
    clock.advance(LAG_MS / 2);
    await accept([thing('x', 'attached')]);
    expect(picture.present('/area1/x')).toEqual(thing('x', 'detached'));
  });

  test('and is dropped after it', () => {
    const { clock, picture } = setup();
    picture.noteDelete('/area1/x');
    picture.forget('area1');
    expect(picture.size).toBe(1);
    clock.advance(LAG_MS);
    picture.forget('area2');
    expect(picture.size).toBe(0);
  });

  test('a list that is nobody’s own is judged as any', () => {
    const { clock, picture } = setup();
    const judged = () => picture.judgeListed(thing('x'), clock.monotonic());
    expect(judged()).toBe('there');
    picture.noteDelete('/area1/x');
    expect(judged()).toBe('gone');
    picture.forget('area1');
    clock.advance(LAG_MS - 1);
    expect(judged()).toBe('gone');
    clock.advance(1);
    expect(judged()).toBe('there');
    picture.noteGet('/area1/x', undefined, clock.monotonic());
    expect(judged()).toBe('ask');
  });
});
