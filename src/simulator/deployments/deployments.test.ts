import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../hosts/stage.fixture.ts';

let stage: HostStage;
beforeEach(async () => {
  stage = await startHostStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const IDENTITY = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';

/** An identity, a credential and an assignment, written in the wrong order. */
const TEMPLATE = {
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  parameters: {
    name: { type: 'string' },
    location: { type: 'string', defaultValue: '[resourceGroup().location]' },
  },
  variables: { full: "[concat(parameters('name'), '-app')]" },
  resources: [
    {
      type: 'Microsoft.Authorization/roleAssignments',
      apiVersion: '2022-04-01',
      name: "[guid(resourceGroup().id, variables('full'))]",
      dependsOn: [`[resourceId('${IDENTITY}', variables('full'))]`],
      properties: {
        roleDefinitionId: `[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '${READER}')]`,
        principalId: `[reference(resourceId('${IDENTITY}', variables('full')), '2023-01-31').principalId]`,
        principalType: 'ServicePrincipal',
      },
    },
    {
      type: `${IDENTITY}/federatedIdentityCredentials`,
      apiVersion: '2023-01-31',
      name: "[format('{0}/{1}', variables('full'), 'fic1')]",
      dependsOn: [`[resourceId('${IDENTITY}', variables('full'))]`],
      properties: { issuer: 'https://issuer.example', subject: 's', audiences: ['a'] },
    },
    {
      type: IDENTITY,
      apiVersion: '2023-01-31',
      name: "[variables('full')]",
      location: "[parameters('location')]",
      tags: { by: 'template' },
    },
  ],
  outputs: {
    principal: {
      type: 'string',
      value: `[reference(resourceId('${IDENTITY}', variables('full'))).principalId]`,
    },
  },
};

const path = () => `${stage.group}/providers/Microsoft.Resources/deployments/d1`;
const deploy = (template: unknown, parameters: object = { name: { value: 'team' } }, caller?: string) =>
  stage.call('PUT', path(), {
    body: { properties: { mode: 'Incremental', template, parameters } },
    ...(caller && { caller }),
  });
const ended = async () => {
  await expect
    .poll(async () => (await stage.call('GET', path())).body.properties.provisioningState)
    .not.toBe('Running');
  return (await stage.call('GET', path())).body.properties;
};

test('a template of an identity, a credential and an assignment is carried out in the order they depend on each other', async () => {
  const answer = await deploy(TEMPLATE);
  expect(answer).toMatchObject({ status: 201, body: { properties: { provisioningState: 'Running' } } });
  const properties = await ended();
  const [identity] = stage.control.identities();
  expect(properties).toMatchObject({
    provisioningState: 'Succeeded',
    outputs: { principal: { value: identity?.principalId } },
  });
  expect(identity).toMatchObject({ name: 'team-app', location: 'westeurope', tags: { by: 'template' } });
  expect(stage.control.credentials({ id: identity?.id ?? '' })).toHaveLength(1);
  expect(stage.control.assignments()).toContainEqual(
    expect.objectContaining({ scope: stage.group, roleGuid: READER, principalId: identity?.principalId }),
  );
  const status = await stage.call('GET', answer.headers['azure-asyncoperation'] ?? '');
  expect(status.body).toEqual({ status: 'Succeeded' });
  // Again: nothing new is made.
  expect((await deploy(TEMPLATE)).status).toBe(200);
  expect(await ended()).toMatchObject({ provisioningState: 'Succeeded' });
  expect(stage.control.identities()).toHaveLength(1);
});

/** Who may write identities, and nothing of roles. */
const contributor = () => {
  const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
  stage.control.nameCaller({ objectId, name: 'p' });
  stage.control.grant({ principalId: objectId, role: 'Contributor', scope: stage.group });
};

test('a right that the caller lacks for one resource is found before any is made', async () => {
  contributor();
  const refused = await deploy(TEMPLATE, undefined, 'p');
  expect(refused).toMatchObject({ status: 400, body: { error: { code: 'InvalidTemplateDeployment' } } });
  expect(refused.body.error.message).toMatch(
    /^The template deployment failed with error: 'Authorization failed for template resource '[0-9a-f-]{36}' of type 'Microsoft.Authorization\/roleAssignments'\. .* does not have permission to perform action 'Microsoft.Authorization\/roleAssignments\/write' at scope /,
  );
  expect(stage.control.identities()).toEqual([]);
  expect((await stage.call('GET', path())).body.error.code).toBe('DeploymentNotFound');
});

test('the first refusal of a write ends it, and its operations report it', async () => {
  const twice = { ...TEMPLATE.resources[1], name: "[format('{0}/{1}', variables('full'), 'fic2')]" };
  const resources = [...TEMPLATE.resources, { ...twice, dependsOn: [TEMPLATE.resources[1]?.name] }];
  await deploy({ ...TEMPLATE, resources });
  expect(await ended()).toMatchObject({
    provisioningState: 'Failed',
    error: { code: 'DeploymentFailed', details: [{ code: 'BadRequest' }] },
  });
  const operations = `${stage.group}/deployments/d1/operations`;
  const { value } = (await stage.call('GET', operations)).body;
  const told = value.map(({ properties }: { properties: Record<string, unknown> }) => properties);
  expect(told.at(-1)).toMatchObject({
    provisioningState: 'Failed',
    statusCode: 'BadRequest',
    targetResource: { resourceName: 'team-app/fic2' },
  });
  expect(told[0]).toMatchObject({
    provisioningState: 'Succeeded',
    targetResource: { resourceType: IDENTITY },
  });
});

test('whatIf reports what would be made, changed and left, and makes nothing', async () => {
  const what = async (template: unknown, more: object = {}) => {
    const properties = { mode: 'Incremental', template, parameters: { name: { value: 'team' } }, ...more };
    const { status, body } = await stage.call('POST', `${path()}/whatIf`, { body: { properties } });
    expect(status).toBe(200);
    return body.properties.changes as {
      changeType: string;
      resourceId: string;
      after: object;
      delta: object[];
    }[];
  };
  const kinds = (changes: readonly { changeType: string }[]) => changes.map(({ changeType }) => changeType);
  stage.identity('other');
  const first = await what(TEMPLATE);
  expect(kinds(first).sort()).toEqual(['Create', 'Create', 'Create', 'Ignore']);
  // The principal is not known yet.
  expect(first.map(({ after }) => after)).toContainEqual(
    expect.objectContaining({
      properties: expect.objectContaining({ principalId: expect.stringMatching(/^\[reference/) }),
    }),
  );
  expect(stage.control.identities()).toHaveLength(1);
  await deploy(TEMPLATE);
  await ended();
  expect(kinds(await what(TEMPLATE)).sort()).toEqual(['Ignore', 'NoChange', 'NoChange', 'NoChange']);
  const [, , identity] = TEMPLATE.resources;
  const changed = { ...TEMPLATE, resources: [{ ...identity, tags: { by: 'hand' } }] };
  expect(await what(changed)).toContainEqual(
    expect.objectContaining({
      changeType: 'Modify',
      delta: [
        { path: 'tags.by', propertyChangeType: 'Modify', before: 'template', after: 'hand', children: null },
      ],
    }),
  );
  expect(kinds(await what(changed, { whatIfSettings: { resultFormat: 'ResourceIdOnly' } }))).toContain(
    'Deploy',
  );
});

test('a resource that is at work is waited for, and a nested deployment', async () => {
  const vm = {
    type: 'Microsoft.Compute/virtualMachines',
    apiVersion: '2024-07-01',
    name: 'vm1',
    location: 'westeurope',
    identity: { type: 'SystemAssigned' },
  };
  const inner = {
    $schema: TEMPLATE.$schema,
    contentVersion: '1.0.0.0',
    resources: [vm],
    outputs: { id: { type: 'string', value: "[resourceId('Microsoft.Compute/virtualMachines', 'vm1')]" } },
  };
  const nested = {
    type: 'Microsoft.Resources/deployments',
    apiVersion: '2022-09-01',
    name: 'inner',
    properties: { mode: 'Incremental', expressionEvaluationOptions: { scope: 'inner' }, template: inner },
  };
  stage.control.setKnobs({ latencyMs: { 'virtualMachines.createOrUpdate.operation': 4_000 } });
  await deploy(
    {
      ...TEMPLATE,
      parameters: {},
      resources: [nested],
      outputs: {
        vm: { type: 'string', value: "[reference('inner').outputs.id.value]" },
      },
    },
    {},
  );
  const state = async () => (await stage.call('GET', path())).body.properties.provisioningState;
  expect(await state()).toBe('Running');
  // Both deployments poll every second.
  await expect
    .poll(async () => {
      stage.clock.advance(1_000);
      return state();
    })
    .toBe('Succeeded');
  expect(await ended()).toMatchObject({
    outputs: { vm: { value: stage.id('Microsoft.Compute/virtualMachines', 'vm1') } },
  });
});

test('an account that answers without a body is waited for, too', async () => {
  stage.control.setKnobs({ latencyMs: { 'storageAccounts.createOrUpdate.operation': 4_000 } });
  const account = {
    type: 'Microsoft.Storage/storageAccounts',
    apiVersion: '2023-05-01',
    name: 'azidstore',
    location: 'westeurope',
    kind: 'StorageV2',
    sku: { name: 'Standard_LRS' },
  };
  const container = {
    type: 'Microsoft.Storage/storageAccounts/blobServices/containers',
    apiVersion: '2023-05-01',
    name: 'azidstore/default/dead',
    dependsOn: ["[resourceId('Microsoft.Storage/storageAccounts', 'azidstore')]"],
  };
  await deploy({ ...TEMPLATE, parameters: {}, resources: [container, account], outputs: {} }, {});
  const state = async () => (await stage.call('GET', path())).body.properties.provisioningState;
  await expect
    .poll(async () => {
      stage.clock.advance(1_000);
      return state();
    })
    .not.toBe('Running');
  expect(await ended()).toMatchObject({
    provisioningState: 'Succeeded',
    duration: expect.stringMatching(/^PT[4-6]S$/),
  });
});

test('what is not wanted is left out, what is there is referred to', async () => {
  const id = stage.identity('old');
  const old = { existing: true, type: IDENTITY, apiVersion: '2023-01-31', name: 'old' };
  const never = { ...TEMPLATE.resources[2], name: 'never', condition: "[equals(parameters('name'), 'x')]" };
  const template = {
    ...TEMPLATE,
    languageVersion: '2.0',
    resources: { old, never },
    outputs: { client: { type: 'string', value: "[reference('old').clientId]" } },
  };
  await deploy({
    ...template,
    outputs: {
      client: { type: 'string', value: `[reference(resourceId('${IDENTITY}', 'old')).clientId]` },
    },
  });
  const { clientId } = stage.control.identities().find((each) => each.id === id) ?? {};
  expect(await ended()).toMatchObject({
    provisioningState: 'Succeeded',
    outputs: { client: { value: clientId } },
  });
  expect(stage.control.identities()).toHaveLength(1);
});

test('the mode Complete deletes what the template does not name', async () => {
  stage.identity('other');
  stage.control.createHost({ type: 'Microsoft.Web/sites', name: 'web1', resourceGroup: 'rg1' });
  stage.control.createHost({ type: 'Microsoft.Web/sites/slots', name: 'web1/staging', resourceGroup: 'rg1' });
  await deploy(TEMPLATE);
  await ended();
  const properties = { mode: 'Complete', template: TEMPLATE, parameters: { name: { value: 'team' } } };
  const foretold = await stage.call('POST', `${path()}/whatIf`, { body: { properties } });
  const leaving = foretold.body.properties.changes.filter(
    ({ changeType }: { changeType: string }) => changeType === 'Delete',
  );
  expect(leaving.map(({ resourceId }: { resourceId: string }) => resourceId.split('/').at(-1))).toEqual([
    'web1',
    'other',
  ]);
  stage.control.lock({ scope: stage.id('Microsoft.Web/sites', 'web1'), level: 'CanNotDelete' });
  await stage.call('PUT', path(), { body: { properties } });
  expect(await ended()).toMatchObject({
    provisioningState: 'Failed',
    error: { details: [{ code: 'ScopeLocked' }] },
  });
  stage.control.unlock({ scope: stage.id('Microsoft.Web/sites', 'web1') });
  await stage.call('PUT', path(), { body: { properties } });
  expect(await ended()).toMatchObject({ provisioningState: 'Succeeded', mode: 'Complete' });
  expect(stage.control.identities().map(({ name }) => name)).toEqual(['team-app']);
  expect(stage.control.hosts()).toEqual([]);
  // The credential and the grant that the template names are there still.
  expect(stage.control.credentials({ id: stage.control.identities()[0]?.id ?? '' })).toHaveLength(1);
  expect(stage.control.assignments()).toContainEqual(
    expect.objectContaining({ scope: stage.group, roleGuid: READER }),
  );
});

test('a deployment is deleted without what it made, and goes with its group', async () => {
  await deploy(TEMPLATE);
  await ended();
  expect((await stage.call('DELETE', path())).status).toBe(202);
  expect((await stage.call('HEAD', path())).status).toBe(404);
  expect(stage.control.identities()).toHaveLength(1);
  await deploy(TEMPLATE);
  await ended();
  stage.control.deleteResourceGroup({ name: 'rg1' });
  stage.control.createResourceGroup({ name: 'rg1' });
  expect((await stage.call('GET', path().replace(/\/d1$/, ''))).body).toEqual({ value: [] });
});

test('a parameter that is missing and an expression that is none are refused, an unknown function is not simulated', async () => {
  const validate = (template: unknown, parameters: object = {}) =>
    stage.call('POST', `${path()}/validate`, {
      body: { properties: { mode: 'Incremental', template, parameters } },
    });
  expect((await validate(TEMPLATE)).body.error.message).toContain(
    "template parameter 'name' is not provided",
  );
  const name = { name: { value: 'a' } };
  expect((await validate(TEMPLATE, { ...name, other: { value: 1 } })).body.error.message).toContain(
    "do not correspond to any parameters defined in the template: 'other'",
  );
  expect((await validate(TEMPLATE, name)).body.properties.validatedResources).toHaveLength(3);
  const one = (expression: string) => ({
    ...TEMPLATE,
    resources: [{ ...TEMPLATE.resources[2], name: expression }],
  });
  expect((await validate(one("[concat('a']"), name)).body.error.code).toBe('InvalidTemplate');
  expect(await validate(one("[newGuid('a')]"), name)).toMatchObject({
    status: 501,
    body: { error: { code: 'NotSimulated' } },
  });
});
