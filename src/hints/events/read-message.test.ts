import { describe, expect, test } from 'vitest';
import type { Hint } from '../hint.ts';
import { MAX_BODY_BYTES, MAX_EVENTS } from './envelope.ts';
import { readMessage } from './read-message.ts';

const VM = '/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm1';
const UAI =
  '/subscriptions/s1/resourcegroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1';
const OID = '11111111-2222-4333-8444-555555555555';
const QUEUED = Date.parse('2026-11-23T10:00:05Z');

const data = (operationName: string, more: object = {}) => ({
  authorization: { scope: VM, action: operationName, evidence: { role: 'Contributor' } },
  claims: {
    appid: OID,
    'http://schemas.microsoft.com/identity/claims/objectidentifier': OID,
    ipaddr: '10.0.0.1',
  },
  correlationId: 'correlation',
  httpRequest: { clientIpAddress: '10.0.0.1' },
  operationName,
  ...more,
});
const eventGrid = (more: object = {}) => ({
  id: 'e1',
  topic: '/subscriptions/s1',
  subject: VM,
  eventType: 'Microsoft.Resources.ResourceWriteSuccess',
  eventTime: '2026-11-23T10:00:00.6110000Z',
  dataVersion: '2',
  metadataVersion: '1',
  data: data('Microsoft.Compute/virtualMachines/write'),
  ...more,
});
const cloudEvent = (more: object = {}) => {
  const { eventType, eventTime, topic, dataVersion: _, metadataVersion: __, ...rest } = eventGrid();
  return { specversion: '1.0', type: eventType, source: topic, time: eventTime, ...rest, ...more };
};
const read = (body: unknown) => readMessage(body, QUEUED);
const hintsOf = (body: unknown): readonly Hint[] =>
  read(body).events.flatMap((event) => ('hint' in event ? event.hint : []));

const HINT: Hint = {
  source: 'event',
  id: VM,
  operation: 'Microsoft.Compute/virtualMachines/write',
  change: 'write',
  result: 'Succeeded',
  at: Date.parse('2026-11-23T10:00:00.611Z'),
  correlationId: 'correlation',
  caller: { appId: OID, objectId: OID },
};

describe('an event becomes a hint, and of its content no more than that is kept', () => {
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  test.each([
    ["Event Grid's schema", eventGrid()],
    ['CloudEvents 1.0', cloudEvent()],
    ['an array of one', [eventGrid()]],
    ['text', JSON.stringify(eventGrid())],
    ['bytes', bytes(cloudEvent())],
    ['bytes with a byte order mark', Buffer.from(`\uFEFF${JSON.stringify([eventGrid()])}`)],
  ])('%s', (_, body) =>
    expect(read(body)).toEqual({
      events: [
        {
          id: 'e1',
          type: 'ResourceWriteSuccess',
          subscription: 's1',
          at: HINT.at,
          clockOff: false,
          hint: HINT,
        },
      ],
    }),
  );

  test('an array of several, of either schema, in the order it has', () => {
    expect(hintsOf([eventGrid(), cloudEvent({ id: 'e2', subject: UAI })]).map(({ id }) => id)).toEqual([
      VM,
      UAI,
    ]);
  });

  test('what is absent is not made up: no caller, no call, no time', () => {
    const { correlationId: _, claims: __, ...rest } = data('Microsoft.Compute/virtualMachines/write');
    const { time: ___, ...untimed } = cloudEvent({ data: rest });
    const { correlationId: ____, caller: _____, ...bare } = HINT;
    expect(hintsOf(untimed)).toEqual([{ ...bare, at: QUEUED }]);
  });

  test('a correlation id of another form is left out', () => {
    for (const correlationId of [7, '', 'x'.repeat(129)])
      expect(hintsOf(eventGrid({ data: data('a/b/write', { correlationId }) }))[0]).not.toHaveProperty(
        'correlationId',
      );
  });

  test('the right that was needed stands in for an operation that is not named', () => {
    const { operationName: _, ...unnamed } = data('Microsoft.Compute/virtualMachines/write');
    expect(hintsOf(eventGrid({ data: unnamed }))).toEqual([HINT]);
  });
});

/** What becomes of an operation that succeeded, and of one that failed. */
describe('which operations matter', () => {
  const GROUP = '/subscriptions/s1/resourceGroups/rg1';
  const SITE = `${GROUP}/providers/Microsoft.Web/sites/app`;
  const of = (operation: string, subject: string, result: string, change = 'Write') => {
    const [event] = read(
      eventGrid({
        subject,
        eventType: `Microsoft.Resources.Resource${change}${result}`,
        data: data(operation),
      }),
    ).events;
    if (!event) return 'refused';
    return 'hint' in event ? event.hint.id : event.dropped;
  };
  const assignment = (scope: string) => `${scope}/providers/Microsoft.Authorization/roleAssignments/${OID}`;
  test.each([
    ['Microsoft.ManagedIdentity/userAssignedIdentities/write', UAI, UAI, 'NothingChanged'],
    ['Microsoft.ManagedIdentity/userAssignedIdentities/delete', UAI, UAI, 'NothingChanged'],
    [
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write',
      `${UAI}/federatedIdentityCredentials/f`,
      `${UAI}/federatedIdentityCredentials/f`,
      'NothingChanged',
    ],
    [
      'Microsoft.ManagedIdentity/userAssignedIdentities/revokeTokens/action',
      UAI,
      'IrrelevantOperation',
      'IrrelevantOperation',
    ],
    ['Microsoft.Authorization/roleAssignments/write', assignment(VM), assignment(VM), 'NothingChanged'],
    [
      'MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/DELETE',
      assignment(GROUP),
      assignment(GROUP),
      'NothingChanged',
    ],
    [
      'Microsoft.Authorization/roleAssignments/write',
      assignment('/providers/Microsoft.Management/managementGroups/mg1'),
      assignment('/providers/Microsoft.Management/managementGroups/mg1'),
      'NothingChanged',
    ],
    [
      'Microsoft.Authorization/roleDefinitions/delete',
      `${GROUP}/providers/Microsoft.Authorization/roleDefinitions/${OID}`,
      `${GROUP}/providers/Microsoft.Authorization/roleDefinitions/${OID}`,
      'NothingChanged',
    ],
    [
      'Microsoft.Authorization/locks/delete',
      `${GROUP}/providers/Microsoft.Authorization/locks/l`,
      'IrrelevantOperation',
      'IrrelevantOperation',
    ],
    [
      'Microsoft.Resources/tags/write',
      `${VM}/providers/Microsoft.Resources/tags/default`,
      VM,
      'NothingChanged',
    ],
    [
      'microsoft.resources/tags/delete',
      `${UAI}/PROVIDERS/MICROSOFT.RESOURCES/TAGS/DEFAULT`,
      UAI,
      'NothingChanged',
    ],
    [
      'Microsoft.Resources/tags/write',
      `${GROUP}/providers/Microsoft.Resources/tags/default`,
      GROUP,
      'NothingChanged',
    ],
    ['Microsoft.Resources/tags/write', VM, VM, 'NothingChanged'],
    ['Microsoft.Resources/subscriptions/resourceGroups/delete', GROUP, GROUP, GROUP],
    ['Microsoft.Resources/subscriptions/resourceGroups/moveResources/action', GROUP, GROUP, GROUP],
    [
      'Microsoft.Resources/subscriptions/resourceGroups/write',
      GROUP,
      'IrrelevantOperation',
      'IrrelevantOperation',
    ],
    [
      'Microsoft.Resources/deployments/write',
      `${GROUP}/providers/Microsoft.Resources/deployments/d`,
      'IrrelevantOperation',
      'IrrelevantOperation',
    ],
    ['Microsoft.Web/sites/slotsswap/action', SITE, SITE, SITE],
    [
      'Microsoft.Web/sites/slots/slotsswap/action',
      `${SITE}/slots/blue`,
      `${SITE}/slots/blue`,
      `${SITE}/slots/blue`,
    ],
    ['Microsoft.Compute/virtualMachines/start/action', VM, 'IrrelevantOperation', 'IrrelevantOperation'],
    [
      'Microsoft.Storage/storageAccounts/listKeys/action',
      `${GROUP}/providers/Microsoft.Storage/storageAccounts/a`,
      'IrrelevantOperation',
      'IrrelevantOperation',
    ],
    ['Microsoft.Compute/virtualMachines/write', VM, VM, VM],
    [
      'Contoso.Own/things/delete',
      `${GROUP}/providers/Contoso.Own/things/t`,
      `${GROUP}/providers/Contoso.Own/things/t`,
      `${GROUP}/providers/Contoso.Own/things/t`,
    ],
    [
      'Contoso.Own/things/read',
      `${GROUP}/providers/Contoso.Own/things/t`,
      'IrrelevantOperation',
      'IrrelevantOperation',
    ],
  ])('%s at %s', (operation, subject, done, failed) => {
    expect(of(operation, subject, 'Success')).toBe(done);
    expect(of(operation, subject, 'Failure')).toBe(failed);
    expect(of(operation, subject, 'Cancel')).toBe(failed);
  });

  test('the diagnostics of a resource are not the resource, nor is the lock on it', () => {
    for (const extension of ['Microsoft.Insights/diagnosticSettings', 'Microsoft.Authorization/locks'])
      expect(of(`${extension}/write`, `${VM}/providers/${extension}/d`, 'Success')).toBe(
        'IrrelevantOperation',
      );
  });

  test('a resource whose tags are deleted was written', () => {
    const body = eventGrid({
      subject: `${VM}/providers/Microsoft.Resources/tags/default`,
      eventType: 'Microsoft.Resources.ResourceDeleteSuccess',
      data: data('Microsoft.Resources/tags/delete'),
    });
    expect(hintsOf(body)).toMatchObject([{ id: VM, change: 'write' }]);
  });

  test.each([
    ['ResourceWriteSuccess', 'write', 'Succeeded'],
    ['ResourceDeleteFailure', 'delete', 'Failed'],
    ['resourceactioncancel', 'action', 'Canceled'],
  ])('the type %s tells what was done and what it came to', (type, change, result) => {
    const body = eventGrid({
      eventType: `Microsoft.Resources.${type}`,
      data: data('Microsoft.Web/sites/slotsswap/action'),
    });
    expect(hintsOf(body)).toMatchObject([{ change, result }]);
    expect(read(body).events[0]?.type.toLowerCase()).toBe(type.toLowerCase());
  });

  test.each([
    'Microsoft.Storage.BlobCreated',
    'Microsoft.ResourceNotifications.Resources.CreatedOrUpdated',
    'Microsoft.Resources.ResourceWriteSuccessfully',
    'constructor',
  ])('an event of type %s is none of Resource Manager', (eventType) =>
    expect(read(eventGrid({ eventType })).events).toMatchObject([
      { type: 'other', dropped: 'OtherEventType' },
    ]),
  );
});

describe('what cannot be understood says why', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  test.each([
    ['text that is no JSON', '{', 'NotJson', /expected JSON in UTF-8, got 1 bytes/],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0x7b), 'NotJson', /got 3 bytes/],
    ['nothing', '', 'NotJson', /got 0 bytes/],
    ['no body', undefined, 'NotAnEvent', /got nothing/],
    ['a number', '7', 'NotAnEvent', /got a number/],
    ['null', 'null', 'NotAnEvent', /got null/],
    ['an empty array', '[]', 'NotAnEvent', /an empty array/],
    ['an array of texts', '["a"]', 'NotAnEvent', /expected an event, got a string/],
    ['arrays in arrays, deep', deep, 'NotAnEvent', /got an array/],
    [
      'a text longer than Event Grid sends',
      `"${'x'.repeat(MAX_BODY_BYTES)}"`,
      'TooLarge',
      /at most 1048576 bytes, got 1048578/,
    ],
    ['as many bytes', new Uint8Array(MAX_BODY_BYTES + 1), 'TooLarge', /got 1048577/],
    [
      '10,000 elements',
      Array.from({ length: 10_000 }, () => eventGrid()),
      'TooManyEvents',
      /at most 5000 events, got 10000/,
    ],
    ['an object of another schema', { hello: 'world' }, 'UnknownSchema', /set the delivery schema/],
    [
      'CloudEvents of another version',
      cloudEvent({ specversion: '0.3' }),
      'UnknownSchema',
      /expected 1.0, got '0.3'/,
    ],
    ['a version that is a number', cloudEvent({ specversion: 1 }), 'UnknownSchema', /got a number/],
    ['no id', eventGrid({ id: undefined }), 'MalformedEvent', /^id: expected a text, got nothing/],
    ['an id that is an object', eventGrid({ id: {} }), 'MalformedEvent', /^id: .* an object/],
    ['an id without end', eventGrid({ id: 'x'.repeat(257) }), 'MalformedEvent', /^id: .* 257/],
    ['a type that is a list', eventGrid({ eventType: [] }), 'MalformedEvent', /^eventType: .* an array/],
    ['a CloudEvent without type', cloudEvent({ type: undefined }), 'MalformedEvent', /^type: /],
    ['an empty subject', eventGrid({ subject: '' }), 'MalformedEvent', /^subject: .* an empty one/],
    [
      'a subject without end',
      eventGrid({ subject: `/subscriptions/${'s'.repeat(2_048)}` }),
      'MalformedEvent',
      /^subject: .* 2063/,
    ],
    ['a time that is a number', eventGrid({ eventTime: 1 }), 'MalformedEvent', /^eventTime: .* a number/],
    ['data that is a text', eventGrid({ data: 'x' }), 'MalformedEvent', /^data: .* a string/],
    [
      'data without an operation',
      eventGrid({ data: {} }),
      'MalformedEvent',
      /^data.operationName: .* nothing/,
    ],
    [
      'an operation that is a list',
      eventGrid({ data: data('x', { operationName: [] }) }),
      'MalformedEvent',
      /an array/,
    ],
    ['an operation without end', eventGrid({ data: data('x'.repeat(513)) }), 'MalformedEvent', /got 513/],
    [
      'a subject that is no id',
      eventGrid({ subject: 'blobs/a' }),
      'NoResourceId',
      /subject: expected an ARM id, got "blobs\/a"/,
    ],
    [
      'a subject that is a path elsewhere',
      eventGrid({ subject: '/subscriptions/s1/resourceGroups/../x' }),
      'NoResourceId',
      /ARM id/,
    ],
    ['a subject with a query', eventGrid({ subject: `${VM}?api-version=1` }), 'NoResourceId', /ARM id/],
  ])('%s', (_, body, reason, message) => {
    expect(read(body)).toEqual({ events: [], refused: { reason, message: expect.stringMatching(message) } });
  });

  const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
  test.each([
    [
      'a version of control characters',
      cloudEvent({ specversion: '\u001b[2J\u001b]0;x\u0007' }),
      /'\[2J \]0;x'/,
    ],
    ['a version that is turned around', cloudEvent({ specversion: '\u202eabc' }), /'abc'/],
    ['a version cut within a letter', cloudEvent({ specversion: `${'x'.repeat(15)}😀` }), /'x{15}😀'/],
    ['a version of which nothing can be seen', cloudEvent({ specversion: '\u200b' }), /got a text of which/],
    ['a subject that is turned around', eventGrid({ subject: '/x/\u202egnorw' }), /"\/x\/ gnorw"/],
    ['a subject with a C1 control', eventGrid({ subject: '/x/\u009b2J' }), /"\/x\/ 2J"/],
    ['a subject without end', eventGrid({ subject: '/x'.repeat(1_000) }), /got "[/x]{199}…"$/],
  ])('nothing that a terminal obeys is repeated: %s', (_, body, message) => {
    const { refused } = read(body);
    expect(refused?.message).toMatch(message);
    expect(refused?.message).not.toMatch(UNSEEN);
  });

  test('a body of the largest size is read', () => {
    const body = JSON.stringify(eventGrid());
    expect(hintsOf(`${' '.repeat(MAX_BODY_BYTES - body.length)}${body}`)).toEqual([HINT]);
    expect(hintsOf(Array.from({ length: MAX_EVENTS }, () => eventGrid()))).toHaveLength(MAX_EVENTS);
  });

  const IN_GROUP = '/subscriptions/s1/resourceGroups/rg1/providers';
  test.each([
    [
      'an action whose subject ends in its verb',
      'Microsoft.Web/sites/host/listkeys/action',
      `${IN_GROUP}/Microsoft.Web/sites/x/host/default/listkeys`,
    ],
    [
      'a deployment',
      'Microsoft.Resources/deployments/validate/action',
      `${IN_GROUP}/Microsoft.Resources/deployments`,
    ],
    ['a lock with a query', 'Microsoft.Authorization/locks/write', `${VM}?api-version=1`],
    [
      'a saved search with a percent sign',
      'Microsoft.OperationalInsights/workspaces/savedSearches/write',
      `${IN_GROUP}/Microsoft.OperationalInsights/workspaces/w/savedSearches/a%20b`,
    ],
    [
      'a rule with a hash, deleted',
      'Microsoft.Insights/scheduledQueryRules/delete',
      `${IN_GROUP}/Microsoft.Insights/scheduledQueryRules/alert #1`,
    ],
    [
      'tags of such',
      'Microsoft.Resources/tags/write',
      `${IN_GROUP}/a.b/c/d%e/providers/Microsoft.Resources/tags/default`,
    ],
  ])('of no interest is dropped with any subject: %s', (_, operation, subject) => {
    const { events, refused } = read(eventGrid({ subject, data: data(operation) }));
    expect(refused).toBeUndefined();
    expect(events).toMatchObject([{ dropped: 'IrrelevantOperation' }]);
  });

  test('a refusal that changed nothing is dropped with any subject', () => {
    const { events } = read(
      eventGrid({
        subject: 'x',
        eventType: 'Microsoft.Resources.ResourceWriteFailure',
        data: data('Microsoft.Authorization/roleAssignments/write'),
      }),
    );
    expect(events).toMatchObject([{ dropped: 'NothingChanged' }]);
  });

  test('one event that cannot be understood keeps none of the others, and is named by its place', () => {
    const { events, refused } = read([eventGrid(), { hello: 'world' }, 7, eventGrid({ id: 'e2' })]);
    expect(events.map(({ id }) => id)).toEqual(['e1', 'e2']);
    expect(refused).toMatchObject({ reason: 'UnknownSchema', message: expect.stringMatching(/^\[1\]: /) });
  });

  test('nothing of a payload is repeated but the head of a subject', () => {
    for (const body of ['{"password":"hunter2"', { password: 'hunter2' }, eventGrid({ data: 'hunter2' })])
      expect(JSON.stringify(read(body))).not.toContain('hunter2');
  });
});

describe('a time that cannot be right is replaced by when the message came', () => {
  const HOUR = 3_600_000;
  test.each([
    ['a moment ago', QUEUED - 1_000, false],
    ['a day ago, as long as Event Grid tries', QUEUED - 24 * HOUR, false],
    ['two days ago', QUEUED - 48 * HOUR, true],
    ['next year', QUEUED + 8_760 * HOUR, true],
  ])('%s', (_, at, off) => {
    const [event] = read(eventGrid({ eventTime: new Date(at).toISOString() })).events;
    expect(event).toMatchObject({ at: off ? QUEUED : at, clockOff: off });
  });

  test('a little ahead is the other clock, and no event happens after it came', () => {
    const [event] = read(eventGrid({ eventTime: new Date(QUEUED + 60_000).toISOString() })).events;
    expect(event).toMatchObject({ at: QUEUED, clockOff: false });
  });

  test.each(['yesterday', '', '0'.repeat(5_000)])('a text that is no time: %.10s', (eventTime) => {
    const [event] = read(eventGrid({ eventTime })).events;
    expect(event).toMatchObject({ at: QUEUED, clockOff: true, hint: { at: QUEUED } });
  });
});
