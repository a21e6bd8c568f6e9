import { describe, expect, it } from 'vitest';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import { attached, host, NOW, wants, wantsSystem } from '../facts.fixture.ts';
import { type Batch, batchAfter, batchWaitMs, DUE_MS, isMoreDue, LONGEST_MS, QUIET_MS } from './batch.ts';

describe('more is due', () => {
  const bare = host();
  it.each<[string, ReturnType<typeof wants>, AzureHost, boolean]>([
    ['from who was not reconciled yet', wants('a', { hasSlot: false }), bare, true],
    ['from a system-assigned identity without its finalizer', wantsSystem({ hasSlot: false }), bare, true],
    ['not from who may be served already', wants('a'), bare, false],
    ['not from whom a rollout holds back', wants('a', { hasSlot: false, isDue: false }), bare, false],
    [
      'not from whom a policy denies',
      wants('a', { hasSlot: false, verdict: { allowed: false, message: '' } }),
      bare,
      false,
    ],
    ['not from who is suspended', wants('a', { hasSlot: false, paused: true }), bare, false],
    ['not from who has it', wants('a', { hasSlot: false }), host([attached('a')]), false],
    [
      'not from whose resource has its own identity on',
      wantsSystem({ hasSlot: false }),
      host([], { own: { system: true } }),
      false,
    ],
  ])('%s', (_, claim, shown, expected) => {
    expect(isMoreDue([claim], shown)).toBe(expected);
  });
});

it('goes at once where the wall clock was set back since', () => {
  const open = { openedAt: NOW, changedAt: NOW, changes: new Set(['remove x']) };
  expect(batchWaitMs(open, false, NOW)).toBe(QUIET_MS);
  for (const isDue of [false, true]) expect(batchWaitMs(open, isDue, NOW - 3_600_000)).toBe(0);
});

describe('a write', () => {
  type Change = { readonly what: string; readonly key: string };
  type Step = readonly [atMs: number, adds: string, isDue?: boolean];
  /** For how long it still waits after each step, ms. */
  const waits = (...steps: readonly Step[]) => {
    let batch: Batch | undefined;
    return steps.map(([atMs, adds, isDue = false]) => {
      const changes = [...adds].map((key) => ({ what: 'add', key }));
      batch = batchAfter(batch, changes, NOW + atMs);
      return batch && batchWaitMs(batch, isDue, NOW + atMs);
    });
  };

  it.each<[string, readonly Step[], readonly (number | undefined)[]]>([
    [
      'goes when nothing new came for a moment',
      [
        [0, 'a'],
        [200, 'a'],
        [QUIET_MS, 'a'],
      ],
      [QUIET_MS, QUIET_MS - 200, 0],
    ],
    [
      'waits anew for what comes on top',
      [
        [0, 'a'],
        [400, 'ab'],
        [QUIET_MS, 'ab'],
        [400 + QUIET_MS, 'ab'],
      ],
      [QUIET_MS, QUIET_MS, 400, 0],
    ],
    [
      'does not wait anew for what goes, or comes back',
      [
        [0, 'ab'],
        [300, 'a'],
        [QUIET_MS, 'ab'],
      ],
      [QUIET_MS, QUIET_MS - 300, 0],
    ],
    [
      'waits longer for objects that were not reconciled yet, and no longer once they were',
      [
        [0, 'a', true],
        [1_000, 'a', true],
        [1_500, 'a'],
      ],
      [DUE_MS, DUE_MS - 1_000, 0],
    ],
    [
      'goes without those that are never reconciled',
      [
        [0, 'a', true],
        [DUE_MS, 'a', true],
      ],
      [DUE_MS, 0],
    ],
    [
      'is another one when nothing was left to write',
      [
        [0, 'a'],
        [600, ''],
        [700, 'a'],
      ],
      [QUIET_MS, undefined, QUIET_MS],
    ],
  ])('%s', (_, steps, expected) => {
    expect(waits(...steps)).toEqual(expected);
  });

  it('that has waited waits again only with what is new', () => {
    const [a, b] = ['a', 'b'].map((key) => ({ what: 'add', key })) as [Change, Change];
    const closed: Batch = { openedAt: NOW, changedAt: NOW, changes: new Set(['add a']), isClosed: true };
    expect(batchAfter(closed, [a], NOW + 1)).toBe(closed);
    expect(batchWaitMs(closed, true, NOW)).toBe(0);
    const next = batchAfter(closed, [a, b], NOW + 100_000) as Batch;
    expect(batchWaitMs(next, false, NOW + 100_000)).toBe(QUIET_MS);
  });

  it('waits no longer than so long in all, however many come one after the other', () => {
    const letters = Array.from({ length: 1_000 }, (_, at) => String.fromCharCode(1_000 + at));
    const steps = letters.map((_, at): Step => [at * 400, letters.slice(0, at + 1).join(''), true]);
    const goesAt = waits(...steps).indexOf(0) * 400;
    expect(goesAt).toBeGreaterThanOrEqual(LONGEST_MS);
    expect(goesAt).toBeLessThan(LONGEST_MS + 400);
  });
});
