import { beforeEach, describe, expect, it } from 'vitest';
import type { Condition } from '../../kube/types.ts';
import type { Decision } from '../decision.ts';
import { DONE, doing, ReconcilerWorld, type Step, writing } from './reconciler.fixture.ts';

/** What a suspended object says once an end that binds was carried out: the same, whether another reconcile comes after it or not. */

let world: ReconcilerWorld;
const conditions = () =>
  ((world.store.get('shop/web')?.status?.conditions ?? []) as Condition[])
    .map(({ type, status, reason }) => `${type}=${status}/${reason}`)
    .toSorted();
const request = () => world.reconciler.reconcile(world.request());
const stalled = { state: 'stalled', reason: 'PolicyDenied', message: 'no', recheckMs: 1_000 } as const;
const ended = (pending: boolean): Decision<Step, object> => ({
  ...DONE,
  summary: stalled,
  binds: true,
  rests: { pending },
});

beforeEach(() => {
  world = new ReconcilerWorld();
  world.put({ uid: 'uid', generation: 2 }, undefined, { suspend: true });
});

describe.each([
  [false, 'InSync'],
  [true, 'ChangesPending'],
])('what a suspended object asks for by then being pending: %s', (pending, reason) => {
  it(`is reported as ${reason} at once, and stays so when nothing binds any more`, async () => {
    world.decide = () => ended(pending);
    await request();
    const told = conditions();
    expect(told).toEqual(['Ready=False/PolicyDenied', `Suspended=True/${reason}`]);
    const observed = world.store.get('shop/web')?.status?.observedGeneration;
    expect(observed).toBe(pending ? undefined : 2);
    world.decide = () => ({ ...(pending ? doing(writing('more')) : DONE), summary: stalled });
    await request();
    expect(conditions()).toEqual(told);
    expect(world.store.get('shop/web')?.status?.observedGeneration).toBe(observed);
    expect(world.written).toEqual([]);
  });
});

it('what binds and is not done yet is reported as it is', async () => {
  world.decide = () => ({ ...DONE, summary: stalled, binds: true });
  await request();
  expect(conditions()).toEqual(['Ready=False/PolicyDenied', 'Stalled=True/PolicyDenied']);
});
