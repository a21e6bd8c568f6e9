import { describe, expect, it } from 'vitest';
import { assignmentNames } from '../../../azure/names/assignment-name.ts';
import {
  assignment,
  duplicate,
  grant,
  INSTALLATION,
  known,
  PRINCIPAL,
  RECYCLED,
  reader,
  SCOPE,
  target,
} from '../facts.fixture.ts';
import { isAsked, isOurs, named, sameGrant, targetOf } from './target.ts';

describe('the assignment asked for', () => {
  it('has the names of its scope, role and principal, the frozen one first', () => {
    const names = assignmentNames(INSTALLATION, { scope: SCOPE, role: reader.guid, principalId: PRINCIPAL });
    expect(target.name).toBe(names[0]);
    expect(target.ids.map((id) => id.split('/').at(-1))).toEqual(names);
    expect(target.ids[0]).toBe(target.id);
  });

  it('is another one for another principal, role or scope, and the same whoever asks', () => {
    const other = { ...reader, guid: 'b24988ac-6180-42a0-ab88-20f7382dd24c' };
    const ids = [
      targetOf(grant(), { ...known, id: RECYCLED }, reader, INSTALLATION).id,
      targetOf(grant(), known, other, INSTALLATION).id,
      targetOf(grant({ spec: { scope: `${SCOPE}0` } }), known, reader, INSTALLATION).id,
    ];
    expect(new Set([target.id, ...ids]).size).toBe(4);
    expect(targetOf(grant({ metadata: { name: 'z', uid: 'z' } }), known, reader, INSTALLATION)).toEqual(
      target,
    );
  });

  it('is recognised by any of its ids, in any case, and by no other', () => {
    for (const id of target.ids) expect(isAsked(target, id.toUpperCase())).toBe(true);
    expect(isAsked(target, duplicate.id)).toBe(false);
  });
});

describe('an assignment as Azure shows it', () => {
  it.each([
    ['under each name of its own', (at: number) => assignment({ name: named(target, at).name }), true],
    [
      'of another principal under that name',
      (at: number) => assignment({ name: named(target, at).name, principalId: RECYCLED }),
      false,
    ],
    [
      'of another role under that name',
      (at: number) => assignment({ name: named(target, at).name, roleGuid: 'x' }),
      false,
    ],
    ['of the same grant under a name of somebody else', () => duplicate, false],
  ])('%s: azid’s own is %s', (_, shown, ours) => {
    for (const at of [0, 1, 2]) expect(isOurs(shown(at), { installationId: INSTALLATION })).toBe(ours);
  });

  it('grants the same only where scope, role and principal are equal', () => {
    expect(sameGrant(assignment({ scope: SCOPE.toUpperCase() }), target)).toBe(true);
    for (const change of [{ scope: '/' }, { roleGuid: 'x' }, { principalId: RECYCLED }])
      expect(sameGrant(assignment(change), target)).toBe(false);
  });
});
