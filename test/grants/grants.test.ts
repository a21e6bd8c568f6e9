import { describe, expect, it } from 'vitest';
import { conditionOf, GrantStage, READER, RG1, SUB, WEB } from '../support/kinds/grants.ts';
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

describe('a grant', () => {
  it('waits for its identity by name, and goes on as soon as it is there', async () => {
    await stage.declare('read', { principal: { identityRef: { name: 'late' } } });
    await world.start();
    const waiting = await stage.reach(
      'read',
      'waiting',
      (each) => conditionOf(each, 'Ready')?.reason === 'DependencyNotReady',
    );
    expect(conditionOf(waiting, 'Ready')?.message).toContain('UserAssignedIdentity team-a/late');
    await stage.identity('late');
    const { status } = await stage.ready('read');
    const [only, ...more] = await stage.assignments(await stage.principal('late'));
    expect(more).toEqual([]);
    expect(only).toMatchObject({
      id: status?.assignmentId,
      properties: {
        scope: RG1,
        principalType: 'ServicePrincipal',
        roleDefinitionId: expect.stringContaining(READER),
        description: expect.stringMatching(/^\[azid [0-9a-f-]{36}: team-a\/read\]$/),
      },
    });
    expect(stage.writes()).toEqual(['PUT 201']);
  });

  it('distinguishes granted from propagated, and comes back to say so', async () => {
    await stage.declare('read');
    await world.start();
    const granted = await stage.ready('read');
    expect(conditionOf(granted, 'Propagated')).toMatchObject({ status: 'False', reason: 'Propagating' });
    await world.pass(10 * 60_000);
    await stage.ready('read', 'Granted', (each) => conditionOf(each, 'Propagated')?.status === 'True');
  });

  it('costs no write once it stands, also at a resync', async () => {
    await stage.declare('read');
    await world.start();
    await stage.ready('read');
    const { mark } = stage;
    await world.pass(25 * 60_000);
    expect(stage.writes(mark)).toEqual([]);
  });

  it.each([
    ['by its GUID', { id: READER.toUpperCase() }],
    ['by its full id', { id: `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${READER}` }],
    ['by name in another case', { name: 'rEADER' }],
  ])('finds the role %s', async (_, role) => {
    await stage.declare('read', { role });
    await world.start();
    await stage.ready('read');
  });

  it('that names an unknown role, or one the policy does not allow, is stalled without a write', async () => {
    await stage.declare('unknown', { role: { name: 'Raeder' } });
    await stage.declare('owner', { role: { name: 'Owner' } });
    await world.start();
    expect(await stage.stalled('unknown', 'RoleNotFound')).toContain("'Raeder'");
    expect(await stage.stalled('owner', 'PolicyDenied')).toContain("'Owner'");
    expect(stage.writes()).toEqual([]);
    await stage.declare('unknown');
    await stage.ready('unknown');
  });
});

describe('a recycled identity', () => {
  it('takes its grants along: the new one first, then the old one goes, and foreign ones stay', async () => {
    await stage.declare('read');
    await world.start();
    await stage.ready('read');
    const before = await stage.principal();
    const { id: foreign } = world.azure.control.grant({
      principalId: before,
      role: 'Contributor',
      scope: RG1,
    });
    const { mark } = stage;
    world.azure.control.recycleIdentity({ id: WEB });
    world.azure.control.tagIdentity({ id: WEB, tags: (await tagsOf('web')) ?? {} });
    const after = await stage.principal('web', before);
    const { status } = await stage.ready('read', 'Granted', (each) => each.status?.principalId === after);
    expect(stage.writes(mark)).toEqual(['PUT 201', 'DELETE 200']);
    expect((await stage.assignments(after)).map(({ id }) => id)).toEqual([status?.assignmentId]);
    expect((await stage.assignments(before)).map(({ id }) => id)).toEqual([foreign]);
    expect(status?.history).toMatchObject([{ reason: 'PrincipalRecycled', principalId: before }]);
    expect(status?.ledger).toEqual([status?.assignmentId]);
  });
});

/** The tags the identity had: whoever recycled it kept them. */
async function tagsOf(name: string): Promise<Record<string, string> | undefined> {
  const object = await stage.getIdentity(name);
  const { uid } = object?.metadata ?? {};
  const installation = installationOf();
  return uid
    ? { 'azid-installation': installation, 'azid-owner': `team-a/${name}`, 'azid-owner-uid': uid }
    : undefined;
}

function installationOf(): string {
  const put = world.azure
    .requests()
    .find(({ method, path }) => method === 'PUT' && /userassignedidentities\/web/i.test(path));
  const { tags } = (put?.body ?? {}) as { tags?: Record<string, string> };
  return tags?.['azid-installation'] ?? '';
}
