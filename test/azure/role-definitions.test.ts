import { describe, expect, test } from 'vitest';
import { classify } from '../../src/azure/arm/classify.ts';
import type { AzureRoleDefinition } from '../../src/azure/role-definitions.ts';
import { startRig } from './rig.ts';

const edit = { priority: 'edit' } as const;
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const management = '/providers/Microsoft.Management/managementGroups/mg1';

async function setup() {
  const rig = await startRig({ role: 'Reader', roleScope: '/' });
  const subscription = `/subscriptions/${rig.azure.subscriptionId}`;
  await rig.azure.control.createManagementGroup({ name: 'mg1' });
  const define = (roleName: string, assignableScopes = [subscription]) =>
    rig.azure.control.defineRole({
      roleName,
      actions: ['*/read'],
      notActions: [],
      dataActions: [],
      notDataActions: [],
      assignableScopes,
    });
  return { ...rig, subscription, group: `${subscription}/resourceGroups/rg1`, define };
}

describe('a role by name', () => {
  test('is found without regard to case, at any scope', async () => {
    await using rig = await setup();
    for (const scope of ['/', management, rig.subscription, rig.group])
      expect(await rig.roleDefinitions.find(scope, 'storage BLOB data reader', edit)).toMatchObject({
        found: 'one',
        role: { guid: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1', type: 'BuiltInRole' },
      });
  });

  test('with quotes and signs in it is found, and only it', async () => {
    await using rig = await setup();
    const name = "Bob's & Ann's 50% #1 + more";
    await rig.define(name);
    expect(await rig.roleDefinitions.find(rig.group, name, edit)).toMatchObject({
      found: 'one',
      role: { roleName: name, type: 'CustomRole', permissions: [{ actions: ['*/read'] }] },
    });
    expect(await rig.roleDefinitions.find(rig.group, "x' or roleName eq 'Reader", edit)).toEqual({
      found: 'none',
    });
  });

  test('that nobody knows is none, and so is one of other scopes', async () => {
    await using rig = await setup();
    await rig.azure.control.createResourceGroup({ name: 'rg2' });
    await rig.define('Only there', [`${rig.subscription}/resourceGroups/rg2`]);
    expect(await rig.roleDefinitions.find(rig.group, 'Nobody', edit)).toEqual({ found: 'none' });
    expect(await rig.roleDefinitions.find(rig.group, 'Only there', edit)).toEqual({ found: 'none' });
  });

  test.each(['', ' ', 'a\u0000b'])('that is none (%j) is refused before a call', async (name) => {
    await using rig = await setup();
    await expect(rig.roleDefinitions.find(rig.group, name, edit)).rejects.toThrow(
      'Expected the name of a role',
    );
    expect(rig.calls()).toEqual([]);
  });
});

describe('a role by id', () => {
  test('is found by GUID and by full id, at any scope', async () => {
    await using rig = await setup();
    const full = `/providers/Microsoft.Authorization/roleDefinitions/${READER.toUpperCase()}`;
    for (const id of [READER, full, `${rig.subscription}${full}`])
      for (const scope of ['/', rig.group])
        expect(await rig.roleDefinitions.get(scope, id, edit)).toMatchObject({
          found: 'one',
          role: { guid: READER, roleName: 'Reader', assignableScopes: ['/'] },
        });
  });

  test('that nobody knows is none; a failure is not', async () => {
    await using rig = await setup();
    const id = '11111111-1111-4111-8111-000000000001';
    expect(await rig.roleDefinitions.get(rig.group, id, edit)).toEqual({ found: 'none' });
    await rig.azure.control.addFault({
      method: 'GET',
      effect: { kind: 'status', status: 404, code: 'NotFound' },
    });
    const error = await rig.roleDefinitions.get(rig.group, READER, edit).catch((thrown: unknown) => thrown);
    expect(classify(error)).toMatchObject({ kind: 'transient', reason: 'UnexplainedNotFound' });
  });
});

test('the list of a subscription has the built-in roles and the custom ones of its groups, in one page', async () => {
  await using rig = await setup();
  await rig.define('Of the group', [rig.group]);
  await rig.azure.control.setKnobs({ paging: { pageSize: 20 } });
  const found: AzureRoleDefinition[] = [];
  let pages = 0;
  for await (const { roles } of rig.roleDefinitions.list(rig.subscription, edit)) {
    pages += 1;
    found.push(...roles);
  }
  expect([pages, rig.calls('GET').length]).toEqual([1, 1]);
  const names = found.map(({ roleName }) => roleName);
  expect(names).toContain('Of the group');
  expect(names).toContain('Owner');
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(60);
});
