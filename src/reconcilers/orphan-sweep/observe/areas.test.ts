import { expect, it } from 'vitest';
import { NOT_LISTED } from '../../../cache/lists/listing.ts';
import { assignment } from '../../../orphans/sweep.fixture.ts';
import { endOf } from './assignments.ts';
import { type AreasDeps, areaOf, STALE_AREA_MS } from './observation.ts';

const SWEPT = { scope: '/subscriptions/a/resourceGroups/rg1', subscriptionId: 'a', without: [] };
const WHOLE = { state: 'known', completeness: { state: 'complete', at: 0 }, ageMs: 0 };

const area = (identities: object, assignments: object = WHOLE, loading = false) =>
  areaOf(SWEPT, {
    identityCache: { areaState: () => identities, loading: () => loading },
    assignmentCache: { areaState: () => assignments, loading: () => loading },
  } as unknown as AreasDeps);

it('a scope is known where both lists are whole and young, and in no other case', () => {
  expect(area(WHOLE)).toEqual({ scope: SWEPT.scope, state: 'complete' });
  expect(area({ ...WHOLE, ageMs: STALE_AREA_MS }).state).toBe('complete');
  const partial = { ...WHOLE, completeness: { state: 'partial', reason: 'a page failed' } };
  const kept = [
    [area({ ...WHOLE, ageMs: STALE_AREA_MS + 1 }), 'incomplete', 'last listed'],
    [area(WHOLE, { ...WHOLE, ageMs: STALE_AREA_MS + 1 }), 'incomplete', 'role assignments'],
    [area(partial), 'incomplete', 'a page failed'],
    [area(WHOLE, partial), 'incomplete', 'a page failed'],
    [area({ state: 'gone' }), 'incomplete', 'is not there'],
    [area({ state: 'unknown' }), 'incomplete', 'could not be listed'],
    [area({ state: 'unknown' }, WHOLE, true), 'loading', 'first time'],
    [area({ ...WHOLE, completeness: NOT_LISTED }), 'loading', 'being found out'],
  ] as const;
  for (const [seen, state, why] of kept)
    expect(seen).toMatchObject({ state, why: expect.stringContaining(why) });
});

it('an end is that of the last owner, and none where one of them has none', () => {
  const of = (...ends: readonly (string | undefined)[]) =>
    endOf(assignment().key, {
      expiries: { byIndex: () => [{ spec: { owners: ends.map((expiresAt) => ({ expiresAt })) } }] },
    } as unknown as Parameters<typeof endOf>[1]);
  const [first, last] = ['2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z'];
  expect(of(first, last)).toBe(Date.parse(last));
  expect(of(last, undefined)).toBeUndefined();
  expect(of(last, 'never')).toBeUndefined();
  expect(of()).toBeUndefined();
});
