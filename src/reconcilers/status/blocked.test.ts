import { describe, expect, it } from 'vitest';
import type { ManagedObject } from '../../api/schema/common.ts';
import { Elapsed } from '../../runtime/time/elapsed.ts';
import type { Failure } from '../decision.ts';
import { deletionBlocked } from './blocked.fixture.ts';
import { blockedFor, blockOf, unblocked } from './deleting.ts';
import { removalAgainMs } from './refusals.ts';

const NOW = Date.parse('2026-11-28T10:00:00Z');
const HOUR = 3_600_000;
const failure: Failure = {
  kind: 'stalled',
  reason: 'ScopeLocked',
  message: 'a lock stands',
  ambiguous: false,
  error: undefined,
};

/** With the condition as it stands since so long. */
function going(status?: 'True' | 'False', sinceMs = 0): ManagedObject {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'RoleGrant',
    metadata: { name: 'a', namespace: 'b', uid: 'u', creationTimestamp: '', resourceVersion: '1' },
    spec: {},
    ...(status && { status: { conditions: [{ ...deletionBlocked(NOW - sinceMs), status }] } }),
  };
}

const block = (object: ManagedObject) => blockOf(object, { now: NOW, releaseAfterMs: HOUR }, failure);

describe('a deletion that Azure refuses', () => {
  it('is held from the first refusal on, and says how long it will be', () => {
    const first = block(going());
    expect(first).toMatchObject({
      state: 'held',
      conditions: [{ type: 'DeletionBlocked', status: 'True', reason: 'ScopeLocked' }],
      summary: { message: expect.stringContaining('let go in 60 min') },
    });
    expect(block(going('True', HOUR / 2))).toMatchObject({
      summary: { message: expect.stringContaining('let go in 30 min') },
    });
  });

  it('is over after so long a row of refusals', () => {
    expect(block(going('True', HOUR))).toEqual({ state: 'over', after: 'gave up after 60 min' });
  });

  it('counts anew where Azure had answered in between: a condition that is False holds nothing', () => {
    expect(block(going('False', 10 * HOUR))).toMatchObject({
      state: 'held',
      summary: { message: expect.stringContaining('let go in 60 min') },
    });
    expect(unblocked(going('True'))).toMatchObject([{ status: 'False', reason: 'Answered' }]);
    expect(unblocked(going('False'))).toEqual([]);
  });

  it.each([
    ['before any refusal', undefined, 0],
    ['while Azure refuses', 'True', HOUR / 2],
    ['after so long a row of refusals', 'True', 2 * HOUR],
  ] as const)('counts no call that azid held back: %s', (_, status, since) => {
    const heldBack = { ...failure, kind: 'transient' as const, reason: 'Throttled', heldBack: true };
    const held = { ...heldBack, notBeforeMs: 70_000 };
    expect(blockOf(going(status, since), { now: NOW, releaseAfterMs: HOUR }, held)).toEqual({
      state: 'held',
      conditions: [],
      summary: { state: 'deleting', message: 'Throttled: a lock stands', failure: held, againMs: 70_000 },
    });
    expect(removalAgainMs(held)).toBe(70_000);
  });
});

it.each([
  ['forward', HOUR],
  ['back', -HOUR],
])('a wall clock that is set %s while azid runs does not change when the object is let go', (_, by) => {
  const time = { wall: NOW, monotonic: 0 };
  const elapsed = new Elapsed({ now: () => time.wall, monotonic: () => time.monotonic });
  const { metadata, ...rest } = going('True', HOUR / 2);
  const object = { ...rest, metadata: { ...metadata, deletionTimestamp: '2026-11-28T09:00:00Z' } };
  const seen = () =>
    blockOf(object, { now: time.wall, releaseAfterMs: HOUR, ...blockedFor(object, { elapsed }) }, failure);
  expect(seen()).toMatchObject({ state: 'held' });
  time.wall += by;
  time.monotonic += HOUR / 4;
  expect(seen()).toMatchObject({ summary: { message: expect.stringContaining('let go in 15 min') } });
  time.monotonic += HOUR / 4;
  expect(seen()).toMatchObject({ state: 'over' });
});
