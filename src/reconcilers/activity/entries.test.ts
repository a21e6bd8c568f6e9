import { describe, expect, it } from 'vitest';
import type { ActivityEntry } from '../../api/schema/activity.ts';
import { WITHIN_MS } from '../../hints/activity/by-whom.ts';
import type { Call } from '../../hints/activity/call.ts';
import { entriesOf, ownLastIn, repairedLately } from './entries.ts';

const NOW = Date.parse('2026-11-29T12:30:00Z');
const MINUTE = 60_000;
const iso = (minutesAgo: number) => new Date(NOW - minutesAgo * MINUTE).toISOString().replace('.000', '');

const call = (minutesAgo: number, change: Partial<Call> = {}): Call => ({
  at: NOW - minutesAgo * MINUTE,
  azure: {},
  operation: 'Microsoft.Authorization/roleAssignments/delete',
  change: 'delete',
  result: 'Succeeded',
  correlationId: `c${minutesAgo}`,
  caller: 'alice@contoso.com',
  isNamed: true,
  own: false,
  ...change,
});
const entry = (minutesAgo: number, change: Partial<ActivityEntry> = {}): ActivityEntry => ({
  time: iso(minutesAgo),
  operation: 'Microsoft.Authorization/roleAssignments/delete',
  caller: 'alice@contoso.com',
  result: 'Succeeded',
  correlationId: `c${minutesAgo}`,
  ...change,
});
const OWN = { own: true, caller: 'azid (1)', isNamed: false, change: 'write' } as const;
const heard = (...calls: Call[]) => calls.map((each) => ({ call: each }));

describe('the entries', () => {
  it('are what was heard, the newest first, after what the status had', () => {
    expect(entriesOf([entry(5)], heard(call(3), call(9)))).toEqual([entry(3), entry(5), entry(9)]);
  });

  it('say of what, where that is given', () => {
    expect(entriesOf(undefined, [{ call: call(3), resourceId: '/x' }])).toEqual([
      entry(3, { resourceId: '/x' }),
    ]);
  });

  it('are one for each resource of a deployment', () => {
    const two = ['/x', '/y'].map((resourceId) => ({ call: call(3), resourceId }));
    const once = entriesOf(entriesOf([], two.slice(0, 1)), two);
    expect(once.map(({ resourceId }) => resourceId)).toEqual(['/y', '/x']);
    expect(entriesOf(once, two)).toEqual(once);
  });

  it('are ten at most, whatever was heard', () => {
    const many = Array.from({ length: 30 }, (_, n) => call(n));
    expect(entriesOf([entry(40)], heard(...many)).map(({ time }) => time)).toEqual(
      Array.from({ length: 10 }, (_, n) => iso(n)),
    );
  });

  const attached = (ms: number, resourceId = `/vm${ms}`) => ({
    call: call(0, { ...OWN, at: NOW + ms, correlationId: `c${ms}`, result: 'Accepted' }),
    resourceId,
  });
  it.each([
    ['where more than ten things were done within one second', [...Array(20).keys()]],
    ['where two of one second are at the cut', [0, 1, 1000, 1001, 2000, 2001, 3000, 3001, 4000, 4001, 5000]],
  ])('stay as they are %s', (_, times) => {
    const calls = times.map((ms) => attached(ms));
    const first = entriesOf([], calls);
    expect(first).toHaveLength(10);
    expect(entriesOf(first, calls)).toEqual(first);
    expect(entriesOf(first, calls.toReversed())).toEqual(first);
  });

  it('are the same in whatever order they are heard of', () => {
    const calls = [...Array(20).keys()].map((n) => attached(Math.floor(n / 5), `/vm${n}`));
    const first = entriesOf([], calls);
    expect(first[0]).toMatchObject({ correlationId: 'c3' });
    expect(entriesOf([], calls.toReversed())).toEqual(first);
  });

  it('of one second have what was heard of last before the others', () => {
    const first = entriesOf([], [attached(0)]);
    expect(entriesOf(first, [attached(0), attached(1)]).map(({ resourceId }) => resourceId)).toEqual([
      '/vm1',
      '/vm0',
    ]);
  });

  it('have no caller where nobody is named', () => {
    const [only] = entriesOf([], heard(call(3, { caller: undefined })));
    expect(only && 'caller' in only).toBe(false);
  });

  it.each([
    ['of the same moment', [call(5)], entry(5)],
    ['whose record has another time', [call(6, { correlationId: 'c5' })], entry(5)],
    ['of azid', [call(5, OWN)], entry(5, { caller: 'azid', repaired: 'removed by bob' })],
    [
      'of azid, which a record reports',
      [call(5, { ...OWN, operation: 'x' })],
      entry(5, { caller: 'azid (1)' }),
    ],
    [
      'with a name, of which an event gives the id',
      [call(5, { caller: 'principal 1', isNamed: false })],
      entry(5),
    ],
    ['without a correlation id', [call(5, { correlationId: undefined })], without(entry(5), 'correlationId')],
  ])('stay as they are, to the letter, for a call %s', (_, calls, kept) => {
    const once = entriesOf([kept], heard(...calls));
    expect(once).toEqual([kept]);
    expect(entriesOf(once, heard(...calls))).toEqual(once);
  });

  it.each([
    ['by name', call(4, { correlationId: 'c5', operation: 'x' })],
    ['by nobody', call(4, { correlationId: 'c5', caller: undefined, isNamed: false })],
    ['of the same operation', call(4, { correlationId: 'c5' })],
  ])('hide no call %s that has the correlation id of one of azid', (_, foreign) => {
    const own = call(5, OWN);
    const both = entriesOf([], heard(own, foreign));
    expect(both.map(({ caller }) => caller)).toEqual([foreign.caller, 'azid (1)']);
    for (const kept of [[entry(5, { caller: 'azid (1)' })], both])
      for (const again of [heard(foreign), heard(own, foreign)]) expect(entriesOf(kept, again)).toEqual(both);
  });

  it('know ids again in whatever case Azure writes them', () => {
    const kept = [entry(5, { correlationId: 'abc-1', resourceId: '/Sub/X' })];
    const told = { call: call(5, { correlationId: 'ABC-1' }), resourceId: '/sub/x' };
    expect(entriesOf(kept, [told])).toEqual(kept);
  });

  it.each([
    ['a name in place of an id', call(5), entry(5, { caller: 'principal 1' }), entry(5)],
    ['how it ended', call(5), entry(5, { result: 'Failed' }), entry(5)],
    [
      'that it was azid',
      call(6, { ...OWN, correlationId: 'c5' }),
      entry(5, { caller: 'principal 1' }),
      entry(5, { caller: 'azid (1)' }),
    ],
  ])('learn %s', (_, told, kept, next) => {
    expect(entriesOf([kept], heard(told))).toEqual([next]);
  });

  it.each([
    ['no list', 'x'],
    ['of numbers', [1, 2]],
    ['null', [null]],
    ['without a time', [without(entry(5), 'time')]],
    ['with a time that is none', [entry(5, { time: 'yesterday' })]],
    ['with a result that is none', [{ ...entry(5), result: 'Maybe' }]],
    ['with a caller that is no text', [{ ...entry(5), caller: { name: 'x' } }]],
    ['with a caller that is too long', [entry(5, { caller: 'x'.repeat(161) })]],
    ['with a text that is too long', [entry(5, { repaired: 'x'.repeat(401) })]],
  ])('that somebody forged, %s, go', (_, kept) => {
    expect(entriesOf(kept, [])).toEqual([]);
  });

  it('that are too many in a forged status are cut', () => {
    expect(
      entriesOf(
        Array.from({ length: 1_000 }, (_, n) => entry(n)),
        [],
      ),
    ).toHaveLength(10);
  });
});

describe('what was put right', () => {
  const repair = entry(5, { caller: 'azid (1)', repaired: 'removed in Azure by alice' });
  it.each([
    ['by the last write of azid', [entry(3), repair, entry(9)], 'removed in Azure by alice'],
    ['is not told after another write', [entry(3, { caller: 'azid (1)' }), repair], undefined],
    ['is not told a day after', [{ ...repair, time: iso(WITHIN_MS / MINUTE) }], undefined],
    ['is not told of others', [entry(3, { repaired: 'x' })], undefined],
    ['is nothing where there is nothing', [], undefined],
  ])('%s', (_, entries, text) => {
    expect(repairedLately(entries, NOW)).toBe(text);
  });
});

it('when azid last wrote follows from its own entries', () => {
  expect(ownLastIn([entry(3), entry(5, { caller: 'azid' }), entry(7, { caller: 'azid' })])).toBe(
    NOW - 5 * MINUTE,
  );
  expect([ownLastIn(undefined), ownLastIn([entry(3)]), ownLastIn('x')]).toEqual([0, 0, 0]);
});

function without(given: ActivityEntry, name: keyof ActivityEntry): ActivityEntry {
  const { [name]: _, ...rest } = given;
  return rest as ActivityEntry;
}
