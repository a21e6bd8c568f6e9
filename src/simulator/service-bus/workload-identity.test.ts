import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkloadIdentityCredential } from '@azure/identity';
import { ServiceBusClient } from '@azure/service-bus';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { receiveOne, startBusStage } from './stage.fixture.ts';

const ISSUER = 'https://oidc.example.org/cluster';
const SUBJECT = 'system:serviceaccount:azid-system:azid';
const AUDIENCE = 'api://AzureADTokenExchange';

test('a workload signs in by its federated token, and receives as its identity may', async () => {
  await using stage = await startBusStage();
  const { control, simulator, namespace, queue } = stage;
  await using stack = new AsyncDisposableStack();
  const identity = control.createIdentity({ name: 'azid', resourceGroup: 'rg1' });
  await control.arm({
    method: 'PUT',
    path: `${identity.id}/federatedIdentityCredentials/fic1?api-version=2024-11-30`,
    body: { properties: { issuer: ISSUER, subject: SUBJECT, audiences: [AUDIENCE] } },
  });
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  simulator.declareIssuer(ISSUER, { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] });
  const folder = await mkdtemp(join(tmpdir(), 'azid-bus-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const tokenFilePath = join(folder, 'token');
  const assertion = new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(ISSUER)
    .setSubject(SUBJECT)
    .setAudience(AUDIENCE)
    .setIssuedAt(Math.floor(stage.clock.now() / 1000))
    .setExpirationTime(Math.floor(stage.clock.now() / 1000) + 3600);
  await writeFile(tokenFilePath, await assertion.sign(privateKey));

  const credential = new WorkloadIdentityCredential({
    tenantId: simulator.tenantId,
    clientId: identity.clientId,
    tokenFilePath,
    authorityHost: simulator.origin,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: simulator.caPem },
  });
  const client = new ServiceBusClient(namespace.host, credential, {
    customEndpointAddress: namespace.endpoint,
    retryOptions: { maxRetries: 0, timeoutInMs: 5_000 },
  });
  stack.defer(() => client.close());
  const receiver = client.createReceiver('events');
  await expect(receiver.receiveMessages(1, { maxWaitTimeInMs: 50 })).rejects.toMatchObject({
    code: 'UnauthorizedAccess',
  });
  control.grant({ principalId: identity.principalId, role: 'Azure Service Bus Data Receiver', scope: queue });
  stage.send('a');
  expect(String((await receiveOne(receiver)).body)).toBe('a');
  expect(control.tokensPut().at(-1)).toMatchObject({
    type: 'jwt',
    principal: identity.principalId,
    status: 202,
  });
});
