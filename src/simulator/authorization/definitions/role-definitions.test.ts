import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { all, refusal } from '../../sdk.fixture.ts';
import { guid, recorder, type Stage, startStage } from '../stage.fixture.ts';
import { BUILT_IN_ROLES, builtInRoleId } from './definitions.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await startStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const named = (name: string, scope = stage.subscription) =>
  all(stage.client.roleDefinitions.list(scope, { filter: `roleName eq '${name}'` }));
const custom = (roleName: string, extra = {}) => ({
  roleName,
  roleType: 'CustomRole',
  description: 'ours',
  assignableScopes: [stage.subscription],
  permissions: [{ actions: ['Microsoft.Compute/virtualMachines/read'], notActions: [] }],
  ...extra,
});

describe('built-in roles', () => {
  test('are found by name without case, exactly one', async () => {
    const found = await named('storage blob DATA reader');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      name: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1',
      roleName: 'Storage Blob Data Reader',
      roleType: 'BuiltInRole',
      assignableScopes: ['/'],
      permissions: [
        {
          actions: [
            'Microsoft.Storage/storageAccounts/blobServices/containers/read',
            'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action',
          ],
          notActions: [],
          dataActions: ['Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'],
          notDataActions: [],
        },
      ],
    });
    expect(await named('Storage Blob Data')).toEqual([]);
  });

  test('have their id at the subscription also when asked at a group, and bare at the tenant', async () => {
    const suffix = `/providers/Microsoft.Authorization/roleDefinitions/${builtInRoleId('Reader')}`;
    expect((await named('Reader', stage.group))[0]?.id).toBe(`${stage.subscription}${suffix}`);
    expect((await named('Reader', ''))[0]?.id).toBe(suffix);
  });

  test('come in one page, however many there are', async () => {
    stage.simulator.control.setKnobs({ paging: { pageSize: 50 } });
    const listed = await all(stage.client.roleDefinitions.list(stage.subscription));
    expect(listed).toHaveLength(BUILT_IN_ROLES.length);
    expect(stage.simulator.requests()).toHaveLength(1);
  });

  test('are read one by one, by GUID or by id', async () => {
    const { roleDefinitions } = stage.client;
    const byGuid = await roleDefinitions.get(stage.group, builtInRoleId('AcrPull'));
    expect(byGuid.roleName).toBe('AcrPull');
    expect(await roleDefinitions.getById(stage.role('AcrPull').slice(1))).toEqual(byGuid);
    expect(await refusal(roleDefinitions.get(stage.group, guid(1)))).toMatchObject({
      status: 404,
      code: 'RoleDefinitionDoesNotExist',
    });
  });

  test('cannot be changed or deleted', async () => {
    const { roleDefinitions } = stage.client;
    const owner = builtInRoleId('Owner');
    expect(
      await refusal(roleDefinitions.createOrUpdate(stage.subscription, owner, custom('Owner'))),
    ).toMatchObject({
      status: 400,
    });
    expect(await refusal(roleDefinitions.delete(stage.subscription, owner))).toMatchObject({ status: 400 });
  });
});

describe('custom roles', () => {
  test('are made, found, edited, assigned, and acted upon', async () => {
    const { roleDefinitions, roleAssignments } = stage.client;
    const made = await roleDefinitions.createOrUpdate(stage.subscription, guid(1), custom('Watcher'));
    expect(made).toMatchObject({ name: guid(1), roleType: 'CustomRole', description: 'ours' });
    expect((await named('watcher', stage.group)).map(({ name }) => name)).toEqual([guid(1)]);
    const caller = await stage.caller('watcher');
    await roleAssignments.create(stage.group, guid(2), {
      roleDefinitionId: made.id ?? '',
      principalId: caller.objectId,
    });
    const read = () => caller.client.roleAssignments.get(stage.group, guid(2));
    expect(await refusal(read())).toMatchObject({ status: 403 });
    await roleDefinitions.createOrUpdate(
      stage.subscription,
      guid(1),
      custom('Watcher of grants', { permissions: [{ actions: ['Microsoft.Authorization/*/read'] }] }),
    );
    expect((await read()).principalId).toBe(caller.objectId);
    expect(await named('Watcher')).toEqual([]);
  });

  test('are deleted with 200 and their body, then 204, but not while assigned', async () => {
    const { roleDefinitions, roleAssignments } = stage.client;
    await roleDefinitions.createOrUpdate(stage.subscription, guid(1), custom('Watcher'));
    const id = `${stage.subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid(1)}`;
    await roleAssignments.create(stage.group, guid(2), {
      roleDefinitionId: id,
      principalId: stage.principalId,
    });
    expect(await refusal(roleDefinitions.delete(stage.subscription, guid(1)))).toMatchObject({
      status: 400,
      code: 'RoleDefinitionHasAssignments',
    });
    await roleAssignments.delete(stage.group, guid(2));
    const { seen, onResponse } = recorder();
    expect((await roleDefinitions.delete(stage.subscription, guid(1), { onResponse })).roleName).toBe(
      'Watcher',
    );
    await roleDefinitions.delete(stage.subscription, guid(1), { onResponse });
    expect(seen.map(({ status }) => status)).toEqual([200, 204]);
  });

  test('have a name of their own', async () => {
    const { roleDefinitions } = stage.client;
    await roleDefinitions.createOrUpdate(stage.subscription, guid(1), custom('Watcher'));
    for (const name of ['WATCHER', 'Reader'])
      expect(
        await refusal(roleDefinitions.createOrUpdate(stage.subscription, guid(2), custom(name))),
      ).toMatchObject({
        status: 409,
        code: 'RoleDefinitionWithSameNameExists',
      });
  });

  test('are seen and assigned only at and beneath their assignable scopes', async () => {
    const other = guid(90);
    stage.simulator.control.createSubscription({ id: other });
    const { roleDefinitions, roleAssignments } = stage.client;
    await roleDefinitions.createOrUpdate(
      stage.subscription,
      guid(1),
      custom('Watcher', { assignableScopes: [stage.group] }),
    );
    expect(await named('Watcher', stage.group)).toHaveLength(1);
    expect(await named('Watcher', `/subscriptions/${other}`)).toEqual([]);
    expect(await named('Watcher')).toEqual([]);
    const below = await all(
      stage.client.roleDefinitions.list(stage.subscription, {
        filter: "atScopeAndBelow() and roleName eq 'Watcher'",
      }),
    );
    expect(below).toHaveLength(1);
    const assign = roleAssignments.create(`/subscriptions/${other}`, guid(2), {
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${guid(1)}`,
      principalId: stage.principalId,
    });
    expect(await refusal(assign)).toMatchObject({ code: 'RoleDefinitionDoesNotExist' });
  });

  test('need the right to write at every assignable scope', async () => {
    const { client } = await stage.caller('admin', { role: 'User Access Administrator', scope: stage.group });
    const write = (assignableScopes: string[]) =>
      client.roleDefinitions.createOrUpdate(stage.group, guid(1), custom('Watcher', { assignableScopes }));
    expect(await refusal(write([stage.group, stage.subscription]))).toMatchObject({
      status: 403,
      code: 'AuthorizationFailed',
    });
    expect((await write([stage.group])).roleName).toBe('Watcher');
  });

  test('without a name, scopes or permissions are refused', async () => {
    for (const extra of [{ roleName: '' }, { assignableScopes: [] }, { permissions: [] }])
      expect(
        await refusal(
          stage.client.roleDefinitions.createOrUpdate(stage.subscription, guid(1), custom('x', extra)),
        ),
      ).toMatchObject({ status: 400 });
  });

  test('may be defined and edited by the control endpoint, without rights', async () => {
    const { control } = stage.simulator;
    const { id } = control.defineRole({ roleName: 'Seeded', actions: ['Microsoft.Compute/*'] });
    expect((await named('seeded'))[0]?.permissions?.[0]?.actions).toEqual(['Microsoft.Compute/*']);
    expect(control.defineRole({ roleName: 'Seeded', actions: ['*'] }).id).toBe(id);
    expect((await named('seeded'))[0]?.permissions?.[0]?.actions).toEqual(['*']);
  });
});

test('a filter by type separates built-in from custom', async () => {
  await stage.client.roleDefinitions.createOrUpdate(stage.subscription, guid(1), custom("Tom's"));
  const list = (filter: string) => all(stage.client.roleDefinitions.list(stage.subscription, { filter }));
  expect((await list("type eq 'CustomRole'")).map(({ roleName }) => roleName)).toEqual(["Tom's"]);
  expect(await list("type eq 'BuiltInRole'")).toHaveLength(BUILT_IN_ROLES.length);
  expect(await list("roleName eq 'Tom''s'")).toHaveLength(1);
  expect(await refusal(list("description eq 'ours'"))).toMatchObject({ status: 400 });
});
