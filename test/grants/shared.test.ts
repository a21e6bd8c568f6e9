import { describe, expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import { conditionOf, GrantStage, NAMESPACE, RG1, SUB } from '../support/kinds/grants.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

let cluster: Cluster;
let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new GrantStage(cluster, world);
  await stage.prepare();
});

const CONDITION = { expression: "@Resource[a:b] StringEquals 'c'", version: '2.0' } as const;
/** The API server's creation times have whole seconds: the oldest must be told from its names, not by chance. */
const oldest = async (...names: string[]) => {
  const objects = await Promise.all(names.map((name) => stage.get(name)));
  const age = (each: (typeof objects)[number]) => `${each?.metadata.creationTimestamp} ${each?.metadata.uid}`;
  return objects.toSorted((a, b) => (age(a) < age(b) ? -1 : 1)).map((each) => each?.metadata.name ?? '');
};

describe('two objects that ask for the same', () => {
  it('share one assignment until the last of them goes', async () => {
    await stage.declare('one', { description: 'For one.' });
    await stage.declare('two', { description: 'For two.' });
    await world.start();
    const one = await stage.ready('one');
    const two = await stage.ready('two');
    expect(one.status?.assignmentId).toBe(two.status?.assignmentId);
    const principal = await stage.principal();
    const [first = '', second = ''] = await oldest('one', 'two');
    const description = async () => (await stage.assignments(principal))[0]?.properties.description;
    await world.until('both to be named', async () => (await description())?.includes('and 1 more') ?? false);
    expect(await description()).toMatch(
      new RegExp(`^For ${first}\\. \\[azid .*: team-a/${first} and 1 more\\]$`),
    );
    expect(await stage.assignments(principal)).toHaveLength(1);

    await stage.delete(first);
    await stage.gone(first);
    await world.until(
      'the next owner to be named',
      async () => (await description())?.startsWith(`For ${second}.`) ?? false,
    );
    expect(stage.writes().filter((write) => write.startsWith('DELETE'))).toEqual([]);
    await stage.delete(second);
    await stage.gone(second);
    expect(await stage.assignments(principal)).toEqual([]);
    expect(stage.writes().filter((write) => write.startsWith('DELETE'))).toEqual(['DELETE 200']);
  });

  it('with different conditions: the later one is stalled, named, and has its turn when the first goes', async () => {
    await stage.declare('one');
    await stage.declare('two', { condition: CONDITION });
    const [first = '', second = ''] = await oldest('one', 'two');
    await world.start();
    await stage.ready(first);
    expect(await stage.stalled(second, 'ConflictingGrant')).toContain(`RoleGrant team-a/${first}`);
    await stage.delete(first);
    await stage.gone(first);
    await stage.ready(second);
    const [only, ...more] = await stage.assignments(await stage.principal());
    expect(more).toEqual([]);
    expect(only?.properties.condition).toBe(second === 'two' ? CONDITION.expression : null);
  });

  it('last until the later expiry', async () => {
    const at = (ms: number) => new Date(world.clock.now() + ms).toISOString().replace(/\.\d+Z$/, 'Z');
    await stage.declare('one', { expiresAt: at(15 * 60_000) });
    await stage.declare('two', { expiresAt: at(30 * 60_000) });
    await world.start();
    await stage.ready('one');
    await stage.ready('two');
    const principal = await stage.principal();
    await world.pass(16 * 60_000);
    await stage.stalled('one', 'Expired');
    expect(await stage.assignments(principal)).toHaveLength(1);
    await world.pass(15 * 60_000);
    await stage.stalled('two', 'Expired');
    expect(await stage.assignments(principal)).toEqual([]);
  });
});

describe('a ledger that was forged while no azid ran', () => {
  it('of a grant that is denied keeps nothing, and is right within seconds', async () => {
    await stage.declare('one');
    await world.start();
    const { status: one } = await stage.ready('one');
    const principal = await stage.principal();
    await stage.declare('thief', { principal: { id: principal, type: 'ServicePrincipal' } });
    await stage.stalled('thief', 'PolicyDenied');
    for (const operator of [...world.operators]) await world.kill(operator);
    await cluster.patch(
      roleGrant.resource,
      `${NAMESPACE}/thief`,
      { status: { ledger: one?.ledger, assignmentId: one?.assignmentId, principalId: principal } },
      'status',
    );
    const since = stage.mark;
    await world.start();
    await world.pass(10_000);
    // A list that is empty is not in the status at all.
    const mended = await stage.reach('thief', 'mended', (each) => (each.status?.ledger ?? []).length === 0);
    const { status } = mended;
    expect(status?.assignmentId).toBeUndefined();
    await stage.stalled('thief', 'PolicyDenied');
    await stage.ready('one');
    expect(stage.writes(since)).toEqual([]);
    await stage.delete('one');
    await stage.gone('one');
    expect(await stage.assignments(principal)).toEqual([]);
    await stage.delete('thief');
    await stage.gone('thief');
    expect(stage.writes(since)).toEqual(['DELETE 200']);
  });

  it('is not asked of a grant that was allowed: what it was given goes with it, once', async () => {
    await stage.declare('one');
    await world.start();
    await stage.ready('one');
    const principal = await stage.principal();
    await stage.policy([]);
    await stage.stalled('one', 'PolicyDenied');
    for (const operator of [...world.operators]) await world.kill(operator);
    const since = stage.mark;
    await world.start();
    await world.pass(11 * 60_000);
    expect(await stage.assignments(principal)).toHaveLength(1);
    await stage.delete('one');
    await stage.gone('one');
    expect(await stage.assignments(principal)).toEqual([]);
    expect(stage.writes(since)).toEqual(['DELETE 200']);
  });
});

describe('the same grant by somebody else', () => {
  it('counts as satisfied, also when only the 409 shows it, and stays when the object goes', async () => {
    await world.start();
    const principal = await stage.principal();
    for (const existsMessage of ['with-id', 'without-id'] as const) {
      world.azure.control.setKnobs({ authorization: { existsMessage } });
      const { id } = world.azure.control.grant({ principalId: principal, role: 'Reader', scope: RG1 });
      await stage.declare('read');
      const { status } = await stage.ready('read', 'ExistsUnmanaged');
      expect(status?.assignmentId?.toLowerCase()).toBe(id.toLowerCase());
      expect(status?.ledger ?? []).toEqual([]);
      await stage.delete('read');
      await stage.gone('read');
      expect((await stage.assignments(principal)).map((each) => each.id)).toEqual([id]);
      await stage.arm('DELETE', id);
    }
  });

  it('is made by azid should it vanish', async () => {
    await world.start();
    const principal = await stage.principal();
    const { id } = world.azure.control.grant({ principalId: principal, role: 'Reader', scope: RG1 });
    await stage.declare('read');
    await stage.ready('read', 'ExistsUnmanaged');
    expect(await stage.arm('DELETE', id)).toBe(200);
    await stage.ready('read', 'Granted');
    expect((await stage.assignments(principal)).map((each) => each.id)).not.toContain(id);
  });

  it('with another condition is no satisfaction, and is left alone', async () => {
    await world.start();
    const principalId = await stage.principal();
    world.azure.control.grant({ principalId, role: 'Reader', scope: RG1, condition: CONDITION.expression });
    await stage.declare('read');
    expect(await stage.stalled('read', 'ConflictingAssignment')).toContain('another condition');
    expect((await stage.assignments(principalId))[0]?.properties.condition).toBe(CONDITION.expression);
  });
});

describe('drift', () => {
  it('an assignment that somebody deleted is made again, and the history says so', async () => {
    await stage.declare('read');
    await world.start();
    const { status } = await stage.ready('read');
    await stage.arm('DELETE', status?.assignmentId ?? '');
    const again = await stage.ready(
      'read',
      'Granted',
      (each) => (each.status?.history?.length ?? 0) > 0 && each.status?.assignmentId !== undefined,
    );
    expect(again.status?.history).toMatchObject([{ reason: 'AssignmentVanished' }]);
    expect(again.status?.assignmentId).toBe(status?.assignmentId);
    expect(stage.writes()).toEqual(['PUT 201', 'PUT 201']);
  });

  it('an edited description and condition are put back', async () => {
    await stage.declare('read', { description: 'Mine.' });
    await world.start();
    const { status } = await stage.ready('read');
    const principal = await stage.principal();
    const [before] = await stage.assignments(principal);
    const id = status?.assignmentId ?? '';
    const { roleDefinitionId, principalId, principalType } = before?.properties ?? {};
    const body = {
      properties: {
        roleDefinitionId,
        principalId,
        principalType,
        description: 'Theirs.',
        condition: CONDITION.expression,
        conditionVersion: '2.0',
      },
    };
    // Azure answers 201 to a PUT of an assignment that is there, too (docs/azure-facts.md section 5).
    expect(await stage.arm('PUT', id, body)).toBe(201);
    await world.until('it to be put back', async () => {
      const [now] = await stage.assignments(principal);
      return (
        now?.properties.description === before?.properties.description && now?.properties.condition === null
      );
    });
    await stage.ready('read');
    expect(stage.writes()).toEqual(['PUT 201', 'PUT 201']);
  });

  it('an edit of scope or role replaces: new before old', async () => {
    await stage.declare('read');
    await world.start();
    const before = await stage.ready('read');
    await stage.declare('read', { scope: SUB });
    const after = await stage.ready('read');
    expect(stage.writes()).toEqual(['PUT 201', 'PUT 201', 'DELETE 200']);
    expect(after.status?.history).toMatchObject([
      { reason: 'SpecChanged', assignmentId: before.status?.assignmentId },
    ]);
    expect((await stage.assignments(await stage.principal())).map(({ id }) => id)).toEqual([
      after.status?.assignmentId,
    ]);
    expect(conditionOf(after, 'Propagated')?.status).toBe('False');
  });

  it('a replacement that is denied leaves the old one', async () => {
    await stage.declare('read');
    await world.start();
    const { status } = await stage.ready('read');
    await stage.declare('read', { role: { name: 'Owner' } });
    await stage.stalled('read', 'PolicyDenied');
    expect((await stage.assignments(await stage.principal())).map(({ id }) => id)).toEqual([
      status?.assignmentId,
    ]);
    await stage.declare('read');
    await stage.ready('read');
    expect(stage.writes()).toEqual(['PUT 201']);
  });
});
