import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HostStage, startHostStage, VM } from '../hosts/stage.fixture.ts';
import type { Change } from '../http/arm.ts';
import { EventGrid } from './event-grid.ts';

/** From a call at Resource Manager to a message in a queue. */
let stage: HostStage;
let queue: string;
let topic: string;

beforeEach(async () => {
  stage = await startHostStage();
  stage.control.createServiceBusNamespace({ name: 'simulated', resourceGroup: 'rg1' });
  queue = stage.control.createQueue({ namespace: 'simulated', name: 'events' }).id;
  topic = stage.control.createSystemTopic({ name: 'all', resourceGroup: 'rg1' }).id;
});
afterEach(() => stage[Symbol.asyncDispose]());

type Subscription = Parameters<HostStage['control']['createEventSubscription']>[0];
const listen = (given: Partial<Subscription> = {}) =>
  stage.control.createEventSubscription({ topic, name: 'to-queue', queue, ...given }).id;
const identityId = (name = 'id1') => stage.id('Microsoft.ManagedIdentity/userAssignedIdentities', name);
const put = (name = 'id1') => stage.call('PUT', identityId(name), { body: { location: 'westeurope' } });
const messages = (of = queue) => stage.control.queue({ id: of }).messages;
/** The events in the queue, in the order in which they came. */
const events = (of = queue) => messages(of).map(({ body }) => JSON.parse(body ?? ''));
const told = (of = queue) =>
  events(of).map(({ eventType, data }) => `${eventType.split('.').at(-1)} ${data.operationName}`);

test('a write makes one event, known again by the correlation id of its answer', async () => {
  listen();
  const { headers } = await put();
  const [event] = events();
  expect(event).toMatchObject({
    eventType: 'Microsoft.Resources.ResourceWriteSuccess',
    topic: `/subscriptions/${stage.simulator.subscriptionId}`,
    data: {
      correlationId: headers['x-ms-correlation-request-id'],
      operationName: 'Microsoft.ManagedIdentity/userAssignedIdentities/write',
      status: 'Succeeded',
      authorization: {
        evidence: { role: 'Owner', roleAssignmentScope: '/', principalType: 'ServicePrincipal' },
      },
    },
  });
  expect(event.subject.toLowerCase()).toBe(identityId().toLowerCase());
  // Not of a creation.
  expect(event.data.httpRequest).toBeUndefined();
  expect(messages()).toMatchObject([
    {
      messageId: event.id,
      contentType: 'application/json; charset=utf-8',
      applicationProperties: {
        'aeg-subscription-name': 'TO-QUEUE',
        'aeg-delivery-count': '0',
        'aeg-event-type': 'Notification',
        'aeg-data-version': '2',
        'aeg-metadata-version': '1',
        'aeg-output-event-id': event.id,
      },
    },
  ]);
});

test('reads make none, nor do the control endpoint’s own changes; refusals do', async () => {
  listen();
  await stage.call('GET', identityId());
  stage.control.createIdentity({ name: 'hidden', resourceGroup: 'rg1' });
  expect(events()).toEqual([]);
  stage.control.lock({ scope: stage.group, level: 'ReadOnly' });
  await put();
  await stage.control.arm({ method: 'DELETE', path: `${identityId()}?api-version=2024-11-30` });
  expect(told()).toEqual([
    'ResourceWriteFailure Microsoft.ManagedIdentity/userAssignedIdentities/write',
    'ResourceDeleteFailure Microsoft.ManagedIdentity/userAssignedIdentities/delete',
  ]);
});

describe('work that goes on after the answer', () => {
  let vm: string;
  const PATCH = { body: { identity: { type: 'SystemAssigned' } } };
  beforeEach(() => {
    vm = stage.control.createHost({ type: VM, name: 'vm1', resourceGroup: 'rg1' }).id;
    stage.control.setKnobs({ latencyMs: { 'virtualMachines.update.operation': 10_000 } });
    listen();
  });

  const ended = (outcome: string) =>
    expect.poll(() => told()).toEqual([`ResourceWrite${outcome} Microsoft.Compute/virtualMachines/write`]);

  test('is an event when it has succeeded', async () => {
    await stage.call('PATCH', vm, PATCH);
    expect(events()).toEqual([]);
    stage.clock.advance(10_000);
    await ended('Success');
    expect(events()[0].data.httpRequest).toMatchObject({ method: 'PATCH' });
  });

  test('or failed', async () => {
    stage.control.failNextOperation({ id: vm });
    await stage.call('PATCH', vm, PATCH);
    expect(events()).toEqual([]);
    stage.clock.advance(10_000);
    await ended('Failure');
  });

  test('or was cancelled', async () => {
    await stage.call('PATCH', vm, PATCH);
    stage.control.cancelOperation({ id: vm });
    await ended('Cancel');
  });
});

describe('topics', () => {
  test('a group’s carries what is in the group, a subscription’s all of it', async () => {
    stage.control.createResourceGroup({ name: 'rg2' });
    const other = stage.control.createQueue({ namespace: 'simulated', name: 'rg2' }).id;
    const source = stage.group.replace(/rg1$/, 'rg2');
    const groupTopic = stage.control.createSystemTopic({ name: 'rg2', resourceGroup: 'rg1', source }).id;
    listen();
    stage.control.createEventSubscription({ topic: groupTopic, name: 'two', queue: other });
    await put('in-rg1');
    await stage.call('PUT', identityId('in-rg2').replace('/rg1/', '/rg2/'), {
      body: { location: 'westeurope' },
    });
    expect(events()).toHaveLength(2);
    expect(events(other)).toMatchObject([{ topic: source, subject: expect.stringContaining('in-rg2') }]);
  });

  test('what happens in another subscription, at a management group or at the tenant reaches none', async () => {
    listen();
    const subscriptionId = '00000000-0000-4000-8000-00000000aaaa';
    stage.control.createSubscription({ id: subscriptionId });
    stage.control.createResourceGroup({ name: 'rg1', subscriptionId });
    await stage.call('PUT', identityId().replace(stage.simulator.subscriptionId, subscriptionId), {
      body: { location: 'westeurope' },
    });
    stage.control.createManagementGroup({ name: 'mg1' });
    const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
    const properties = {
      roleDefinitionId:
        '/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7',
      principalId: objectId,
      principalType: 'ServicePrincipal',
    };
    for (const [i, scope] of ['/providers/Microsoft.Management/managementGroups/mg1', ''].entries()) {
      const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-00000000000${i}`;
      const { status } = await stage.call('PUT', path, { body: { properties }, version: '2022-04-01' });
      expect(status).toBe(201);
    }
    expect(events()).toEqual([]);
  });

  test('a source has one; it must exist, and its topic stands in its own subscription', () => {
    const { createSystemTopic } = stage.control;
    expect(() => createSystemTopic({ name: 'second', resourceGroup: 'rg1' })).toThrow(topic);
    expect(() => createSystemTopic({ name: 'second', resourceGroup: 'nowhere' })).toThrow(/resourceGroup/);
    const source = `${stage.group}/providers/Microsoft.Compute/virtualMachines/vm1`;
    expect(() => createSystemTopic({ name: 'machine', resourceGroup: 'rg1', source })).toThrow(
      /resource group/,
    );
    expect(() =>
      createSystemTopic({ name: 'gone', resourceGroup: 'rg1', source: `${stage.group}0` }),
    ).toThrow(/existing/);
  });

  test('a subscription that is deleted gets nothing more, whether it or its topic goes', async () => {
    const one = listen();
    listen({ name: 'other' });
    stage.control.deleteEventSubscription({ id: one });
    await put();
    expect(events()).toHaveLength(1);
    expect(stage.control.deleteSystemTopic({ id: topic })).toEqual({ deleted: true });
    await put('id2');
    expect(events()).toHaveLength(1);
  });

  test('filters choose', async () => {
    const advancedFilters = [
      { operatorType: 'StringEndsWith' as const, key: 'data.operationName', values: ['/delete'] },
    ];
    listen({ filter: { advancedFilters } });
    await put();
    await stage.call('DELETE', identityId());
    expect(told()).toEqual(['ResourceDeleteSuccess Microsoft.ManagedIdentity/userAssignedIdentities/delete']);
  });
});

describe('a deleted group', () => {
  const deleteGroup = async () => {
    stage.control.createResourceGroup({ name: 'rg2' });
    for (const name of ['a', 'b']) stage.control.createIdentity({ name, resourceGroup: 'rg2' });
    stage.control.setKnobs({ latencyMs: { 'resourceGroups.delete.operation': 66_000 } });
    await stage.call('DELETE', stage.group.replace(/rg1$/, 'rg2'), { version: '2021-04-01' });
    expect(events()).toEqual([]);
    stage.clock.advance(66_000);
    await expect.poll(() => events().length).toBeGreaterThan(0);
    return told();
  };
  const GROUP = 'ResourceDeleteSuccess Microsoft.Resources/subscriptions/resourceGroups/delete';
  const CHILD = 'ResourceDeleteSuccess Microsoft.ManagedIdentity/userAssignedIdentities/delete';

  test('makes an event for each resource in it, then its own, all of one correlation id', async () => {
    listen();
    expect(await deleteGroup()).toEqual([CHILD, CHILD, GROUP]);
    expect(new Set(events().map(({ data }) => data.correlationId)).size).toBe(1);
  });

  test('or its own alone', async () => {
    stage.control.setKnobs({ events: { groupDeletion: 'group' } });
    listen();
    expect(await deleteGroup()).toEqual([GROUP]);
  });
});

test.each([
  [false, 0],
  [true, 1],
])('federated credentials make events: %s', async (credentials, expected) => {
  stage.control.setKnobs({ events: { credentials } });
  stage.identity('id1');
  listen();
  await stage.call('PUT', `${identityId()}/federatedIdentityCredentials/fic1`, {
    body: { properties: { issuer: 'https://i.example', subject: 's', audiences: ['a'] } },
  });
  expect(events()).toHaveLength(expected);
});

describe('on their way', () => {
  test('events lag, each by its own, and come out of order', async () => {
    stage.control.setKnobs({ events: { lagMs: { min: 1_000, max: 60_000 } } });
    listen();
    for (let i = 0; i < 8; i++) await put(`id${i}`);
    expect(events()).toEqual([]);
    stage.clock.advance(60_000);
    const names = events().map(({ subject }) => subject.split('/').at(-1));
    expect(names).toHaveLength(8);
    expect(names).not.toEqual([...names].sort());
  });

  test('one may come twice, with the same message id, which duplicate detection drops', async () => {
    stage.control.setKnobs({ events: { duplicateShare: 1 } });
    const careful = stage.control.createQueue({
      namespace: 'simulated',
      name: 'careful',
      duplicateDetection: true,
    }).id;
    listen();
    listen({ name: 'careful', queue: careful });
    await put();
    expect(new Set(messages().map(({ messageId }) => messageId)).size).toBe(1);
    expect(messages()).toHaveLength(2);
    expect(messages(careful)).toHaveLength(1);
  });

  test('one may be lost', async () => {
    stage.control.setKnobs({ events: { lossShare: 1 } });
    listen();
    await put();
    expect(events()).toEqual([]);
    expect(stage.control.eventDeliveries()).toMatchObject([{ outcome: 'Lost', attempts: 0 }]);
  });

  test('they can be held and let go in another order', async () => {
    listen();
    stage.control.holdEvents();
    for (const name of ['id1', 'id2', 'id3']) await put(name);
    expect(events()).toEqual([]);
    expect(stage.control.releaseEvents({ order: 'reverse' })).toEqual({ released: 3 });
    expect(events().map(({ subject }) => subject.slice(-3))).toEqual(['id3', 'id2', 'id1']);
  });

  test('in an outage they wait for its end; settling does not shorten it', async () => {
    listen();
    stage.control.quietEvents({ ms: 600_000 });
    await put();
    stage.control.settle();
    expect(events()).toEqual([]);
    stage.clock.advance(600_000);
    expect(events()).toHaveLength(1);
  });

  test('settling ends lags', async () => {
    stage.control.setKnobs({ events: { lagMs: 60_000 } });
    listen();
    await put();
    stage.control.settle();
    expect(events()).toHaveLength(1);
  });

  test('an event that nothing caused can be published', () => {
    listen();
    stage.control.publishEvent({
      subject: identityId(),
      eventType: 'Contoso.Unknown',
      data: { forged: true },
    });
    expect(events()).toMatchObject([{ eventType: 'Contoso.Unknown', data: { forged: true } }]);
  });
});

describe('a queue that does not take them', () => {
  const missing = () => `${queue}-missing`;

  test('is tried again, and gets the event when it is there', async () => {
    listen({ queue: missing() });
    await put();
    stage.clock.advance(30_000);
    expect(stage.control.eventDeliveries()).toMatchObject([{ outcome: 'NotFound' }, { outcome: 'NotFound' }]);
    stage.control.createQueue({ namespace: 'simulated', name: 'events-missing' });
    stage.clock.advance(60_000);
    expect(messages(missing())).toMatchObject([{ applicationProperties: { 'aeg-delivery-count': '2' } }]);
  });

  test('loses it after the last attempt, or has it dead-lettered five minutes later', async () => {
    listen({ queue: missing(), maxDeliveryAttempts: 2 });
    listen({ name: 'careful', queue: missing(), maxDeliveryAttempts: 2, deadLetters: true });
    await put();
    stage.clock.advance(11_000);
    const outcomes = stage.control.eventDeliveries().map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['NotFound', 'NotFound', 'Expired', 'Expired']);
    expect(stage.control.deadLetteredEvents()).toEqual([]);
    stage.clock.advance(300_000);
    expect(stage.control.deadLetteredEvents()).toMatchObject([
      {
        deadLetterReason: 'MaxDeliveryAttemptsExceeded',
        deliveryAttempts: 2,
        lastDeliveryOutcome: 'NotFound',
        data: { operationName: 'Microsoft.ManagedIdentity/userAssignedIdentities/write' },
      },
    ]);
  });

  test('or has it dead-lettered when its time to live is over', async () => {
    listen({ queue: missing(), timeToLiveMinutes: 1, deadLetters: true });
    await put();
    stage.clock.advance(60_000 + 300_000);
    expect(stage.control.deadLetteredEvents()).toMatchObject([{ deadLetterReason: 'TimeToLiveExceeded' }]);
  });

  test('does not take them from an identity without the role', async () => {
    const { objectId: identity } = stage.control.createPrincipal({ displayName: 'event-grid' });
    listen({ identity });
    await put();
    expect(stage.control.eventDeliveries()).toMatchObject([{ outcome: 'Unauthorized' }]);
    stage.control.grant({ principalId: identity, role: 'Azure Service Bus Data Sender', scope: queue });
    stage.clock.advance(11_000);
    expect(events()).toHaveLength(1);
  });
});

test('CloudEvents and arrays of one are sent where they are asked for', async () => {
  stage.control.setKnobs({ events: { body: 'array' } });
  listen({ schema: 'CloudEventSchemaV1_0' });
  await put();
  expect(messages()).toMatchObject([
    {
      contentType: 'application/cloudevents+json; charset=utf-8',
      applicationProperties: { 'aeg-metadata-version': '1.0' },
    },
  ]);
  expect(events()).toMatchObject([
    [{ specversion: '1.0', type: 'Microsoft.Resources.ResourceWriteSuccess' }],
  ]);
  expect(messages()[0]?.applicationProperties).not.toHaveProperty('aeg-data-version');
});

test('without an event subscription a change is not even read', () => {
  const nothing = new Proxy({} as Change, {
    get() {
      throw new Error('the change was looked at');
    },
  });
  const world = { onRemoved: () => ({ [Symbol.dispose]() {} }) };
  const frame = { world, clock: stage.clock };
  const parts = {};
  using grid = new EventGrid(
    frame as unknown as ConstructorParameters<typeof EventGrid>[0],
    parts as ConstructorParameters<typeof EventGrid>[1],
  );
  expect(() => grid.note(nothing)).not.toThrow();
});
