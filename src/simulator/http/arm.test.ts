import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { all, clientOptions, refusal, tokenCredential } from '../sdk.fixture.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator.ts';
import type { Change } from './arm.ts';

let clock: FakeClock;
let simulator: Simulator;
let client: ManagedServiceIdentityClient;
let changes: Change[];

async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
  await simulator?.stop();
  clock = new FakeClock();
  changes = [];
  simulator = await startSimulator({
    clock,
    preset: 'fast',
    onChange: (change) => changes.push(change),
    ...options,
  });
  simulator.control.createResourceGroup({ name: 'rg1' });
  client = await clientOf();
}

beforeEach(() => start());
afterEach(() => simulator.stop());

async function clientOf(
  caller?: string,
  subscriptionId = simulator.subscriptionId,
): Promise<ManagedServiceIdentityClient> {
  return new ManagedServiceIdentityClient(
    await tokenCredential(simulator, caller),
    subscriptionId,
    clientOptions(simulator),
  );
}

/** A caller with a role at a scope, named as given. */
function principal(name: string, role?: string, scope = '/'): string {
  const { objectId } = simulator.control.createPrincipal({ displayName: name });
  simulator.control.nameCaller({ objectId, name });
  if (role) simulator.control.grant({ principalId: objectId, role, scope });
  return objectId;
}

const put = (name = 'id1') =>
  client.userAssignedIdentities.createOrUpdate('rg1', name, { location: 'westeurope' });
const groupId = () => `/subscriptions/${simulator.subscriptionId}/resourceGroups/rg1`;

test('a client that does not trust the private CA does not get through', async () => {
  const { tlsOptions: _, ...untrusting } = clientOptions(simulator);
  const stranger = new ManagedServiceIdentityClient(
    await tokenCredential(simulator),
    simulator.subscriptionId,
    untrusting,
  );
  expect((await refusal(all(stranger.userAssignedIdentities.listBySubscription()))).code).toMatch(
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN/,
  );
  expect(simulator.requests()).toEqual([]);
});

test('a call without a good token is 401, in the words of ARM, and logged as anonymous', async () => {
  const speak = (token: string) =>
    new ManagedServiceIdentityClient(
      { getToken: async () => ({ token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) },
      simulator.subscriptionId,
      clientOptions(simulator),
    ).userAssignedIdentities.get('rg1', 'id1');
  expect(await refusal(speak('nonsense'))).toEqual({
    status: 401,
    code: 'InvalidAuthenticationToken',
    message: 'The access token is invalid.',
  });
  const { accessToken } = await simulator.control.token({ audience: 'https://graph.microsoft.com' });
  expect(await refusal(speak(accessToken))).toMatchObject({
    status: 401,
    code: 'InvalidAuthenticationTokenAudience',
  });
  const brief = await simulator.control.token({ lifetimeSeconds: 60 });
  clock.advance(60_000);
  expect(await refusal(speak(brief.accessToken))).toEqual({
    status: 401,
    code: 'ExpiredAuthenticationToken',
    message:
      "The access token expiry UTC time '11/23/2026 10:01:00 AM' is earlier than current UTC time '11/23/2026 10:01:00 AM'.",
  });
  expect(simulator.requests().map(({ status, caller }) => [status, caller])).toEqual([
    [401, 'anonymous'],
    [401, 'anonymous'],
    [401, 'anonymous'],
  ]);
});

test('an insufficient_claims challenge makes the client ask for a token once more', async () => {
  simulator.control.setKnobs({ token: { claimsChallenges: 1 } });
  const { accessToken } = await simulator.control.token();
  const claims: (string | undefined)[] = [];
  const challenged = new ManagedServiceIdentityClient(
    {
      getToken: async (_scopes, options) => {
        claims.push(options?.claims);
        return { token: accessToken, expiresOnTimestamp: Number.MAX_SAFE_INTEGER };
      },
    },
    simulator.subscriptionId,
    clientOptions(simulator),
  );
  expect(await all(challenged.userAssignedIdentities.listBySubscription())).toEqual([]);
  expect(simulator.requests().map(({ status }) => status)).toEqual([401, 200]);
  expect(JSON.parse(claims[1] ?? '')).toEqual({
    access_token: { nbf: { essential: true, value: String(clock.now() / 1000) } },
  });
});

test('every answer carries request ids and remaining-headers', async () => {
  let headers: { get(name: string): string | undefined } | undefined;
  await client.userAssignedIdentities.createOrUpdate(
    'rg1',
    'id1',
    { location: 'westeurope' },
    {
      onResponse: (raw) => {
        headers = raw.headers;
      },
    },
  );
  expect(headers?.get('x-ms-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers?.get('x-ms-correlation-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers?.get('x-ms-ratelimit-remaining-subscription-writes')).toBe('200');
  expect(headers?.get('x-ms-ratelimit-remaining-subscription-global-writes')).toBe('3000');
});

test('an unknown api-version is 404 InvalidResourceType and names the versions that are served', async () => {
  client = new ManagedServiceIdentityClient(await tokenCredential(simulator), simulator.subscriptionId, {
    ...clientOptions(simulator),
    apiVersion: '2000-01-01',
  });
  const refused = await refusal(client.userAssignedIdentities.get('rg1', 'id1'));
  expect(refused).toMatchObject({ status: 404, code: 'InvalidResourceType' });
  expect(refused.message).toMatch(
    /^The resource type 'userAssignedIdentities' could not be found in the namespace 'Microsoft\.ManagedIdentity' for api version '2000-01-01'\. The supported api-versions are: '.*2024-11-30.*'\.$/,
  );
});

test('an unknown type, a missing api-version and an unknown method are refused', async () => {
  const call = (method: 'GET' | 'POST', path: string) =>
    simulator.control.arm({ method, path: `${groupId()}${path}` });
  expect(await call('GET', '/providers/Microsoft.Void/things/t1?api-version=2020-01-01')).toMatchObject({
    status: 404,
    body: {
      error: {
        code: 'InvalidResourceType',
        message:
          "The resource type 'things' could not be found in the namespace 'Microsoft.Void' for api version '2020-01-01'.",
      },
    },
  });
  expect(
    await call('GET', '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1?api-version='),
  ).toMatchObject({
    status: 400,
    body: {
      error: {
        code: 'MissingApiVersionParameter',
        message: 'The api-version query parameter (?api-version=) is required for all requests.',
      },
    },
  });
  expect(
    await call(
      'POST',
      '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1?api-version=2024-11-30',
    ),
  ).toMatchObject({ status: 405 });
});

test('doubled slashes are collapsed, as arm-authorization sends them for a scope with a leading slash', async () => {
  const authorization = new AuthorizationManagementClient(
    await tokenCredential(simulator),
    simulator.subscriptionId,
    clientOptions(simulator),
  );
  expect(
    await all(authorization.roleAssignments.listForScope(groupId(), { filter: 'atScope()' })),
  ).not.toEqual([]);
  expect(simulator.requests().at(-1)).toMatchObject({
    status: 200,
    operation: expect.stringContaining('roleAssignments'),
  });
});

test('a missing subscription and a missing group are 404 in the words of ARM', async () => {
  const lost = await clientOf(undefined, '11111111-1111-4111-8111-111111111111');
  expect(await refusal(lost.userAssignedIdentities.get('rg1', 'id1'))).toEqual({
    status: 404,
    code: 'SubscriptionNotFound',
    message: "The subscription '11111111-1111-4111-8111-111111111111' could not be found.",
  });
  expect(await refusal(client.userAssignedIdentities.get('rg9', 'id1'))).toEqual({
    status: 404,
    code: 'ResourceGroupNotFound',
    message: "Resource group 'rg9' could not be found.",
  });
});

test('a caller without the right is refused before it learns whether the group exists', async () => {
  const objectId = principal('reader', 'Reader');
  client = await clientOf('reader');
  const refused = await refusal(
    client.userAssignedIdentities.createOrUpdate('rg9', 'id1', { location: 'westeurope' }),
  );
  expect(refused).toMatchObject({ status: 403, code: 'AuthorizationFailed' });
  const path = `${groupId().replace('rg1', 'rg9')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1`;
  expect(refused.message).toContain(
    `with object id '${objectId}' does not have authorization to perform action 'Microsoft.ManagedIdentity/userAssignedIdentities/write' over scope '${path}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
  expect(await refusal(client.userAssignedIdentities.get('rg9', 'id1'))).toMatchObject({
    code: 'ResourceGroupNotFound',
  });
});

test('rights are taken away and given back from outside', async () => {
  const objectId = principal('writer', 'Contributor', groupId());
  client = await clientOf('writer');
  await put();
  expect(simulator.control.dropRights({ principalId: objectId })).toEqual({ dropped: 1 });
  expect(await refusal(put())).toMatchObject({ code: 'AuthorizationFailed' });
  simulator.control.grant({ principalId: objectId, role: 'Contributor', scope: groupId() });
  await put();
});

test('CanNotDelete blocks DELETE alone, ReadOnly all but reads, both are inherited', async () => {
  await put();
  const { id = '' } = await client.userAssignedIdentities.get('rg1', 'id1');
  const subscription = `/subscriptions/${simulator.subscriptionId}`;
  simulator.control.lock({ scope: groupId(), level: 'CanNotDelete' });
  await put();
  const text = (verb: string, scope: string) =>
    `The scope '${id.replace('/resourcegroups/', '/resourceGroups/')}' cannot perform ${verb} operation because following scope(s) are locked: '${scope}'. Please remove the lock and try again.`;
  expect(await refusal(client.userAssignedIdentities.delete('rg1', 'id1'))).toEqual({
    status: 409,
    code: 'ScopeLocked',
    message: text('delete', groupId()),
  });
  simulator.control.unlock({ scope: groupId().toUpperCase() });
  simulator.control.lock({ scope: subscription, level: 'ReadOnly' });
  for (const call of [put, () => client.userAssignedIdentities.update('rg1', 'id1', { tags: {} })])
    expect(await refusal(call())).toEqual({
      status: 409,
      code: 'ScopeLocked',
      message: text('write', subscription),
    });
  expect(await refusal(client.userAssignedIdentities.delete('rg1', 'id1'))).toMatchObject({
    code: 'ScopeLocked',
  });
  await client.userAssignedIdentities.get('rg1', 'id1');
  simulator.control.unlock({ scope: subscription });
  await client.userAssignedIdentities.delete('rg1', 'id1');
});

test('a lock on a resource keeps the group above it from being deleted', async () => {
  const { id } = simulator.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  simulator.control.lock({ scope: id, level: 'CanNotDelete' });
  const path = `${groupId()}?api-version=2021-04-01`;
  expect(await simulator.control.arm({ method: 'DELETE', path })).toMatchObject({
    status: 409,
    body: { error: { code: 'ScopeLocked', message: expect.stringContaining(`are locked: '${id}'`) } },
  });
});

test('a lock also protects the role assignments beneath it', async () => {
  simulator.control.lock({ scope: groupId(), level: 'ReadOnly' });
  const authorization = new AuthorizationManagementClient(
    await tokenCredential(simulator),
    simulator.subscriptionId,
    clientOptions(simulator),
  );
  const call = authorization.roleAssignments.create(groupId(), '22222222-2222-4222-8222-222222222222', {
    roleDefinitionId:
      '/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7',
    principalId: principal('someone'),
    principalType: 'ServicePrincipal',
  });
  expect(await refusal(call)).toMatchObject({ status: 409, code: 'ScopeLocked' });
});

test('latency runs on the injected clock: no answer before its time', async () => {
  simulator.control.setKnobs({ latencyMs: { default: 0, 'identities.createOrUpdate': 1200 } });
  let done = false;
  const pending = put().finally(() => {
    done = true;
  });
  await expect.poll(() => clock.untilNext()).toBe(1200);
  clock.advance(1199);
  expect(simulator.requests().at(-1)).toMatchObject({
    status: 0,
    caller: 'someone-else',
    operation: 'identities.createOrUpdate',
  });
  expect(done).toBe(false);
  clock.advance(1);
  await pending;
  expect(simulator.requests().at(-1)).toMatchObject({ status: 201 });
});

test('a call goes on after its client gave up: what was received takes effect', async () => {
  simulator.control.setKnobs({ latencyMs: { default: 0, 'identities.createOrUpdate': 1200 } });
  const impatience = new AbortController();
  const call = refusal(
    client.userAssignedIdentities.createOrUpdate(
      'rg1',
      'id1',
      { location: 'westeurope' },
      { abortSignal: impatience.signal },
    ),
  );
  await expect.poll(() => clock.untilNext()).toBe(1200);
  impatience.abort();
  await call;
  clock.advance(1200);
  await expect.poll(() => simulator.control.identities()).toHaveLength(1);
});

test('stopping ends calls that still wait', async () => {
  simulator.control.setKnobs({ latencyMs: { default: 1200 } });
  const call = refusal(put());
  await expect.poll(() => clock.untilNext()).toBe(1200);
  await simulator.stop();
  expect((await call).status).toBeUndefined();
  expect(clock.untilNext()).toBeUndefined();
});

test('honest is the default: recorded latencies, lags and buckets', async () => {
  await simulator.stop();
  simulator = await startSimulator({ clock });
  expect(simulator.control.knobs()).toMatchObject({
    latencyMs: {
      'identities.createOrUpdate': 1200,
      'roleAssignments.create': 4900,
      'roleAssignments.delete': 2100,
    },
    throttling: { arm: true, identityProvider: true },
  });
  expect(simulator.control.knobs().propagation.listLagMs).not.toBe(0);
  simulator.control.usePreset({ preset: 'fast' });
  expect(simulator.control.knobs().propagation.listLagMs).toBe(0);
});

test('each change is reported once, with its outcome, and reads are not', async () => {
  await put();
  await client.userAssignedIdentities.get('rg1', 'id1');
  await refusal(client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'eastus' }));
  await client.userAssignedIdentities.delete('rg1', 'id1');
  expect(
    changes.map(({ operation, request, status }) => [operation.id, request.caller.name, status]),
  ).toEqual([
    ['identities.createOrUpdate', 'someone-else', 201],
    ['identities.createOrUpdate', 'someone-else', 409],
    ['identities.delete', 'someone-else', 200],
  ]);
});

test('the log counts requests with path, caller, status, time and body', async () => {
  await put();
  clock.advance(1000);
  await client.userAssignedIdentities.get('rg1', 'id1');
  const path = `${groupId()}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1?api-version=2024-11-30`;
  const caller = 'someone-else';
  expect(simulator.requests()).toEqual([
    {
      n: 1,
      time: '2026-11-23T10:00:00.000Z',
      method: 'PUT',
      path,
      status: 201,
      caller,
      operation: 'identities.createOrUpdate',
      body: { location: 'westeurope' },
    },
    {
      n: 2,
      time: '2026-11-23T10:00:01.000Z',
      method: 'GET',
      path,
      status: 200,
      caller,
      operation: 'identities.get',
    },
  ]);
  expect(simulator.requests(1).map(({ n }) => n)).toEqual([2]);
});

test('the same seed and the same calls give the same ids', async () => {
  const ids = async (seed: number) => {
    await start({ seed });
    const { principalId, clientId } = await put();
    return [simulator.tenantId, simulator.subscriptionId, principalId, clientId];
  };
  const first = await ids(7);
  expect(await ids(7)).toEqual(first);
  expect(await ids(8)).not.toEqual(first);
});
