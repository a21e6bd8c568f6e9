import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../hosts/stage.fixture.ts';

/** The lifecycle policy of a storage account. */

const STORAGE = 'Microsoft.Storage/storageAccounts';

let stage: HostStage;
beforeEach(async () => {
  stage = await startHostStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const call = (method: string, name: string, body?: object) =>
  stage.call(method, `${stage.id(STORAGE, 'azidstore')}/managementPolicies/${name}`, {
    version: '2023-05-01',
    ...(body && { body }),
  });
const put = (rules: unknown, name = 'default') => call('PUT', name, { properties: { policy: { rules } } });

const RULE = {
  name: 'old',
  type: 'Lifecycle',
  enabled: true,
  definition: {
    filters: { blobTypes: ['blockBlob'], prefixMatch: ['c/'] },
    actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } },
  },
};

test('needs its account, is made, replaced whole, and goes', async () => {
  expect((await put([RULE])).status).toBe(404);
  stage.control.createHost({ type: STORAGE, name: 'azidstore', resourceGroup: 'rg1' });
  expect((await call('GET', 'default')).status).toBe(404);
  expect((await put([RULE, { ...RULE, name: 'two' }])).status).toBe(200);
  const { status, body } = await put([RULE]);
  expect([status, body]).toMatchObject([
    200,
    { name: 'DefaultManagementPolicy', properties: { policy: { rules: [RULE] } } },
  ]);
  expect((await call('GET', 'default')).body).toEqual(body);
  expect((await call('DELETE', 'default')).status).toBe(200);
  expect((await call('DELETE', 'default')).status).toBe(204);
});

test.each<[string, unknown, string]>([
  ['no rules', undefined, "'policy.rules'"],
  ['no rule', [], "'policy.rules'"],
  ['a rule without a name', [{ ...RULE, name: undefined }], "'policy.rules[0].name'"],
  ['another type', [RULE, { ...RULE, type: 'Other' }], "'policy.rules[1].type'"],
  ['no types of blobs', [{ ...RULE, definition: { ...RULE.definition, filters: {} } }], 'filters.blobTypes'],
  [
    'days that are no number',
    [
      {
        ...RULE,
        definition: {
          ...RULE.definition,
          actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: '30' } } },
        },
      },
    ],
    'daysAfterModificationGreaterThan',
  ],
])('%s is refused', async (_, rules, message) => {
  stage.control.createHost({ type: STORAGE, name: 'azidstore', resourceGroup: 'rg1' });
  const { status, body } = await put(rules);
  expect([status, body.error.code]).toEqual([400, 'InvalidRequestPropertyValue']);
  expect(body.error.message).toContain(message);
});

test('another name is refused', async () => {
  stage.control.createHost({ type: STORAGE, name: 'azidstore', resourceGroup: 'rg1' });
  expect((await put([RULE], 'other')).body.error.code).toBe('InvalidResourceName');
});
