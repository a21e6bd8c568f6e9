import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type Hint, Self } from '../hint.ts';
import { WITHIN_MS } from './by-whom.ts';
import { parsePart, partOf } from './call.ts';
import { ActivityJournal, KEPT_CALLS, type News } from './journal.ts';

const GROUP = '/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg1';
const ID = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
const KEY = ID.toLowerCase();
const VM = `${GROUP}/providers/Microsoft.Compute/virtualMachines/web`;
const VM_KEY = VM.toLowerCase();
const PART = partOf(VM, KEY);
const SELF = {
  objectId: '33333333-0000-4000-8000-000000000003',
  clientId: '44444444-0000-4000-8000-000000000004',
};

let clock: FakeClock;
let journal: ActivityJournal;
let news: News[];
let owned: (key: string) => boolean;

beforeEach(() => {
  clock = new FakeClock();
  owned = () => true;
  const self = new Self();
  self.identify(SELF);
  journal = new ActivityJournal({ clock, self, isOwned: (key) => owned(key), resources: 3 });
  news = [];
  journal.news.onChange((each) => void news.push(each));
});

const hint = (change: Partial<Hint> = {}): Hint => ({
  source: 'event',
  id: ID,
  operation: 'Microsoft.ManagedIdentity/userAssignedIdentities/write',
  change: 'write',
  result: 'Succeeded',
  at: clock.now(),
  correlationId: 'c1',
  caller: { name: 'alice@contoso.com' },
  ...change,
});
const told = (key = KEY) =>
  journal.of(key).map(({ correlationId, caller, result }) => `${correlationId} ${caller} ${result}`);

describe('a foreign call', () => {
  it('is kept under the resource, in any spelling, and is news for its owner', () => {
    journal.note(hint({ id: ID.toUpperCase().replace('SUBSCRIPTIONS', 'subscriptions') }));
    expect(told()).toEqual(['c1 alice@contoso.com Succeeded']);
    expect(news.map(({ key }) => key)).toEqual([KEY]);
  });

  it('that is reported twice, by an event and a record, is one: with the name that one of them gives', () => {
    journal.note(hint({ caller: { objectId: 'abc' } }));
    clock.advance(600_000);
    journal.note(hint({ source: 'record', at: clock.now() - 599_000 }));
    journal.note(hint({ caller: { objectId: 'abc' }, at: clock.now() - 600_000 }));
    expect(told()).toEqual(['c1 alice@contoso.com Succeeded']);
    expect(journal.of(KEY)[0]?.at).toBe(clock.now() - 600_000);
    expect(news).toHaveLength(2);
  });

  it('is no news when nothing of it is new', () => {
    for (let n = 0; n < 5; n++) journal.note(hint());
    expect(news).toHaveLength(1);
  });

  it('is as it ended', () => {
    journal.note(hint({ result: 'Failed' }));
    clock.advance(1_000);
    journal.note(hint({ at: clock.now() }));
    expect(told()).toEqual(['c1 alice@contoso.com Succeeded']);
  });

  it('of one deployment is one of several', () => {
    journal.note(hint());
    journal.note(
      hint({ operation: 'Microsoft.ManagedIdentity/userAssignedIdentities/delete', change: 'delete' }),
    );
    expect(journal.of(KEY)).toHaveLength(2);
  });

  it('without a correlation id is known again by its time', () => {
    const { correlationId: _, ...bare } = hint();
    journal.note(bare);
    journal.note(bare);
    journal.note({ ...bare, at: bare.at - 1 });
    expect(journal.of(KEY)).toHaveLength(2);
  });

  it('never lies ahead, and is of now where its time is none', () => {
    journal.note(hint({ at: clock.now() + 9_000_000 }));
    journal.note(hint({ at: Number.NaN, correlationId: 'c2' }));
    expect(journal.of(KEY).map(({ at }) => at)).toEqual([clock.now(), clock.now()]);
  });

  it.each([
    ['to what nobody owns', {}, false],
    ['that is an action', { change: 'action' }, true],
  ] as const)('%s is not kept', (_, change, isOwned) => {
    owned = () => isOwned;
    journal.note(hint(change));
    expect([journal.size, news.length]).toEqual([0, 0]);
  });
});

describe('a call of azid', () => {
  const wrote = (correlationId: string | undefined = 'c1') =>
    journal.wrote({ id: ID, change: 'write', correlationId });
  const nameless = () => hint({ caller: {} });
  const ownHint = (change: Partial<Hint> = {}) =>
    hint({ caller: { objectId: SELF.objectId.toUpperCase() }, ...change });

  it.each([
    ['after', () => [wrote(), journal.note(ownHint())]],
    ['before', () => [journal.note(ownHint()), wrote()]],
    [
      'after, with the application alone',
      () => [wrote(), journal.note(hint({ caller: { appId: SELF.clientId } }))],
    ],
    [
      'after, with another operation',
      () => [wrote(), journal.note(ownHint({ operation: 'Microsoft.Resources/tags/write' }))],
    ],
  ])('of which an event tells %s makes one entry', (_, run) => {
    run();
    expect(told()).toEqual([`c1 azid (${SELF.objectId}) Succeeded`]);
    expect(journal.of(KEY)[0]?.own).toBe(true);
  });

  it.each([
    ['after', () => [wrote(), journal.note(hint())]],
    ['before', () => [journal.note(hint()), wrote()]],
  ])('hides no caller that sent its correlation id with a call of their own, %s it', (_, run) => {
    run();
    expect(journal.of(KEY).map(({ own }) => own)).toHaveLength(2);
    expect(told().join()).toContain(`c1 azid (${SELF.objectId})`);
    expect(journal.of(KEY).filter(({ own }) => !own)).toMatchObject([
      { correlationId: 'c1', caller: 'alice@contoso.com' },
    ]);
  });

  it.each([
    ['after', () => [wrote(), journal.note(nameless())]],
    ['before', () => [journal.note(nameless()), wrote()]],
  ])('hides no call without a caller, %s it: an id alone proves nothing', (_, run) => {
    run();
    expect(told().sort()).toEqual([`c1 azid (${SELF.objectId}) Succeeded`, 'c1 undefined Succeeded']);
    expect(journal.culprit(KEY, 'changed')).toBeUndefined();
  });

  it('is no news', () => {
    wrote();
    journal.note(ownHint());
    journal.note(ownHint({ correlationId: 'of a process before' }));
    expect(news).toEqual([]);
    expect(journal.of(KEY)).toHaveLength(2);
  });

  it('that Azure refused is not kept', () => {
    journal.note(ownHint({ result: 'Failed' }));
    expect(journal.size).toBe(0);
  });

  it('is recorded as azid before it knows who it is', () => {
    const early = new ActivityJournal({ clock, isOwned: () => true });
    early.wrote({ id: ID, change: 'delete' });
    expect(early.of(KEY)).toMatchObject([
      { caller: 'azid', operation: 'Microsoft.ManagedIdentity/userAssignedIdentities/delete' },
    ]);
  });

  it('that Azure carries out over time is accepted', () => {
    journal.wrote({ id: VM, change: 'write', isAccepted: true, correlationId: 'c9' });
    journal.note(ownHint({ id: VM, correlationId: 'c9' }));
    expect(told(VM_KEY)).toEqual([`c9 azid (${SELF.objectId}) Accepted`]);
  });
});

describe('memory', () => {
  it('has the newest calls of a resource', () => {
    for (let n = 0; n < 1_000; n++)
      journal.note(hint({ correlationId: `c${n}`, at: clock.now() - 1_000 + n }));
    expect(journal.of(KEY)).toHaveLength(KEPT_CALLS);
    expect(journal.of(KEY)[0]?.correlationId).toBe('c999');
  });

  it('has those resources of which it heard last', () => {
    for (const name of ['a', 'b', 'c']) journal.note(hint({ id: `${GROUP}/${name}/x` }));
    journal.note(hint({ id: `${GROUP}/a/x`, correlationId: 'c2' }));
    journal.note(hint({ id: `${GROUP}/d/x` }));
    expect(journal.size).toBe(3);
    const kept = ['a', 'b', 'c', 'd'].map((name) => journal.of(`${GROUP}/${name}/x`.toLowerCase()).length);
    expect(kept).toEqual([2, 0, 1, 1]);
  });

  it('has nothing of which it heard a day ago, and what it heard now of long ago', () => {
    journal.note(hint({ id: `${GROUP}/a/x` }));
    clock.advance(WITHIN_MS + 1);
    journal.note(hint({ at: clock.now() - 3 * WITHIN_MS }));
    expect([journal.size, journal.of(KEY).length]).toEqual([1, 1]);
  });
});

describe('clocks that differ', () => {
  const MINUTE = 60_000;

  it.each([
    ['behind', -10 * MINUTE],
    ['ahead', 10 * MINUTE],
  ])('do not hide who wrote after azid, where Azure’s is %s', (_, offMs) => {
    const azure = () => clock.now() + offMs;
    clock.advance(60 * MINUTE);
    journal.note(hint({ id: VM, at: azure(), correlationId: 'before' }));
    clock.advance(1_000);
    journal.wrote({ id: VM, change: 'write', correlationId: 'own' }, [{ key: PART, repaired: undefined }]);
    journal.confirm(hint({ id: VM, at: azure(), correlationId: 'OWN' }));
    expect(journal.culprit(VM_KEY, 'written', clock.now() - 1)).toBeUndefined();
    clock.advance(1_000);
    journal.note(hint({ id: VM, at: azure(), correlationId: 'after' }));
    expect(journal.culprit(VM_KEY, 'written', clock.now() - 1)?.correlationId).toBe('after');
    expect(journal.missing(VM_KEY, [PART])?.correlationId).toBe('after');
    expect(journal.culprit(PART, 'written')?.correlationId).toBe('after');
  });

  it('are learnt from the record of a call before its answer as well', () => {
    journal.note(hint({ at: clock.now() - 10 * MINUTE, caller: { objectId: SELF.objectId } }));
    journal.wrote({ id: ID, change: 'write', correlationId: 'c1' });
    journal.note(hint({ at: clock.now() - 9 * MINUTE, correlationId: 'c2' }));
    expect(journal.culprit(KEY, 'changed')?.correlationId).toBe('c2');
  });

  it('are believed to differ by a quarter of an hour at most', () => {
    journal.note(hint({ at: clock.now() + 100 * MINUTE }));
    journal.wrote({ id: ID, change: 'write', correlationId: 'own' });
    journal.confirm(hint({ at: clock.now() + 16 * MINUTE, correlationId: 'own' }));
    clock.advance(1);
    expect(journal.culprit(KEY, 'changed')?.correlationId).toBe('c1');
    journal.confirm(hint({ at: clock.now() + 16 * MINUTE, correlationId: 'own' }));
    expect(journal.culprit(KEY, 'changed')).toBeUndefined();
  });

  it('are learnt from nothing that is not azid’s own call', () => {
    journal.note(hint());
    journal.confirm(hint({ at: 0 }));
    journal.confirm(hint({ at: 0, correlationId: 'unknown' }));
    expect(journal.of(KEY)).toMatchObject([{ azure: { at: clock.now() } }]);
  });
});

describe('what went with its group', () => {
  const gone = () =>
    hint({
      id: GROUP,
      operation: 'Microsoft.Resources/subscriptions/resourceGroups/delete',
      change: 'delete',
    });

  beforeEach(() => {
    owned = (key) => key === KEY || key === GROUP.toLowerCase();
  });

  it('is not kept of groups in which no object has anything, and evicts nothing of what an object has', () => {
    journal.note(hint());
    for (let n = 0; n < 10; n++) journal.note({ ...gone(), id: `${GROUP}-${n}`, correlationId: `g${n}` });
    expect([journal.size, told()]).toEqual([1, ['c1 alice@contoso.com Succeeded']]);
  });

  it('was removed by the caller that deleted the group, which no object owns', () => {
    journal.note(gone());
    expect(journal.culprit(KEY, 'removed')?.caller).toBe('alice@contoso.com');
    expect(journal.of(KEY)).toEqual([]);
  });

  it('was not, where azid wrote to it since, or it was changed only', () => {
    journal.note(gone());
    expect(journal.culprit(KEY, 'changed')).toBeUndefined();
    clock.advance(1_000);
    journal.wrote({ id: ID, change: 'write' });
    expect(journal.culprit(KEY, 'removed')).toBeUndefined();
  });

  it('is not kept of a group that was written', () => {
    journal.note({ ...gone(), change: 'write' });
    expect(journal.size).toBe(0);
  });
});

describe('what is missing from a resource', () => {
  const foreign = (change: Partial<Hint> = {}) =>
    hint({ id: VM, operation: 'Microsoft.Compute/virtualMachines/write', ...change });

  it('is by its last writer, and recorded for that part', () => {
    journal.note(foreign());
    clock.advance(1_000);
    expect(journal.missing(VM_KEY, [PART])?.caller).toBe('alice@contoso.com');
    expect(told(PART)).toEqual(['c1 alice@contoso.com Succeeded']);
    expect(journal.of(VM_KEY)).toMatchObject([{ blamed: true }]);
    expect(news.slice(1).map(({ key, call }) => [key, call.blamed])).toEqual([
      [VM_KEY, true],
      [PART, true],
    ]);
  });

  it('is explained by a call that is reported later', () => {
    journal.note(foreign({ correlationId: 'c0' }));
    clock.advance(1_000);
    journal.wrote({ id: VM, change: 'write', correlationId: 'own' });
    clock.advance(60_000);
    const at = clock.now();
    expect(journal.missing(VM_KEY, [PART])).toBeUndefined();
    clock.advance(1_000);
    journal.wrote({ id: VM, change: 'write', correlationId: 'repair' }, [{ key: PART, repaired: undefined }]);
    clock.advance(60_000);
    journal.note(foreign({ at }));
    expect(told(PART)).toEqual([
      `repair azid (${SELF.objectId}) Succeeded`,
      'c1 alice@contoso.com Succeeded',
    ]);
    expect(news.at(-1)?.key).toBe(PART);
    journal.note(foreign({ at: at + 1, correlationId: 'c2' }));
    expect(journal.of(PART)).toHaveLength(2);
  });

  it('is not explained by a call that azid’s own write came after', () => {
    const at = clock.now();
    clock.advance(1_000);
    journal.wrote({ id: VM, change: 'write', correlationId: 'own' });
    clock.advance(60_000);
    journal.missing(VM_KEY, [PART]);
    journal.note(foreign({ at }));
    expect(journal.of(PART)).toEqual([]);
  });

  it.each([
    ['that came later', () => ({ at: clock.now() })],
    ['that azid had seen', () => ({ at: clock.now() - 10 * 60_000 })],
    ['that failed', () => ({ at: clock.now() - 5 * 60_000 - 1_000, result: 'Failed' as const })],
    ['of which nobody says by whom', () => ({ at: clock.now() - 5 * 60_000 - 1_000, caller: {} })],
  ])('is not explained by a call %s', (_, change) => {
    journal.missing(VM_KEY, [PART], clock.now() - 60_000);
    clock.advance(5 * 60_000);
    journal.note(foreign(change()));
    expect(journal.of(PART)).toEqual([]);
  });
});

it('the key of a part names the resource and the part', () => {
  expect(parsePart(PART)).toEqual({ resource: VM_KEY, part: KEY });
  expect(parsePart(KEY)).toBeUndefined();
});
