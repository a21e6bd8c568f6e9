import { describe, expect, it } from 'vitest';
import { byWhom, culpritOf, WITHIN_MS } from './by-whom.ts';
import type { Call } from './call.ts';

const NOW = Date.parse('2026-11-29T12:30:00Z');
const MINUTE = 60_000;

const call = (minutesAgo: number, change: Partial<Call> = {}): Call => ({
  at: NOW - minutesAgo * MINUTE,
  azure: {},
  operation: 'Microsoft.Authorization/roleAssignments/delete',
  change: 'delete',
  result: 'Succeeded',
  correlationId: `c${minutesAgo}`,
  caller: 'alice@contoso.com',
  own: false,
  ...change,
});
const own = (minutesAgo: number): Call => call(minutesAgo, { own: true, caller: 'azid', change: 'write' });

describe('who removed it', () => {
  it.each([
    ['the only one who deleted it', [call(5)], 'c5'],
    ['the last of several', [call(9), call(5), call(7)], 'c5'],
    ['nobody, as nothing is told', [], undefined],
    ['nobody, as azid has written since', [call(5), own(4)], undefined],
    ['who did after azid wrote', [call(5), own(6), call(7)], 'c5'],
    ['nobody, as the call failed', [call(5, { result: 'Failed' })], undefined],
    ['nobody, as the call was canceled', [call(5, { result: 'Canceled' })], undefined],
    ['who succeeded, whoever failed later', [call(7), call(5, { result: 'Failed' })], 'c7'],
    ['nobody, as it was a write', [call(5, { change: 'write' })], undefined],
    ['nobody, as the last one is not named', [call(7), call(5, { caller: undefined })], undefined],
    ['nobody, as it was long ago', [call(WITHIN_MS / MINUTE + 1)], undefined],
    ['nobody, as it lies ahead', [call(-1)], undefined],
  ])('is %s', (_, calls, correlationId) => {
    expect(culpritOf(calls, 'removed', NOW)?.correlationId).toBe(correlationId);
  });

  it('is not named where azid wrote since, by the time that is given', () => {
    expect(culpritOf([call(5)], 'removed', NOW, NOW - 4 * MINUTE)).toBeUndefined();
    expect(culpritOf([call(5)], 'removed', NOW, NOW - 6 * MINUTE)?.correlationId).toBe('c5');
  });
});

describe('who changed it', () => {
  it.each([
    ['a write, and no deletion', 'changed', 'c6'],
    ['whatever was done to the resource that lost something', 'written', 'c5'],
  ] as const)('is told by %s', (_, how, correlationId) => {
    const calls = [call(5), call(6, { change: 'write' })];
    expect(culpritOf(calls, how, NOW)?.correlationId).toBe(correlationId);
  });
});

describe('the words', () => {
  it.each([
    ['removed', 27, 'removed in Azure by alice@contoso.com at 12:03 UTC, correlation id c27'],
    ['changed', 27, 'last changed in Azure by alice@contoso.com at 12:03 UTC, correlation id c27'],
    ['written', 27, 'last written to in Azure by alice@contoso.com at 12:03 UTC, correlation id c27'],
    // Not of today.
    ['removed', 780, 'removed in Azure by alice@contoso.com at 2026-11-28 23:30 UTC, correlation id c780'],
  ] as const)('%s %i minutes ago', (how, minutes, text) => {
    expect(byWhom(call(minutes), how, NOW)).toBe(text);
  });

  it('say that it went with its group', () => {
    const operation = 'Microsoft.Resources/subscriptions/resourceGroups/delete';
    expect(byWhom(call(27, { operation, correlationId: undefined }), 'removed', NOW)).toBe(
      'removed with its resource group in Azure by alice@contoso.com at 12:03 UTC',
    );
  });

  it('have no correlation id where there is none', () => {
    const text = byWhom(call(27, { correlationId: undefined }), 'removed', NOW);
    expect(text).toBe('removed in Azure by alice@contoso.com at 12:03 UTC');
  });
});
