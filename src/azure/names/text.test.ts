import { describe, expect, it } from 'vitest';
import { parseAssignmentId } from '../azure-role-assignment.ts';
import { namedIdentities } from '../hosts/read/named-identities.ts';
import { sameRoleName } from '../role-definitions.ts';
import { armKey, isWithinScope, sameId } from './resource-id.ts';
import { asciiLower, asciiOf, endsFault, lookalikeFault, sameText, spellingFault } from './text.ts';

const SUB = '/subscriptions/00000000-0000-0000-0000-000000000001';

describe('text is compared by ASCII case alone', () => {
  it.each([
    ['U+212A KELVIN SIGN', 'team-\u212a', 'team-k'],
    ['U+0130 capital I with dot', '\u0130d', 'id'],
    ['U+017F long s', 'te\u017ft', 'test'],
    ['U+0131 dotless i', '\u0131d', 'id'],
    ['a full-width letter', 'team-\uff4b', 'team-k'],
    ['U+00C4 and U+00E4, which nothing says Azure folds', '\u00c4', '\u00e4'],
  ])('%s is a letter of its own', (_, left, right) => {
    expect(sameText(left, right)).toBe(false);
    const group = (name: string) => `${SUB}/resourceGroups/${name}`;
    expect(sameId(group(left), group(right))).toBe(false);
    expect(isWithinScope(`${group(left)}/providers/A.B/c/d`, group(right))).toBe(false);
  });

  it('and of ASCII all letters fold', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
    expect(asciiLower(`${letters}-\u00c4`)).toBe(`${letters.toLowerCase()}-\u00c4`);
    expect(armKey(`${SUB}//resourceGroups/Rg/`)).toBe(`${SUB}/resourcegroups/rg`);
  });

  it('no character beyond ASCII is changed', () => {
    for (let code = 0x80; code < 0x3000; code++) {
      const character = String.fromCodePoint(code);
      expect(asciiLower(character)).toBe(character);
    }
  });
});

describe('a spelling that passes for another', () => {
  it.each([
    [
      'team-\u212a',
      "got U+212A in 'team-\u212a', which Unicode folds into 'k' and Azure does not; type 'k' instead",
    ],
    ['te\u017ft', "U+017F in 'te\u017ft', which Unicode folds into 's'"],
    ['\u0130d', "U+0130 in '\u0130d', which Unicode folds into 'i'"],
    ['\u0131d', "U+0131 in '\u0131d', which Unicode folds into 'i'"],
    ['\uff41', "U+FF41 in '\uff41', which Unicode folds into 'a'"],
    ['o\ufb03ce', "U+FB03 in 'o\ufb03ce', which Unicode folds into 'ffi'"],
    ['a\uff0fb', "U+FF0F in 'a\uff0fb', which Unicode folds into '/'"],
    ['Key\u00a0Vault', 'U+00A0 in'],
    ['a\u200bb', "expected characters that can be seen, got U+200B in 'a<U+200B>b'; remove it"],
    ['a\tb', "got U+0009 in 'a<U+0009>b'"],
    ['Reader ', "expected no white space at the ends, got U+0020 at the end of 'Reader '; remove it"],
    ['\u00a0Reader', "got U+00A0 at the beginning of '<U+00A0>Reader'; remove it"],
  ])('%j', (text, says) => {
    expect(spellingFault(text)).toContain(says);
  });

  it.each(['', 'Reader', 'Key Vault Reader', 'Größe', 'stra\u00dfe', '\u6771\u4eac', '\u00e9t\u00e9-rg'])(
    '%j is none',
    (text) => {
      expect(spellingFault(text)).toBeUndefined();
    },
  );

  it('is found for every character that a change of case or form turns into one of ASCII', () => {
    const found: string[] = [];
    for (let code = 0x80; code < 0x20000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const character = String.fromCodePoint(code);
      const folds = [character.toLowerCase(), character.toUpperCase(), character.normalize('NFKC')];
      if (folds.some((each) => /^[\x20-\x7e]$/.test(each)) && asciiOf(character) === undefined)
        found.push(character);
    }
    expect(found).toEqual([]);
    expect(endsFault('a b')).toBeUndefined();
    expect(lookalikeFault(' a ')).toBeUndefined();
  });
});

describe('names of Azure are taken as they are', () => {
  it.each(['Reader\u00a0', ' Reader', 'Reader\u200b', '\u212aey Vault Reader'])(
    '%j is no built-in role',
    (name) => {
      expect(sameRoleName(name, 'Reader')).toBe(false);
      expect(sameRoleName(name, 'Key Vault Reader')).toBe(false);
      expect(sameRoleName(name, name.toLowerCase())).toBe(name.toLowerCase() === asciiLower(name));
    },
  );

  it('an id is parsed as it was read, with any letters', () => {
    const scope = `${SUB}/resourceGroups/\u0130\u0130`;
    expect(parseAssignmentId(`${scope}/providers/Microsoft.Authorization/roleAssignments/n1`)).toEqual({
      scope,
      name: 'n1',
    });
  });

  it('an id in a message is one only in letters of ASCII', () => {
    const id = `${SUB}/resourceGroups/gr\u00f6\u00dfe/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
    expect(namedIdentities(`cannot find ${id}.`)).toEqual([id]);
    expect(
      namedIdentities(
        `cannot find ${id.replace('userAssigned', 'user\u017fAssigned').replace('ssigned', '\u017f\u017figned')}`,
      ),
    ).toEqual([]);
  });
});
