import { expect, it } from 'vitest';
import { noLonger } from './summary.ts';

const object = (...conditions: readonly { readonly type: string; readonly status: 'True' | 'False' }[]) =>
  ({
    status: {
      conditions: conditions.map((each) => ({
        ...each,
        reason: 'X',
        message: '',
        lastTransitionTime: '2026-11-30T10:00:00Z',
      })),
    },
  }) as Parameters<typeof noLonger>[0];
const over = { reason: 'Settled', message: 'nobody takes it away any more' };

it.each([
  ['what was so', object({ type: 'Contested', status: 'True' }), true],
  ['what is over already', object({ type: 'Contested', status: 'False' }), false],
  ['what is so of another condition', object({ type: 'LedgerFull', status: 'True' }), false],
  ['an object without conditions', {}, false],
])('of %s: %s', (_, of, reports) => {
  expect(noLonger(of, 'Contested', over)).toEqual(
    reports ? [{ type: 'Contested', status: 'False', ...over }] : [],
  );
});
