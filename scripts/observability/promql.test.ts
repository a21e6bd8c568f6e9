import { expect, it } from 'vitest';
import { baseName, namedIn, seriesNames } from './promql.ts';

it.each([
  ['up', [{ name: 'up', matched: [] }], []],
  ['rate(a_total{job="x", code!~"4.."}[5m])', [{ name: 'a_total', matched: ['job', 'code'] }], []],
  [
    'sum by (controller, le) (rate(a_bucket{job=~"$job"}[$__rate_interval]))',
    [{ name: 'a_bucket', matched: ['job'] }],
    ['controller', 'le'],
  ],
  [
    'a / on (pod) group_left (node) b offset 5m > bool 1 unless c{d="e{f}"}',
    [
      { name: 'a', matched: [] },
      { name: 'b', matched: [] },
      { name: 'c', matched: ['d'] },
    ],
    ['pod', 'node'],
  ],
  ['(sum(a{b="c"}) or vector(0)) < 1', [{ name: 'a', matched: ['b'] }], []],
  ['max_over_time(a[1h:1m])', [{ name: 'a', matched: [] }], []],
  ['count(a) by (d)', [{ name: 'a', matched: [] }], ['d']],
])('reads %s', (expression, series, grouped) => {
  expect(namedIn(expression)).toEqual({ series, grouped });
});

it('takes the endings off a histogram, and off nothing else', () => {
  const known = new Set(['a_seconds', 'b_count']);
  expect(seriesNames('a_seconds_bucket + a_seconds_sum / b_count', known)).toEqual([
    'a_seconds',
    'a_seconds',
    'b_count',
  ]);
  expect(baseName('unknown_sum', known)).toBe('unknown_sum');
});
