import { expect, test } from 'vitest';
import { isGuid } from '../../world/scope.ts';
import { parseCondition } from '../conditions/condition-reader.ts';
import { BUILT_IN_ROLES, builtInRoleId } from './definitions.ts';

test('there are at least sixty, each name and each GUID once', () => {
  expect(BUILT_IN_ROLES.length).toBeGreaterThanOrEqual(60);
  expect(new Set(BUILT_IN_ROLES.map((role) => role.guid)).size).toBe(BUILT_IN_ROLES.length);
  expect(new Set(BUILT_IN_ROLES.map((role) => role.roleName.toLowerCase())).size).toBe(BUILT_IN_ROLES.length);
});

test('every GUID is a lower-case GUID and every role allows something', () => {
  for (const { guid, roleName, actions = [], dataActions = [] } of BUILT_IN_ROLES) {
    expect(isGuid(guid) && guid === guid.toLowerCase(), roleName).toBe(true);
    expect(actions.length + dataActions.length, roleName).toBeGreaterThan(0);
  }
});

test('every action is a wildcard or starts with a provider namespace, and stands once in its list', () => {
  for (const {
    roleName,
    actions = [],
    notActions = [],
    dataActions = [],
    notDataActions = [],
  } of BUILT_IN_ROLES)
    for (const list of [actions, notActions, dataActions, notDataActions]) {
      expect(new Set(list).size, roleName).toBe(list.length);
      for (const action of list)
        expect(action, roleName).toMatch(/^(\*(\/read)?|Microsoft\.[A-Za-z.]+\/[A-Za-z0-9.*/_-]+)$/i);
    }
});

test('conditions that roles carry can be read', () => {
  const conditions = BUILT_IN_ROLES.flatMap(({ condition }) => condition ?? []);
  expect(conditions).not.toHaveLength(0);
  for (const condition of conditions) expect(() => parseCondition(condition)).not.toThrow();
});

test('the roles azid is installed with have the GUIDs of docs/azure-facts.md section 12', () => {
  expect(builtInRoleId('Managed Identity Contributor')).toBe('e40ec5ca-96e0-45a2-b4ff-59039f2c2b59');
  expect(builtInRoleId('managed identity operator')).toBe('f1a07417-d97a-45cb-824c-7a7467783830');
  expect(builtInRoleId('Role Based Access Control Administrator')).toBe(
    'f58310d9-a9f6-439a-9e8d-f62e7b41a168',
  );
});

test('an unknown name is refused by name', () => {
  expect(() => builtInRoleId('Emperor')).toThrow('"Emperor"');
});
