import { describe, expect, test } from 'vitest';
import type { HeldIdentity } from '../host.ts';
import { idsAfter, readIdentity } from './identity-edit.ts';

const id = (name: string) =>
  `/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const held = (...names: string[]): HeldIdentity => ({
  user: new Map(
    names.map((name) => [id(name).toLowerCase(), { id: id(name), principalId: 'p', clientId: 'c' }] as const),
  ),
});
const patched = { replaces: false, keepsRemoved: false };
const put = { replaces: true, keepsRemoved: false };

function left(names: readonly string[], given: Parameters<typeof readIdentity>[0], mode = patched): string[] {
  return [...idsAfter(held(...names), readIdentity(given), mode).values()].map(
    (each) => each.split('/').at(-1) ?? '',
  );
}

describe('row 20: the ids a host has after a write', () => {
  const map = (entries: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(entries).map(([name, value]) => [id(name), value]));
  test.each<[string, string[], Record<string, unknown> | null | undefined, string, typeof patched, string[]]>(
    [
      ['PATCH adds and leaves the others', ['a'], { b: {} }, 'UserAssigned', patched, ['a', 'b']],
      ['PATCH removes what is null', ['a', 'b'], { a: null }, 'UserAssigned', patched, ['b']],
      ['PATCH does both at once', ['a', 'b'], { a: null, c: {} }, 'UserAssigned', patched, ['b', 'c']],
      ['PATCH without a map changes none', ['a'], undefined, 'SystemAssigned, UserAssigned', patched, ['a']],
      ['removing what is not there is nothing', ['a'], { b: null }, 'UserAssigned', patched, ['a']],
      ['SystemAssigned alone drops all', ['a', 'b'], undefined, 'SystemAssigned', patched, []],
      ['SystemAssigned with null for the map drops all', ['a'], null, 'SystemAssigned', patched, []],
      ['None drops all, against the map', ['a'], { b: {} }, 'None', patched, []],
      ['PUT replaces', ['a', 'b'], { b: {}, c: {} }, 'UserAssigned', put, ['b', 'c']],
      ['PUT of null removes', ['a', 'b'], { a: null, b: {} }, 'UserAssigned', put, ['b']],
    ],
  )('%s', (_, before, entries, type, mode, expected) => {
    const userAssignedIdentities = entries ? map(entries) : entries;
    expect(left(before, { type, userAssignedIdentities }, mode)).toEqual(expected);
  });

  test('a type that keeps what was removed keeps it, unless it was named', () => {
    const keeps = { replaces: false, keepsRemoved: true };
    expect(left(['a', 'b'], { type: 'SystemAssigned' }, keeps)).toEqual(['a', 'b']);
    const named = { type: 'SystemAssigned', userAssignedIdentities: { [id('a')]: null } };
    expect(left(['a', 'b'], named, keeps)).toEqual(['b']);
    expect(left(['a', 'b'], { type: 'None' }, keeps)).toEqual([]);
  });

  test('a key in another case is the same identity and keeps its spelling', () => {
    const edit = readIdentity({
      type: 'UserAssigned',
      userAssignedIdentities: { [id('A').toUpperCase()]: {} },
    });
    expect([...idsAfter(held('a'), edit, patched).values()]).toEqual([id('a')]);
  });
});

test.each([
  ['SystemAssigned, UserAssigned', true, true],
  ['userassigned,SYSTEMASSIGNED', true, true],
  [' UserAssigned ', false, true],
  ['SystemAssigned', true, false],
  ['None', false, false],
])('the type %j is read as a set', (type, system, user) => {
  expect(readIdentity({ type })).toMatchObject({ system, user });
});

test.each(['', 'Both', 'None, UserAssigned', 'SystemAssigned;UserAssigned'])(
  'the type %j is refused',
  (type) => {
    expect(() => readIdentity({ type })).toThrow(/identity\.type/);
  },
);

test('a key that is no identity is refused by name', () => {
  const userAssignedIdentities = { '/subscriptions/s/resourceGroups/rg': {} };
  expect(() => readIdentity({ type: 'UserAssigned', userAssignedIdentities })).toThrow(
    "Property id '/subscriptions/s/resourceGroups/rg' at path 'identity.userAssignedIdentities' is invalid.",
  );
});
