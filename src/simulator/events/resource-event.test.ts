import { describe, expect, test } from 'vitest';
import type { Change } from '../http/arm.ts';
import type { Method, Operation } from '../http/operation.ts';
import { PRESETS } from '../knobs/knobs.ts';
import { encode } from './delivery-attempt.ts';
import { childEventOf, type EventKnobs, eventOf } from './resource-event.ts';

const VM = '/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm1';
const EVIDENCE = {
  role: 'Contributor',
  roleAssignmentScope: '/subscriptions/s1',
  roleAssignmentId: '0'.repeat(32),
  roleDefinitionId: '1'.repeat(32),
  principalId: '2'.repeat(32),
  principalType: 'ServicePrincipal',
};

function change(method: Method, path: string, type: string, action: string, status = 200): Change {
  return {
    operation: { resourceType: type, action, method } as Operation,
    request: {
      method,
      path,
      query: new Map([['api-version', '2024-07-01']]),
      headers: { 'x-ms-client-request-id': 'client-request' },
      body: undefined,
      caller: { objectId: 'oid', appId: 'app', tenantId: 'tenant', name: 'anna', tokenIssuedAt: 0 },
      origin: 'https://127.0.0.1:1',
      apiVersion: '2024-07-01',
    },
    status,
    headers: {},
    body: '',
    startedAt: 0,
    correlationId: 'correlation',
  };
}

const knobs = (given: Partial<EventKnobs> = {}): EventKnobs => ({ ...PRESETS.fast.events, ...given });
const GIVEN = { id: 'event', at: Date.parse('2026-11-23T10:00:00.611Z'), evidence: EVIDENCE };
const vmChange = (method: Method = 'PATCH', status = 200) =>
  change(
    method,
    VM,
    'Microsoft.Compute/virtualMachines',
    `Microsoft.Compute/virtualMachines/${method === 'DELETE' ? 'delete' : 'write'}`,
    status,
  );

test('an update of a machine, whole, as documented', () => {
  const event = eventOf(vmChange(), 'Succeeded', GIVEN, knobs());
  expect(JSON.parse(encode(event, '/subscriptions/s1', 'EventGridSchema', false).text)).toEqual({
    id: 'event',
    topic: '/subscriptions/s1',
    subject: '/subscriptions/s1/resourcegroups/rg1/providers/Microsoft.Compute/virtualMachines/vm1',
    eventType: 'Microsoft.Resources.ResourceWriteSuccess',
    eventTime: '2026-11-23T10:00:00.6110000Z',
    dataVersion: '2',
    metadataVersion: '1',
    data: {
      authorization: { scope: VM, action: 'Microsoft.Compute/virtualMachines/write', evidence: EVIDENCE },
      claims: {
        aud: 'https://management.azure.com',
        appid: 'app',
        'http://schemas.microsoft.com/identity/claims/objectidentifier': 'oid',
        'http://schemas.microsoft.com/identity/claims/tenantid': 'tenant',
        idtyp: 'app',
      },
      correlationId: 'correlation',
      httpRequest: {
        clientRequestId: 'client-request',
        clientIpAddress: '127.0.0.1',
        method: 'PATCH',
        url: `https://management.azure.com${VM}?api-version=2024-07-01`,
      },
      resourceProvider: 'Microsoft.Compute',
      resourceUri: VM,
      operationName: 'Microsoft.Compute/virtualMachines/write',
      status: 'Succeeded',
      subscriptionId: 's1',
      tenantId: 'tenant',
    },
  });
});

test('the same in CloudEvents 1.0', () => {
  const event = eventOf(vmChange(), 'Succeeded', GIVEN, knobs());
  const { contentType, text } = encode(event, '/subscriptions/s1', 'CloudEventSchemaV1_0', false);
  expect(contentType).toBe('application/cloudevents+json; charset=utf-8');
  expect(JSON.parse(text)).toEqual({
    specversion: '1.0',
    type: 'Microsoft.Resources.ResourceWriteSuccess',
    source: '/subscriptions/s1',
    id: 'event',
    time: event.eventTime,
    subject: event.subject,
    data: event.data,
  });
});

test('a body may be an array of one', () => {
  const event = eventOf(vmChange(), 'Succeeded', GIVEN, knobs());
  expect(JSON.parse(encode(event, '/subscriptions/s1', 'EventGridSchema', true).text)).toHaveLength(1);
});

describe('the type of an event is what was done and what it came to', () => {
  test.each([
    ['PUT', 'Succeeded', 'Microsoft.Resources.ResourceWriteSuccess'],
    ['PATCH', 'Failed', 'Microsoft.Resources.ResourceWriteFailure'],
    ['PATCH', 'Canceled', 'Microsoft.Resources.ResourceWriteCancel'],
    ['DELETE', 'Succeeded', 'Microsoft.Resources.ResourceDeleteSuccess'],
    ['DELETE', 'Failed', 'Microsoft.Resources.ResourceDeleteFailure'],
    ['POST', 'Succeeded', 'Microsoft.Resources.ResourceActionSuccess'],
    ['POST', 'Failed', 'Microsoft.Resources.ResourceActionFailure'],
  ] as const)('%s %s', (method, ending, expected) => {
    const event = eventOf(vmChange(method), ending, GIVEN, knobs());
    expect(event).toMatchObject({ eventType: expected, data: { status: ending } });
  });
});

describe('what it is about', () => {
  const ASSIGNMENT = `${VM}/providers/Microsoft.Authorization/roleAssignments/g1`;
  test.each([
    [
      'an assignment has its own id, beneath its scope',
      change(
        'PUT',
        ASSIGNMENT,
        'Microsoft.Authorization/roleAssignments',
        'Microsoft.Authorization/roleAssignments/write',
        201,
      ),
      ASSIGNMENT,
      'Microsoft.Authorization',
    ],
    [
      'tags at what they extend',
      change(
        'PATCH',
        `${VM}/providers/Microsoft.Resources/tags/default`,
        'Microsoft.Resources/tags',
        'Microsoft.Resources/tags/write',
      ),
      `${VM}/providers/Microsoft.Resources/tags/default`,
      'Microsoft.Resources',
    ],
    [
      'an action at its resource',
      change(
        'POST',
        `${VM}/restart`,
        'Microsoft.Compute/virtualMachines',
        'Microsoft.Compute/virtualMachines/restart/action',
      ),
      VM,
      'Microsoft.Compute',
    ],
    [
      'a group at the group',
      change(
        'PUT',
        '/subscriptions/s1/resourceGroups/rg1',
        'Microsoft.Resources/resourceGroups',
        'Microsoft.Resources/subscriptions/resourceGroups/write',
      ),
      '/subscriptions/s1/resourceGroups/rg1',
      'Microsoft.Resources',
    ],
  ])('%s', (_, given, resourceUri, resourceProvider) => {
    const event = eventOf(given, 'Succeeded', GIVEN, knobs());
    expect(event.data).toMatchObject({
      resourceUri,
      resourceProvider,
      operationName: given.operation.action,
    });
    expect(event.subject.toLowerCase()).toBe(resourceUri.toLowerCase());
  });
});

describe('the request is part of the event', () => {
  test.each([
    ['not-of-creations', 'PUT', 201, false],
    ['not-of-creations', 'PUT', 200, true],
    ['not-of-creations', 'DELETE', 200, true],
    ['always', 'PUT', 201, true],
    ['never', 'DELETE', 200, false],
  ] as const)('%s: %s answered %i', (httpRequest, method, status, told) => {
    const event = eventOf(vmChange(method, status), 'Succeeded', GIVEN, knobs({ httpRequest }));
    expect('httpRequest' in event.data).toBe(told);
  });
});

describe('spelling', () => {
  test.each([
    ['as-documented', 'PATCH', VM.replace('resourceGroups', 'resourcegroups')],
    ['as-documented', 'DELETE', VM],
    ['as-sent', 'PATCH', VM],
    ['lower', 'PATCH', VM.toLowerCase()],
    ['upper', 'PATCH', VM.toUpperCase()],
  ] as const)('of subjects %s, %s', (subjects, method, expected) => {
    expect(eventOf(vmChange(method), 'Succeeded', GIVEN, knobs({ subjects })).subject).toBe(expected);
  });

  test.each([
    ['as-published', 'Microsoft.Compute/virtualMachines/write'],
    ['lower', 'microsoft.compute/virtualmachines/write'],
    ['upper', 'MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE'],
  ] as const)('of operation names %s', (operationNames, expected) => {
    const event = eventOf(vmChange(), 'Succeeded', GIVEN, knobs({ operationNames }));
    expect(event.data.operationName).toBe(expected);
    // The action is recorded as it is.
    expect(event.data.authorization.action).toBe('Microsoft.Compute/virtualMachines/write');
  });
});

test('what went with its group is an event of its deletion by the caller who deleted the group, without a request', () => {
  const group = change(
    'DELETE',
    '/subscriptions/s1/resourceGroups/rg1',
    'Microsoft.Resources/resourceGroups',
    'Microsoft.Resources/subscriptions/resourceGroups/delete',
    202,
  );
  const child = { id: VM, type: 'Microsoft.Compute/virtualMachines' };
  const { data, eventType, subject } = childEventOf(group, child, GIVEN, knobs());
  expect({ eventType, subject }).toEqual({
    eventType: 'Microsoft.Resources.ResourceDeleteSuccess',
    subject: VM,
  });
  expect(data).toMatchObject({
    correlationId: 'correlation',
    operationName: 'Microsoft.Compute/virtualMachines/delete',
    resourceUri: VM,
  });
  expect(data.httpRequest).toBeUndefined();
});

test('a caller whose rights are not known leaves no evidence', () => {
  const event = eventOf(vmChange(), 'Failed', { ...GIVEN, evidence: undefined }, knobs());
  expect(event.data.authorization.evidence).toEqual({});
});
