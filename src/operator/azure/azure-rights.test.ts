import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { HOST_CAPABILITIES } from '../../azure/hosts/capabilities.ts';
import { AZURE_RESOURCES, AZURE_RIGHTS } from './azure-rights.ts';

const ROLES = new URL('../../../deploy/azure/', import.meta.url);
/** Of built-in roles, which deploy/azure does not define. */
const BUILT_IN = ['*/read'];

interface Role {
  readonly Name: string;
  readonly Actions: readonly string[];
  readonly NotActions: readonly string[];
  readonly DataActions: readonly string[];
}

const files = (await readdir(ROLES)).filter((name) => name.endsWith('-role.json'));
const roles = await Promise.all(
  files.map(async (name) => JSON.parse(await readFile(new URL(name, ROLES), 'utf8')) as Role),
);
const inManager = AZURE_RIGHTS.filter(({ of }) => of === 'Resource Manager').map(({ right }) => right);

describe('the rights in Azure', () => {
  it.each(roles)('of the role $Name are each for a call, and none by a wildcard', ({ Actions, ...rest }) => {
    expect(Actions.filter((action) => !inManager.includes(action))).toEqual([]);
    expect(Actions).toEqual([...new Set(Actions)]);
    expect(Actions.join()).not.toContain('*');
    expect([rest.NotActions, rest.DataActions]).toEqual([[], []]);
  });

  it('are each in a role', () => {
    const given = new Set(roles.flatMap(({ Actions }) => Actions));
    expect(inManager.filter((right) => !given.has(right) && !BUILT_IN.includes(right))).toEqual([]);
  });

  it('name every type of host, as the label has it, and which types are asked by POST alone', () => {
    const named = Object.keys(AZURE_RESOURCES);
    expect(named).toEqual(named.map((each) => each.toLowerCase()));
    for (const { type } of HOST_CAPABILITIES) expect(named).toContain(type.toLowerCase());
    expect(named.filter((each) => !AZURE_RESOURCES[each]?.includes('GET'))).toEqual([
      'microsoft.managedidentity/userassignedidentities/listassociatedresources',
      'microsoft.resourcegraph/resources',
    ]);
  });
});
