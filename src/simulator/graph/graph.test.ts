import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../hosts/stage.fixture.ts';

let stage: HostStage;
let reader: string;
beforeEach(async () => {
  stage = await startHostStage();
  reader = stage.control.createPrincipal({ displayName: 'reader' }).objectId;
  stage.control.allowGraph({ principalId: reader });
});
afterEach(() => stage[Symbol.asyncDispose]());

/** As a principal, with a token for Graph. */
async function graph(path: string, options: { method?: string; body?: unknown; objectId?: string } = {}) {
  const { method = 'GET', body, objectId = reader } = options;
  const audience = 'https://graph.microsoft.com';
  const { accessToken } = await stage.control.token({ objectId, audience });
  return stage.call(method, `${path}${path.includes('?') ? '&' : '?'}api-version=`, {
    body,
    headers: { authorization: `Bearer ${accessToken}` },
  });
}

const names = async (path: string) =>
  (await graph(path)).body.value.map(({ displayName }: { displayName: string }) => displayName);

describe('service principals', () => {
  test('are found by id, by application id and by name; a deleted one is not', async () => {
    const id = stage.identity('app');
    const [identity] = stage.control.identities();
    const { principalId = '', clientId = '' } = identity ?? {};
    const expected = {
      id: principalId,
      appId: clientId,
      displayName: 'app',
      servicePrincipalType: 'ManagedIdentity',
    };
    expect((await graph(`/v1.0/servicePrincipals/${principalId}`)).body).toMatchObject(expected);
    expect((await graph(`/v1.0/servicePrincipals(appId='${clientId}')`)).body).toMatchObject(expected);
    for (const filter of [
      `appId eq '${clientId}'`,
      "displayName eq 'APP'",
      "startswith(displayName,'ap')",
      `servicePrincipalNames/any(c:c eq '${clientId}')`,
      `id eq '${principalId}' or displayName eq 'nobody'`,
    ])
      expect(await names(`/v1.0/servicePrincipals?$filter=${encodeURIComponent(filter)}`)).toEqual(['app']);
    stage.control.deleteIdentity({ id });
    expect(await graph(`/v1.0/servicePrincipals/${principalId}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'Request_ResourceNotFound' } },
    });
  });

  test('are looked up by many ids at once, and missing ones are simply absent', async () => {
    const nobody = '00000000-0000-4000-8000-000000000000';
    const answer = await graph('/v1.0/directoryObjects/getByIds', {
      method: 'POST',
      body: { ids: [reader, nobody], types: ['servicePrincipal'] },
    });
    expect(answer.body.value).toMatchObject([
      { id: reader, '@odata.type': '#microsoft.graph.servicePrincipal' },
    ]);
    const many = { ids: Array.from({ length: 1001 }, () => nobody) };
    expect((await graph('/v1.0/directoryObjects/getByIds', { method: 'POST', body: many })).status).toBe(400);
  });

  test('are refused without a permission of Graph, and for a token of Resource Manager', async () => {
    const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
    expect(await graph('/v1.0/servicePrincipals', { objectId })).toMatchObject({
      status: 403,
      body: { error: { code: 'Authorization_RequestDenied' } },
    });
    expect((await stage.call('GET', '/v1.0/servicePrincipals')).status).toBe(401);
    expect((await graph('/v1.0/applications')).status).toBe(501);
  });
});

describe('what was deleted', () => {
  const deletedIds = async (path: string) =>
    (await graph(path)).body.value.map(({ id }: { id: string }) => id);
  const LIST = '/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal';

  test('can be found for 30 days, one by one and page by page, and restored', async () => {
    const [a = '', b = ''] = ['a', 'b'].map((name) => {
      const id = stage.identity(name);
      const principalId = stage.control.identities().at(-1)?.principalId ?? '';
      stage.control.deleteIdentity({ id });
      return principalId;
    });
    expect(await graph(`/v1.0/directory/deletedItems/${a}`)).toMatchObject({
      status: 200,
      body: {
        id: a,
        '@odata.type': '#microsoft.graph.servicePrincipal',
        deletedDateTime: expect.any(String),
      },
    });
    const first = await graph(`${LIST}?$top=1`);
    expect(first.body.value).toMatchObject([{ id: a }]);
    expect(await deletedIds(first.body['@odata.nextLink'].replace(stage.simulator.origin, ''))).toEqual([b]);
    stage.control.restorePrincipal({ objectId: b });
    expect(await deletedIds(LIST)).toEqual([a]);
    stage.clock.advance(30 * 24 * 3600_000 + 1);
    expect(await deletedIds(LIST)).toEqual([]);
    expect(await graph(`/v1.0/directory/deletedItems/${a}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'Request_ResourceNotFound' } },
    });
  });

  test('is gone for good by a knob or a purge', async () => {
    stage.control.setKnobs({ directory: { deletion: 'for-good' } });
    stage.control.deleteIdentity({ id: stage.identity('a') });
    stage.control.setKnobs({ directory: { deletion: 'soft' } });
    const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
    stage.control.deletePrincipal({ objectId });
    expect(await deletedIds(LIST)).toEqual([objectId]);
    stage.control.deletePrincipal({ objectId, purge: true });
    expect(await deletedIds(LIST)).toEqual([]);
  });
});

test('a new principal is not found by its id before it is replicated', async () => {
  stage.control.setKnobs({ propagation: { directoryReplicationMs: 30_000 } });
  const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
  const found = async () =>
    (await graph('/v1.0/directoryObjects/getByIds', { method: 'POST', body: { ids: [objectId] } })).body
      .value;
  expect(await found()).toEqual([]);
  stage.clock.advance(30_000);
  expect(await found()).toMatchObject([{ id: objectId }]);
});

test('each permission opens its own part', async () => {
  const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
  const status = async (path: string) => (await graph(path, { objectId })).status;
  const SUMMARY = "/beta/auditLogs/getSummarizedMSISignIns(aggregationWindow='d1')";
  stage.control.allowGraph({ principalId: objectId, permissions: ['Directory.Read.All'] });
  expect([await status('/v1.0/servicePrincipals'), await status(SUMMARY)]).toEqual([200, 403]);
  stage.control.allowGraph({ principalId: objectId, permissions: ['AuditLog.Read.All'] });
  expect([await status('/v1.0/servicePrincipals'), await status(SUMMARY)]).toEqual([403, 200]);
});

describe('sign-ins of managed identities', () => {
  const KIND = "signInEventTypes/any(t: t eq 'managedIdentity')";
  const signIns = async (more = '', path = '/beta/auditLogs/signIns') =>
    (await graph(`${path}?$filter=${encodeURIComponent(`${KIND}${more}`)}`)).body.value;

  async function use(): Promise<{ id: string; principalId: string; vm: string }> {
    const id = stage.identity('app');
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [id]: {} } };
    const vm = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1', identity }).id;
    const { endpoint } = await stage.control.openMetadata({ id: vm });
    const query = 'api-version=2018-02-01&resource=https://vault.azure.net';
    const token = await fetch(`${endpoint}/metadata/identity/oauth2/token?${query}`, {
      headers: { metadata: 'true' },
    });
    expect(token.status).toBe(200);
    return { id, principalId: stage.control.identities()[0]?.principalId ?? '', vm };
  }

  test('are shown after a lag, by principal, in beta alone', async () => {
    stage.control.setKnobs({ propagation: { signInLagMs: 120_000 } });
    const { id, principalId } = await use();
    expect(await signIns()).toEqual([]);
    stage.clock.advance(120_000);
    expect(await signIns(` and servicePrincipalId eq '${principalId}'`)).toMatchObject([
      {
        servicePrincipalId: principalId,
        resourceDisplayName: 'https://vault.azure.net',
        managedServiceIdentity: { msiType: 'userAssigned', associatedResourceId: id },
      },
    ]);
    expect(await signIns(` and servicePrincipalId eq '${reader}'`)).toEqual([]);
    expect((await graph('/v1.0/auditLogs/signIns')).status).toBe(400);
    expect((await graph('/beta/auditLogs/signIns')).body.value).toEqual([]);
  });

  test('are summed up by window, identity and resource, without the principal', async () => {
    const { id } = await use();
    const answer = await graph("/beta/auditLogs/getSummarizedMSISignIns(aggregationWindow='d1')");
    expect(answer.body.value).toMatchObject([
      { signInCount: 1, servicePrincipalId: '', managedServiceIdentity: { associatedResourceId: id } },
    ]);
    expect((await graph("/beta/auditLogs/getSummarizedMSISignIns(aggregationWindow='d2')")).status).toBe(400);
  });
});
