import { expect, it } from 'vitest';
import type { OrphanSweep } from '../../../api/orphan-sweep.ts';
import type { Candidate } from '../../../orphans/report.ts';
import { SweepMemory } from './memory.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-11-29T12:00:00Z');
const ID = '/subscriptions/a/x';
const at = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

const sweep = (candidates: readonly object[] = []) =>
  ({
    metadata: { name: 'all', uid: 'u' },
    spec: { scopes: [] },
    status: { run: { startedAt: at(NOW), deleted: 0 }, candidates },
  }) as unknown as OrphanSweep;

const candidate = { key: ID, instance: 'p', reason: 'OwnerGone', since: NOW, clearSince: NOW };
const clearSince = (memory: SweepMemory, of = sweep()) =>
  memory.runOf(of, 0)?.before.since.get(ID)?.clearSince;

it('counts what was seen clear by the monotonic clock, however far the wall clock is set forward', () => {
  const memory = new SweepMemory(sweep(), undefined);
  memory.observe({ now: NOW, monotonic: 0 });
  memory.decided({ finished: { candidates: [candidate as unknown as Candidate] } });
  memory.observe({ now: NOW + HOUR, monotonic: HOUR });
  memory.observe({ now: NOW + 2 * HOUR + 30 * DAY, monotonic: 2 * HOUR });
  expect(clearSince(memory)).toBe(NOW + 30 * DAY);
  // In the middle of a run as well.
  memory.observe({ now: NOW + 2 * HOUR + 40 * DAY, monotonic: 2 * HOUR });
  expect(clearSince(memory)).toBe(NOW + 40 * DAY);
});

it('counts so what a process before left, from when this one began', () => {
  const left = { ...candidate, id: ID, since: at(NOW - DAY), clearSince: at(NOW - DAY) };
  const memory = new SweepMemory(sweep([left]), undefined);
  memory.observe({ now: NOW, monotonic: 0 });
  memory.observe({ now: NOW + 30 * DAY, monotonic: 1_000 });
  expect(clearSince(memory, sweep([left]))).toBe(NOW - DAY + 30 * DAY - 1_000);
});

it('leaves it as it is where the clock is put right by little, or set back', () => {
  const memory = new SweepMemory(sweep(), undefined);
  memory.observe({ now: NOW, monotonic: 0 });
  memory.decided({ finished: { candidates: [candidate as unknown as Candidate] } });
  memory.observe({ now: NOW + 59_000, monotonic: 0 });
  memory.observe({ now: NOW - DAY, monotonic: HOUR });
  expect(clearSince(memory)).toBe(NOW);
});
