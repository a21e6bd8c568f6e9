import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusal } from '../../sdk.fixture.ts';
import { guid, recorder, type Stage, startStage } from '../stage.fixture.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await startStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const reader = () => ({
  roleDefinitionId: stage.role('Reader'),
  principalId: stage.principalId,
  principalType: 'ServicePrincipal',
});
const create = (n: number, body: object = {}, scope = stage.group, options = {}) =>
  stage.client.roleAssignments.create(scope, guid(n), { ...reader(), ...body }, options);
const hex = (id: string) => id.replaceAll('-', '');

describe('a write', () => {
  test('answers 201 with explicit nulls and without its creator', async () => {
    const { seen, onResponse } = recorder();
    await create(1, {}, stage.group, { onResponse });
    expect(seen).toEqual([
      {
        status: 201,
        body: {
          properties: {
            roleDefinitionId: stage.role('Reader'),
            principalId: stage.principalId,
            principalType: 'ServicePrincipal',
            scope: stage.group,
            condition: null,
            conditionVersion: null,
            createdOn: expect.stringMatching(/^2026-11-23T\d\d:\d\d:\d\d\.\d{7}Z$/),
            updatedOn: expect.any(String),
            createdBy: null,
            updatedBy: expect.stringMatching(/^[0-9a-f-]{36}$/),
            delegatedManagedIdentityResourceId: null,
            description: null,
          },
          id: `${stage.group}/providers/Microsoft.Authorization/roleAssignments/${guid(1)}`,
          type: 'Microsoft.Authorization/roleAssignments',
          name: guid(1),
        },
      },
    ]);
  });

  test('shows its creator and another creation time on the next read', async () => {
    const made = await create(1);
    const read = await stage.client.roleAssignments.get(stage.group, guid(1));
    expect(made.createdBy).toBeNull();
    expect(read.createdBy).toBe(made.updatedBy);
    expect(read.createdOn?.getTime()).not.toBe(made.createdOn?.getTime());
  });

  test('that is equal answers 201, or 200 by the knob', async () => {
    const { seen, onResponse } = recorder();
    await create(1);
    await create(1, {}, stage.group, { onResponse });
    stage.simulator.control.setKnobs({ authorization: { equalPutStatus: 200 } });
    await create(1, {}, stage.group, { onResponse });
    expect(seen.map(({ status }) => status)).toEqual([201, 200]);
  });

  test('that is equal is answered as a creation: another createdOn, and createdBy still null', async () => {
    const before = await create(1);
    stage.clock.advance(60_000);
    const answer = await create(1, { description: 'second' });
    expect(answer.createdBy).toBeNull();
    expect(answer.createdOn?.getTime()).toBe((before.createdOn?.getTime() ?? 0) + 60_000);
    const read = await stage.client.roleAssignments.get(stage.group, guid(1));
    expect(read.createdBy).toBe(read.updatedBy);
    expect(read.createdOn).not.toEqual(answer.createdOn);
  });

  test('may change description and condition, and takes away what it leaves out', async () => {
    const condition = "@Resource[a:b] StringEquals 'x'";
    await create(1, { description: 'first' });
    const changed = await create(1, { description: 'second', condition, conditionVersion: '2.0' });
    expect(changed).toMatchObject({ description: 'second', condition, conditionVersion: '2.0' });
    const bare = await create(1);
    expect(bare).toMatchObject({ description: null, condition: null, conditionVersion: null });
    expect(await stage.client.roleAssignments.get(stage.group, guid(1))).toMatchObject({ description: null });
  });

  test('finds role and scope in any case', async () => {
    await create(1);
    const again = create(
      1,
      {
        roleDefinitionId: `/providers/microsoft.authorization/ROLEDEFINITIONS/${stage.role('Reader').slice(-36).toUpperCase()}`,
      },
      stage.group.toUpperCase(),
    );
    expect((await again).name).toBe(guid(1));
  });
});

describe('conditions', () => {
  test.for([
    ['a condition without its version', { condition: "ActionMatches{'x'}" }],
    ['a version without its condition', { conditionVersion: '2.0' }],
  ] as const)('%s is refused', async ([, body]) => {
    expect(await refusal(create(1, body))).toMatchObject({ status: 400, code: 'InvalidCondition' });
  });

  test.for([
    ['malformed', { condition: "ActionMatches{'x'", conditionVersion: '2.0' }],
    ['of version 1.0', { condition: "ActionMatches{'x'}", conditionVersion: '1.0' }],
    ['above 8 KB', { condition: `ActionMatches{'${'x'.repeat(8192)}'}`, conditionVersion: '2.0' }],
  ] as const)('one that is %s is refused', async ([, body]) => {
    expect(await refusal(create(1, body))).toMatchObject({
      status: 400,
      message: 'The given role assignment condition is invalid.',
    });
  });
});

describe('what is unique', () => {
  test('a name with another principal, role or scope may not be updated', async () => {
    await create(1);
    const other = stage.simulator.control.createPrincipal({ displayName: 'other' }).objectId;
    const expected = {
      status: 400,
      code: 'RoleAssignmentUpdateNotPermitted',
      message: 'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
    };
    expect(await refusal(create(1, { principalId: other }))).toEqual(expected);
    expect(await refusal(create(1, { roleDefinitionId: stage.role('Owner') }))).toEqual(expected);
    expect(await refusal(create(1, {}, stage.subscription))).toEqual(expected);
  });

  test('a name is unique across the subscriptions of the tenant', async () => {
    const id = guid(99);
    stage.simulator.control.createSubscription({ id });
    await create(1);
    expect(await refusal(create(1, {}, `/subscriptions/${id}`))).toMatchObject({
      code: 'RoleAssignmentUpdateNotPermitted',
    });
  });

  test('the same triple under another name answers 409 with the id as 32 hex digits', async () => {
    await create(1);
    expect(await refusal(create(2))).toEqual({
      status: 409,
      code: 'RoleAssignmentExists',
      message: `The role assignment already exists. The ID of the existing role assignment is ${hex(guid(1))}.`,
    });
    stage.simulator.control.setKnobs({ authorization: { existsMessage: 'without-id' } });
    expect((await refusal(create(2))).message).toBe('The role assignment already exists.');
  });

  test('a triple that was deleted may be made again under another name', async () => {
    await create(1);
    await stage.client.roleAssignments.delete(stage.group, guid(1));
    expect((await create(2)).name).toBe(guid(2));
  });
});

describe('principals', () => {
  const fresh = () => {
    stage.simulator.control.setKnobs({ propagation: { directoryReplicationMs: 30_000 } });
    return stage.simulator.control.createPrincipal({ displayName: 'fresh' }).objectId;
  };
  const untyped = { principalType: undefined };
  const notFound = (id: string) => ({
    status: 400,
    code: 'PrincipalNotFound',
    message: `Principal ${hex(id)} does not exist in the directory ${stage.simulator.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
  });

  test('a new one is not found without a type until the directory has replicated, then its type is inferred', async () => {
    const principalId = fresh();
    expect(await refusal(create(1, { principalId, ...untyped }))).toEqual(notFound(principalId));
    stage.clock.advance(29_999);
    expect(await refusal(create(1, { principalId, ...untyped }))).toEqual(notFound(principalId));
    stage.clock.advance(1);
    expect((await create(1, { principalId, ...untyped })).principalType).toBe('ServicePrincipal');
  });

  test('a new one is taken at once with its type, unless the knob says otherwise', async () => {
    const principalId = fresh();
    stage.simulator.control.setKnobs({ authorization: { principalNotFoundDespiteType: true } });
    expect(await refusal(create(1, { principalId }))).toEqual(notFound(principalId));
    stage.simulator.control.setKnobs({ authorization: { principalNotFoundDespiteType: false } });
    expect((await create(1, { principalId })).principalId).toBe(principalId);
  });

  test('PrincipalNotFound carries no Retry-After', async () => {
    let retryAfter: string | undefined = 'not asked';
    const call = create(1, { principalId: fresh(), ...untyped }, stage.group, {
      onResponse: (raw: { headers: { get(name: string): string | undefined } }) => {
        retryAfter = raw.headers.get('retry-after');
      },
    });
    await refusal(call);
    expect(retryAfter).toBeUndefined();
  });

  test('a wrong type is refused in the words of the service, misspelling included', async () => {
    expect(await refusal(create(1, { principalType: 'User' }))).toEqual({
      status: 400,
      code: 'UnmatchedPrincipalType',
      message: `The PrincipalId '${hex(stage.principalId)}' has type 'ServicePrincipal' , which is different from specified PrinciaplType 'User'.`,
    });
  });

  test('a malformed id is refused by itself', async () => {
    expect(await refusal(create(1, { principalId: 'app' }))).toEqual({
      status: 400,
      code: 'InvalidPrincipalId',
      message: "The Principal ID 'app' is not valid.",
    });
  });

  test('a dead one keeps its assignments, unmarked', async () => {
    const made = await create(1);
    stage.simulator.control.deletePrincipal({ objectId: stage.principalId });
    stage.clock.advance(40 * 24 * 3600_000);
    const { createdBy: _by, createdOn: _on, updatedOn: _at, ...rest } = made;
    const client = (await stage.caller('later', { role: 'Reader', scope: '/' })).client;
    expect(await client.roleAssignments.get(stage.group, guid(1))).toMatchObject(rest);
  });
});

describe('limits', () => {
  test('the limit of a subscription counts its groups and the dead, and is given back by a delete', async () => {
    stage.simulator.control.setKnobs({ authorization: { assignmentsPerSubscription: 2 } });
    await create(1);
    stage.simulator.control.deletePrincipal({ objectId: stage.principalId });
    await create(2, {}, stage.subscription);
    const third = { roleDefinitionId: stage.role('AcrPull') };
    expect(await refusal(create(3, third))).toMatchObject({
      code: 'RoleAssignmentLimitExceeded',
      message: 'No more role assignments can be created',
    });
    // An update of what is there needs no room.
    await create(1, { description: 'still' });
    await stage.client.roleAssignments.delete(stage.group, guid(1));
    expect((await create(3, third)).name).toBe(guid(3));
  });

  test('a management group holds 500 of its own', async () => {
    const scope = '/providers/Microsoft.Management/managementGroups/mg1';
    stage.simulator.control.createManagementGroup({ name: 'mg1' });
    for (let n = 1; n < 500; n++)
      stage.simulator.control.grant({ principalId: guid(n), role: 'Reader', scope });
    expect((await create(500, {}, scope)).name).toBe(guid(500));
    expect(await refusal(create(501, { roleDefinitionId: stage.role('AcrPull') }, scope))).toMatchObject({
      code: 'RoleAssignmentLimitExceeded',
    });
    expect((await create(501)).name).toBe(guid(501));
  });

  test('the agent types belong to api-version 2026-08-01', async () => {
    const put = (version: string) =>
      stage.simulator.control.arm({
        method: 'PUT',
        path: `${stage.group}/providers/Microsoft.Authorization/roleAssignments/${guid(1)}?api-version=${version}`,
        body: { properties: { ...reader(), principalId: guid(77), principalType: 'AgentUser' } },
      });
    expect((await put('2022-04-01')).status).toBe(400);
    expect((await put('2026-08-01')).status).toBe(201);
  });

  test('an unknown role is refused', async () => {
    const unknown = `${stage.subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid(7)}`;
    expect(await refusal(create(1, { roleDefinitionId: unknown }))).toEqual({
      status: 400,
      code: 'RoleDefinitionDoesNotExist',
      message: `The specified role definition with ID '${hex(guid(7))}' does not exist.`,
    });
  });

  test('a name that is no GUID is refused', async () => {
    const call = stage.client.roleAssignments.create(stage.group, 'mine', reader());
    expect(await refusal(call)).toMatchObject({ status: 400, code: 'InvalidRoleAssignmentId' });
  });

  test('a missing group, resource or subscription is named', async () => {
    const vm = 'providers/Microsoft.Compute/virtualMachines/vm9';
    expect(await refusal(create(1, {}, `${stage.subscription}/resourceGroups/nope`))).toMatchObject({
      status: 404,
      code: 'ResourceGroupNotFound',
    });
    expect(await refusal(create(1, {}, `${stage.group}/${vm}`))).toMatchObject({
      status: 404,
      code: 'ResourceNotFound',
      message: expect.stringContaining(
        "The Resource 'Microsoft.Compute/virtualMachines/vm9' under resource group 'rg1'",
      ),
    });
    expect(await refusal(create(1, {}, `/subscriptions/${guid(8)}`))).toMatchObject({ status: 404 });
  });
});

describe('a delete', () => {
  test('answers 200 with what was deleted, then 204', async () => {
    await create(1, { description: 'mine' });
    const { seen, onResponse } = recorder();
    const deleted = await stage.client.roleAssignments.delete(stage.group, guid(1), { onResponse });
    expect(deleted).toMatchObject({ name: guid(1), description: 'mine', principalId: stage.principalId });
    await stage.client.roleAssignments.delete(stage.group, guid(1), { onResponse });
    expect(seen.map(({ status }) => status)).toEqual([200, 204]);
    expect(seen[1]?.body).toBeUndefined();
  });

  test('at another scope finds nothing', async () => {
    await create(1);
    const { seen, onResponse } = recorder();
    await stage.client.roleAssignments.delete(stage.subscription, guid(1), { onResponse });
    expect(seen.map(({ status }) => status)).toEqual([204]);
    expect(await refusal(stage.client.roleAssignments.get(stage.subscription, guid(1)))).toEqual({
      status: 404,
      code: 'RoleAssignmentNotFound',
      message: `The role assignment '${guid(1)}' is not found.`,
    });
    expect((await stage.client.roleAssignments.get(stage.group, guid(1))).name).toBe(guid(1));
  });

  test('under a scope that is gone answers 403, or 404 by the knob; the scope made again has no grants', async () => {
    await create(1);
    stage.simulator.control.deleteResourceGroup({ name: 'rg1' });
    const remove = () => stage.client.roleAssignments.delete(stage.group, guid(1));
    expect(await refusal(remove())).toMatchObject({ status: 403, code: 'AuthorizationFailed' });
    stage.simulator.control.setKnobs({ authorization: { goneScopeDelete: 404 } });
    expect(await refusal(remove())).toMatchObject({ status: 404 });
    stage.simulator.control.createResourceGroup({ name: 'rg1' });
    expect(await refusal(stage.client.roleAssignments.get(stage.group, guid(1)))).toMatchObject({
      status: 404,
    });
    expect((await create(2)).name).toBe(guid(2));
  });

  test('of the last Owner at a subscription is refused, of the last but one not', async () => {
    const owner = { roleDefinitionId: stage.role('Owner') };
    const other = stage.simulator.control.createPrincipal({ displayName: 'other' }).objectId;
    await create(1, owner, stage.subscription);
    await create(2, { ...owner, principalId: other }, stage.subscription);
    await stage.client.roleAssignments.delete(stage.subscription, guid(2));
    expect(await refusal(stage.client.roleAssignments.delete(stage.subscription, guid(1)))).toMatchObject({
      message: 'Cannot delete the last RBAC admin assignment',
    });
  });
});

test('a GET may miss a fresh creation, which is there all the same', async () => {
  stage.simulator.control.setKnobs({ propagation: { readAfterWriteMs: 5_000 } });
  await create(1);
  expect(await refusal(stage.client.roleAssignments.get(stage.group, guid(1)))).toMatchObject({
    status: 404,
    code: 'RoleAssignmentNotFound',
  });
  expect(await refusal(create(2))).toMatchObject({ code: 'RoleAssignmentExists' });
  stage.clock.advance(5_000);
  expect((await stage.client.roleAssignments.get(stage.group, guid(1))).name).toBe(guid(1));
});

test('assignments live at tenant, management group, subscription, group, resource and inside a resource', async () => {
  const { control } = stage.simulator;
  control.createManagementGroup({ name: 'mg1' });
  const { id } = control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  const scopes = [
    '/',
    '/providers/Microsoft.Management/managementGroups/mg1',
    stage.subscription,
    stage.group,
    id,
    `${id}/federatedIdentityCredentials/f1`,
  ];
  for (const [n, scope] of scopes.entries()) {
    const made = await create(n + 1, {}, scope === '/' ? '' : scope);
    expect(made.scope).toBe(scope);
    const bare = scope === '/' ? '' : scope;
    expect((await stage.client.roleAssignments.get(bare, guid(n + 1))).id).toBe(made.id);
  }
});
