import { expect, it } from 'vitest';
import { type StepResult, summary } from './step.ts';

const step = (name: string, passed: number, failed: number, notes: string[] = []): StepResult => ({
  name,
  passed,
  failed,
  seconds: 1.25,
  notes,
});

it('the summary lists every step with its notes and closes with the sums', () => {
  const results = [step('types', 1, 0), step('unit tests', 120, 2, ['failed: the queue forgets'])];
  expect(summary(results)).toBe(
    [
      '',
      '✓ types          1 passed    0 failed     1.3 s',
      '✗ unit tests   120 passed    2 failed     1.3 s',
      '    failed: the queue forgets',
      '',
      '121 passed, 2 failed',
    ].join('\n'),
  );
});
