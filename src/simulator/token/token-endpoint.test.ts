import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { WorkloadIdentityCredential } from '@azure/identity';
import { type CryptoKey, decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Agent, fetch } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import type { Identity } from '../identities/identities.ts';
import { all, clientOptions, refusal } from '../sdk.fixture.ts';
import { type Simulator, startSimulator } from '../simulator.ts';

const issuer = 'https://oidc.example.org/cluster';
const subject = 'system:serviceaccount:azid-system:azid';
const audience = 'api://AzureADTokenExchange';
const scope = 'https://management.azure.com/.default';

let clock: FakeClock;
let simulator: Simulator;
let identity: Identity;
let privateKey: CryptoKey;
let publicKey: CryptoKey;
let folder: string;

beforeEach(async () => {
  clock = new FakeClock();
  simulator = await startSimulator({ clock, preset: 'fast' });
  simulator.control.createResourceGroup({ name: 'rg1' });
  identity = simulator.control.createIdentity({ name: 'azid', resourceGroup: 'rg1' });
  ({ privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true }));
  simulator.declareIssuer(issuer, { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] });
  folder = await mkdtemp(join(tmpdir(), 'azid-token-'));
});

afterEach(async () => {
  await simulator.stop();
  await rm(folder, { recursive: true });
});

async function federate(): Promise<void> {
  const answer = await simulator.control.arm({
    method: 'PUT',
    path: `${identity.id}/federatedIdentityCredentials/fic1?api-version=2024-11-30`,
    body: { properties: { issuer, subject, audiences: [audience] } },
  });
  expect(answer.status).toBe(201);
}

interface Assertion {
  readonly issuer?: string;
  readonly subject?: string;
  readonly audience?: string;
  readonly key?: CryptoKey;
  readonly kid?: string;
  readonly expiresInSeconds?: number;
}

async function credential(
  given: Assertion = {},
  clientId = identity.clientId,
): Promise<WorkloadIdentityCredential> {
  const now = Math.floor(clock.now() / 1000);
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: given.kid ?? 'k1' })
    .setIssuer(given.issuer ?? issuer)
    .setSubject(given.subject ?? subject)
    .setAudience(given.audience ?? audience)
    .setIssuedAt(now)
    .setExpirationTime(now + (given.expiresInSeconds ?? 3600))
    .sign(given.key ?? privateKey);
  const tokenFilePath = join(folder, 'token');
  await writeFile(tokenFilePath, token);
  return new WorkloadIdentityCredential({
    tenantId: simulator.tenantId,
    clientId,
    tokenFilePath,
    authorityHost: simulator.origin,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: simulator.caPem },
    retryOptions: { maxRetries: 0 },
  });
}

async function post(form: Record<string, string>): Promise<{ status: number; body: unknown }> {
  const dispatcher = new Agent({ connect: { ca: simulator.caPem } });
  try {
    const answer = await fetch(`${simulator.origin}/${simulator.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
      dispatcher,
    });
    return { status: answer.status, body: await answer.json() };
  } finally {
    await dispatcher.close();
  }
}

async function refused(given: Assertion = {}, clientId?: string): Promise<string> {
  return (await refusal((await credential(given, clientId)).getToken(scope))).message;
}

test('a service account token becomes an ARM token of the identity, which ARM then knows', async () => {
  await federate();
  const { token } = await (await credential()).getToken(scope);
  expect(decodeJwt(token)).toMatchObject({
    oid: identity.principalId,
    appid: identity.clientId,
    tid: simulator.tenantId,
    aud: 'https://management.azure.com',
    iat: clock.now() / 1000,
    exp: clock.now() / 1000 + 3599,
  });
  simulator.control.nameCaller({ objectId: identity.principalId, name: 'controller' });
  simulator.control.grant({ principalId: identity.principalId, role: 'Reader', scope: '/' });
  const client = new ManagedServiceIdentityClient(
    await credential(),
    simulator.subscriptionId,
    clientOptions(simulator),
  );
  expect(await all(client.userAssignedIdentities.listBySubscription())).toHaveLength(1);
  expect(simulator.requests().at(-1)).toMatchObject({ method: 'GET', status: 200, caller: 'controller' });
});

test('issuer, subject and audience must match a credential exactly', async () => {
  await federate();
  for (const given of [
    { issuer: `${issuer}/` },
    { subject: `${subject}x` },
    { subject: subject.toUpperCase() },
    { audience: 'api://azureadtokenexchange' },
  ])
    expect(await refused(given)).toContain(
      'AADSTS70021: No matching federated identity record found for presented assertion',
    );
});

test('a refusal is 400 with the body Entra sends, and is logged without the assertion', async () => {
  await refused();
  const logged = simulator.requests().at(-1);
  expect(logged).toMatchObject({ method: 'POST', status: 400, caller: 'anonymous' });
  expect(logged?.path).toContain(`/${simulator.tenantId}/oauth2/v2.0/token?client-request-id=`);
  expect(JSON.stringify(logged)).not.toContain('eyJ');
  const { status, body } = await post({ grant_type: 'client_credentials' });
  expect(status).toBe(400);
  expect(body).toEqual({
    error: 'invalid_request',
    error_description: expect.stringMatching(
      /^AADSTS900144: The request body must contain the following parameter: 'client_id'\. Trace ID: \S+ Correlation ID: \S+ Timestamp: 2026-11-23 10:00:00Z$/,
    ),
    error_codes: [900144],
    timestamp: '2026-11-23 10:00:00Z',
    trace_id: expect.any(String),
    correlation_id: expect.any(String),
  });
});

test('a form that asks for something else is refused by name', async () => {
  const form = { grant_type: 'client_credentials', client_id: identity.clientId, scope };
  expect((await post({ ...form, grant_type: 'password' })).body).toMatchObject({
    error: 'unsupported_grant_type',
  });
  expect((await post({ ...form, scope: 'https://management.azure.com' })).body).toMatchObject({
    error_codes: [1002012],
  });
  expect((await post({ ...form, client_secret: 'x' })).body).toMatchObject({ error_codes: [7000218] });
});

test('a credential is not known to the token endpoint for some time after it was written', async () => {
  simulator.control.setKnobs({ propagation: { federationEffectMs: 60_000 } });
  await federate();
  expect(await refused()).toContain('AADSTS70021');
  clock.advance(60_000);
  await (await credential()).getToken(scope);
});

test('an unknown client id is refused, also with a credential of another identity', async () => {
  await federate();
  const other = simulator.control.createIdentity({ name: 'other', resourceGroup: 'rg1' });
  expect(await refused({}, '00000000-0000-4000-8000-000000000000')).toContain(
    `AADSTS700016: Application with identifier '00000000-0000-4000-8000-000000000000' was not found in the directory '${simulator.tenantId}'.`,
  );
  expect(await refused({}, other.clientId)).toContain('AADSTS70021');
});

test('the signature must hold against the keys of an issuer that can be reached', async () => {
  await federate();
  const forger = await generateKeyPair('RS256');
  expect(await refused({ key: forger.privateKey })).toContain(
    'AADSTS700027: Client assertion failed signature validation.',
  );
  expect(await refused({ kid: 'k2' })).toContain('AADSTS7000272: The certificate with identifier k2');
  simulator.control.withdrawIssuer({ issuer });
  expect(await refused()).toContain('AADSTS50166: Request to External OIDC endpoint failed.');
});

test('the keys of an issuer may be fetched at each exchange, so they may rotate', async () => {
  await federate();
  const next = await generateKeyPair('RS256', { extractable: true });
  let keys = [{ ...(await exportJWK(publicKey)), kid: 'k1' }];
  simulator.declareIssuer(issuer, async () => ({ keys }));
  await (await credential()).getToken(scope);
  keys = [{ ...(await exportJWK(next.publicKey)), kid: 'k2' }];
  await (await credential({ key: next.privateKey, kid: 'k2' })).getToken(scope);
  expect(await refused()).toContain('AADSTS7000272');
});

test('an expired assertion is refused by the injected clock', async () => {
  await federate();
  const late = await credential();
  clock.advance(3600_000 + 301_000);
  expect((await refusal(late.getToken(scope))).message).toContain(
    'AADSTS700024: Client assertion is not within its valid time range.',
  );
});

test('tokens outlive the identity until they expire', async () => {
  await federate();
  simulator.control.grant({ principalId: identity.principalId, role: 'Reader', scope: '/' });
  const { token } = await (await credential()).getToken(scope);
  simulator.control.deleteIdentity({ id: identity.id });
  expect(await refused()).toContain('AADSTS700016');
  const bearer = { getToken: async () => ({ token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  const client = new ManagedServiceIdentityClient(bearer, simulator.subscriptionId, clientOptions(simulator));
  expect(await all(client.userAssignedIdentities.listBySubscription())).toEqual([]);
  clock.advance(3599_000);
  expect(await refusal(all(client.userAssignedIdentities.listBySubscription()))).toMatchObject({
    status: 401,
    code: 'ExpiredAuthenticationToken',
  });
});
