import { expect, it } from 'vitest';
import { AzureError } from '../../azure/arm/errors.ts';
import type { Outcome } from '../../runtime/outcome.ts';
import type { Summary } from '../decision.ts';
import { failureOf } from './failure.ts';
import { outcomeOf, summaryOf } from './summary.ts';

const throttled = (heldBack: boolean) => {
  const failure = failureOf(
    new AzureError({ status: 429, code: 'TooManyRequests', message: 'wait', retryAfterMs: 40_000, heldBack }),
  );
  if (!failure) throw new Error('a 429 is a failure');
  return failure;
};
const deleting = (heldBack: boolean): Summary => ({
  state: 'deleting',
  message: 'going',
  failure: throttled(heldBack),
  againMs: 300_000,
});

it.each<[string, Summary, Partial<Outcome>]>([
  [
    'a call that azid held back brings the object back when the scope opens',
    summaryOf(throttled(true)),
    { type: 'heldBack', reason: 'Throttled', notBeforeMs: 40_000 },
  ],
  [
    'the same while the object is being deleted',
    deleting(true),
    { type: 'heldBack', reason: 'Throttled', notBeforeMs: 40_000 },
  ],
  [
    // One whose own calls are refused again and again would else close the scope for all others as often.
    'Azure’s own 429 counts as a failure of the object that it answers',
    summaryOf(throttled(false)),
    { type: 'retry', reason: 'Throttled', notBeforeMs: 40_000 },
  ],
  ['the same while it is being deleted', deleting(false), { type: 'retry', notBeforeMs: 40_000 }],
])('%s', (_, summary, outcome) => {
  expect(outcomeOf(summary)).toMatchObject(outcome);
});
