import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { conditionOf, GrantStage, READER, RG1, SUB } from '../support/kinds/grants.ts';
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

const MG = '/providers/Microsoft.Management/managementGroups/platform';
const controllerId = () =>
  world.azure.control.identities({}).find(({ id }) => id.endsWith('azid-controller'))?.principalId ?? '';

describe('PrincipalNotFound', () => {
  it('is awaited for a new identity', async () => {
    world.azure.control.setKnobs({
      authorization: { principalNotFoundDespiteType: true },
      propagation: { directoryReplicationMs: 30_000 },
    });
    await stage.declare('read');
    await world.start();
    await stage.reach(
      'read',
      'retrying',
      (each) => conditionOf(each, 'Ready')?.reason === 'PrincipalNotFound',
    );
    await stage.ready('read');
    expect(stage.writes().at(-1)).toBe('PUT 201');
  });

  it('fails fast for a principal that never existed', async () => {
    world.azure.control.setKnobs({ authorization: { principalNotFoundDespiteType: true } });
    const id = 'dddddddd-0000-4000-8000-000000000001';
    await stage.policy([{ roles: ['Reader'], scopes: [SUB], principals: { ids: [id] } }]);
    await stage.declare('read', { principal: { id, type: 'ServicePrincipal' } });
    await world.start();
    expect(await stage.stalled('read', 'PrincipalNotFound')).toContain(id);
    expect(stage.writes()).toEqual(['PUT 400']);
  });
});

describe('a custom role', () => {
  const define = (roleName: string, ...actions: string[]) =>
    world.azure.control.defineRole({ roleName, actions }).id.slice(-36);

  it('is found by name, allowed by its GUID, and reported when it is edited', async () => {
    const guid = define('Shop reader', 'Microsoft.Resources/subscriptions/resourceGroups/read');
    await stage.policy([{ roles: ['Shop reader'], scopes: [SUB] }]);
    await stage.declare('read', { role: { name: 'shop reader' } });
    await world.start();
    expect(await stage.stalled('read', 'PolicyDenied')).toContain('by its GUID');
    await stage.policy([{ roles: [guid], scopes: [SUB] }]);
    const { status } = await stage.ready('read');
    define('Shop reader', '*');
    await world.pass(70 * 60_000);
    const told = await stage.reach(
      'read',
      'told',
      (each) => each.status?.roleContent !== status?.roleContent,
    );
    expect(told.status?.assignmentId).toBe(status?.assignmentId);
    expect(stage.writes()).toEqual(['PUT 201']);
  });

  it('that is renamed keeps what was granted; a namesake does not inherit it', async () => {
    const guid = define('Shop reader', 'Microsoft.Resources/subscriptions/resourceGroups/read');
    await stage.policy([{ roles: [guid], scopes: [SUB] }]);
    await stage.declare('read', { role: { name: 'Shop reader' } });
    await world.start();
    const { status } = await stage.ready('read');
    const role = {
      roleName: 'Renamed',
      type: 'CustomRole',
      assignableScopes: ['/'],
      permissions: [{ actions: ['*'] }],
    };
    const path = `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
    expect(await stage.arm('PUT', path, { properties: role })).toBeLessThan(300);
    await world.pass(70 * 60_000);
    await stage.stalled('read', 'RoleNotFound');
    define('Shop reader', '*');
    await world.pass(10 * 60_000);
    await stage.stalled('read', 'PolicyDenied');
    expect((await stage.assignments(await stage.principal())).map(({ id }) => id)).toEqual([
      status?.assignmentId,
    ]);
  });
});

describe('a scope', () => {
  it('that is gone stalls its grants; made again, they come back', async () => {
    const scope = `${SUB}/resourceGroups/rg3`;
    await stage.declare('read', { scope });
    await world.start();
    expect(await stage.stalled('read', 'ScopeNotFound')).toContain(scope);
    expect(stage.writes()).toEqual([]);
    world.azure.control.createResourceGroup({ name: 'rg3' });
    await stage.ready('read');
    world.azure.control.deleteResourceGroup({ name: 'rg3' });
    await world.pass(11 * 60_000);
    await stage.stalled('read', 'ScopeNotFound');
    world.azure.control.createResourceGroup({ name: 'rg3' });
    const { status } = await stage.ready('read');
    expect(status?.history).toMatchObject([{ reason: 'AssignmentVanished' }]);
    expect(stage.writes()).toEqual(['PUT 201', 'PUT 201']);
  });

  it('that is a resource which does not exist is named, after one try', async () => {
    const scope = `${RG1}/providers/Microsoft.Compute/virtualMachines/none`;
    await stage.declare('read', { scope });
    await world.start();
    expect(await stage.stalled('read', 'ScopeNotFound')).toContain(scope);
    expect(stage.writes()).toEqual(['PUT 404']);
  });

  it('can be a resource, a group, a subscription, a management group or the tenant', async () => {
    const { control } = world.azure;
    control.createManagementGroup({ name: 'platform' });
    for (const scope of ['/', MG]) control.grant({ principalId: controllerId(), role: 'azid grants', scope });
    await stage.policy([{ roles: ['Reader'], scopes: ['/'] }]);
    const scopes = {
      tenant: '/',
      mg: MG,
      sub: SUB,
      group: RG1,
      resource: `${RG1}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`,
    };
    for (const [name, scope] of Object.entries(scopes)) await stage.declare(name, { scope });
    await world.start();
    for (const [name, scope] of Object.entries(scopes)) {
      const { status } = await stage.ready(name);
      expect(
        status?.assignmentId
          ?.toLowerCase()
          .startsWith(`${scope === '/' ? '' : scope}/providers/microsoft.authorization`.toLowerCase()),
      ).toBe(true);
    }
    for (const name of Object.keys(scopes)) {
      await stage.delete(name);
      await stage.gone(name);
    }
    expect(stage.writes().filter((write) => write === 'DELETE 200')).toHaveLength(5);
  });
});

describe('an assignment above subscriptions, of which no event and no record exists', () => {
  it.each([
    ['a management group', MG],
    ['the tenant', '/'],
  ])('is made again within 6 min when somebody takes it away at %s', async (_, scope) => {
    const { control } = world.azure;
    control.createManagementGroup({ name: 'platform' });
    control.grant({ principalId: controllerId(), role: 'azid grants', scope });
    await stage.policy([{ roles: ['Reader'], scopes: ['/'] }]);
    await stage.declare('read', { scope });
    await world.start();
    const id = (await stage.ready('read')).status?.assignmentId ?? '';
    await world.pass(20 * 60_000);
    const lists = () =>
      world.azure.requests().filter(({ caller, path }) => caller === 'controller' && isListAt(path, scope))
        .length;
    const before = lists();
    await world.until('a list that still shows it', () => lists() > before);
    const removedAt = world.clock.monotonic();
    expect(await stage.arm('DELETE', id)).toBe(200);
    await world.until('the assignment', async () => (await stage.arm('GET', id)) === 200);
    expect(world.clock.monotonic() - removedAt).toBeLessThanOrEqual(6 * 60_000);
  });
});

/** Whether a request lists the assignments of this very scope. */
function isListAt(path: string, scope: string): boolean {
  const [list = ''] = path.toLowerCase().split('?');
  const at = scope === '/' ? '' : scope.toLowerCase();
  return list === `${at}/providers/microsoft.authorization/roleassignments`;
}

describe('what Azure does not let azid do', () => {
  it('is named: a role outside the condition of its delegation', async () => {
    const { control } = world.azure;
    const template = await readFile(
      new URL('../../deploy/azure/azid-grants-condition.txt', import.meta.url),
      'utf8',
    );
    const controller = controllerId();
    control.dropRights({ principalId: controller });
    control.grant({ principalId: controller, role: 'azid identities', scope: SUB });
    const condition = template.replaceAll('ROLE_GUIDS', READER);
    control.grant({ principalId: controller, role: 'azid grants', scope: SUB, condition });
    control.settle();
    await stage.policy([{ roles: ['Reader', 'Contributor'], scopes: [SUB] }]);
    await stage.declare('read');
    await stage.declare('write', { role: { name: 'Contributor' } });
    await world.start();
    await stage.ready('read');
    expect(await stage.stalled('write', 'AzureDelegationDenied')).toContain('Contributor');
    await stage.delete('read');
    await stage.gone('read');
    control.grant({ principalId: controller, role: 'Owner', scope: SUB });
    control.settle();
    await stage.ready('write');
  });

  it('is named: one assignment more than the subscription takes', async () => {
    world.azure.control.setKnobs({ authorization: { assignmentsPerSubscription: 1 } });
    await stage.declare('read');
    await world.start();
    await stage.stalled('read', 'LimitReached');
    world.azure.control.setKnobs({ authorization: { assignmentsPerSubscription: 4000 } });
    await stage.ready('read');
  });
});
