import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { whoAmI } from '../../src/azure/arm/caller.ts';
import { classify } from '../../src/azure/arm/classify.ts';
import { type CredentialOptions, createCredential } from '../../src/azure/arm/credential.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { startRig } from './rig.ts';

const ISSUER = 'https://cluster.test';
const SUBJECT = 'system:serviceaccount:azid-system:azid';

/** A cluster's issuer, a ServiceAccount token in a file, and an identity in Azure that federates with it. */
async function setup(federatedSubject: string) {
  const rig = await startRig();
  const folder = await mkdtemp(join(tmpdir(), 'azid-credential-'));
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256' };
  rig.azure.declareIssuer(ISSUER, { keys: [jwk] });
  const { identity } = await rig.identities.put(
    { ...rig.at('azid'), location: 'westeurope', tags: {} },
    { priority: 'edit' },
  );
  const path = `${rig.id('azid')}/federatedIdentityCredentials/cluster?api-version=2024-11-30`;
  const properties = { issuer: ISSUER, subject: federatedSubject, audiences: ['api://AzureADTokenExchange'] };
  await rig.azure.control.arm({ method: 'PUT', path, body: { properties } });
  const tokenFile = join(folder, 'token');
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(ISSUER)
    .setSubject(SUBJECT)
    .setAudience('api://AzureADTokenExchange')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
  await writeFile(tokenFile, token);
  const options: CredentialOptions = {
    kind: 'auto',
    tenantId: rig.azure.tenantId,
    clientId: identity.clientId,
    tokenFile,
    authorityHost: rig.azure.origin,
    caPem: rig.azure.caPem,
    disableInstanceDiscovery: true,
    clock: systemClock,
  };
  return {
    rig,
    options,
    identity,
    token,
    async [Symbol.asyncDispose]() {
      await rig.azure.stop();
      await rm(folder, { recursive: true });
    },
  };
}

describe('workload identity', () => {
  test('exchanges the ServiceAccount’s token, and one exchange serves many calls', async () => {
    await using it = await setup(SUBJECT);
    const credential = createCredential(it.options);
    const scope = it.rig.cloud.armScope;
    const tokens = await Promise.all(Array.from({ length: 10 }, () => credential.getToken(scope)));
    expect(new Set(tokens.map((each) => each?.token)).size).toBe(1);
    const exchanges = it.rig.azure.requests().filter(({ path }) => path.includes('/oauth2/v2.0/token'));
    expect(exchanges).toHaveLength(1);
    const { principalId, clientId, tenantId } = it.identity;
    expect(await whoAmI(credential, scope)).toEqual({ objectId: principalId, clientId, tenantId });
  });

  test('that nobody federated is reported in Entra’s words, without the token, and tried again', async () => {
    await using it = await setup('system:serviceaccount:other:azid');
    const error: unknown = await createCredential(it.options)
      .getToken(it.rig.cloud.armScope)
      .catch((each: unknown) => each);
    const found = classify(error);
    expect(found).toMatchObject({
      kind: 'transient',
      reason: 'AzureAuthenticationFailed',
      error: { message: expect.stringContaining('AADSTS70021') },
    });
    expect(found.error.message).not.toContain(it.token);
    expect(found.error.message).not.toMatch(/Trace ID|Timestamp/);
  });

  test('one caller that gives up does not take the token from the others', async () => {
    await using it = await setup(SUBJECT);
    const credential = createCredential(it.options);
    const abortSignal = AbortSignal.abort();
    const scope = it.rig.cloud.armScope;
    const [, second] = await Promise.allSettled([
      credential.getToken(scope, { abortSignal }),
      credential.getToken(scope),
    ]);
    expect(second.status).toBe('fulfilled');
  });
});

describe('configuration', () => {
  const base: CredentialOptions = {
    kind: 'auto',
    authorityHost: 'https://login.test',
    disableInstanceDiscovery: false,
    clock: systemClock,
  };
  const workload = {
    ...base,
    kind: 'workload-identity',
    tenantId: 't',
    clientId: 'c',
    tokenFile: 'f',
  } as const;
  test.each<[string, CredentialOptions, string]>([
    ['no tenant', { ...workload, tenantId: undefined }, 'Expected --tenant-id to be given'],
    ['no client', { ...workload, clientId: undefined }, 'Expected --client-id to be given'],
    ['no token file', { ...workload, tokenFile: '' }, 'Expected --federated-token-file to be given'],
    ['an unknown kind', { ...base, kind: 'client-secret' as 'auto' }, 'azid takes no client secrets'],
    [
      'a secret in the environment',
      { ...workload, env: { AZURE_CLIENT_SECRET: 'hush' } },
      'got AZURE_CLIENT_SECRET in the environment',
    ],
  ])('with %s is refused', (_, options, message) => {
    expect(() => createCredential(options)).toThrow(message);
  });

  test('never shows the secret it refuses', () => {
    expect(() => createCredential({ ...workload, env: { AZURE_CLIENT_SECRET: 'hush' } })).not.toThrow('hush');
  });
});
