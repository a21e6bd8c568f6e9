import { beforeEach, describe, expect, it } from 'vitest';
import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import { DONE, doing, ReconcilerWorld, writing } from './reconciler.fixture.ts';

/** Nothing is written on a decision that has grown stale: giving needs permission every time. */

const SECOND = 1_000;
const settle = () => new Promise((resolve) => setImmediate(resolve));

let world: ReconcilerWorld;
beforeEach(() => {
  world = new ReconcilerWorld();
  world.put();
});

/** A reconcile whose first write waits for its turn, 50 seconds from now: another call took the token. */
async function waiting() {
  await world.azure('before');
  world.decide = () => (world.written.includes('own') ? DONE : doing(writing('own')));
  const outcome = world.reconciler.reconcile(world.request());
  await settle();
  expect(world.waits.waiting).toBe(true);
  return {
    async end() {
      world.clock.advance(50 * SECOND);
      const ended = await outcome;
      world.waits.end();
      return ended;
    },
  };
}

describe('a write that waited for its turn', () => {
  it('is decided again from what Azure shows then, after more than ten seconds', async () => {
    const request = await waiting();
    await request.end();
    expect(world.written).toEqual(['before', 'own']);
    // Decided, decided again, and judged after the write.
    expect(world.observed).toHaveLength(3);
    // What was read before the wait does not count as read just now.
    expect(world.contexts.map(({ startedAt }) => startedAt)).toEqual([0, 50 * SECOND, 50 * SECOND]);
    expect(world.clock.monotonic()).toBe(50 * SECOND);
  });

  it('goes as it was decided after a short wait in which nothing changed', async () => {
    await world.azure('before');
    world.clock.advance(45 * SECOND);
    world.decide = () => (world.written.includes('own') ? DONE : doing(writing('own')));
    const outcome = world.reconciler.reconcile(world.request());
    await settle();
    world.clock.advance(6 * SECOND);
    await outcome;
    expect(world.written).toEqual(['before', 'own']);
    expect(world.observed).toHaveLength(2);
  });

  it.each<{ what: string; change: () => void; seen?: Partial<IdentityAttachment['metadata']> }>([
    { what: 'a policy was tightened', change: () => world.permissions++ },
    { what: 'the object was edited', change: () => world.put({ generation: 2 }), seen: { generation: 2 } },
    {
      what: 'the object was deleted',
      change: () =>
        world.put({ deletionTimestamp: '2026-11-28T10:00:00Z', finalizers: ['azid.dev/finalizer'] }),
      seen: { deletionTimestamp: '2026-11-28T10:00:00Z' },
    },
  ])('is not sent if $what meanwhile, however short it was', async ({ change, seen = {} }) => {
    await world.azure('before');
    world.clock.advance(48 * SECOND);
    world.decide = () => doing(writing('own'));
    const outcome = world.reconciler.reconcile(world.request());
    await settle();
    change();
    world.decide = () => DONE;
    world.clock.advance(3 * SECOND);
    await outcome;
    expect(world.written).toEqual(['before']);
    expect(world.observed).toHaveLength(2);
    expect(world.observed[1]?.metadata).toMatchObject(seen);
    // The turn that it did not need is the next one's.
    world.waits.end();
    await world.azure('next');
    expect(world.clock.monotonic()).toBe(51 * SECOND);
  });

  it.each([
    ['gone', () => world.delete()],
    ['a namesake', () => world.put({ uid: 'uid-2' })],
  ])('is not sent if the object is %s', async (_, change) => {
    const request = await waiting();
    change();
    expect(await request.end()).toMatchObject({ type: 'again', afterMs: 0 });
    expect(world.written).toEqual(['before']);
    expect(world.observed).toHaveLength(1);
  });

  it('comes to an end for an object that changes each time its turn comes', async () => {
    world.decide = () => {
      world.permissions++;
      return doing(writing('own'));
    };
    expect(await world.reconciler.reconcile(world.request())).toMatchObject({
      type: 'again',
      why: 'ObjectChanged',
    });
    expect(world.written).toEqual([]);
  });
});

describe('a write that would wait longer than its decision holds', () => {
  /** Another call took the token: the next is there in 50 seconds. */
  async function placed() {
    await world.azure('before');
    world.placing = true;
    world.decide = () => (world.written.includes('own') ? DONE : doing(writing('own')));
    const outcome = world.reconciler.reconcile(world.request());
    await settle();
    return outcome;
  }

  it('takes its place in the line before Azure is read for it, and what it rests on is read once, after the wait', async () => {
    const ended = placed();
    await settle();
    expect(world.observed).toHaveLength(1);
    world.clock.advance(50 * SECOND);
    await ended;
    expect(world.written).toEqual(['before', 'own']);
    // From the cache, then from the cache and live, and judged after the write.
    expect(world.contexts.map(({ startedAt }) => startedAt)).toEqual([0, 50_000, 50_000, 50_000]);
    expect(world.clock.monotonic()).toBe(50 * SECOND);
  });

  it("is not sent if nothing is to be written by then, and its turn is the next one's", async () => {
    const ended = placed();
    await settle();
    world.put({ generation: 2 });
    world.decide = () => DONE;
    world.clock.advance(50 * SECOND);
    await ended;
    world.waits.end();
    await world.azure('next');
    expect(world.written).toEqual(['before', 'next']);
    expect(world.observed[1]?.metadata.generation).toBe(2);
    expect(world.clock.monotonic()).toBe(50 * SECOND);
  });

  it('is read for at once if its turn is near', async () => {
    await world.azure('before');
    world.clock.advance(45 * SECOND);
    world.placing = true;
    world.decide = () => (world.written.includes('own') ? DONE : doing(writing('own')));
    const ended = world.reconciler.reconcile(world.request());
    await settle();
    expect(world.observed).toHaveLength(2);
    world.clock.advance(5 * SECOND);
    await ended;
    expect(world.written).toEqual(['before', 'own']);
  });
});

describe('a write after an observation that waited long between its reads', () => {
  const observeFor = (ms: number, times: number) => {
    world.decide = () => (world.written.includes('own') ? DONE : doing(writing('own')));
    world.onObserve = () => {
      if (world.observed.length <= times) world.clock.advance(ms);
    };
  };

  it('is decided again, though it came at once after the decision', async () => {
    observeFor(600 * SECOND, 1);
    await world.reconciler.reconcile(world.request());
    expect(world.written).toEqual(['own']);
    // Decided, decided again on what was read since, and judged after the write.
    expect(world.observed).toHaveLength(3);
  });

  it('is sent in the end, also if every observation waits so long', async () => {
    observeFor(20 * SECOND, Number.POSITIVE_INFINITY);
    await world.reconciler.reconcile(world.request());
    expect(world.written).toEqual(['own']);
    expect(world.observed).toHaveLength(5);
  });
});

describe('actions that were decided together', () => {
  it('end with an edit that one of them shows: what was still to come is decided again', async () => {
    world.decide = ({ metadata }) =>
      metadata.generation === 2
        ? DONE
        : doing({ type: 'saveStatus', status: { event: 'intent' }, why: 'before the write' }, writing('old'));
    // The API server answers with the object as it then is.
    world.onApply = () => world.put({ generation: 2 });
    await world.reconciler.reconcile(world.request());
    expect(world.written).toEqual([]);
    expect(world.observed.map(({ metadata }) => metadata.generation)).toEqual([1, 2]);
  });

  it('end with it also where they write to the API server alone', async () => {
    const saving = (event: string) => ({ type: 'saveStatus', status: { event }, why: 'a test' }) as const;
    world.decide = ({ metadata }) =>
      metadata.generation === 2 ? DONE : doing(saving('first'), saving('old'));
    world.onApply = () => world.put({ generation: 2 });
    await world.reconciler.reconcile(world.request());
    const events = world.applied.map((each) => (each.status as { readonly event?: string }).event);
    expect(events).toContain('first');
    expect(events).not.toContain('old');
  });

  it('end when a namesake has taken the place of the object: nothing is written, and another reconcile observes it', async () => {
    world.decide = () =>
      doing({ type: 'saveStatus', status: { event: 'intent' }, why: 'before the write' }, writing('old'));
    world.onApply = () => world.put({ uid: 'uid-2' });
    expect(await world.reconciler.reconcile(world.request())).toMatchObject({
      type: 'retry',
      reason: 'ObjectChanged',
    });
    expect(world.written).toEqual([]);
    expect(world.observed).toHaveLength(1);
  });
});

describe('the initial condition', () => {
  const fresh = () => world.put({ uid: 'uid-fresh' }, {});

  it('is written once, whoever comes first, and before anything else', async () => {
    fresh();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.onApply = () => promise;
    const both = [
      world.reconciler.writeInitialCondition(world.request()),
      world.reconciler.reconcile(world.request()),
    ];
    await settle();
    expect(world.observed).toEqual([]);
    resolve();
    await Promise.all(both);
    const firsts = world.applied.filter((object) =>
      JSON.stringify(object).includes('azid has seen this object'),
    );
    expect(firsts).toHaveLength(1);
    expect(world.observed).toHaveLength(1);
  });

  it('is tried by the reconcile itself when the other failed', async () => {
    fresh();
    let tries = 0;
    world.onApply = () => {
      if (++tries === 1) throw new Error('no connection');
    };
    const [first, second] = await Promise.allSettled([
      world.reconciler.writeInitialCondition(world.request()),
      world.reconciler.reconcile(world.request()),
    ]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
    expect(world.observed).toHaveLength(1);
  });

  it.each([
    ['has one', () => world.put()],
    ['is on its way out', () => world.put({ deletionTimestamp: '2026-11-28T10:00:00Z' }, {})],
    ['is gone', () => world.delete()],
  ])('is not for an object that %s', async (_, change) => {
    change();
    expect(await world.reconciler.writeInitialCondition(world.request())).toEqual({ type: 'done' });
    expect(world.applied).toEqual([]);
  });
});
