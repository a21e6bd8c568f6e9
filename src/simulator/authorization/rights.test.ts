import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { all, refusal } from '../sdk.fixture.ts';
import { builtInRoleId } from './definitions/definitions.ts';
import { type Caller, guid, type Stage, startStage } from './stage.fixture.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await startStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const grantAs = (
  { client }: Pick<Caller, 'client'>,
  n: number,
  role = 'Reader',
  body = {},
  scope = stage.group,
) =>
  client.roleAssignments.create(scope, guid(n), {
    roleDefinitionId: stage.role(role),
    principalId: stage.principalId,
    principalType: 'ServicePrincipal',
    ...body,
  });
const removeAs = ({ client }: Pick<Caller, 'client'>, n: number, scope = stage.group) =>
  client.roleAssignments.delete(scope, guid(n));

describe('a caller without the right', () => {
  test('may not grant, and is refused in the words of the service', async () => {
    const caller = await stage.caller('contributor', { role: 'Contributor', scope: '/' });
    const { status, code, message } = await refusal(grantAs(caller, 1));
    expect({ status, code }).toEqual({ status: 403, code: 'AuthorizationFailed' });
    expect(message).toMatch(
      new RegExp(
        `^The client '[0-9a-f-]{36}' with object id '${caller.objectId}' does not have authorization or an ABAC condition not fulfilled to perform action 'Microsoft\\.Authorization/roleAssignments/write' over scope '${stage.group}/providers/Microsoft\\.Authorization/roleAssignments/${guid(1)}' or the scope is invalid\\. If access was recently granted, please refresh your credentials\\.$`,
      ),
    );
  });

  test('may not delete, not even what is not there', async () => {
    const caller = await stage.caller('reader', { role: 'Reader', scope: '/' });
    await grantAs(stage, 1);
    expect(await refusal(removeAs(caller, 1))).toMatchObject({ status: 403, code: 'AuthorizationFailed' });
    expect(await refusal(removeAs(caller, 2))).toMatchObject({ status: 403, code: 'AuthorizationFailed' });
  });

  test('may not read one, or read role definitions; the text then names no condition', async () => {
    const caller = await stage.caller('nobody');
    await grantAs(stage, 1);
    expect(await refusal(caller.client.roleAssignments.get(stage.group, guid(1)))).toMatchObject({
      status: 403,
    });
    const { message } = await refusal(all(caller.client.roleDefinitions.list(stage.subscription)));
    expect(message).toContain(
      "does not have authorization to perform action 'Microsoft.Authorization/roleDefinitions/read'",
    );
  });
});

test.for(['/', '/providers/Microsoft.Management/managementGroups/mg1', 'subscription', 'group'])(
  'a right at %s reaches the group',
  async (level) => {
    const { control } = stage.simulator;
    control.createManagementGroup({ name: 'mg1' });
    control.createSubscription({ id: stage.simulator.subscriptionId, managementGroup: 'mg1' });
    const scope = { subscription: stage.subscription, group: stage.group }[level] ?? level;
    const caller = await stage.caller('admin', { role: 'User Access Administrator', scope });
    expect((await grantAs(caller, 1)).name).toBe(guid(1));
  },
);

test('a right at a group does not reach its subscription or another group', async () => {
  stage.simulator.control.createResourceGroup({ name: 'rg10' });
  const caller = await stage.caller('admin', { role: 'User Access Administrator', scope: stage.group });
  for (const scope of [stage.subscription, `${stage.subscription}/resourceGroups/rg10`])
    expect(await refusal(grantAs(caller, 1, 'Reader', {}, scope))).toMatchObject({ status: 403 });
});

test('a deny assignment beats Owner and says so', async () => {
  const caller = await stage.caller('owner', { role: 'Owner', scope: '/' });
  await grantAs(caller, 1);
  stage.simulator.control.deny({
    principalId: caller.objectId,
    scope: stage.subscription,
    actions: ['Microsoft.Authorization/roleAssignments/delete'],
  });
  const { status, code, message } = await refusal(removeAs(caller, 1));
  expect({ status, code }).toEqual({ status: 403, code: 'DenyAssignmentAuthorizationFailed' });
  expect(message).toContain('the access is denied because of the deny assignment');
  expect((await grantAs(caller, 2, 'AcrPull')).name).toBe(guid(2));
});

describe('a grant takes effect', () => {
  const MINUTES = 60_000;
  beforeEach(() => {
    stage.simulator.control.setKnobs({ propagation: { grantEffectMs: 10 * MINUTES } });
  });
  const admin = async () => {
    const caller = await stage.caller('admin');
    stage.clock.advance(1_000);
    await grantAs(
      stage,
      9,
      'User Access Administrator',
      { principalId: caller.objectId },
      stage.subscription,
    );
    stage.clock.advance(1_000);
    return caller;
  };

  test('for an old token only after the delay', async () => {
    const caller = await admin();
    expect(await refusal(grantAs(caller, 1))).toMatchObject({ status: 403 });
    stage.clock.advance(10 * MINUTES - 1_001);
    expect(await refusal(grantAs(caller, 1))).toMatchObject({ status: 403 });
    stage.clock.advance(1);
    expect((await grantAs(caller, 1)).name).toBe(guid(1));
  });

  test('for a new token at once', async () => {
    const caller = await admin();
    const client = await caller.renewed();
    expect((await grantAs({ client }, 1)).name).toBe(guid(1));
    expect(await refusal(grantAs(caller, 2, 'AcrPull'))).toMatchObject({ status: 403 });
  });

  test('for all callers when the propagation clocks are advanced', async () => {
    const caller = await admin();
    stage.simulator.control.settle();
    expect((await grantAs(caller, 1)).name).toBe(guid(1));
  });
});

describe('an RBAC administrator under a condition', () => {
  const clause = (action: string, source: string, roles: string[]) =>
    `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/${action}'})) OR
     (@${source}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${roles.join(', ')}} AND
      @${source}[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}))`;
  const roles = [builtInRoleId('AcrPull'), builtInRoleId('Reader')];
  const condition = `${clause('write', 'Request', roles)} AND ${clause('delete', 'Resource', roles)}`;
  const administrator = () =>
    stage.caller('controller', {
      role: 'Role Based Access Control Administrator',
      scope: stage.subscription,
      condition,
    });

  test('may grant and take the roles it names', async () => {
    const caller = await administrator();
    await grantAs(caller, 1, 'AcrPull');
    expect((await removeAs(caller, 1)).name).toBe(guid(1));
  });

  test('may not grant another role, or to a user, or without the type of a principal that is not replicated', async () => {
    const caller = await administrator();
    const user = stage.simulator.control.createPrincipal({ displayName: 'ann', type: 'User' }).objectId;
    const attempts = [
      grantAs(caller, 1, 'Owner'),
      grantAs(caller, 1, 'Reader', { principalId: user, principalType: 'User' }),
      grantAs(caller, 1, 'Reader', { principalId: guid(77), principalType: undefined }),
    ];
    // All at once: a refusal that is not awaited yet would count as unhandled.
    for (const refused of await Promise.all(attempts.map(refusal)))
      expect(refused).toMatchObject({
        status: 403,
        code: 'AuthorizationFailed',
        message: expect.stringContaining('or an ABAC condition not fulfilled'),
      });
  });

  test('may not take another role, by what is stored', async () => {
    const caller = await administrator();
    await grantAs(stage, 1, 'Contributor');
    expect(await refusal(removeAs(caller, 1))).toMatchObject({ status: 403 });
  });

  test('gets 204 for what is not there', async () => {
    const caller = await administrator();
    await removeAs(caller, 5);
    expect(stage.simulator.requests().at(-1)).toMatchObject({ status: 204 });
  });

  test('reads everything all the same', async () => {
    const caller = await administrator();
    expect(await all(caller.client.roleAssignments.listForSubscription())).not.toEqual([]);
  });

  test('by id of the principal is held to that principal', async () => {
    const only = `@Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAnyValues:GuidEquals {${stage.principalId}}`;
    const caller = await stage.caller('narrow', {
      role: 'User Access Administrator',
      scope: '/',
      condition: only,
    });
    const other = stage.simulator.control.createPrincipal({ displayName: 'other' }).objectId;
    await grantAs(caller, 1);
    expect(await refusal(grantAs(caller, 2, 'Reader', { principalId: other }))).toMatchObject({
      status: 403,
    });
  });

  test('through the condition its role carries is held to that one', async () => {
    const caller = await stage.caller('vaults', { role: 'Key Vault Data Access Administrator', scope: '/' });
    await grantAs(caller, 1, 'Key Vault Secrets User');
    expect(await refusal(grantAs(caller, 2, 'Key Vault Contributor'))).toMatchObject({ status: 403 });
    await removeAs(caller, 1);
  });
});

describe('locks', () => {
  test.for(['ReadOnly', 'CanNotDelete'] as const)(
    '%s above a role assignment holds for it',
    async (level) => {
      await grantAs(stage, 1);
      stage.simulator.control.lock({ scope: stage.subscription, level });
      const locked = { status: 409, code: 'ScopeLocked' };
      const id = `${stage.group}/providers/Microsoft.Authorization/roleAssignments/${guid(1)}`;
      expect(await refusal(removeAs(stage, 1))).toEqual({
        ...locked,
        message: `The scope '${id}' cannot perform delete operation because following scope(s) are locked: '${stage.subscription}'. Please remove the lock and try again.`,
      });
      if (level === 'ReadOnly') expect(await refusal(grantAs(stage, 2, 'AcrPull'))).toMatchObject(locked);
      else expect((await grantAs(stage, 2, 'AcrPull')).name).toBe(guid(2));
      stage.simulator.control.unlock({ scope: stage.subscription });
      expect((await removeAs(stage, 1)).name).toBe(guid(1));
    },
  );
});
