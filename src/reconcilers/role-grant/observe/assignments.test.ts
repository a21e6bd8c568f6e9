import { beforeEach, describe, expect, it } from 'vitest';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { AzureRoleAssignment } from '../../../azure/azure-role-assignment.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { silentLog } from '../../../runtime/log.ts';
import { Elapsed } from '../../../runtime/time/elapsed.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import { LiveReads, type ReconcileContext } from '../../kind.ts';
import { lateWritesOn, ownWritesOf } from '../../own-writes.fixture.ts';
import { HeldIdentities, noSystemProofs } from '../../proof/proofs.fixture.ts';
import { emptyStores, put } from '../../stores.fixture.ts';
import type { Stores } from '../../stores.ts';
import { decide } from '../decide.ts';
import {
  afterRecycling,
  assignment,
  duplicate,
  facts,
  grant,
  INSTALLATION,
  known,
  NOW,
  PRINCIPAL,
  RECYCLED,
  reader,
  settled,
  target,
} from '../facts.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import type { SeenAssignment, Target } from '../observed.ts';
import { RefusedWrites } from '../target/names.ts';
import { needsLive } from './assignment.ts';
import { type ReadDeps, withAssignments } from './assignments.ts';

/** Caches where they will do, Azure itself where a write would follow: no write rests on what a list showed. */

let stores: Stores;
let clock: FakeClock;
/** As the cache holds them, from a list; and as Azure has them. */
let held: SeenAssignment[];
let there: SeenAssignment[];
let live: Set<string>;
let reads: string[];
beforeEach(() => {
  [stores, clock, held, there, live, reads] = [emptyStores(), new FakeClock(NOW), [], [], new Set(), []];
});

const as = (each: SeenAssignment): AzureRoleAssignment => ({
  ...each,
  key: armKey(each.id),
  roleDefinitionId: target.roleId,
  principalType: 'ServicePrincipal',
});

function deps(change: Partial<ReadDeps> = {}): ReadDeps {
  const find = (all: readonly SeenAssignment[], id: string) =>
    all.find((each) => armKey(each.id) === armKey(id));
  const base = {
    stores,
    proofs: new HeldIdentities().proofs(stores),
    systemProofs: noSystemProofs,
    clock,
    elapsed: new Elapsed(clock),
    installationId: INSTALLATION,
    firstSeen: new Map(),
    roles: {
      byName: async () => ({ found: 'none' }),
      byId: async () => ({ found: 'none' }),
    },
    assignments: {
      async get(scope: string, name: string) {
        const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
        reads.push(id);
        live.add(armKey(id));
        const found = find(there, id);
        const error = new AzureError({ status: 404, code: 'RoleAssignmentNotFound', message: '' });
        return found
          ? { found: true, assignment: as(found), requestedAt: 0 }
          : { found: false, missing: 'roleAssignment', error, requestedAt: 0 };
      },
      list: () => expect.fail('no list was expected'),
    },
    assignmentCache: {
      observe(id: string) {
        if (live.has(armKey(id))) {
          const found = find(there, id);
          return found
            ? { state: 'present', resource: as(found), how: 'get', ageMs: 0 }
            : { state: 'absent', provenBy: 'get', ageMs: 0 };
        }
        const found = find(held, id);
        return found
          ? { state: 'present', resource: as(found), how: 'list', ageMs: 60_000 }
          : { state: 'suspectAbsent' };
      },
      loading: () => false,
      byIndex: () => held.filter(({ id }) => !live.has(armKey(id))).map(as),
    },
    ownWrites: ownWritesOf(),
    reported: new Map(),
    refused: new RefusedWrites(),
    azureLagMs: 120_000,
    lateWrites: lateWritesOn(clock),
    identities: { get: () => expect.fail('no identity is to be read') },
    identityCache: { observe: () => ({ state: 'unknown' }) },
    whoAmI: async () => ({ objectId: 'self', clientId: 'self', tenantId: 't' }),
    ...change,
  };
  // What no case here asks for is left out.
  return base as unknown as ReadDeps;
}

/** As the reconciler does: what a decision would rest on is looked at again, live. */
async function look(object: RoleGrant, wanted: Target | undefined = target, given = deps()) {
  const context: ReconcileContext = {
    key: 'team-a/read',
    priority: 'event',
    attempt: 1,
    reconcileId: 'r1',
    log: silentLog,
    signal: new AbortController().signal,
    startedAt: clock.monotonic(),
    patienceMs: 1_000,
  };
  const recycled = wanted === afterRecycling;
  const principal = recycled ? { ...known, id: RECYCLED } : known;
  // What the ledger has, without an end.
  const endless = { held: true, recorded: false, full: false };
  const ends = new Map((object.status?.ledger ?? []).map((id) => [armKey(id), { id, ...endless }] as const));
  const common = facts({ target: wanted, azure: undefined, principal, ends });
  const asked = new LiveReads();
  for (;;) {
    const seen = await withAssignments(object, common, wanted, context, asked, given);
    if (!asked.want(needsLive(object, seen, decide(object, seen)))) return seen;
  }
}

describe('what is as declared', () => {
  it('costs no read', async () => {
    held = [assignment()];
    expect((await look(settled())).azure).toMatchObject({ state: 'present', live: false });
    expect(reads).toEqual([]);
  });

  it('is read where somebody asked how it is now', async () => {
    [held, there] = [[assignment()], [assignment()]];
    const asked = settled({ metadata: { annotations: { 'azid.dev/reconcile-requested-at': 'now' } } });
    expect((await look(asked)).azure).toMatchObject({ state: 'present', live: true });
    expect(reads).toEqual([target.id]);
  });
});

describe('a write', () => {
  it.each([
    ['is called off where Azure shows what is declared', [assignment()], []],
    ['follows where Azure shows the same as the list', [assignment({ condition: 'x' })], ['putAssignment']],
    ['is a creation where Azure shows nothing any more', [], ['saveStatus', 'putAssignment']],
  ] as const)('of what a list showed otherwise %s', async (_, shown, actions) => {
    held = [assignment({ condition: 'x' })];
    there = [...shown];
    const seen = await look(settled());
    expect(reads).toEqual([target.id]);
    expect(decide(settled(), seen).actions.map(({ type }) => type)).toEqual(actions);
  });

  it('of what no list showed rests on a read of its own', async () => {
    there = [assignment()];
    expect(decide(settled(), await look(settled())).actions).toEqual([]);
    expect(reads).toEqual([target.id]);
  });

  it('that takes away is called off where it went already, or somebody else has the name', async () => {
    const successor = { id: afterRecycling.id, name: afterRecycling.name, principalId: RECYCLED };
    const object = settled({
      status: {
        ledger: [target.id, afterRecycling.id],
        assignmentId: afterRecycling.id,
        principalId: RECYCLED,
      },
    });
    for (const shown of [undefined, assignment({ principalId: RECYCLED, roleGuid: 'other' })]) {
      [reads, live] = [[], new Set()];
      held = [assignment(), assignment(successor)];
      there = [assignment(successor), ...(shown ? [shown] : [])];
      const seen = await look(object, afterRecycling);
      expect(reads).toEqual([target.id]);
      expect(decide(object, seen).actions.map(({ type }) => type)).not.toContain('deleteAssignment');
    }
  });

  it('is not even thought of while an older object’s condition stands', async () => {
    const spec = {
      principal: { id: PRINCIPAL, type: 'ServicePrincipal' },
      condition: { expression: 'x', version: '2.0' },
    } as const;
    const older = grant({
      spec,
      metadata: { name: 'older', uid: 'uid-older', creationTimestamp: '2026-01-01T00:00:00Z' },
      status: { ledger: [target.id] },
    });
    put(stores.grants, {
      metadata: older.metadata,
      spec: older.spec,
      status: { ...older.status, assignmentId: target.id },
    });
    const asked = {
      byName: async () => ({ found: 'one', role: roleOfReader }),
      byId: async () => ({ found: 'none' }),
    };
    const seen = await look(grant(), target, deps({ roles: asked as unknown as ReadDeps['roles'] }));
    expect(seen.coOwners).toMatchObject([{ key: 'team-a/older', holds: true, condition: 'x' }]);
    expect(reads).toEqual([]);
    expect(seen.azure).toBeUndefined();
  });
});

describe('somebody else’s assignment of the same', () => {
  it('is searched for only where Azure shows nothing under azid’s name', async () => {
    held = [duplicate];
    expect((await look(grant())).duplicate).toMatchObject({ id: duplicate.id });
    there = [assignment()];
    expect((await look(grant())).duplicate).toBeUndefined();
  });
});

it('without a word of Azure on who azid is, nothing is read and nothing granted', async () => {
  const refused = async () => {
    throw new AzureError({ code: 'AzureAuthenticationFailed', message: 'no token' });
  };
  const seen = await look(grant(), target, deps({ whoAmI: refused }));
  expect(seen.azure).toMatchObject({ state: 'unreadable', failure: { reason: 'AzureAuthenticationFailed' } });
  expect(decide(grant(), seen).actions).toEqual([]);
  expect(reads).toEqual([]);
});

const roleOfReader = {
  id: reader.id,
  guid: reader.guid,
  roleName: reader.name,
  type: 'BuiltInRole',
  permissions: [],
  assignableScopes: ['/'],
};
