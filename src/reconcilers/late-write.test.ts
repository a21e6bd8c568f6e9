import { expect, it } from 'vitest';
import { lateUntil } from './late-write.ts';

it('a write of a dead process is late for as long as a call may last, and Azure lags after that', () => {
  const until = lateUntil('2026-11-28T10:00:00Z', { callLimitMs: 60_000, azureLagMs: 120_000 });
  expect(new Date(until).toISOString()).toBe('2026-11-28T10:03:00.000Z');
});
