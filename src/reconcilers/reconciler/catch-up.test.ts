import { beforeEach, describe, expect, it } from 'vitest';
import { DONE, doing, READY, ReconcilerWorld, writing } from './reconciler.fixture.ts';

/** Where other processes reconcile objects of their own, stores are made new before anything is taken away. */

let world: ReconcilerWorld;
let listed: number;
let onList: () => void;

beforeEach(() => {
  listed = 0;
  onList = () => {};
  world = new ReconcilerWorld(async () => {
    listed++;
    onList();
  });
  world.put({ uid: 'uid' });
});
const reconcile = () => world.reconciler.reconcile(world.request());

describe('what takes away', () => {
  it('is decided again on what is stored now, and not done if that speaks against it', async () => {
    world.decide = () => (listed > 0 ? DONE : doing({ type: 'removeFinalizer' }));
    await reconcile();
    expect([listed, world.observed.length]).toEqual([1, 2]);
  });

  it('is done after one list, however many rounds follow at once', async () => {
    let rounds = 0;
    world.decide = () => (rounds++ < 4 ? doing({ type: 'removeFinalizer' }) : DONE);
    await reconcile();
    expect(listed).toBe(1);
  });

  it('rests on a new list where the last one is older than half a minute', async () => {
    let rounds = 0;
    world.decide = () => {
      rounds++;
      if (rounds === 2) world.clock.advance(31_000);
      return rounds < 6 ? doing({ type: 'removeFinalizer' }) : DONE;
    };
    await reconcile();
    expect(listed).toBe(2);
  });

  it('waits with the object where the list fails', async () => {
    onList = () => {
      throw new Error('no answer');
    };
    world.decide = () => doing({ type: 'removeFinalizer' });
    await expect(reconcile()).rejects.toThrow('no answer');
    expect(world.applied).toEqual([]);
  });
});

it('so does what leaves a ledger, though nothing goes in Azure', async () => {
  world.put({ uid: 'uid' }, { conditions: [READY], ledger: ['one', 'two'] });
  world.decide = () => ({ ...DONE, status: { ledger: ['one', 'two', 'three'] } });
  await reconcile();
  expect(listed).toBe(0);
  world.decide = () => ({ ...DONE, status: { ledger: ['one', 'three'] } });
  await reconcile();
  expect(listed).toBe(1);
});

it('so does each reconcile of an object that is being deleted', async () => {
  world.put({ uid: 'uid', deletionTimestamp: '2026-11-30T10:00:00Z', finalizers: ['azid.dev/finalizer'] });
  world.decide = () => DONE;
  await reconcile();
  expect(listed).toBe(1);
});

it('what gives needs no list', async () => {
  world.decide = () => (world.written.length > 0 ? DONE : doing({ type: 'addFinalizer' }, writing('it')));
  await reconcile();
  expect([listed, world.written]).toEqual([0, ['it']]);
});
