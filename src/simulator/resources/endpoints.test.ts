/** What clients call on their way: no login, subscriptions, groups, tags, locks; and what is not simulated. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../hosts/stage.fixture.ts';

let stage: HostStage;
let subscription: string;

beforeEach(async () => {
  stage = await startHostStage();
  subscription = `/subscriptions/${stage.simulator.subscriptionId}`;
});
afterEach(() => stage[Symbol.asyncDispose]());

const body = async (path: string, version = '2021-04-01') =>
  (await stage.call('GET', path, { version })).body;

describe('without login', () => {
  test.each(['2015-01-01', '2019-05-01', '2022-09-01'])(
    'GET /metadata/endpoints of %s has the endpoints under the origin of the request',
    async (version) => {
      const answer = await stage.call('GET', '/metadata/endpoints', {
        version,
        headers: { authorization: '' },
      });
      expect(answer.status).toBe(200);
      const [cloud] = [answer.body].flat();
      expect(cloud.authentication.loginEndpoint.replace(/\/$/, '')).toBe(stage.simulator.origin);
      expect(cloud.authentication.audiences[0]).toBe('https://management.core.windows.net/');
    },
  );

  test('everything else asks for a token', async () => {
    const answer = await stage.call('GET', '/subscriptions', { headers: { authorization: '' } });
    expect(answer.status).toBe(401);
  });
});

test('tenants, locations and providers are listed', async () => {
  expect((await body('/tenants', '2022-12-01')).value).toMatchObject([
    { tenantId: stage.simulator.tenantId, tenantCategory: 'Home' },
  ]);
  expect((await body(`${subscription}/locations`, '2022-12-01')).value).toContainEqual(
    expect.objectContaining({ name: 'westeurope', displayName: 'West Europe', type: 'Region' }),
  );
  const { value } = await body(`${subscription}/providers`);
  expect(value).toContainEqual(
    expect.objectContaining({ namespace: 'Microsoft.ManagedIdentity', registrationState: 'Registered' }),
  );
});

describe('groups', () => {
  const rg2 = () => `${subscription}/resourceGroups/rg2`;
  const put = (given: object) => stage.call('PUT', rg2(), { body: given });

  test('PATCH replaces their tags and nothing else', async () => {
    await put({ location: 'westeurope', tags: { a: '1' } });
    const answer = await stage.call('PATCH', rg2(), { body: { tags: { b: '2' } } });
    expect(answer).toMatchObject({ status: 200, body: { location: 'westeurope', tags: { b: '2' } } });
    expect((await stage.call('PATCH', rg2(), { body: {} })).body.tags).toEqual({ b: '2' });
  });

  test('are filtered by tag, and cut by $top', async () => {
    await put({ location: 'westeurope', tags: { a: '1' } });
    const names = async (query: string) =>
      (
        await stage.call('GET', `${subscription}/resourceGroups?api-version=2021-04-01&${query}`)
      ).body.value.map(({ name }: { name: string }) => name);
    expect(await names("$filter=tagName eq 'A'")).toEqual(['rg2']);
    expect(await names("$filter=tagName eq 'a' and tagValue eq '2'")).toEqual([]);
    expect(await names('$top=1')).toHaveLength(1);
    const refused = await stage.call(
      'GET',
      `${subscription}/resourceGroups?api-version=2021-04-01&$filter=name eq 'a'`,
    );
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'InvalidFilterInQueryString' } } });
  });
});

test.each([
  ['a group', 'resourceGroups/atlantis', 'LocationNotAvailableForResourceGroup'],
  [
    'an identity',
    'resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1',
    'LocationNotAvailableForResourceType',
  ],
  [
    'a resource',
    'resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm1',
    'LocationNotAvailableForResourceType',
  ],
])('a location that does not exist is refused to %s', async (_, path, code) => {
  const answer = await stage.call('PUT', `${subscription}/${path}`, { body: { location: 'Atlantis' } });
  expect([answer.status, answer.body.error.code]).toEqual([400, code]);
});

describe('tags as a resource', () => {
  test('are merged, replaced, deleted and put, on groups, identities and hosts alike', async () => {
    const id = stage.identity('id1');
    const vm = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1' }).id;
    for (const scope of [stage.group, id, vm]) {
      const at = `${scope}/providers/Microsoft.Resources/tags/default`;
      const patch = (operation: string, tags: object) =>
        stage.call('PATCH', at, { body: { operation, properties: { tags } }, version: '2021-04-01' });
      const tags = async () => (await body(at)).properties.tags;
      expect((await patch('Merge', { a: '1', b: '2' })).status).toBe(200);
      await patch('Merge', { b: '3' });
      expect(await tags()).toEqual({ a: '1', b: '3' });
      // A deletion names the value too.
      await patch('Delete', { a: 'other', b: '3' });
      expect(await tags()).toEqual({ a: '1' });
      await patch('Replace', { c: '4' });
      expect(await tags()).toEqual({ c: '4' });
      await stage.call('PUT', at, { body: { properties: { tags: { d: '5' } } }, version: '2021-04-01' });
      expect(await tags()).toEqual({ d: '5' });
      await stage.call('DELETE', at, { version: '2021-04-01' });
      expect(await tags()).toEqual({});
    }
    expect(stage.control.host({ id: vm }).tags).toEqual({});
  });
});

describe('locks', () => {
  const LOCKS = 'providers/Microsoft.Authorization/locks';
  const version = '2020-05-01';
  const put = (scope: string, name: string, level: string) =>
    stage.call('PUT', `${scope}/${LOCKS}/${name}`, { body: { properties: { level } }, version });

  test('hold what is beneath them, and are no obstacle to themselves', async () => {
    const id = stage.identity('id1');
    expect((await put(stage.group, 'keep', 'ReadOnly')).status).toBe(201);
    expect((await put(stage.group, 'keep', 'CanNotDelete')).status).toBe(200);
    expect(await stage.call('DELETE', id)).toMatchObject({
      status: 409,
      body: { error: { code: 'ScopeLocked' } },
    });
    expect((await put(id, 'own', 'ReadOnly')).status).toBe(201);
    const names = async (scope: string, query = '') => {
      const answer = await stage.call('GET', `${scope}/${LOCKS}?api-version=${version}${query}`);
      return answer.body.value.map(({ name }: { name: string }) => name);
    };
    expect(await names(stage.group)).toEqual(['keep', 'own']);
    expect(await names(id, '&$filter=atScope()')).toEqual(['own', 'keep']);
    expect((await stage.call('DELETE', `${id}/${LOCKS}/own`, { version })).status).toBe(200);
    expect((await stage.call('DELETE', `${id}/${LOCKS}/own`, { version })).status).toBe(204);
    expect((await stage.call('DELETE', `${stage.group}/${LOCKS}/keep`, { version })).status).toBe(200);
    expect((await stage.call('DELETE', id)).status).toBe(200);
  });

  test('without a level are refused; two of different names are two', async () => {
    expect((await put(stage.group, 'bad', 'NotSpecified')).body.error.code).toBe('LockLevelNotSpecified');
    await put(stage.group, 'a', 'CanNotDelete');
    await put(stage.group, 'b', 'ReadOnly');
    expect(stage.control.unlock({ scope: stage.group })).toEqual({ unlocked: true });
    expect((await body(`${stage.group}/${LOCKS}`, version)).value).toEqual([]);
  });
});

test('what Azure has and the simulator does not is 501 and says so; what Azure does not have is 404', async () => {
  const network = await stage.call('GET', `${stage.group}/providers/Microsoft.Network/virtualNetworks/a`);
  expect(network).toMatchObject({ status: 501, body: { error: { code: 'NotSimulated' } } });
  expect(network.body.error.message).toContain('docs/reference/simulator.md');
  const extension = await stage.call(
    'GET',
    `${stage.group}/providers/Microsoft.Compute/virtualMachines/vm1/extensions/a`,
  );
  expect(extension.status).toBe(501);
  const nothing = await stage.call('GET', `${stage.group}/providers/Microsoft.Void/things/a`);
  expect(nothing).toMatchObject({ status: 404, body: { error: { code: 'InvalidResourceType' } } });
});

test('revokeTokens ends tokens that are out, and later ones are good', async () => {
  const id = stage.identity('id1');
  const { principalId } = stage.control.identities()[0] ?? { principalId: '' };
  stage.control.grant({ principalId, role: 'Reader', scope: '/' });
  const call = async (accessToken: string) =>
    (await stage.call('GET', id, { headers: { authorization: `Bearer ${accessToken}` } })).status;
  const { accessToken } = await stage.control.token({ objectId: principalId });
  expect(await call(accessToken)).toBe(200);
  expect((await stage.call('POST', `${id}/revokeTokens`, { version: '2025-05-31-preview' })).status).toBe(
    200,
  );
  expect(await call(accessToken)).toBe(401);
  stage.clock.advance(1_000);
  expect(await call((await stage.control.token({ objectId: principalId })).accessToken)).toBe(200);
});

test('deny assignments are read over ARM, and taken back by the control endpoint', async () => {
  const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
  const { id } = stage.control.deny({ principalId: objectId, scope: stage.group, actions: ['*/write'] });
  const list = async () =>
    (await body(`${stage.group}/providers/Microsoft.Authorization/denyAssignments`, '2022-04-01')).value;
  expect(await list()).toMatchObject([
    { id, properties: { scope: stage.group, principals: [{ id: objectId }] } },
  ]);
  expect(stage.control.undeny({ id })).toEqual({ removed: true });
  expect(await list()).toEqual([]);
});

test('a resource that is moved is the same one elsewhere: its principal lives, grants at the old id are gone', async () => {
  stage.control.createResourceGroup({ name: 'rg2' });
  const id1 = stage.identity('id1');
  const identity = { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [id1]: {} } };
  const before = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1', identity });
  stage.control.grant({ principalId: before.system?.principalId ?? '', role: 'Reader', scope: before.id });
  const after = stage.control.moveHost({ id: before.id, resourceGroup: 'rg2' });
  expect(after.id).toBe(before.id.replace('/rg1/', '/rg2/'));
  expect(after).toMatchObject({
    vmId: before.uniqueId,
    system: before.system,
    attached: [{ id: id1, principalId: expect.any(String) }],
  });
  expect((await stage.call('GET', before.id)).status).toBe(404);
  expect((await stage.call('GET', after.id)).status).toBe(200);
  expect(stage.control.assignments().filter(({ scope }) => scope === before.id)).toEqual([]);
  expect(stage.control.restorePrincipal({ objectId: before.system?.principalId ?? '' })).toEqual({
    restored: false,
  });
});

test('a role of a built-in name is refused by the verb, and a no-break space in a name is kept', async () => {
  const define = (roleName: string) => stage.control.defineRole({ roleName, actions: ['*/read'] });
  expect(() => define('Reader')).toThrow('defineRole: Expected roleName to be that of a custom role');
  const { id } = define('Two\u00a0Words');
  const list = async (name: string) =>
    (
      await stage.call(
        'GET',
        `${stage.group}/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=${encodeURIComponent(`roleName eq '${name}'`)}`,
      )
    ).body.value;
  expect(await list('Two\u00a0Words')).toMatchObject([
    { properties: { roleName: 'Two\u00a0Words' }, name: id.split('/').at(-1) },
  ]);
  expect(await list('Two Words')).toEqual([]);
});
