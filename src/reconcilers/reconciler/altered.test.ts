import { beforeEach, describe, expect, it } from 'vitest';
import { DONE, doing, ReconcilerWorld, writing } from './reconciler.fixture.ts';

/** A status that somebody else altered is written back, whenever it happened. */

let world: ReconcilerWorld;
const forge = (identityId: string) => world.put({ uid: 'uid-new' }, { identityId });
const request = () => world.reconciler.reconcile(world.request());
const written = () => world.applied.at(-1)?.status as { readonly identityId?: string } | undefined;

beforeEach(() => {
  world = new ReconcilerWorld();
  world.put({ uid: 'uid-new' }, {});
  world.decide = () => ({ ...DONE, status: { identityId: '/mine' } });
});

describe('a status that was altered', () => {
  it('in the middle of a reconcile that ends without a change is written back by the next', async () => {
    await request();
    const before = world.applied.length;
    world.onObserve = () => {
      if (world.altered === 0) forge('/forged');
    };
    await request();
    expect(world.altered).toBe(1);
    expect(world.applied).toHaveLength(before);
    await request();
    expect(world.applied).toHaveLength(before + 1);
    expect(written()).toMatchObject({ identityId: '/mine' });
    await request();
    expect(world.applied).toHaveLength(before + 1);
  });

  it('between the creation and the first reconcile is not shown to it', async () => {
    forge('/forged');
    let seen: object | undefined;
    world.decide = ({ status }) => {
      seen ??= { ...status };
      return DONE;
    };
    await request();
    expect(seen).toBeDefined();
    expect(seen).not.toHaveProperty('identityId');
  });

  it('is azid’s own where the initial condition was written before the first reconcile', async () => {
    await world.reconciler.writeInitialCondition(world.request());
    world.decide = () => (world.written.includes('own') ? DONE : doing(writing('own')));
    const before = world.applied.length;
    await request();
    expect(world.altered).toBe(0);
    // Nothing to undo: one write for what came of it.
    expect(world.applied).toHaveLength(before + 1);
  });
});

it('what was met of an object that went before its first reconcile is forgotten with it', async () => {
  world.delete();
  await world.reconciler.writeInitialCondition(world.request());
  expect(world.memory.size).toBe(0);
});
