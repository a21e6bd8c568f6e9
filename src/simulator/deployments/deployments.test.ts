import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../hosts/fixture.ts';

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

test('each resource needs the caller’s own right, and the first refusal ends it', async () => {
  const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
  stage.control.nameCaller({ objectId, name: 'p' });
  stage.control.grant({ principalId: objectId, role: 'Contributor', scope: stage.group });
  await deploy(TEMPLATE, undefined, 'p');
  expect(await ended()).toMatchObject({
    provisioningState: 'Failed',
    error: { code: 'DeploymentFailed', details: [{ code: 'AuthorizationFailed' }] },
  });
  expect(stage.control.identities()).toHaveLength(1);
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
