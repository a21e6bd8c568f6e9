import { describe, expect, it } from 'vitest';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { AzureRoleAssignment } from '../../../azure/azure-role-assignment.ts';
import type { RoleAssignments } from '../../../azure/role-assignments.ts';
import { silentLog } from '../../../runtime/log.ts';
import type { ReconcileContext } from '../../kind.ts';
import { assignment, duplicate, grant, PRINCIPAL, RECYCLED, SCOPE, target } from '../facts.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import type { SeenAssignment } from '../observed.ts';
import { duplicateOf, type ReportedExisting } from './duplicate.ts';
import { named } from './target.ts';

/** Somebody else's assignment of the same scope, role and principal. */

const context: ReconcileContext = {
  key: 'team-a/read',
  priority: 'edit',
  attempt: 1,
  reconcileId: 'r1',
  log: silentLog,
  signal: new AbortController().signal,
  startedAt: 0,
  patienceMs: 1_000,
};

interface World {
  /** As the cache holds them. */
  readonly held?: readonly SeenAssignment[];
  /** As Azure has them. */
  readonly there?: readonly SeenAssignment[];
  readonly reported?: ReportedExisting;
  /** The cache has proof that they are gone: lists are behind. */
  readonly gone?: boolean;
  /** Reads are refused. */
  readonly refused?: boolean;
}

function look(world: World, object: RoleGrant = grant()) {
  const { held = [], there = [], reported, gone = false, refused = false } = world;
  const calls: string[] = [];
  const called = (what: string) => {
    calls.push(what);
    if (refused) throw new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no' });
  };
  const as = (each: SeenAssignment): AzureRoleAssignment => ({
    ...each,
    key: each.id.toLowerCase(),
    roleDefinitionId: target.roleId,
    principalType: 'ServicePrincipal',
  });
  const assignments: Pick<RoleAssignments, 'get' | 'list'> = {
    async get(_scope, name) {
      called(`get ${name}`);
      const found = there.find((each) => each.name === name);
      const error = new AzureError({ status: 404, code: 'RoleAssignmentNotFound', message: '' });
      return found
        ? { found: true, assignment: as(found), requestedAt: 0 }
        : { found: false, missing: 'roleAssignment', error, requestedAt: 0 };
    },
    async *list(scope, filter) {
      called(`list ${scope} ${JSON.stringify(filter)}`);
      yield { assignments: there.map(as), requestedAt: 0 };
    },
  };
  const deps = {
    assignments,
    assignmentCache: { byIndex: () => held.map(as) as never, believes: async () => !gone },
    reported: new Map(reported ? [[object.metadata.uid, reported]] : []),
  };
  return duplicateOf(object, target, context, deps).then((found) => ({ found: found?.id, calls }));
}

const asked = grant({ metadata: { annotations: { 'azid.dev/reconcile-requested-at': 'now' } } });
const recorded = grant({ status: { assignmentId: duplicate.id, ledger: [] } });

describe('is taken from the cache', () => {
  it('without a call', async () => {
    expect(await look({ held: [duplicate] })).toEqual({ found: duplicate.id, calls: [] });
  });

  it('but read where somebody asked how things are now: it may be gone', async () => {
    expect(await look({ held: [duplicate], there: [duplicate] }, asked)).toEqual({
      found: duplicate.id,
      calls: [`get ${duplicate.name}`],
    });
    expect((await look({ held: [duplicate] }, asked)).found).toBeUndefined();
  });

  it.each([
    ['the target itself', assignment()],
    [
      'azid’s own under another of its names',
      assignment({ id: named(target, 1).id, name: named(target, 1).name }),
    ],
    ['of another principal', { ...duplicate, principalId: RECYCLED }],
    ['of another role', { ...duplicate, roleGuid: 'other' }],
    ['at a scope above', { ...duplicate, scope: SCOPE.replace('/resourceGroups/rg1', '') }],
  ])('unless it is none: %s', async (_, each) => {
    expect((await look({ held: [each] })).found).toBeUndefined();
  });
});

describe('is read', () => {
  it('where an earlier reconcile was satisfied with it', async () => {
    expect(await look({ there: [duplicate] }, recorded)).toEqual({
      found: duplicate.id,
      calls: [`get ${duplicate.name}`],
    });
    expect((await look({}, recorded)).found).toBeUndefined();
  });

  it('not where the ledger has it: that is azid’s own of before', async () => {
    const own = grant({ status: { assignmentId: duplicate.id, ledger: [duplicate.id] } });
    expect((await look({ there: [duplicate] }, own)).calls).toEqual([]);
  });

  it('by the id that a 409 names', async () => {
    const reported = { targetId: target.id, existingId: duplicate.id };
    expect(await look({ there: [duplicate], reported })).toEqual({
      found: duplicate.id,
      calls: [`get ${duplicate.name}`],
    });
  });

  it('among all of the principal at the scope, where a 409 names none', async () => {
    const { found, calls } = await look({ there: [duplicate], reported: { targetId: target.id } });
    expect(found).toBe(duplicate.id);
    expect(calls).toEqual([`list ${SCOPE} ${JSON.stringify({ principalId: PRINCIPAL })}`]);
  });

  it('but not one that is proven to be gone, however long lists go on to show it', async () => {
    const reported = { targetId: target.id };
    expect((await look({ there: [duplicate], reported, gone: true })).found).toBeUndefined();
  });

  it('not for a 409 about another assignment', async () => {
    const reported = { targetId: `${SCOPE}/providers/Microsoft.Authorization/roleAssignments/x` };
    expect((await look({ there: [duplicate], reported })).calls).toEqual([]);
  });

  it('in vain where Azure refuses: not seen is not satisfied', async () => {
    const reported = { targetId: target.id };
    for (const object of [recorded, grant()])
      expect((await look({ there: [duplicate], reported, refused: true }, object)).found).toBeUndefined();
  });
});
