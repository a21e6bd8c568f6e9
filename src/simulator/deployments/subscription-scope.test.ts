import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../hosts/stage.fixture.ts';

/** Deployments at the level of a subscription: groups, and what nested deployments put into them. */

let stage: HostStage;
beforeEach(async () => {
  stage = await startHostStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const SCHEMA = 'https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#';
const IDENTITY = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const subscription = () => `/subscriptions/${stage.simulator.subscriptionId}`;
const path = () => `${subscription()}/providers/Microsoft.Resources/deployments/d1`;

const INNER = {
  $schema: SCHEMA,
  contentVersion: '1.0.0.0',
  parameters: { names: { type: 'array' } },
  resources: [
    {
      type: 'Microsoft.Authorization/locks',
      apiVersion: '2020-05-01',
      name: 'after-all',
      properties: { level: 'CanNotDelete' },
      dependsOn: ['identities'],
    },
    {
      copy: { name: 'identities', count: "[length(parameters('names'))]" },
      type: IDENTITY,
      apiVersion: '2024-11-30',
      name: "[parameters('names')[copyIndex()]]",
      location: '[resourceGroup().location]',
    },
  ],
  outputs: {
    first: {
      type: 'string',
      value: `[reference(resourceId('${IDENTITY}', parameters('names')[0]), '2024-11-30').clientId]`,
    },
  },
};
const TEMPLATE = {
  $schema: SCHEMA,
  contentVersion: '1.0.0.0',
  parameters: {
    group: { type: 'string', minLength: 2, maxLength: 10 },
    tier: { type: 'string', defaultValue: 'a', allowedValues: ['a', 'b'] },
    kinds: { type: 'array', defaultValue: [], allowedValues: ['x', 'y'] },
    count: { type: 'int', defaultValue: 1, minValue: 1, maxValue: 3 },
  },
  resources: [
    {
      type: 'Microsoft.Resources/deployments',
      apiVersion: '2025-04-01',
      name: 'inner',
      resourceGroup: "[parameters('group')]",
      properties: {
        mode: 'Incremental',
        expressionEvaluationOptions: { scope: 'inner' },
        parameters: { names: { value: ['one', 'two'] } },
        template: INNER,
      },
      dependsOn: ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', parameters('group'))]"],
    },
    {
      type: 'Microsoft.Resources/resourceGroups',
      apiVersion: '2024-11-01',
      name: "[parameters('group')]",
      location: '[deployment().location]',
    },
  ],
  outputs: {
    client: {
      type: 'string',
      value:
        "[reference(extensionResourceId(format('/subscriptions/{0}/resourceGroups/{1}', subscription().subscriptionId, parameters('group')), 'Microsoft.Resources/deployments', 'inner'), '2025-04-01').outputs.first.value]",
    },
  },
};

const put = (
  parameters: object,
  {
    template = TEMPLATE as unknown,
    ...more
  }: { template?: unknown; mode?: string; location?: string | null } = {},
) => {
  const { mode = 'Incremental', location = 'West Europe' } = more;
  return stage.call('PUT', path(), { body: { location, properties: { mode, template, parameters } } });
};
/** Deployments poll every second whether what they wait for is done. */
const ended = async () => {
  await expect
    .poll(async () => {
      stage.clock.advance(1_000);
      return (await stage.call('GET', path())).body.properties.provisioningState;
    })
    .not.toBe('Running');
  return (await stage.call('GET', path())).body.properties;
};
const group = { value: 'made' };

test('a group is made, and what a nested deployment puts into it', async () => {
  const answer = await put({ group });
  expect(answer).toMatchObject({ status: 201, body: { location: 'westeurope', id: path() } });
  const [identity] = [await ended()].flatMap(() =>
    stage.control.identities().filter(({ name }) => name === 'one'),
  );
  expect(await ended()).toMatchObject({
    provisioningState: 'Succeeded',
    outputs: { client: { type: 'String', value: identity?.clientId } },
  });
  expect(stage.control.identities().map(({ id }) => id.split('/').slice(4).join('/'))).toEqual([
    `made/providers/${IDENTITY}/one`,
    `made/providers/${IDENTITY}/two`,
  ]);
  const operations = await stage.call('GET', `${path()}/operations`);
  expect(operations.body.value).toHaveLength(2);
  const inner = path().replace('/providers/', '/resourceGroups/made/providers/').replace(/d1$/, 'inner');
  const ofInner = await stage.call(
    'GET',
    `${inner.replace('/providers/Microsoft.Resources', '')}/operations`,
  );
  const names = ofInner.body.value.map(
    ({ properties }: { properties: { targetResource: { resourceName: string } } }) =>
      properties.targetResource.resourceName,
  );
  // The first resource waits for all of the loop.
  expect(names).toEqual(['one', 'two', 'after-all']);
  // The nested one is its group's.
  const listed = await stage.call('GET', path().replace(/\/d1$/, ''));
  expect(listed.body.value.map(({ name }: { name: string }) => name)).toEqual(['d1']);
  // Again: nothing is made, and nothing changes.
  const before = stage.control.identities();
  expect((await put({ group })).status).toBe(200);
  expect(await ended()).toMatchObject({ provisioningState: 'Succeeded' });
  expect(stage.control.identities()).toEqual(before);
});

describe('is refused', () => {
  test.each<[string, Parameters<typeof put>, string, string]>([
    [
      'without a location',
      [{ group }, { location: null }],
      'InvalidDeployment',
      "'location' property must be specified for 'd1'",
    ],
    ['with the mode Complete', [{ group }, { mode: 'Complete' }], 'InvalidDeploymentMode', "'Complete'"],
    [
      'without a parameter',
      [{}],
      'InvalidTemplate',
      "The value for the template parameter 'group' is not provided",
    ],
    [
      'with a parameter of another type',
      [{ group: { value: 7 } }],
      'InvalidTemplate',
      "Expected 'String, Uri'. Actual 'Integer'. Parameter 'group'",
    ],
    [
      'with one too short',
      [{ group: { value: 'g' } }],
      'InvalidTemplate',
      "Length of the value should be greater than or equal to '2'",
    ],
    [
      'with one too long',
      [{ group: { value: 'g'.repeat(11) } }],
      'InvalidTemplate',
      "Length of the value should be less than or equal to '10'",
    ],
    [
      'with one too great',
      [{ group, count: { value: 4 } }],
      'InvalidTemplate',
      "'count' is not valid. The value should be less than or equal to '3'",
    ],
    [
      'with one that is not allowed',
      [{ group, tier: { value: 'c' } }],
      'InvalidTemplate',
      "'tier' is not valid. The value 'c' is not part of the allowed value(s): 'a,b'",
    ],
    [
      'with an array of which one is not',
      [{ group, kinds: { value: ['x', 'z'] } }],
      'InvalidTemplate',
      "The value 'z' is not part of the allowed value(s): 'x,y'",
    ],
    [
      'with one that it does not have',
      [{ group, other: { value: 1 } }],
      'InvalidTemplate',
      "defined in the template: 'other'",
    ],
  ])('%s', async (_, args, code, message) => {
    const { status, body } = await put(...args);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect((await stage.call('GET', path())).status).toBe(404);
  });

  test('at another location than before', async () => {
    await put({ group });
    await ended();
    const { status, body } = await put({ group }, { location: 'northeurope' });
    expect([status, body.error.code]).toEqual([409, 'InvalidDeploymentLocation']);
  });

  test('where the caller may not write groups', async () => {
    const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
    stage.control.nameCaller({ objectId, name: 'p' });
    const role = stage.control.defineRole({
      roleName: 'deploys',
      actions: ['Microsoft.Resources/deployments/*'],
    });
    stage.control.grant({ principalId: objectId, role: role.id, scope: subscription() });
    const body = {
      location: 'westeurope',
      properties: { mode: 'Incremental', template: TEMPLATE, parameters: { group } },
    };
    const refused = await stage.call('PUT', path(), { body, caller: 'p' });
    expect(refused.body.error).toMatchObject({
      code: 'InvalidTemplateDeployment',
      message: expect.stringContaining("'Microsoft.Resources/subscriptions/resourceGroups/write'"),
    });
  });
});

test('a nested deployment that is refused ends the one around it, with its error', async () => {
  const [nested] = TEMPLATE.resources;
  const inner = { ...INNER, parameters: { names: { type: 'string' } } };
  const template = {
    ...TEMPLATE,
    resources: [{ ...nested, properties: { ...nested?.properties, template: inner } }, TEMPLATE.resources[1]],
  };
  await put({ group }, { template });
  expect(await ended()).toMatchObject({
    provisioningState: 'Failed',
    error: {
      code: 'DeploymentFailed',
      details: [{ code: 'InvalidTemplate', message: expect.stringContaining("Parameter 'names'") }],
    },
  });
});

test('a resource that the template only refers to is read when it is asked for', async () => {
  const vm = stage.id('Microsoft.Compute/virtualMachines', 'vm1');
  stage.control.createHost({
    type: 'Microsoft.Compute/virtualMachines',
    name: 'vm1',
    resourceGroup: 'rg1',
    identity: { type: 'SystemAssigned' },
  });
  const found = (id: string) => ({
    ...TEMPLATE,
    parameters: {},
    resources: [],
    outputs: {
      principal: { type: 'string', value: `[reference('${id}', '2024-07-01', 'full').identity.principalId]` },
    },
  });
  await put({}, { template: found(vm) });
  const { body } = await stage.call('GET', vm);
  expect((await ended()).outputs.principal.value).toBe(body.identity.principalId);
  await put({}, { template: found(`${vm}x`) });
  expect((await ended()).error.details[0].code).toBe('ResourceNotFound');
});

test.each([
  ["reference('nothing').a", 'InvalidTemplate', "template reference 'nothing' is not valid"],
  ["reference('/subscriptions/x/providers/A.B/c/d').a", 'ResourceNotFound', 'was not found'],
])('a reference that leads nowhere ends it: %s', async (expression, code, message) => {
  const outputs = { a: { type: 'string', value: `[${expression}]` } };
  await put({}, { template: { ...TEMPLATE, parameters: {}, resources: [], outputs } });
  expect((await ended()).error.details).toMatchObject([{ code, message: expect.stringContaining(message) }]);
});

test('validate and whatIf are answered, and make nothing', async () => {
  const body = {
    location: 'westeurope',
    properties: { mode: 'Incremental', template: TEMPLATE, parameters: { group } },
  };
  const valid = await stage.call('POST', `${path()}/validate`, { body });
  expect(valid.body.properties.validatedResources).toHaveLength(2);
  const foretold = await stage.call('POST', `${path()}/whatIf`, { body });
  expect(
    foretold.body.properties.changes.map(({ changeType }: { changeType: string }) => changeType),
  ).toEqual(['Create', 'Create']);
  expect((await stage.call('GET', `${subscription()}/resourceGroups/made`)).status).toBe(404);
});
