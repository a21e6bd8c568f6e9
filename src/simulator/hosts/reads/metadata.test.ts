/** The unchanged `ManagedIdentityCredential` inside a simulated host, and the raw refusals of its endpoint. */
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tokenInside } from '../../sdk.fixture.ts';
import { type HostStage, startHostStage } from '../stage.fixture.ts';

let stage: HostStage;
let vm: string;
let endpoint: string;
let id1: string;

beforeEach(async () => {
  stage = await startHostStage();
  vm = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1' }).id;
  id1 = stage.identity('id1');
  endpoint = (await stage.control.openMetadata({ id: vm })).endpoint;
});
afterEach(() => stage[Symbol.asyncDispose]());

const attach = (...ids: string[]) =>
  stage.control.setHostIdentity({
    id: vm,
    identity: {
      type: 'UserAssigned',
      userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])),
    },
  });
/** Object id the workload speaks as, or why it got no token. */
async function speaksAs(
  identity: Parameters<typeof tokenInside>[1] = {},
  env: Readonly<Record<string, string>> = { AZURE_POD_IDENTITY_AUTHORITY_HOST: endpoint },
): Promise<unknown> {
  const { token, error } = await tokenInside(env, identity);
  return token === undefined ? error : decodeJwt(token).oid;
}
const raw = async (query: string, headers: Record<string, string> = { Metadata: 'true' }) => {
  const answer = await fetch(`${endpoint}/metadata/identity/oauth2/token?${query}`, { headers });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const QUERY = 'api-version=2018-02-01&resource=https://management.azure.com/';

test('the SDK gets a token as the attached identity, and ARM takes it as that principal', async () => {
  attach(id1);
  const [identity] = stage.control.identities();
  stage.control.grant({ principalId: identity?.principalId ?? '', role: 'Reader', scope: vm });
  const { token = '' } = await tokenInside(
    { AZURE_POD_IDENTITY_AUTHORITY_HOST: endpoint },
    { clientId: identity?.clientId ?? '' },
  );
  expect(decodeJwt(token)).toMatchObject({ oid: identity?.principalId, appid: identity?.clientId });
  stage.control.nameCaller({ objectId: identity?.principalId ?? '', name: 'workload' });
  expect((await stage.call('GET', vm, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  expect(stage.simulator.requests().at(-1)).toMatchObject({ caller: 'workload', status: 200 });
  expect(await speaksAs({ resourceId: id1.toUpperCase() })).toBe(identity?.principalId);
  expect(await speaksAs({ objectId: identity?.principalId ?? '' })).toBe(identity?.principalId);
});

test('after a recycle there is no token for the dead entry, and one for the new principal once it is attached again', async () => {
  attach(id1);
  const before = await speaksAs({ resourceId: id1 });
  const { principalId, clientId } = stage.control.recycleIdentity({ id: id1 });
  attach(id1);
  expect(await speaksAs({ clientId })).toMatch(/invalid_request/);
  stage.control.setHostIdentity({ id: vm, identity: { type: 'None' } });
  attach(id1);
  expect(await speaksAs({ clientId })).toBe(principalId);
  expect(principalId).not.toBe(before);
});

test('without a parameter: the system-assigned identity, else the only one, else a refusal', async () => {
  const id2 = stage.identity('id2');
  expect(await raw(QUERY)).toEqual({
    status: 400,
    body: { error: 'invalid_request', error_description: 'Identity not found' },
  });
  attach(id1);
  expect((await raw(QUERY)).body.client_id).toBe(stage.control.host({ id: vm }).attached[0]?.clientId);
  attach(id1, id2);
  expect(await raw(QUERY)).toEqual({
    status: 400,
    body: {
      error: 'invalid_request',
      error_description:
        'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
    },
  });
  const identity = { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [id1]: {}, [id2]: {} } };
  const { system } = stage.control.setHostIdentity({ id: vm, identity });
  expect(await raw(QUERY)).toMatchObject({
    status: 200,
    body: {
      client_id: system?.clientId,
      expires_in: '86400',
      resource: 'https://management.azure.com/',
      token_type: 'Bearer',
    },
  });
});

test('requests without the header, the version or the resource are refused', async () => {
  attach(id1);
  expect(await raw(QUERY, {})).toMatchObject({ status: 400, body: { error: 'bad_request_102' } });
  expect((await raw('resource=a')).body.error_description).toContain("'api-version'");
  expect((await raw('api-version=2018-02-01')).body.error_description).toContain("'resource'");
});

test('an endpoint stays when opened again, and follows a host that goes and comes back', async () => {
  expect((await stage.control.openMetadata({ id: vm.toUpperCase() })).endpoint).toBe(endpoint);
  attach(id1);
  stage.control.recycleHost({ id: vm });
  expect((await raw(QUERY)).status).toBe(400);
  attach(id1);
  expect((await raw(QUERY)).status).toBe(200);
  stage.control.deleteHost({ id: vm });
  expect((await raw(QUERY)).status).toBe(400);
});

test('an app finds its identities as in App Service', async () => {
  const app = stage.control.createHost({
    type: 'Microsoft.Web/sites',
    name: 'app',
    resourceGroup: 'rg1',
    identity: { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [id1]: {} } },
  });
  const { identityEndpoint, identityHeader } = await stage.control.openMetadata({ id: app.id });
  const env = { IDENTITY_ENDPOINT: identityEndpoint, IDENTITY_HEADER: identityHeader };
  expect(await speaksAs({}, env)).toBe(app.system?.principalId);
  expect(await speaksAs({ resourceId: id1 }, env)).toBe(app.attached[0]?.principalId);
  const answer = await fetch(`${identityEndpoint}?resource=a&api-version=2019-08-01`);
  expect(answer.status).toBe(401);
});
