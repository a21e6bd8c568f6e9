import { describe, expect, it } from 'vitest';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { AzureRoleAssignment } from '../../../azure/azure-role-assignment.ts';
import type { AssignmentGet } from '../../../azure/role-assignments.ts';
import type { Observation } from '../../../cache/store/entry.ts';
import { silentLog } from '../../../runtime/log.ts';
import type { Priority } from '../../../runtime/outcome.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import type { ReconcileContext } from '../../kind.ts';
import { lateWritesOn, ownWritesOf } from '../../own-writes.fixture.ts';
import { assignment, grant, NOW, PRINCIPAL, target } from '../facts.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import { cachedAssignment, liveAssignment } from './assignment.ts';

/** What an observation may rest on: the cache, this reconcile's own reads and writes, or a GET; and when a 404 is proof. */

const LAG = 120_000;
const LIMIT = 60_000;
/** The reconcile began 1 s ago. */
const STARTED = 1_000;
const there: AzureRoleAssignment = {
  ...assignment(),
  key: target.id.toLowerCase(),
  roleDefinitionId: target.roleId,
  principalType: 'ServicePrincipal',
};
const present = (how: 'list' | 'get' | 'write', ageMs: number): Observation<AzureRoleAssignment> => ({
  state: 'present',
  resource: there,
  how,
  ageMs,
});
const absent = (ageMs: number, provenBy: 'get' | 'delete' = 'get'): Observation<AzureRoleAssignment> => ({
  state: 'absent',
  provenBy,
  ageMs,
});

interface World {
  readonly held: Observation<AzureRoleAssignment>;
  readonly got?: AssignmentGet | Error;
  readonly object?: RoleGrant;
  readonly priority?: Priority;
  readonly loading?: boolean;
  readonly ended?: string;
  /** Ms ago. */
  readonly refused?: number;
}

function world({ held, got, object = grant(), priority = 'event', loading = false, ended, refused }: World) {
  const clock = new FakeClock(NOW);
  const startedAt = clock.monotonic() - STARTED;
  const context: ReconcileContext = {
    key: 'team-a/read',
    priority,
    attempt: 1,
    reconcileId: 'r1',
    log: silentLog,
    signal: new AbortController().signal,
    startedAt,
    patienceMs: 1_000,
  };
  const deps = {
    clock,
    assignments: {
      async get() {
        if (got instanceof Error) throw got;
        if (!got) throw new Error('no read was expected');
        return got;
      },
      list: () => {
        throw new Error('no list was expected');
      },
    },
    assignmentCache: { observe: () => held, loading: () => loading },
    ownWrites: ownWritesOf({
      ended: { [object.metadata.uid]: ended },
      ...(refused !== undefined && { failedAt: clock.monotonic() - refused }),
    }),
    azureLagMs: LAG,
    lateWrites: lateWritesOn(clock, { azureLagMs: LAG, callLimitMs: LIMIT }),
  };
  return {
    cached: () => cachedAssignment(object, target.id, context, deps),
    live: () => liveAssignment(object, target.id, context, deps),
  };
}

describe('from the cache', () => {
  it.each([
    ['a list, however young, is not live', present('list', 0), false],
    ['a GET of this visit is', present('get', STARTED), true],
    ['a write of this visit is', present('write', 10), true],
    ['a GET from before this visit is not', present('get', STARTED + 1), false],
  ])('%s', (_, held, live) => {
    expect(world({ held }).cached()).toMatchObject({ state: 'present', live });
  });

  it('what was read before Azure refused a write does not explain that', () => {
    expect(world({ held: present('get', 500), refused: 100 }).cached()).toMatchObject({ live: false });
    expect(world({ held: present('get', 50), refused: 100 }).cached()).toMatchObject({ live: true });
    expect(world({ held: absent(500), refused: 100 }).cached()).toBeUndefined();
  });

  it('an absence counts only if this reconcile read it; a suspicion never does', () => {
    expect(world({ held: absent(STARTED) }).cached()).toMatchObject({ state: 'absent', conclusive: true });
    expect(world({ held: absent(STARTED + 1) }).cached()).toBeUndefined();
    expect(world({ held: { state: 'suspectAbsent' } }).cached()).toBeUndefined();
  });

  it('what was never seen waits for the first list, unless somebody waits for the object', () => {
    const held = { state: 'unknown' } as const;
    expect(world({ held, priority: 'resync', loading: true }).cached()).toEqual({ state: 'loading' });
    expect(world({ held, priority: 'resync' }).cached()).toBeUndefined();
    expect(world({ held, priority: 'edit', loading: true }).cached()).toBeUndefined();
  });
});

const notFound = (missing: 'roleAssignment' | 'resourceGroup' | 'resource'): AssignmentGet => ({
  found: false,
  missing,
  error: new AzureError({ status: 404, code: 'NotFound', message: '' }),
  requestedAt: 0,
});

describe('from Azure', () => {
  it('what is there is live', async () => {
    const got = { found: true, assignment: there, requestedAt: 0 } as const;
    expect(await world({ held: { state: 'unknown' }, got }).live()).toMatchObject({
      state: 'present',
      live: true,
    });
  });

  it.each([
    ['roleAssignment', 'assignment'],
    ['resourceGroup', 'scope'],
    ['resource', 'scope'],
  ] as const)('a missing %s is a missing %s', async (gone, missing) => {
    expect(await world({ held: absent(0), got: notFound(gone) }).live()).toMatchObject({
      state: 'absent',
      missing,
    });
  });

  it('a refusal is reported, and what is no answer of Azure is thrown', async () => {
    const got = new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no' });
    expect(await world({ held: { state: 'unknown' }, got }).live()).toMatchObject({
      state: 'unreadable',
      failure: { reason: 'AuthorizationFailed' },
    });
    await expect(world({ held: { state: 'unknown' }, got: new Error('bug') }).live()).rejects.toThrow('bug');
  });
});

describe('a 404', () => {
  const at = (msAgo: number) => new Date(NOW - msAgo).toISOString();
  const settled = (lastWriteTime: string) =>
    grant({
      status: { assignmentId: target.id, principalId: PRINCIPAL, ledger: [target.id], lastWriteTime },
    });
  const begun = grant({ status: { ledger: [target.id], writeStartedAt: at(1_000) } });
  const rows: [string, World, object][] = [
    [
      'is no word against an own write of a moment ago',
      { held: present('write', 5_000) },
      { state: 'present', live: true },
    ],
    [
      'within Azure’s lag of something unknown proves nothing',
      { held: { state: 'suspectAbsent' } },
      { conclusive: false, conclusiveInMs: LAG },
    ],
    ['of what nobody wrote is proof', { held: absent(0) }, { conclusive: true, conclusiveInMs: 0 }],
    [
      'soon after a write of a process before this one is none',
      { held: absent(0), object: settled(at(20_000)) },
      { conclusive: false, conclusiveInMs: LAG - 20_000 },
    ],
    [
      'when the lag is over is',
      { held: absent(0), object: settled(at(LAG)) },
      { conclusive: true, conclusiveInMs: 0 },
    ],
    [
      'after our own DELETE is, whenever it was written',
      { held: absent(0, 'delete'), object: settled(at(20_000)) },
      { conclusive: true, conclusiveInMs: 0 },
    ],
    [
      'while a write of a dead process may be under way is none, until its call has ended and the lag is over',
      { held: absent(0), object: begun },
      { conclusive: false, conclusiveInMs: LIMIT + LAG - 1_000 },
    ],
    [
      'is, where this process knows how that write ended',
      { held: absent(0), object: begun, ended: at(1_000) },
      { conclusive: true, conclusiveInMs: 0 },
    ],
  ];
  it.each(rows)('%s', async (_, given, expected) => {
    expect(await world({ ...given, got: notFound('roleAssignment') }).live()).toMatchObject(expected);
  });
});
