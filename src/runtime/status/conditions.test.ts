import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Condition, removeCondition, setCondition, timestamp } from './conditions.ts';
import { cut, MAX_MESSAGE } from './message.ts';

const T0 = Date.parse('2026-11-23T10:00:00Z');
const LATER = T0 + 90_000;
const found = { type: 'Ready', status: 'True', reason: 'Ready', message: 'identity exists' } as const;
const [made] = setCondition([], found, { generation: 1, now: T0 });
const list = made ? [made] : [];

describe('setCondition', () => {
  test('adds a condition with the time and generation of the moment', () => {
    expect(list).toEqual([{ ...found, lastTransitionTime: '2026-11-23T10:00:00Z', observedGeneration: 1 }]);
  });

  test('returns the list as is when nothing changes', () => {
    expect(setCondition(list, found, { generation: 1, now: LATER })).toBe(list);
  });

  test.each([
    ['reason', { ...found, reason: 'Updated' }, 1],
    ['message', { ...found, message: 'tags changed' }, 1],
    ['generation', found, 2],
  ])('a new %s does not move lastTransitionTime', (_what, finding, generation) => {
    const next = setCondition(list, finding, { generation, now: LATER });
    const { lastTransitionTime } = list[0] ?? {};
    expect(next).toEqual([{ ...finding, lastTransitionTime, observedGeneration: generation }]);
  });

  test('a new status moves it', () => {
    const next = setCondition(list, { ...found, status: 'False' }, { generation: 1, now: LATER });
    expect(next[0]?.lastTransitionTime).toBe('2026-11-23T10:01:30Z');
  });

  test('leaves the generation out for an object that has none', () => {
    expect(setCondition([], found, { generation: undefined, now: T0 })[0]).not.toHaveProperty(
      'observedGeneration',
    );
  });

  test('does not touch the list it was given', () => {
    const frozen: readonly Condition[] = Object.freeze([...list]);
    setCondition(frozen, { ...found, status: 'False' }, { generation: 2, now: LATER });
    expect(frozen).toEqual(list);
  });

  test.each(['', 'two words', '1st', 'dash-ed'])('refuses the reason "%s"', (reason) => {
    const wrong = () => setCondition([], { ...found, reason }, { generation: 1, now: T0 });
    expect(wrong).toThrow(
      `Expected \`reason\` of condition Ready to be one CamelCase word, got \`${reason}\``,
    );
  });
});

test('removeCondition removes one, and returns the list as is when there is none', () => {
  expect(removeCondition(list, 'Ready')).toEqual([]);
  expect(removeCondition(list, 'Stalled')).toBe(list);
});

describe('messages', () => {
  test('are cut at the limit', () => {
    const [long] = setCondition([], { ...found, message: 'x'.repeat(5_000) }, { generation: 1, now: T0 });
    expect(long?.message).toHaveLength(MAX_MESSAGE);
    expect(long?.message.endsWith('x…')).toBe(true);
  });

  test('are never cut inside a character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.integer({ min: 1, max: 20 }),
        (text, max) => {
          const short = cut(text, max);
          expect(short.isWellFormed()).toBe(true);
          expect(short.length).toBeLessThanOrEqual(Math.max(max, 1));
          if (text.length <= max) expect(short).toBe(text);
        },
      ),
    );
  });
});

test('timestamp has whole seconds', () => {
  expect(timestamp(T0 + 999)).toBe('2026-11-23T10:00:00Z');
});
