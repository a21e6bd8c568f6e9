import { describe, expect, it } from 'vitest';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { AzureRoleAssignment } from '../../../azure/azure-role-assignment.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { afterRecycling, assignment, grant, RECYCLED, target } from '../facts.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import type { SeenAssignment } from '../observed.ts';
import { chosenName, RefusedWrites } from './names.ts';
import { named } from './target.ts';

/** Under which of its names a grant stands, or is tried. */

const [first, second, third] = [named(target, 0), named(target, 1), named(target, 2)];
const UID = grant().metadata.uid;
const clash = new AzureError({ status: 400, code: 'HashConflictOnDifferentRoleAssignmentIds', message: '' });
const taken = new AzureError({ status: 400, code: 'RoleAssignmentUpdateNotPermitted', message: '' });
const limit = new AzureError({ status: 400, code: 'RoleAssignmentLimitExceeded', message: '' });

interface World {
  readonly there?: readonly SeenAssignment[];
  readonly refusals?: readonly AzureError[];
  readonly existingId?: string;
  readonly object?: RoleGrant;
}

function chosen({ there = [], refusals = [], existingId, object = grant() }: World) {
  const refused = new RefusedWrites();
  for (const error of refusals) refused.record(UID, error, target);
  const reported = new Map(existingId === undefined ? [] : [[UID, { targetId: first.id, existingId }]]);
  const observe = (id: string) => {
    const found = there.find((each) => armKey(each.id) === armKey(id));
    if (!found) return { state: 'suspectAbsent' } as const;
    const resource: AzureRoleAssignment = {
      ...found,
      key: armKey(found.id),
      roleDefinitionId: target.roleId,
      principalType: 'ServicePrincipal',
    };
    return { state: 'present', resource, how: 'list', ageMs: 0 } as const;
  };
  return chosenName(object, target, { assignmentCache: { observe }, reported, refused }).id;
}

const under = ({ id, name }: typeof target, change: Partial<SeenAssignment> = {}) =>
  assignment({ id, name, ...change });

describe('the name of a grant', () => {
  it.each([
    ['is the first by default', {}, first],
    ['is the one under which it stands', { there: [under(third)] }, third],
    ['also while another is refused', { there: [under(first)], refusals: [clash, clash] }, first],
    ['is the one that a 409 names', { existingId: second.id }, second],
    [
      'is the one that the ledger has from before',
      { object: grant({ status: { ledger: [third.id] } }) },
      third,
    ],
    ['has another try after a clash, which may pass', { refusals: [clash] }, first],
    ['gives way to the second after two', { refusals: [clash, clash] }, second],
    ['and to the third after two more', { refusals: [clash, clash, clash, clash] }, third],
    ['gives way at once to somebody else’s', { refusals: [taken] }, second],
    ['also to one that is seen there', { there: [under(first, { principalId: RECYCLED })] }, second],
    ['whoever is refused for another reason keeps it', { refusals: [limit, limit, limit] }, first],
    ['is tried in turn once all were refused', { refusals: Array(6).fill(clash) }, first],
    ['in turn', { refusals: Array(7).fill(clash) }, second],
    [
      'in turn, whatever the ledger has of the tries',
      {
        refusals: Array(6).fill(clash),
        object: grant({ status: { ledger: [first.id, second.id, third.id] } }),
      },
      first,
    ],
  ] as const)('%s', (_, world, expected) => expect(chosen(world as World)).toBe(expected.id));

  it('is not given up for an entry that a list shows in part', () => {
    expect(chosen({ there: [under(first, { principalId: '' })] })).toBe(first.id);
  });
});

describe('what Azure refused', () => {
  it('is forgotten with the object, with a PUT that is taken, and for another assignment', () => {
    const refused = new RefusedWrites();
    const fill = () => {
      for (const error of [...Array(6).fill(clash), limit]) refused.record(UID, error, target);
    };
    fill();
    expect(refused.name(UID, target)).toEqual({ at: 0, exhausted: true });
    expect(refused.limited(UID, target)).toBe(true);
    expect(refused.name(UID, afterRecycling)).toEqual({ at: 0, exhausted: false });
    expect(refused.limited(UID, afterRecycling)).toBe(false);
    for (const forget of [() => refused.forget(UID), () => refused.written(UID)]) {
      fill();
      forget();
      expect(refused.name(UID, target).exhausted).toBe(false);
    }
  });

  it('a refused DELETE uses up no name', () => {
    const refused = new RefusedWrites();
    refused.record(UID, clash, undefined);
    refused.record(UID, limit, undefined);
    expect(refused.name(UID, target).at).toBe(0);
    expect(refused.limited(UID, target)).toBe(false);
  });
});
