import { describe, expect, it } from 'vitest';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { AzureRoleDefinition, RoleLookup } from '../../../azure/role-definitions.ts';
import { grant, SCOPE } from '../facts.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import { roleOf } from './target.ts';

/** Which role a grant means. */

const GUID = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const set = (actions: readonly string[], dataActions: readonly string[] = []) => ({
  actions,
  notActions: [],
  dataActions,
  notDataActions: [],
});
const role = (change: Partial<AzureRoleDefinition> = {}): AzureRoleDefinition => ({
  id: `/providers/Microsoft.Authorization/roleDefinitions/${GUID}`,
  guid: GUID,
  roleName: 'Reader',
  type: 'BuiltInRole',
  permissions: [set(['*/read', 'a/b'])],
  assignableScopes: ['/'],
  ...change,
});

async function look(lookup: RoleLookup | Error, object: RoleGrant = grant(), since?: number) {
  const calls: unknown[][] = [];
  const answer = (how: string) => async (scope: string, asked: string, _: unknown, at?: number) => {
    calls.push([how, scope, asked, at]);
    if (lookup instanceof Error) throw lookup;
    return lookup;
  };
  const deps = { roles: { byName: answer('name'), byId: answer('id') } };
  return { observed: await roleOf(object, { priority: 'edit' }, deps, since), calls };
}

const contentOf = async (permissions: AzureRoleDefinition['permissions']) => {
  const { observed } = await look({ found: 'one', role: role({ permissions }) });
  return observed.state === 'found' ? observed.role.content : undefined;
};

describe('the role of a grant', () => {
  it('is searched for by name or by id, at its scope, as late as somebody asks for it', async () => {
    const byName = await look({ found: 'one', role: role() }, grant(), 7);
    expect(byName.calls).toEqual([['name', SCOPE, 'Reader', 7]]);
    const byId = await look({ found: 'one', role: role() }, grant({ spec: { role: { id: GUID } } }));
    expect(byId.calls).toEqual([['id', SCOPE, GUID, undefined]]);
  });

  it('is sent with the prefix of the scope’s subscription, whatever Azure shows', async () => {
    const { observed } = await look({ found: 'one', role: role() });
    expect(observed).toMatchObject({
      state: 'found',
      role: {
        guid: GUID,
        name: 'Reader',
        type: 'BuiltInRole',
        id: expect.stringMatching(/^\/subscriptions\//),
      },
    });
  });

  it('that is no built-in one is a custom one, whatever Azure calls it', async () => {
    const { observed } = await look({ found: 'one', role: role({ type: 'SomethingNew' }) });
    expect(observed).toMatchObject({ role: { type: 'CustomRole' } });
  });

  it('is named with all that have its name where these are several', async () => {
    const other = role({ guid: '0'.repeat(8), type: 'CustomRole' });
    const { observed } = await look({ found: 'ambiguous', roles: [role(), other] });
    expect(observed).toEqual({
      state: 'ambiguous',
      candidates: ['00000000 (CustomRole)', `${GUID} (BuiltInRole)`],
    });
  });

  it('is not found where nobody has the name, or where it is no name', async () => {
    expect((await look({ found: 'none' })).observed).toEqual({ state: 'notFound' });
    expect((await look(new TypeError('a name'))).observed).toEqual({ state: 'notFound' });
  });

  it('is not known where Azure refuses; any other error is thrown', async () => {
    const refused = new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no' });
    expect((await look(refused)).observed).toMatchObject({ state: 'unreadable' });
    await expect(look(new Error('bug'))).rejects.toThrow('bug');
  });
});

describe('what a role allows, as one text', () => {
  it('is the same in another order', async () => {
    expect(await contentOf([set(['b', 'a']), set(['c'])])).toBe(
      await contentOf([set(['c']), set(['a', 'b'])]),
    );
  });

  it('is another with one action more, or the action as one on data', async () => {
    const texts = await Promise.all([[set(['a'])], [set(['a', 'b'])], [set([], ['a'])]].map(contentOf));
    expect(new Set(texts).size).toBe(3);
  });
});
