import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../hosts/stage.fixture.ts';

/** Service Bus, Event Grid and containers as resources of Resource Manager. */

let stage: HostStage;
beforeEach(async () => {
  stage = await startHostStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const BUS = 'Microsoft.ServiceBus/namespaces';
const QUEUE = `${BUS}/queues`;
const TOPIC = 'Microsoft.EventGrid/systemTopics';
const DELIVERY = `${TOPIC}/eventSubscriptions`;
const STORAGE = 'Microsoft.Storage/storageAccounts';
const CONTAINER = `${STORAGE}/blobServices/containers`;
const VERSIONS: Readonly<Record<string, string>> = {
  [BUS]: '2024-01-01',
  [TOPIC]: '2022-06-15',
  [STORAGE]: '2023-05-01',
};
const versionOf = (type: string) => VERSIONS[type.split('/').slice(0, 2).join('/')] ?? '';
const call = (method: string, type: string, name: string, body?: unknown) =>
  stage.call(method, stage.id(type, name), { version: versionOf(type), ...(body !== undefined && { body }) });
const put = (type: string, name: string, body: unknown) => call('PUT', type, name, body);
const source = () => `/subscriptions/${stage.simulator.subscriptionId}`;

const bus = (more: object = {}) =>
  put(BUS, 'azid-bus', {
    location: 'westeurope',
    sku: { name: 'Standard' },
    properties: { disableLocalAuth: true },
    ...more,
  });
const queue = (properties: object = {}, name = 'azid-bus/azid') => put(QUEUE, name, { properties });
const topic = (more: object = {}, name = 'azid') =>
  put(TOPIC, name, {
    location: 'global',
    identity: { type: 'SystemAssigned' },
    properties: { source: source(), topicType: 'Microsoft.Resources.Subscriptions' },
    ...more,
  });
const destination = () => ({
  endpointType: 'ServiceBusQueue',
  properties: { resourceId: stage.id(QUEUE, 'azid-bus/azid') },
});
const byTopic = () => ({ identity: { type: 'SystemAssigned' }, destination: destination() });
const deliver = (properties: object, name = 'azid/azid') => put(DELIVERY, name, { properties });

describe('a namespace', () => {
  test('is made, kept, listed and deleted with its queues', async () => {
    expect(await bus({ tags: { a: 'b' } })).toMatchObject({
      status: 201,
      body: {
        location: 'westeurope',
        sku: { name: 'Standard', tier: 'Standard' },
        tags: { a: 'b' },
        properties: {
          serviceBusEndpoint: 'https://azid-bus.servicebus.windows.net:443/',
          disableLocalAuth: true,
          provisioningState: 'Succeeded',
        },
      },
    });
    expect((await bus()).status).toBe(200);
    await queue();
    const list = await stage.call('GET', `${stage.group}/providers/${BUS}`, { version: '2024-01-01' });
    expect(list.body.value.map(({ name }: { name: string }) => name)).toEqual(['azid-bus']);
    const all = await stage.call('GET', `${source()}/providers/${BUS}`, { version: '2024-01-01' });
    expect(all.body).toEqual(list.body);
    const queues = await stage.call('GET', `${stage.id(BUS, 'azid-bus')}/queues`, { version: '2024-01-01' });
    expect(queues.body.value.map(({ name }: { name: string }) => name)).toEqual(['azid']);
    expect((await call('DELETE', BUS, 'azid-bus')).status).toBe(200);
    expect((await call('GET', QUEUE, 'azid-bus/azid')).status).toBe(404);
    expect((await call('DELETE', BUS, 'azid-bus')).status).toBe(204);
  });

  test('takes no keys when local authentication is off', async () => {
    stage.control.createServiceBusNamespace({ name: 'azid-bus', resourceGroup: 'rg1' });
    expect((await call('GET', BUS, 'azid-bus')).body.properties.disableLocalAuth).toBe(false);
    await bus();
    expect((await call('GET', BUS, 'azid-bus')).body.properties.disableLocalAuth).toBe(true);
  });

  test.each([
    ['short', 'abc', {}, 'BadRequest', 'namespace is invalid'],
    ['reserved', 'azid-mgmt', {}, 'BadRequest', 'namespace is invalid'],
    ['of no tier', 'azid-bus', { sku: { name: 'Cheap' } }, 'BadRequest', "sku 'Cheap' is not valid"],
    ['nowhere', 'azid-bus', { location: undefined }, 'LocationRequired', 'location'],
  ])('%s is refused', async (_, name, more, code, message) => {
    const refused = await put(BUS, name, { location: 'westeurope', ...more });
    expect(refused.status).toBe(400);
    expect(refused.body.error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('has its name once in the world', async () => {
    await bus();
    stage.control.createResourceGroup({ name: 'rg2' });
    const other = stage.id(BUS, 'azid-bus').replace('/rg1/', '/rg2/');
    const refused = await stage.call('PUT', other, {
      version: '2024-01-01',
      body: { location: 'westeurope' },
    });
    expect([refused.status, refused.body.error.message]).toEqual([
      409,
      expect.stringContaining('is not available'),
    ]);
  });
});

describe('a queue', () => {
  test('has the settings that the broker goes by, and keeps the rest', async () => {
    await bus();
    const given = {
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryTimeWindow: 'PT1H',
      maxDeliveryCount: 5,
      lockDuration: 'PT2M',
      defaultMessageTimeToLive: 'P2D',
    };
    expect(await queue(given)).toMatchObject({
      // Azure knows no other success of a queue.
      status: 200,
      body: { name: 'azid', properties: { ...given, requiresSession: false } },
    });
    expect(stage.control.queue({ id: stage.id(QUEUE, 'azid-bus/azid') }).settings).toEqual({
      lockDurationMs: 120_000,
      maxDeliveryCount: 5,
      duplicateDetection: true,
      duplicateWindowMs: 3_600_000,
    });
    expect((await queue(given)).status).toBe(200);
  });

  test.each([
    [
      { requiresDuplicateDetection: true, duplicateDetectionHistoryTimeWindow: 'PT19S' },
      'DuplicateDetectionHistoryTimeWindow',
    ],
    [{ duplicateDetectionHistoryTimeWindow: 'P8D' }, 'DuplicateDetectionHistoryTimeWindow'],
    [{ duplicateDetectionHistoryTimeWindow: '1 hour' }, "'1 hour'"],
    [{ lockDuration: 'PT6M' }, 'LockDuration'],
    [{ maxDeliveryCount: 0 }, 'MaxDeliveryCount'],
    [{ requiresDuplicateDetection: 'yes' }, 'requiresDuplicateDetection'],
  ])('of %j is refused', async (properties, message) => {
    await bus();
    const { status, body } = await queue(properties);
    expect([status, body.error.code]).toEqual([400, 'BadRequest']);
    expect(body.error.message).toContain(message);
  });

  test('of the tier Basic has no duplicate detection, and none has it later', async () => {
    await bus({ sku: { name: 'Basic' } });
    expect((await queue({ requiresDuplicateDetection: true })).body.error.message).toContain(
      "using the 'Basic' Tier",
    );
    await bus();
    await queue();
    expect((await queue({ requiresDuplicateDetection: true })).body.error.message).toContain(
      'cannot be changed',
    );
  });

  test('needs its namespace', async () => {
    expect((await queue()).body.error.code).toBe('ResourceNotFound');
  });
});

describe('a system topic', () => {
  test('has an identity of its own, that stays and goes with it', async () => {
    const { status, body } = await topic();
    expect([status, body.location, body.properties.topicType]).toEqual([
      201,
      'global',
      'Microsoft.Resources.Subscriptions',
    ]);
    const { principalId } = body.identity;
    expect((await topic({ tags: { a: 'b' } })).body.identity.principalId).toBe(principalId);
    const role = { principalId, role: 'Reader', scope: stage.group };
    expect(() => stage.control.grant(role)).not.toThrow();
    await call('DELETE', TOPIC, 'azid');
    const again = (await topic()).body.identity.principalId;
    expect(again).not.toBe(principalId);
    expect((await topic({ identity: { type: 'None' } })).body.identity).toBeUndefined();
    expect((await topic()).body.identity.principalId).not.toBe(again);
  });

  test.each([
    [{ location: 'westeurope' }, "location 'westeurope' is not valid"],
    [
      { properties: { source: '/subscriptions/x', topicType: 'Microsoft.Other.Things' } },
      'Unrecognized topic type Microsoft.Other.Things in system topic properties.',
    ],
    [{ properties: { topicType: 'Microsoft.Resources.Subscriptions' } }, 'source is required'],
  ])('of %j is refused', async (more, message) => {
    const { status, body } = await topic(more);
    expect([status, body.error.code]).toEqual([400, 'InvalidRequest']);
    expect(body.error.message).toContain(message);
  });

  test('is the only one of its source, and keeps it', async () => {
    await topic();
    expect((await topic({}, 'second')).body.error.message).toBe(
      `There is an existing tracked system topic for the given source ${source()}. Only one system topic is allowed per source.`,
    );
    const properties = { source: stage.group, topicType: 'Microsoft.Resources.ResourceGroups' };
    expect((await topic({ properties })).body.error.message).toBe('System topic source cannot be modified.');
  });
});

describe('an event subscription', () => {
  beforeEach(async () => {
    await bus();
    await queue();
  });

  test('brings events to the queue once the identity of the topic may send there', async () => {
    const { identity } = (await topic()).body;
    const filter = { includedEventTypes: ['Microsoft.Resources.ResourceWriteSuccess'] };
    expect(
      await deliver({
        deliveryWithResourceIdentity: byTopic(),
        filter,
        eventDeliverySchema: 'CloudEventSchemaV1_0',
      }),
    ).toMatchObject({
      status: 201,
      body: { properties: { provisioningState: 'Succeeded', retryPolicy: { maxDeliveryAttempts: 30 } } },
    });
    const queueId = stage.id(QUEUE, 'azid-bus/azid');
    const id = stage.id('Microsoft.ManagedIdentity/userAssignedIdentities', 'id1');
    const write = () => stage.call('PUT', id, { body: { location: 'westeurope' } });
    await write();
    expect(stage.control.queue({ id: queueId }).messages).toEqual([]);
    stage.control.grant({
      principalId: identity.principalId,
      role: 'Azure Service Bus Data Sender',
      scope: queueId,
    });
    await write();
    const [message] = stage.control.queue({ id: queueId }).messages;
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      specversion: '1.0',
      type: 'Microsoft.Resources.ResourceWriteSuccess',
    });
  });

  test.each<[string, () => object, string]>([
    ['to nowhere', () => ({}), 'destination of the event subscription is required'],
    [
      'to a queue that is not there',
      () => ({ destination: { endpointType: 'ServiceBusQueue', properties: { resourceId: '/x' } } }),
      "queue '/x' was not found",
    ],
    [
      'of an event that there is not',
      () => ({ destination: destination(), filter: { includedEventTypes: ['Some.Event'] } }),
      "event type 'Some.Event'",
    ],
    [
      'with more attempts than there are',
      () => ({ destination: destination(), retryPolicy: { maxDeliveryAttempts: 31 } }),
      'retryPolicy.maxDeliveryAttempts',
    ],
    [
      'with dead letters that go nowhere',
      () => ({
        destination: destination(),
        deadLetterDestination: {
          endpointType: 'StorageBlob',
          properties: { resourceId: '/s', blobContainerName: 'c' },
        },
      }),
      "container '/s/blobServices/default/containers/c'",
    ],
  ])('%s is refused', async (_, properties, message) => {
    await topic();
    const { status, body } = await deliver(properties());
    expect([status, body.error.code]).toEqual([400, 'InvalidRequest']);
    expect(body.error.message).toContain(message);
  });

  test('that delivers by the identity of a topic without one is refused', async () => {
    await topic({ identity: undefined });
    expect((await deliver({ deliveryWithResourceIdentity: byTopic() })).body.error.message).toContain(
      'has no managed identity',
    );
  });
});

test('a container needs its account, whose blob service is there by itself, and a name of lower case', async () => {
  expect((await put(CONTAINER, 'azidstore/default/dead', {})).body.error.code).toBe('ResourceNotFound');
  stage.control.createHost({ type: STORAGE, name: 'azidstore', resourceGroup: 'rg1' });
  expect((await call('GET', `${STORAGE}/blobServices`, 'azidstore/default')).status).toBe(200);
  expect((await put(CONTAINER, 'azidstore/default/Dead_Letters', {})).status).toBe(400);
  const kept = { properties: { publicAccess: 'None' } };
  expect((await put(CONTAINER, 'azidstore/default/dead', kept)).status).toBe(201);
  expect((await put(CONTAINER, 'azidstore/default/dead', kept)).status).toBe(200);
  expect((await call('GET', CONTAINER, 'azidstore/default/dead')).body).toMatchObject(kept);
});
