import { describe, expect, test } from 'vitest';
import { atMost, line, resultsOf, type Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { quantileSeconds } from './stage/latency.ts';

const given: Scenario = {
  name: 'edits',
  about: 'edits',
  limitMinutes: () => 1,
  figures: {
    p99: { name: 'edit to call', unit: 's', target: atMost(1) },
    many: { name: 'only with many', unit: 's', target: (objects) => (objects >= 1_000 ? 5 : undefined) },
    told: { name: 'beside it', unit: '' },
  },
  run: async () => {},
};

describe('a scenario', () => {
  test.each([
    ['below the target', { p99: 0.5 }, true],
    ['at the target', { p99: 1 }, true],
    ['above it', { p99: 1.01 }, false],
    ['without a figure, since it hung', {}, false],
    ['with a call that never came', { p99: Number.POSITIVE_INFINITY }, false],
  ])('%s', (_, values, met) => {
    expect(resultsOf(given, values, 100)[0]?.met).toBe(met);
  });

  test('has no target where its size has none', () => {
    expect(resultsOf(given, { many: 9, told: 3 }, 100).map(({ met }) => met)).toEqual([false, null, null]);
    expect(resultsOf(given, { many: 9 }, 1_000)[1]).toMatchObject({ target: 5, met: false });
  });

  test('says name, value, unit, target and whether it is met in a line', () => {
    const [p99, , told] = resultsOf(given, { p99: 1.5 }, 100).map((each) =>
      line(each).replaceAll(/ +/g, ' '),
    );
    expect(p99).toBe(' edit to call 1.50 s target 1 missed');
    expect(told).toBe(' beside it no figure');
  });

  test('has a name of its own', () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  });
});

test.each([
  [[10, 20, 30, 40], 0.5, 0.02],
  [[10, 20, 30, 40], 0.99, 0.04],
  [Array.from({ length: 200 }, (_, n) => n + 1), 0.99, 0.198],
])('of %j the quantile %d is %d s', (sorted, share, seconds) => {
  expect(quantileSeconds(sorted, share)).toBe(seconds);
});
