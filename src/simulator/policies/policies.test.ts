import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, startHostStage, VM } from '../hosts/stage.fixture.ts';

let stage: HostStage;
beforeEach(async () => {
  stage = await startHostStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const IDENTITY = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const BUILT_IN = '/providers/Microsoft.Authorization/policyDefinitions';
const LOCATIONS = `${BUILT_IN}/e56962a6-4747-49cd-b67b-bf8b01975c4c`;
const TAG = `${BUILT_IN}/871b6d14-10aa-478d-b590-94f262ecfa99`;
const NOT_TYPES = `${BUILT_IN}/6c112d4e-5bc7-47ae-a041-ea2d9dccd749`;
const ISSUERS = `${BUILT_IN}/2571b7c3-3056-4a61-b00a-9bc5232234f5`;
const version = '2024-05-01';

const assign = (
  policyDefinitionId: string,
  parameters: Record<string, unknown> = {},
  { at = stage.group, name = 'p1', ...more }: { at?: string; name?: string } & Record<string, unknown> = {},
) =>
  stage.call('PUT', `${at}/providers/Microsoft.Authorization/policyAssignments/${name}`, {
    version,
    body: {
      properties: {
        policyDefinitionId,
        parameters: Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, { value }])),
        ...more,
      },
    },
  });
const put = (name: string, body: object = { location: 'westeurope' }) =>
  stage.call('PUT', stage.id(IDENTITY, name), { body });
/** Azure's word for the result of a rule. */
const rule = (test: object, effect: string) =>
  Object.fromEntries([
    ['if', test],
    ['then', { effect }],
  ]);
const DISALLOWED = { status: 403, body: { error: { code: 'RequestDisallowedByPolicy' } } };

test('a location that is not allowed is refused, in Azure Policy’s words', async () => {
  expect(
    (await assign(LOCATIONS, { listOfAllowedLocations: ['North Europe'] }, { displayName: 'Only here' }))
      .status,
  ).toBe(201);
  const { body, ...answer } = await put('app');
  const id = `${stage.group}/providers/Microsoft.Authorization/policyAssignments/p1`;
  expect(answer.status).toBe(403);
  const identifiers = [
    {
      policyAssignment: { name: 'Only here', id },
      policyDefinition: { name: 'Allowed locations', id: LOCATIONS },
    },
  ];
  expect(body).toEqual({
    error: {
      code: 'RequestDisallowedByPolicy',
      target: 'app',
      message: `Resource 'app' was disallowed by policy. Policy identifiers: '${JSON.stringify(identifiers)}'.`,
      additionalInfo: [
        {
          type: 'PolicyViolation',
          info: expect.objectContaining({
            policyDefinitionEffect: 'Deny',
            policyAssignmentScope: stage.group,
            evaluationDetails: {
              evaluatedExpressions: expect.arrayContaining([
                {
                  result: 'True',
                  expressionKind: 'Field',
                  expression: 'location',
                  path: 'location',
                  expressionValue: 'westeurope',
                  targetValue: ['North Europe'],
                  operator: 'NotIn',
                },
              ]),
            },
          }),
        },
      ],
    },
  });
  expect(stage.control.identities()).toEqual([]);
  expect((await put('app', { location: 'northeurope' })).status).toBe(201);
});

test('a tag that is wanted is wanted of every write that would leave the resource without it', async () => {
  const id = stage.identity('old');
  await assign(TAG, { tagName: 'costCentre' });
  expect(await put('app')).toMatchObject(DISALLOWED);
  expect((await put('app', { location: 'westeurope', tags: { CostCentre: '1' } })).status).toBe(201);
  const patch = (tags: object) => stage.call('PATCH', id, { body: { tags } });
  expect(await patch({ other: 'x' })).toMatchObject(DISALLOWED);
  expect((await patch({ costCentre: '1' })).status).toBe(200);
  const tags = (body: object) =>
    stage.call('PATCH', `${id}/providers/Microsoft.Resources/tags/default`, { body });
  const own = { properties: { tags: { costCentre: '1' } } };
  expect(await tags({ operation: 'Delete', ...own })).toMatchObject(DISALLOWED);
  expect((await tags({ operation: 'Merge', properties: { tags: { other: 'y' } } })).status).toBe(200);
  // A PATCH that leaves tags out leaves them as they are.
  stage.control.createHost({ type: VM, name: 'vm1', resourceGroup: 'rg1', tags: { costCentre: '1' } });
  const attach = { identity: { type: 'UserAssigned', userAssignedIdentities: { [id]: {} } } };
  expect((await stage.call('PATCH', stage.id(VM, 'vm1'), { body: attach })).status).toBe(200);
  // What has no tags is not evaluated, nor are deletions.
  const credential = { properties: { issuer: 'https://a.example', subject: 's', audiences: ['a'] } };
  expect(
    (await stage.call('PUT', `${id}/federatedIdentityCredentials/fic1`, { body: credential })).status,
  ).toBe(201);
  expect((await stage.call('DELETE', id)).status).toBe(200);
});

test('a type that is not allowed is refused wherever the assignment reaches', async () => {
  const subscription = `/subscriptions/${stage.simulator.subscriptionId}`;
  stage.control.createResourceGroup({ name: 'rg2' });
  const notScopes = [`${subscription}/resourceGroups/rg2`];
  await assign(NOT_TYPES, { listOfResourceTypesNotAllowed: [IDENTITY] }, { at: subscription, notScopes });
  expect(await put('app')).toMatchObject(DISALLOWED);
  const other = stage.id(IDENTITY, 'app').replace('/rg1/', '/rg2/');
  expect((await stage.call('PUT', other, { body: { location: 'westeurope' } })).status).toBe(201);
});

test('issuers of credentials, as the built-in policy for them has it', async () => {
  const id = stage.identity('app');
  await assign(ISSUERS, {
    allowFederatedCredentials: true,
    allowAKS: true,
    allowedIssuerExceptions: ['https://ours.example'],
    effect: 'Deny',
  });
  const write = (name: string, issuer: string) =>
    stage.call('PUT', `${id}/federatedIdentityCredentials/${name}`, {
      body: { properties: { issuer, subject: name, audiences: ['a'] } },
    });
  expect((await write('aks', 'https://westeurope.oic.prod-aks.azure.com/tenant/cluster/')).status).toBe(201);
  expect((await write('ours', 'https://ours.example')).status).toBe(201);
  expect(await write('github', 'https://token.actions.githubusercontent.com')).toMatchObject(DISALLOWED);
  expect(await write('any', 'https://any.example')).toMatchObject(DISALLOWED);
  expect(await write('none', 'none')).toMatchObject(DISALLOWED);
});

test('a definition of one’s own, by an alias, audits until its effect is deny', async () => {
  const definition = `/subscriptions/${stage.simulator.subscriptionId}${BUILT_IN}/no-owner`;
  const role = 'Microsoft.Authorization/roleAssignments/roleDefinitionId';
  const policyRule = rule(
    {
      allOf: [
        { field: 'type', equals: 'Microsoft.Authorization/roleAssignments' },
        { field: role, contains: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635' },
      ],
    },
    "[parameters('effect')]",
  );
  const parameters = { effect: { type: 'String', defaultValue: 'Audit' } };
  const properties = { mode: 'All', displayName: 'No owners', parameters, policyRule };
  expect((await stage.call('PUT', definition, { version, body: { properties } })).status).toBe(201);
  const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
  const grant = (n: number) =>
    stage.call(
      'PUT',
      `${stage.group}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-00000000000${n}`,
      {
        version: '2022-04-01',
        body: {
          properties: {
            roleDefinitionId:
              '/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
            principalId: objectId,
            principalType: 'ServicePrincipal',
          },
        },
      },
    );
  await assign(definition);
  expect((await grant(1)).status).toBe(201);
  await assign(definition, { effect: 'Deny' });
  expect(await grant(1)).toMatchObject(DISALLOWED);
  await assign(definition, { effect: 'Deny' }, { enforcementMode: 'DoNotEnforce' });
  expect((await grant(1)).status).toBe(201);
});

test('assignments are listed from above and beneath, go with their scope, and act after a while', async () => {
  stage.control.setKnobs({ propagation: { policyEffectMs: 60_000 } });
  await assign(TAG, { tagName: 'a' });
  expect((await put('early')).status).toBe(201);
  stage.clock.advance(60_000);
  expect(await put('late')).toMatchObject(DISALLOWED);
  const at = (scope: string, query = '') =>
    stage.call('GET', `${scope}/providers/Microsoft.Authorization/policyAssignments${query}`, { version });
  const names = async (scope: string, query?: string) =>
    (await at(scope, query)).body.value.map(({ name }: { name: string }) => name);
  const subscription = `/subscriptions/${stage.simulator.subscriptionId}`;
  expect(await names(subscription)).toEqual(['p1']);
  expect(await names(subscription, '?$filter=atScope()')).toEqual([]);
  expect(await names(stage.id(IDENTITY, 'early'))).toEqual(['p1']);
  const one = `${stage.group}/providers/Microsoft.Authorization/policyAssignments/p1`;
  expect((await stage.call('DELETE', one, { version })).status).toBe(200);
  expect((await stage.call('DELETE', one, { version })).status).toBe(204);
  expect((await put('late')).status).toBe(201);
});

test.each([
  [
    'a definition that is not there',
    '/subscriptions/s/providers/Microsoft.Authorization/policyDefinitions/x',
    {},
    404,
    'PolicyDefinitionNotFound',
  ],
  [
    'a built-in one that is not simulated',
    `${BUILT_IN}/00000000-0000-0000-0000-000000000000`,
    {},
    501,
    'NotSimulated',
  ],
  ['a parameter that is missing', LOCATIONS, {}, 400, 'MissingPolicyParameter'],
  ['a parameter it does not have', TAG, { tagName: 'a', b: 1 }, 400, 'UndefinedPolicyParameter'],
  [
    'an effect that is not simulated',
    NOT_TYPES,
    { listOfResourceTypesNotAllowed: [], effect: 'Modify' },
    501,
    'NotSimulated',
  ],
])('an assignment of %s is refused', async (_, definition, parameters, status, code) => {
  expect(await assign(definition, parameters)).toMatchObject({ status, body: { error: { code } } });
});

test('a definition with what is not simulated is refused, not half looked at', async () => {
  const write = (test: object, effect = 'deny') =>
    stage.call('PUT', `/subscriptions/${stage.simulator.subscriptionId}${BUILT_IN}/d`, {
      version,
      body: { properties: { mode: 'All', policyRule: rule(test, effect) } },
    });
  const refused = { status: 501, body: { error: { code: 'NotSimulated' } } };
  expect(await write({ field: 'tags.a', matchInsensitively: 'x' })).toMatchObject(refused);
  expect(
    await write({
      anyOf: [
        { field: 'type', equals: 'a' },
        { count: {}, equals: 1 },
      ],
    }),
  ).toMatchObject(refused);
  expect(await write({ value: "[utcNow('d')]", equals: 'x' })).toMatchObject(refused);
  expect(await write({ field: 'type', equals: 'a' }, 'deployIfNotExists')).toMatchObject(refused);
});

test('a template is looked at before anything of it is made', async () => {
  await assign(TAG, { tagName: 'a' });
  const resources = ['one', 'two'].map((name, i) => ({
    type: IDENTITY,
    apiVersion: '2024-11-30',
    name,
    location: 'westeurope',
    tags: i === 0 ? { a: '1' } : {},
  }));
  const template = { $schema: 'x', contentVersion: '1.0.0.0', resources };
  const body = { properties: { mode: 'Incremental', template } };
  const refused = await stage.call('PUT', `${stage.group}/providers/Microsoft.Resources/deployments/d1`, {
    body,
  });
  expect(refused).toMatchObject({
    status: 400,
    body: {
      error: {
        code: 'InvalidTemplateDeployment',
        details: [
          { code: 'RequestDisallowedByPolicy', target: 'two', additionalInfo: [{ type: 'PolicyViolation' }] },
        ],
      },
    },
  });
  expect(stage.control.identities()).toEqual([]);
});
