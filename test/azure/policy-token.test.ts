import { describe, expect, test } from 'vitest';
import { classify } from '../../src/azure/arm/classify.ts';
import { assignmentName } from '../../src/azure/names/assignment-name.ts';
import { roleDefinitionId } from '../../src/azure/role-assignments.ts';
import { type Rig, type RigOptions, startRig } from './rig.ts';

/** Azure Policies that want a token for a write (docs/azure-facts.md section 16.6). */

const edit = { priority: 'edit' } as const;
const web = { location: 'westeurope', tags: {} };
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const installation = 'b7d8a1f0-0000-4000-8000-000000000001';

/** azid with its rights and with Reader, which asking for a token needs. */
async function withPolicy(
  change: { denies?: string; changeReference?: boolean } = {},
  options: RigOptions = {},
) {
  const rig = await startRig({ role: 'Owner', ...options });
  const scope = `/subscriptions/${rig.azure.subscriptionId}`;
  const require = () => rig.azure.control.addExternalPolicy({ name: 'ask-first', scope, ...change });
  return { rig, scope, require };
}

const tokensAsked = (rig: Rig) =>
  rig.calls('POST').filter(({ path }) => path.includes('/acquirePolicyToken'));
const failed = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('expected a failure'),
    (error: unknown) => classify(error),
  );

describe('a write that an Azure Policy wants a token for', () => {
  test.each([
    {
      what: 'of an identity',
      method: 'PUT',
      write: (rig: Rig) => rig.identities.put({ ...rig.at('web'), ...web }, edit),
    },
    {
      what: 'of a role assignment',
      method: 'PUT',
      write: (rig: Rig) => {
        const scope = `/subscriptions/${rig.azure.subscriptionId}/resourceGroups/rg1`;
        const principalId = rig.objectId;
        const name = assignmentName(installation, { scope, role: READER, principalId });
        const roleDefinition = roleDefinitionId(scope, READER);
        const put = { roleDefinitionId: roleDefinition, principalId, principalType: 'ServicePrincipal' };
        return rig.roleAssignments.put(scope, name, put, edit);
      },
    },
    {
      what: 'that deletes',
      method: 'DELETE',
      write: (rig: Rig) => rig.identities.delete(rig.id('old'), edit),
    },
    {
      what: 'that azid makes without an SDK',
      method: 'PATCH',
      write: (rig: Rig) =>
        rig.access.call({ write: true }, (abortSignal) =>
          rig.access.send(
            { method: 'PATCH', url: `${rig.id('old')}?api-version=2024-11-30`, body: { tags: { a: 'b' } } },
            { abortSignal },
          ),
        ),
    },
  ])('$what acquires one, once, and is sent again as it was', async ({ method, write }) => {
    const { rig, require } = await withPolicy();
    await using _rig = rig;
    await rig.azure.control.createIdentity({ name: 'old', resourceGroup: 'rg1' });
    await require();
    await write(rig);
    const [first, second, ...more] = rig.calls(method);
    expect(more).toEqual([]);
    expect([first?.status, Number(second?.status) < 300]).toEqual([403, true]);
    expect([second?.path, second?.body]).toEqual([first?.path, first?.body]);
    expect(tokensAsked(rig)).toMatchObject([{ status: 200 }]);
  });

  test('needs none where the policy does not apply', async () => {
    const { rig, require } = await withPolicy();
    await using _rig = rig;
    await rig.azure.control.createResourceGroup({ name: 'rg2' });
    await require();
    await rig.azure.control.removeExternalPolicy({ name: 'ask-first' });
    await rig.identities.put({ ...rig.at('web'), ...web }, edit);
    expect(tokensAsked(rig)).toEqual([]);
    expect(rig.calls('PUT')).toHaveLength(1);
  });

  test.each([
    {
      why: 'the service behind the policy',
      policy: { denies: 'change freeze until Monday' },
      says: 'change freeze',
      asked: 1,
    },
    {
      why: 'a change reference that azid has not',
      policy: { changeReference: true },
      says: 'change reference',
      asked: 0,
    },
    {
      why: 'a missing right to ask',
      policy: {},
      role: 'Managed Identity Contributor',
      says: 'AuthorizationFailed',
      asked: 1,
    },
  ])('is refused for $why: named, once, and nothing is in doubt', async ({ policy, role, says, asked }) => {
    const { rig, require } = await withPolicy(policy, role === undefined ? {} : { role });
    await using _rig = rig;
    await require();
    const found = await failed(rig.identities.put({ ...rig.at('web'), ...web }, edit));
    expect(found).toMatchObject({
      kind: 'stalled',
      reason: 'PolicyTokenRefused',
      remedy: expect.stringContaining('Reader'),
      error: { ambiguous: false, message: expect.stringMatching(new RegExp(`${says}.*ask-first`, 's')) },
    });
    expect(rig.calls('PUT')).toHaveLength(1);
    expect(tokensAsked(rig)).toHaveLength(asked);
  });

  test.each([
    {
      how: 'no answer',
      effect: { kind: 'reset', when: 'before' },
      comes: { kind: 'transient', reason: 'PolicyTokenUnavailable' },
    },
    {
      how: 'a 503',
      effect: { kind: 'status', status: 503 },
      comes: { kind: 'transient', reason: 'PolicyTokenUnavailable' },
    },
    {
      how: 'a 429',
      effect: { kind: 'status', status: 429, retryAfterSeconds: 7 },
      comes: { kind: 'throttled', retryAfterMs: 7_000 },
    },
  ] as const)('is tried again later when asking gets $how', async ({ effect, comes }) => {
    const { rig, require } = await withPolicy();
    await using _rig = rig;
    await require();
    await rig.azure.control.addFault({ operation: 'policyTokens.acquire', effect });
    const found = await failed(rig.identities.put({ ...rig.at('web'), ...web }, edit));
    expect(found).toMatchObject({ ...comes, error: { ambiguous: false } });
    expect(rig.calls('PUT')).toHaveLength(1);
  });

  test('is not written by who may not write any more', async () => {
    const asked: string[] = [];
    const { rig, require } = await withPolicy({}, { beforeWrite: ({ method }) => void asked.push(method) });
    await using _rig = rig;
    await require();
    await rig.identities.put({ ...rig.at('web'), ...web }, edit);
    expect(asked).toEqual(['PUT', 'POST', 'PUT']);
  });
});

/** Looked at by Azure itself: a policy that was assigned, and its own words. */
test('a write that an assigned policy denies is refused for good, and its policy named', async () => {
  await using rig = await startRig();
  const scope = `/subscriptions/${rig.azure.subscriptionId}`;
  const assigned = await rig.azure.control.arm({
    method: 'PUT',
    path: `${scope}/providers/Microsoft.Authorization/policyAssignments/p1?api-version=2024-05-01`,
    body: {
      properties: {
        displayName: 'Only the north',
        policyDefinitionId:
          '/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c',
        parameters: { listOfAllowedLocations: { value: ['northeurope'] } },
      },
    },
  });
  expect(assigned.status).toBe(201);
  expect(await failed(rig.identities.put({ ...rig.at('web'), ...web }, edit))).toMatchObject({
    reason: 'DisallowedByAzurePolicy',
    error: { ambiguous: false, message: expect.stringContaining('Only the north') },
  });
  expect(tokensAsked(rig)).toEqual([]);
  expect(rig.calls('PUT')).toHaveLength(1);
});

test('a plain refusal by Azure Policy is left as it is', async () => {
  await using rig = await startRig();
  const effect = { kind: 'status', status: 403, code: 'RequestDisallowedByPolicy', message: 'no' } as const;
  await rig.azure.control.addFault({ method: 'PUT', effect });
  expect(await failed(rig.identities.put({ ...rig.at('web'), ...web }, edit))).toMatchObject({
    reason: 'DisallowedByAzurePolicy',
  });
  expect(tokensAsked(rig)).toEqual([]);
});
