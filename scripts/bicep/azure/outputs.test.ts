import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkloadIdentityCredential } from '@azure/identity';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { GIVEN } from '../../../test/deploy/azure-template.ts';
import { type Assignment, MANAGED, READER, useAzure } from './stage.ts';

/** By what the deployment puts out azid signs in, may do what it needs, and hears of changes. */

const azure = useAzure();

it('the outputs are what the cluster is given', async () => {
  const outputs = await azure().succeeded();
  expect(Object.keys(outputs)).toEqual([
    'tenantId',
    'clientId',
    'principalId',
    'queueNamespace',
    'queueNames',
    'namespaceId',
    'storageId',
  ]);
  const [identity] = azure().control.identities();
  expect(outputs).toEqual({
    tenantId: azure().simulator.tenantId,
    clientId: identity?.clientId,
    principalId: identity?.principalId,
    queueNamespace: expect.stringMatching(/^azid-[a-z0-9]{13}\.servicebus\.windows\.net$/),
    queueNames: ['azid'],
    // For another subscription.
    namespaceId: expect.stringMatching(/\/Microsoft\.ServiceBus\/namespaces\/azid-[a-z0-9]{13}$/),
    storageId: expect.stringMatching(/\/Microsoft\.Storage\/storageAccounts\/azid[a-z0-9]{13}$/),
  });
  const without = await azure().succeeded({ ...GIVEN, events: false });
  expect([without.queueNamespace, without.queueNames]).toEqual(['', []]);
});

it('azid signs in by the token of its ServiceAccount, and its rights are those of the table', async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const issuer = String(GIVEN.issuer);
  azure().simulator.declareIssuer(issuer, { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] });
  const { tenantId, clientId } = await azure().succeeded();
  const now = Math.floor(azure().now / 1000);
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(issuer)
    .setSubject('system:serviceaccount:azid-system:azid-controller')
    .setAudience('api://AzureADTokenExchange')
    .setIssuedAt(now)
    .setExpirationTime(now + 3600)
    .sign(privateKey);
  const folder = await mkdtemp(join(tmpdir(), 'azid-bicep-'));
  try {
    const tokenFilePath = join(folder, 'token');
    await writeFile(tokenFilePath, assertion);
    const credential = new WorkloadIdentityCredential({
      tenantId,
      clientId,
      tokenFilePath,
      authorityHost: azure().simulator.origin,
      disableInstanceDiscovery: true,
      tlsOptions: { ca: azure().simulator.caPem },
    });
    const { token } = await credential.getToken('https://management.azure.com/.default');
    const headers = { authorization: `Bearer ${token}` };
    const path = `${azure().subscription}/providers/Microsoft.Authorization/permissions`;
    const { body } = await azure().call('GET', path, { headers });
    const actions = new Set<string>(body.value.flatMap((each: { actions: string[] }) => each.actions));
    expect(MANAGED.filter((right) => !actions.has(right))).toEqual([]);
    expect([...actions].filter((action) => !MANAGED.includes(action))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('the queue drops what came before, the namespace and the account take no keys', async () => {
  const { queueNamespace } = await azure().succeeded();
  const bus = `${azure().own}/Microsoft.ServiceBus/namespaces/${queueNamespace.split('.')[0]}`;
  expect(await azure().get(bus)).toMatchObject({
    sku: { name: 'Standard' },
    properties: { disableLocalAuth: true, minimumTlsVersion: '1.2' },
  });
  expect((await azure().get(`${bus}/queues/azid`)).properties).toMatchObject({
    requiresDuplicateDetection: true,
    duplicateDetectionHistoryTimeWindow: 'PT1H',
    maxDeliveryCount: 10,
    defaultMessageTimeToLive: 'P2D',
    requiresSession: false,
  });
  const [account] = (await azure().get(`${azure().own}/Microsoft.Storage/storageAccounts`)).value;
  expect(account.properties).toMatchObject({
    allowSharedKeyAccess: false,
    allowBlobPublicAccess: false,
    minimumTlsVersion: 'TLS1_2',
    supportsHttpsTrafficOnly: true,
  });
  const [delivery] = await azure().deliveriesOf(`${azure().own}/Microsoft.EventGrid/systemTopics/azid`);
  expect(delivery?.properties.filter.includedEventTypes).toHaveLength(9);
  expect(delivery?.properties.deadLetterWithResourceIdentity.deadLetterDestination.properties).toEqual({
    resourceId: account.id,
    blobContainerName: 'azid-dead-letters',
  });
});

describe('dead letters', () => {
  const ruleAfter = async (given: object) => {
    const { storageId } = await azure().succeeded({ ...GIVEN, ...given });
    const { properties } = await azure().get(`${storageId}/managementPolicies/default`);
    expect(properties.policy.rules).toHaveLength(1);
    return properties.policy.rules[0];
  };

  it('are deleted after 30 days, and nothing else of the account', async () => {
    expect(await ruleAfter({})).toEqual({
      name: 'azid-dead-letters',
      type: 'Lifecycle',
      enabled: true,
      definition: {
        filters: { blobTypes: ['blockBlob', 'appendBlob'], prefixMatch: ['azid-dead-letters/'] },
        actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } },
      },
    });
  });

  it('are deleted after the days of the parameter, also where a deployment before had others', async () => {
    await ruleAfter({});
    expect((await ruleAfter({ deadLetterDays: 7 })).definition.actions.baseBlob.delete).toEqual({
      daysAfterModificationGreaterThan: 7,
    });
  });

  it('are not kept for no day at all: that is refused before anything is made', async () => {
    const { state, error } = await azure().deploy({ ...GIVEN, deadLetterDays: 0 });
    expect([state, error?.message]).toEqual(['Refused', expect.stringContaining('deadLetterDays')]);
  });
});

it('an event comes to each queue by the identity of the topic', async () => {
  // One for each shard.
  const { principalId, queueNamespace, queueNames } = await azure().succeeded({
    ...GIVEN,
    queueNames: ['azid', 'azid-blue'],
  });
  expect(queueNames).toEqual(['azid', 'azid-blue']);
  azure().control.createResourceGroup({ name: 'rg1' });
  const id = `${azure().subscription}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1`;
  await azure().call('PUT', id, { body: { location: 'westeurope' } });
  const held = await azure().heldBy(principalId);
  for (const name of queueNames) {
    const queue = `${azure().own}/Microsoft.ServiceBus/namespaces/${queueNamespace.split('.')[0]}/queues/${name}`;
    expect(held).toContain(`Azure Service Bus Data Receiver @ ${queue.replace(azure().subscription, '')}`);
    const { messages } = azure().control.queue({ id: queue });
    const events = messages.map(({ body }) => JSON.parse(body ?? ''));
    expect(events.filter(({ subject }) => subject.toLowerCase() === id.toLowerCase())).toMatchObject([
      { specversion: '1.0', type: 'Microsoft.Resources.ResourceWriteSuccess' },
    ]);
  }
});

it('in another subscription azid gets its rights there, and its queue the events from there', async () => {
  const { principalId, queueNamespace, namespaceId, storageId } = await azure().succeeded(GIVEN);
  const other = '22222222-3333-4444-8555-666666666666';
  azure().control.createSubscription({ id: other });
  azure().control.createResourceGroup({ name: 'rg1', subscriptionId: other });
  const given = { principalId, namespaceId, storageId, grantableRoles: [READER] };
  expect(await azure().deployIn(other, given)).toMatchObject({ state: 'Succeeded' });
  const roles = (await azure().customRoles()).map(({ properties }) => properties.roleName);
  expect(roles).toEqual(['azid reader', 'azid identities']);
  const held = await azure().get(`/subscriptions/${other}/providers/Microsoft.Authorization/roleAssignments`);
  const own = held.value.filter((each: Assignment) => each.properties.principalId === principalId);
  expect(own.map(({ properties }: Assignment) => properties.scope)).toEqual(
    Array.from({ length: 3 }, () => `/subscriptions/${other}`),
  );
  const id = `/subscriptions/${other}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1`;
  await azure().call('PUT', id, { body: { location: 'westeurope' } });
  const { messages } = azure().control.queue({ id: `${namespaceId}/queues/azid` });
  const events = messages.map(({ body }) => JSON.parse(body ?? ''));
  expect(events.map(({ subject }) => subject.toLowerCase())).toContain(id.toLowerCase());
  expect(queueNamespace).toContain(namespaceId.split('/').at(-1));
  // Again, and without events.
  expect(await azure().deployIn(other, given)).toMatchObject({ state: 'Succeeded' });
  expect(await azure().deployIn(other, { principalId })).toMatchObject({ state: 'Succeeded' });
});
