import { beforeEach, describe, expect, it } from 'vitest';
import type { ManagedStatus } from '../../api/schema/common.ts';
import type { Hint } from '../../hints/hint.ts';
import { WorkQueue } from '../../runtime/queue/queue.ts';
import { onNews } from '../activity/owned.ts';
import type { Drift } from '../decision.ts';
import { written } from '../kind.ts';
import { emptyStores } from '../stores.fixture.ts';
import { DONE, doing, ownedId, ReconcilerWorld, writing } from './reconciler.fixture.ts';

const ID = ownedId('web');
let world: ReconcilerWorld;

beforeEach(() => {
  world = new ReconcilerWorld();
});

const hint = (change: Partial<Hint> = {}): Hint => ({
  source: 'event',
  id: ID,
  operation: 'Microsoft.Web/sites/delete',
  change: 'delete',
  result: 'Succeeded',
  at: world.clock.now(),
  correlationId: 'c1',
  caller: { name: 'alice@contoso.com' },
  ...change,
});
const status = () => world.store.get('shop/web')?.status as ManagedStatus | undefined;
const shown = () =>
  status()?.activity?.map(({ operation, caller, repaired }) => [operation, caller, repaired].join(' | '));
const ready = () => status()?.conditions?.find(({ type }) => type === 'Ready')?.message;
/** How often the status was written. */
const writes = () => world.applied.length;

/** Until then, in steps of five seconds, whatever news enqueue is reconciled when it is due. */
async function passWithNews(ms: number, step: (n: number) => void): Promise<void> {
  const { clock, journal } = world;
  const queue = new WorkQueue({ clock, random: () => 0.5 });
  const owned = { of: () => [], ownersOf: () => ['shop/web'] };
  using _ = onNews(journal.news, owned, emptyStores(), clock).start((...key) => queue.add(...key));
  for (let n = 0; n * 5_000 < ms; n++) {
    clock.advance(5_000);
    if (queue.nextDueMs() === 0) {
      const item = await queue.get();
      await world.reconciler.reconcile(world.request());
      if (item) queue.done(item.key);
    }
    step(n);
  }
  queue.shutdown();
}

/** One that writes once for what is asked, and then finds all in place. */
async function reconcileWith(
  drift?: Drift,
  answer: { correlationId?: string; result?: string } = { correlationId: 'own' },
) {
  world.decide = () => (world.written.length === 0 ? doing(writing('x')) : DONE);
  world.performed = () =>
    written(
      {
        type: 'Warning',
        reason: 'Repaired',
        action: 'Create',
        message: 'made again',
        ...(drift && { drift }),
      },
      { id: ID, change: 'write' },
      answer,
    );
  await world.reconciler.reconcile(world.request());
}

describe('status.activity', () => {
  it('that events change every five seconds, forged or of a busy machine, is written once a minute', async () => {
    world.put();
    world.decide = () => DONE;
    await world.reconciler.reconcile(world.request());
    const before = writes();
    await passWithNews(600_000, (n) =>
      world.journal.note(
        hint({ operation: 'Microsoft.Web/sites/write', change: 'write', correlationId: `c${n}` }),
      ),
    );
    expect(writes() - before).toBe(10);
    // The first of them at once, and none is lost: the last minute's are told with the next.
    expect(status()?.activity).toHaveLength(10);
  });

  it('has a write of azid with the status that is written for it anyway', async () => {
    world.put();
    await reconcileWith();
    expect(shown()).toEqual(['Microsoft.Web/sites/write | azid | ']);
    expect(status()?.activity).toMatchObject([{ result: 'Succeeded', correlationId: 'own' }]);
    expect(writes()).toBe(1);
    await world.reconciler.reconcile(world.request());
    expect(writes()).toBe(1);
  });

  it('has nothing of a deletion that found nothing', async () => {
    world.put();
    await reconcileWith(undefined, { result: 'absent' });
    expect(shown()).toBeUndefined();
  });

  it('is not written again when events and records report azid’s own writes minutes later', async () => {
    world.put();
    const self = { objectId: '33333333-0000-4000-8000-000000000003', clientId: 'c' };
    world.self.identify(self);
    await reconcileWith();
    const before = writes();
    world.clock.advance(20 * 60_000);
    for (const caller of [self, { appId: 'C' }])
      world.journal.note(
        hint({ operation: 'Microsoft.Web/sites/write', change: 'write', correlationId: 'OWN', caller }),
      );
    await world.reconciler.reconcile(world.request());
    expect(writes()).toBe(before);
  });

  it('is not written again by the next process, which hears of all of it once more', async () => {
    world.put();
    await reconcileWith();
    world.journal.note(hint());
    await world.reconciler.reconcile(world.request());
    const kept = status();
    expect(kept?.activity).toHaveLength(2);
    const next = new ReconcilerWorld();
    next.self.identify({ objectId: 'me', clientId: 'my-app' });
    next.put({}, kept);
    next.journal.note({ ...hint(), source: 'record', at: hint().at + 900 });
    next.journal.note(
      hint({
        operation: 'Microsoft.Web/sites/write',
        change: 'write',
        correlationId: 'own',
        caller: { objectId: 'me' },
      }),
    );
    await next.reconciler.reconcile(next.request());
    expect(next.applied).toEqual([]);
  });

  it('has a call of somebody else, whether or not azid writes', async () => {
    world.put();
    world.journal.note(hint());
    await world.reconciler.reconcile(world.request());
    expect(shown()).toEqual(['Microsoft.Web/sites/delete | alice@contoso.com | ']);
  });

  it('has it while the object is suspended', async () => {
    world.put({}, undefined, { suspend: true });
    world.journal.note(hint());
    await world.reconciler.reconcile(world.request());
    expect(shown()).toEqual(['Microsoft.Web/sites/delete | alice@contoso.com | ']);
  });

  it('is kept by a status that must survive a crash', async () => {
    world.put();
    world.journal.note(hint());
    const saved: unknown[] = [];
    world.onApply = () => {
      saved.push((world.applied.at(-1) as { status?: ManagedStatus }).status?.activity?.length);
    };
    const intent = { type: 'saveStatus', status: { identityId: 'x' }, why: 'test' } as const;
    world.decide = ({ status: now }) =>
      now?.identityId === 'x' ? { ...DONE, status: { identityId: 'x' } } : doing(intent);
    await world.reconciler.reconcile(world.request());
    expect(saved).toEqual([1, 1]);
  });

  it('is no reason to write where there is nothing to report', async () => {
    world.put();
    await world.reconciler.reconcile(world.request());
    const before = writes();
    await world.reconciler.reconcile(world.request());
    expect(writes()).toBe(before);
    expect(status()).not.toHaveProperty('activity');
  });
});

describe('a repair', () => {
  const removed: Drift = { id: ID, how: 'removed' };

  it('names who made it necessary: in the Event, in Ready, and beside the call', async () => {
    world.put();
    world.journal.note(hint());
    world.clock.advance(60_000);
    await reconcileWith(removed);
    const cause = 'removed in Azure by alice@contoso.com at 10:00 UTC, correlation id c1';
    expect(world.events.map(({ note }) => note)).toEqual([`made again; it was ${cause}`]);
    expect(ready()).toBe(`done; azid put it right after it was ${cause}`);
    expect(shown()).toEqual([
      `Microsoft.Web/sites/write | azid | ${cause}`,
      'Microsoft.Web/sites/delete | alice@contoso.com | ',
    ]);
  });

  it('says so in Ready for a day, and writes for it once when that is over', async () => {
    world.put();
    world.journal.note(hint());
    await reconcileWith(removed);
    const before = writes();
    world.clock.advance(23 * 3_600_000);
    await world.reconciler.reconcile(world.request());
    expect(writes()).toBe(before);
    world.clock.advance(3_600_000);
    await world.reconciler.reconcile(world.request());
    await world.reconciler.reconcile(world.request());
    expect([ready(), writes()]).toEqual(['done', before + 1]);
  });

  it.each([
    ['nobody told of a call', () => []],
    ['the call has no caller', () => [hint({ caller: {} })]],
    ['the call failed', () => [hint({ result: 'Failed' })]],
    ['it was no deletion', () => [hint({ change: 'write' })]],
    ['it was done to something else', () => [hint({ id: ownedId('other') })]],
  ])('names nobody where %s', async (_, hints) => {
    world.put();
    for (const each of hints()) world.journal.note(each);
    await reconcileWith(removed);
    expect(world.events.map(({ note }) => note)).toEqual(['made again']);
    expect(ready()).toBe('done');
  });

  it('names nobody who did it before azid wrote last, as only the status remembers', async () => {
    world.put(
      {},
      {
        activity: [
          {
            time: '2026-11-23T10:05:00Z',
            operation: 'Microsoft.Web/sites/write',
            caller: 'azid',
            result: 'Succeeded',
          },
        ],
      },
    );
    world.clock.advance(10 * 60_000);
    world.journal.note(hint({ at: world.clock.now() - 6 * 60_000 }));
    await reconcileWith(removed);
    expect(world.events.map(({ note }) => note)).toEqual(['made again']);
  });

  it('that is reported after it changes no condition any more: status.activity has both', async () => {
    world.put();
    const at = world.clock.now();
    world.clock.advance(60_000);
    await reconcileWith(removed);
    world.clock.advance(15 * 60_000);
    world.journal.note(hint({ source: 'record', at }));
    await world.reconciler.reconcile(world.request());
    expect(ready()).toBe('done');
    expect(shown()).toEqual([
      'Microsoft.Web/sites/write | azid | ',
      'Microsoft.Web/sites/delete | alice@contoso.com | ',
    ]);
  });

  it('that nothing was to be repaired in names nobody', async () => {
    world.put();
    world.journal.note(hint());
    await reconcileWith();
    expect(ready()).toBe('done');
  });
});

it('an Event of what was found names who did it', async () => {
  world.put();
  world.journal.note(hint());
  const event = {
    type: 'Warning',
    reason: 'Lost',
    action: 'Observe',
    message: 'lost',
    drift: { id: ID, how: 'removed' },
  } as const;
  let told = false;
  world.decide = () => {
    if (told) return DONE;
    told = true;
    return doing({ type: 'recordEvent', event });
  };
  await world.reconciler.reconcile(world.request());
  expect(world.events.map(({ note }) => note)).toEqual([
    'lost; it was removed in Azure by alice@contoso.com at 10:00 UTC, correlation id c1',
  ]);
});
