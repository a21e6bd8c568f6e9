import { beforeEach, describe, expect, it } from 'vitest';
import type { ManagedObject } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { partOf } from '../../hints/activity/call.ts';
import { ActivityJournal } from '../../hints/activity/journal.ts';
import type { Hint } from '../../hints/hint.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import type { ReconcileEvent } from '../decision.ts';
import { meta } from '../stores.fixture.ts';
import { ObjectActivity } from './object-activity.ts';
import type { OwnedInAzure } from './owned.ts';

const VM =
  '/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/web';
const TAKEN = partOf(VM, 'taken');
const NEW = partOf(VM, 'new');

let clock: FakeClock;
let journal: ActivityJournal;
/** What an object shows: of its spec, the parts of the machine. */
const owned: OwnedInAzure = {
  of: ({ spec }) => (spec as { parts: string[] }).parts.map((key) => ({ key })),
  ownersOf: (key) => (key === armKey(VM) ? ['shop/host', 'shop/host'] : []),
  concerns: ({ own, change }) => own || change === 'delete',
};
let activity: ObjectActivity<ManagedObject>;

beforeEach(() => {
  clock = new FakeClock();
  journal = new ActivityJournal({ clock, isOwned: () => true });
  activity = new ObjectActivity(journal, owned, clock);
});

const object = (...parts: string[]): ManagedObject =>
  ({ metadata: meta('host'), spec: { parts }, status: {} }) as unknown as ManagedObject;
const hint = (change: Partial<Hint> = {}): Hint => ({
  source: 'event',
  id: VM,
  operation: 'Microsoft.Compute/virtualMachines/write',
  change: 'write',
  result: 'Succeeded',
  at: clock.now(),
  correlationId: 'c1',
  caller: { name: 'alice@contoso.com' },
  ...change,
});
const event: ReconcileEvent = {
  type: 'Normal',
  reason: 'IdentityAttached',
  action: 'Attach',
  message: 'attached',
};
const lost = { id: VM, how: 'written', parts: ['taken'] } as const;
const CAUSE = 'last written to in Azure by alice@contoso.com at 10:00 UTC, correlation id c1';

describe('a write that gives back what was taken away, beside what nobody had yet', () => {
  beforeEach(() => {
    journal.note(hint());
    expect(activity.cause(object(), lost)).toBe(CAUSE);
    clock.advance(1_000);
  });

  const write = () =>
    activity.wrote(object(), {
      event,
      to: { id: VM, change: 'write', parts: ['taken', 'new'] },
      correlationId: 'own',
    });

  it('puts the one right, and not the other', () => {
    expect(write()).toBe(CAUSE);
    expect(journal.of(TAKEN)[0]?.repaired).toBe(CAUSE);
    expect(journal.of(NEW)[0]?.repaired).toBeUndefined();
    expect(journal.of(armKey(VM))[0]?.repaired).toBe(CAUSE);
  });

  it('is reported by the objects of each part', () => {
    write();
    const told = { ...lost, isRepaired: true };
    expect(activity.cause(object(), told)).toBe(CAUSE);
    expect(activity.cause(object(), { ...told, parts: ['new'] })).toBeUndefined();
  });

  it('is found by another object before it is put right', () => {
    expect(activity.cause(object(), { ...lost, isRepaired: true })).toBe(CAUSE);
  });

  it('puts nothing right a second time', () => {
    write();
    clock.advance(1_000);
    expect(write()).toBeUndefined();
  });
});

it('what does not concern an object it does not show', () => {
  journal.note(hint());
  journal.note(hint({ change: 'delete', correlationId: 'c2' }));
  const shown = activity.entries(object(armKey(VM)), {})?.map(({ correlationId }) => correlationId);
  expect(shown).toEqual(['c2']);
});

it('what was its own before the status that is about to be written is reported once more', () => {
  journal.note(hint({ change: 'delete' }));
  const now = { ...object(armKey(VM)) };
  const later = new ObjectActivity<ManagedObject>(
    journal,
    { ...owned, of: ({ status }) => (status?.summary === 'has it' ? [{ key: armKey(VM) }] : []) },
    clock,
  );
  expect(later.entries({ ...now, status: { summary: 'has it' } }, {})).toHaveLength(1);
  expect(later.entries({ ...now, status: {} }, { summary: 'has it' })).toHaveLength(1);
  expect(later.entries({ ...now, status: {} }, {})).toBeUndefined();
});

it('a kind that has nothing in Azure shows nothing, and without a journal all stays', () => {
  journal.note(hint({ change: 'delete' }));
  const entry = { time: '2026-11-23T09:00:00Z', operation: 'x', result: 'Succeeded' } as const;
  const before = { ...object(armKey(VM)), status: { activity: [entry] } };
  expect(new ObjectActivity(journal, undefined, clock).entries(object(armKey(VM)), {})).toBeUndefined();
  expect(new ObjectActivity(undefined, owned, clock).entries(before, {})).toEqual([entry]);
});
