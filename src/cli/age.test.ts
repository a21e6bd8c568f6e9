import { expect, it } from 'vitest';
import { age, ageSince } from './table.ts';

it.each([
  [-5_000, '0s'],
  [1_500, '1s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [3 * 3_600_000 - 1, '179m'],
  [3 * 3_600_000, '3h'],
  [2 * 86_400_000, '2d'],
])('%i ms are %s', (ms, text) => {
  expect(age(ms)).toBe(text);
});

it('a time that is none is unknown', () => {
  const now = Date.parse('2026-11-29T00:01:00Z');
  expect(ageSince('2026-11-29T00:00:00Z', now)).toBe('60s');
  expect([ageSince(undefined, now), ageSince('soon', now)]).toEqual(['unknown', 'unknown']);
});
