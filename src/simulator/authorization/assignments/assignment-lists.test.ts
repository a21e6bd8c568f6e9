import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { all, clientOptions, refusal, tokenCredential } from '../../sdk.fixture.ts';
import { guid, type Stage, startStage } from '../stage.fixture.ts';

const MANAGEMENT_GROUP = '/providers/Microsoft.Management/managementGroups/mg1';
const OTHER_SUBSCRIPTION = guid(90);
let stage: Stage;
let identity: string;
let other: string;

/** One assignment per level, named after it, to `stage.principalId`; and one at the group to another principal. */
const LEVELS: Record<string, string> = {
  tenant: guid(1),
  'management group': guid(2),
  subscription: guid(3),
  group: guid(4),
  resource: guid(5),
  'other group': guid(6),
  'other subscription': guid(7),
  'group, other principal': guid(8),
};

beforeEach(async () => {
  stage = await startStage();
  const { control } = stage.simulator;
  control.createManagementGroup({ name: 'mg1' });
  control.createSubscription({ id: stage.simulator.subscriptionId, managementGroup: 'mg1' });
  control.createSubscription({ id: OTHER_SUBSCRIPTION });
  // `rg10` starts with `rg1`: a prefix is not a parent.
  control.createResourceGroup({ name: 'rg10' });
  identity = control.createIdentity({ name: 'id1', resourceGroup: 'rg1' }).id;
  other = control.createPrincipal({ displayName: 'other' }).objectId;
  const scopes: [string, string, string][] = [
    ['tenant', '', stage.principalId],
    ['management group', MANAGEMENT_GROUP, stage.principalId],
    ['subscription', stage.subscription, stage.principalId],
    ['group', stage.group, stage.principalId],
    ['resource', identity, stage.principalId],
    ['other group', `${stage.subscription}/resourceGroups/rg10`, stage.principalId],
    ['other subscription', `/subscriptions/${OTHER_SUBSCRIPTION}`, stage.principalId],
    ['group, other principal', stage.group, other],
  ];
  for (const [level, scope, principalId] of scopes)
    await stage.client.roleAssignments.create(scope, LEVELS[level] ?? '', {
      roleDefinitionId: stage.role('AcrPull'),
      principalId,
      principalType: 'ServicePrincipal',
    });
});
afterEach(() => stage[Symbol.asyncDispose]());

/** The levels a list shows, without what is there from the start. */
async function shown(scope: string, filter?: string, client = stage.client): Promise<string[]> {
  const items = await all(client.roleAssignments.listForScope(scope, filter === undefined ? {} : { filter }));
  const names = items.map(({ name }) => name);
  return Object.keys(LEVELS).filter((level) => names.includes(LEVELS[level]));
}

const ABOVE = ['tenant', 'management group', 'subscription'];

describe('filters', () => {
  test('atScope() shows what is at and above the scope', async () => {
    expect(await shown(stage.group, 'atScope()')).toEqual([...ABOVE, 'group', 'group, other principal']);
    expect(await shown(identity, 'atScope()')).toEqual([
      ...ABOVE,
      'group',
      'resource',
      'group, other principal',
    ]);
    expect(await shown('', 'atScope()')).toEqual(['tenant']);
  });

  test('principalId eq shows at, above and below for that principal', async () => {
    expect(await shown(stage.group, `principalId eq '${stage.principalId}'`)).toEqual([
      ...ABOVE,
      'group',
      'resource',
    ]);
    expect(await shown(stage.group, `principalId eq '${other.toUpperCase()}'`)).toEqual([
      'group, other principal',
    ]);
  });

  test('assignedTo() shows the same, and combines with atScope()', async () => {
    expect(await shown(stage.group, `assignedTo('${stage.principalId}')`)).toEqual([
      ...ABOVE,
      'group',
      'resource',
    ]);
    expect(await shown(stage.group, `atScope() and assignedTo('${stage.principalId}')`)).toEqual([
      ...ABOVE,
      'group',
    ]);
  });

  test('no filter shows at, above and below, or only at and above by the knob', async () => {
    const below = ['group', 'resource', 'other group', 'group, other principal'];
    expect(await shown(stage.subscription)).toEqual([...ABOVE, ...below]);
    expect(await shown(MANAGEMENT_GROUP)).toEqual([...ABOVE, ...below]);
    stage.simulator.control.setKnobs({ authorization: { unfilteredListsBelow: false } });
    expect(await shown(stage.subscription)).toEqual(ABOVE);
  });

  test('the list of a subscription and of a group are the same by their own calls', async () => {
    const { roleAssignments } = stage.client;
    const names = (items: { name?: string }[]) => items.map(({ name }) => name);
    expect(names(await all(roleAssignments.listForSubscription()))).toEqual(
      names(await all(roleAssignments.listForScope(stage.subscription))),
    );
    expect(names(await all(roleAssignments.listForResourceGroup('rg1')))).toEqual(
      names(await all(roleAssignments.listForScope(stage.group))),
    );
  });

  test('one the service does not know is refused', async () => {
    expect(await refusal(shown(stage.group, "roleName eq 'Owner'"))).toMatchObject({ status: 400 });
  });
});

test('pages are followed by nextLink, with the filter kept', async () => {
  stage.simulator.control.setKnobs({ paging: { pageSize: 2 } });
  const before = stage.simulator.requests().length;
  const filter = `principalId eq '${stage.principalId}'`;
  expect(await shown(stage.group, filter)).toEqual([...ABOVE, 'group', 'resource']);
  expect(stage.simulator.requests().slice(before)).toHaveLength(3);
});

test('a list lags behind writes and deletes, and catches up', async () => {
  stage.simulator.control.setKnobs({ propagation: { listLagMs: 10_000 } });
  await stage.client.roleAssignments.delete(stage.group, guid(4));
  expect(await shown(stage.group, 'atScope()')).toContain('group');
  expect(await refusal(stage.client.roleAssignments.get(stage.group, guid(4)))).toMatchObject({
    status: 404,
  });
  stage.clock.advance(10_000);
  expect(await shown(stage.group, 'atScope()')).not.toContain('group');
});

test('role ids come with the subscription of the scope or without it, by the knob', async () => {
  const roleOf = async (scope: string, name: string) =>
    (await stage.client.roleAssignments.get(scope, name)).roleDefinitionId;
  const bare = `/providers/Microsoft.Authorization/roleDefinitions/${stage.role('AcrPull').slice(-36)}`;
  expect(await roleOf(stage.group, guid(4))).toBe(stage.role('AcrPull'));
  expect(await roleOf(MANAGEMENT_GROUP, guid(2))).toBe(bare);
  stage.simulator.control.setKnobs({ authorization: { roleIdPrefix: 'none' } });
  expect(await roleOf(stage.group, guid(4))).toBe(bare);
});

describe('what the caller may not read', () => {
  test('is left out, without an error', async () => {
    const nobody = await stage.caller('nobody');
    expect(await shown(stage.subscription, undefined, nobody.client)).toEqual([]);
    const reader = await stage.caller('reader', { role: 'Reader', scope: stage.group });
    expect(await shown(stage.subscription, undefined, reader.client)).toEqual([
      'group',
      'resource',
      'group, other principal',
    ]);
  });

  test('includes nothing that is inherited where the caller may read', async () => {
    const reader = await stage.caller('reader', { role: 'Reader', scope: stage.group });
    expect(await shown(stage.group, 'atScope()', reader.client)).toEqual([
      ...ABOVE,
      'group',
      'group, other principal',
    ]);
  });

  test('shrinks the list as soon as rights are dropped', async () => {
    const reader = await stage.caller('reader', { role: 'Reader', scope: stage.subscription });
    expect(await shown(stage.group, 'atScope()', reader.client)).not.toEqual([]);
    stage.simulator.control.dropRights({ principalId: reader.objectId });
    expect(await shown(stage.group, 'atScope()', reader.client)).toEqual([]);
  });
});

describe('permissions at a scope', () => {
  test('are those of every role that reaches it', async () => {
    const { client } = await stage.caller(
      'reader',
      { role: 'Reader', scope: stage.subscription },
      { role: 'AcrPush', scope: stage.group },
      { role: 'Owner', scope: `${stage.subscription}/resourceGroups/rg10` },
    );
    const held = await all(client.permissions.listForResourceGroup('rg1'));
    expect(held.map(({ actions }) => actions)).toEqual([
      ['*/read'],
      [
        'Microsoft.ContainerRegistry/registries/pull/read',
        'Microsoft.ContainerRegistry/registries/push/write',
      ],
    ]);
  });

  test('of a caller without rights are an empty list', async () => {
    const { client } = await stage.caller('nobody');
    expect(await all(client.permissions.listForResourceGroup('rg1'))).toEqual([]);
  });

  test('are shown for a resource too', async () => {
    const { client } = await stage.caller('operator', { role: 'Managed Identity Operator', scope: identity });
    const [held] = await all(
      client.permissions.listForResource(
        'rg1',
        'Microsoft.ManagedIdentity',
        '',
        'userAssignedIdentities',
        'id1',
      ),
    );
    expect(held?.actions).toContain('Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action');
  });
});

test('another subscription lists its own', async () => {
  const client = new AuthorizationManagementClient(
    await tokenCredential(stage.simulator),
    OTHER_SUBSCRIPTION,
    clientOptions(stage.simulator),
  );
  const names = (await all(client.roleAssignments.listForSubscription())).map(({ name }) => name);
  expect(names).toContain(LEVELS['other subscription']);
  expect(names).toContain(LEVELS.tenant);
  expect(names).not.toContain(LEVELS.subscription);
});
