import { expect, it } from 'vitest';
import { assignmentNames } from '../../src/azure/names/assignment-name.ts';
import { conditionOf, GrantStage, READER, RG1, WEB } from '../support/kinds/grants.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** New before old, and what is done where that has no way out. */

let cluster: Cluster;
let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new GrantStage(cluster, world);
  await stage.prepare();
});

const control = () => world.azure.control;

/** Whoever recycled it kept its tags, and azid is told. */
async function recycle(): Promise<string> {
  const identity = control()
    .identities()
    .find(({ id }) => id.toLowerCase() === WEB.toLowerCase());
  control().recycleIdentity({ id: WEB });
  control().tagIdentity({ id: WEB, tags: { ...identity?.tags } });
  await world.pass(11 * 60_000);
  return stage.principal('web', identity?.principalId);
}

it('at the limit the dead one of the object makes room for its successor', async () => {
  await stage.declare('read');
  await world.start();
  const { status: before } = await stage.ready('read');
  full();
  const since = stage.mark;
  const principal = await recycle();
  const { status } = await stage.ready('read', 'Granted', (each) => each.status?.principalId === principal);
  expect(status?.ledger).toEqual([status?.assignmentId]);
  expect(status?.assignmentId).not.toBe(before?.assignmentId);
  expect(stage.writes(since)).toEqual(['PUT 400', 'DELETE 200', 'PUT 201']);
});

it('at the limit nothing that lives makes room', async () => {
  await stage.identity('other');
  await stage.declare('read');
  await world.start();
  const { status } = await stage.ready('read');
  await stage.principal('other');
  full();
  const since = stage.mark;
  await stage.declare('read', { principal: { identityRef: { name: 'other' } } });
  await stage.stalled('read', 'LimitReached');
  expect(stage.writes(since)).toEqual(['PUT 400']);
  expect((await stage.assignments(await stage.principal())).map(({ id }) => id)).toEqual([
    status?.assignmentId,
  ]);
});

it('under a lock the new one stands and is Ready; the old one that cannot go has its own condition', async () => {
  await stage.declare('read');
  await world.start();
  const { status: before } = await stage.ready('read');
  control().lock({ scope: RG1, level: 'CanNotDelete' });
  const principal = await recycle();
  const blocked = await stage.ready(
    'read',
    'Granted',
    (each) =>
      each.status?.principalId === principal && conditionOf(each, 'RemovalBlocked')?.status === 'True',
  );
  expect(conditionOf(blocked, 'RemovalBlocked')).toMatchObject({
    reason: 'ScopeLocked',
    message: expect.stringContaining(before?.assignmentId ?? ''),
  });
  control().unlock({ scope: RG1 });
  await world.pass(6 * 60_000);
  const { status } = await stage.ready(
    'read',
    'Granted',
    (each) => conditionOf(each, 'RemovalBlocked')?.status === 'False',
  );
  expect(status?.ledger).toEqual([status?.assignmentId]);
});

/** From now on the subscription takes no more assignments than it has. */
function full(): void {
  const there = control()
    .assignments()
    .filter(({ scope }) => scope.startsWith('/subscriptions/'));
  control().setKnobs({ authorization: { assignmentsPerSubscription: there.length } });
}

const CLASH = {
  kind: 'status',
  status: 400,
  code: 'HashConflictOnDifferentRoleAssignmentIds',
  message: 'The hash of two role assignments is the same.',
} as const;

it('a name that Azure does not take gives way to the next, which is known again after a restart', async () => {
  const principalId = await startedPrincipal();
  const names = assignmentNames(installation(), { scope: RG1, role: READER, principalId });
  control().addFault({ method: 'PUT', path: names[0] ?? '', effect: CLASH });
  await stage.declare('read');
  const { status } = await stage.ready('read');
  expect(status?.assignmentId).toContain(names[1]);
  expect(status?.ledger).toEqual([status?.assignmentId]);
  expect(stage.writes()).toEqual(['PUT 400', 'PUT 400', 'PUT 201']);
  const since = stage.mark;
  for (const operator of [...world.operators]) await world.kill(operator);
  await world.start();
  await world.pass(11 * 60_000);
  await stage.ready('read');
  expect(stage.writes(since)).toEqual([]);
  await stage.delete('read');
  await stage.gone('read');
  expect(stage.writes(since)).toEqual(['DELETE 200']);
});

it('a name that is somebody else’s, wherever, gives way as well', async () => {
  const principalId = await startedPrincipal();
  const [first = '', second] = assignmentNames(installation(), { scope: RG1, role: READER, principalId });
  const other = control().createPrincipal({ displayName: 'other' });
  const role = `/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
  const properties = {
    roleDefinitionId: role,
    principalId: other.objectId,
    principalType: 'ServicePrincipal',
  };
  const id = `${RG1}/providers/Microsoft.Authorization/roleAssignments/${first}`;
  expect(await stage.arm('PUT', id, { properties })).toBe(201);
  await stage.declare('read');
  const { status } = await stage.ready('read');
  expect(status?.assignmentId).toContain(second);
  expect((await stage.assignments(other.objectId)).map(({ name }) => name)).toEqual([first]);
});

it('all names refused is said so, and tried seldom', async () => {
  await startedPrincipal();
  control().addFault({ method: 'PUT', path: '/roleAssignments/', effect: CLASH });
  await stage.declare('read');
  expect(await stage.stalled('read', 'AssignmentNameConflict')).toContain('none of the 3 names');
  expect(stage.writes()).toHaveLength(6);
  const since = stage.mark;
  await world.pass(11 * 60_000);
  expect(stage.writes(since).length).toBeLessThanOrEqual(3);
  control().clearFaults();
  await world.pass(6 * 60_000);
  await stage.ready('read');
});

/** As the tags of what azid made say. */
function installation(): string {
  const identity = control()
    .identities()
    .find(({ id }) => id.toLowerCase() === WEB.toLowerCase());
  return identity?.tags['azid-installation'] ?? '';
}

async function startedPrincipal(): Promise<string> {
  await world.start();
  return stage.principal();
}
