import { describe, expect, it, test } from 'vitest';
import { readPage, readRecord } from './record.ts';

const S = '/subscriptions/11111111-2222-4333-8444-555555555555';
const UAI = `${S}/resourcegroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
const ASSIGNMENT = `${S}/providers/Microsoft.Authorization/roleAssignments/0f0f0f0f-0000-4000-8000-000000000001`;
const WRITE = 'Microsoft.ManagedIdentity/userAssignedIdentities/write';
const AT = Date.parse('2026-11-23T10:00:00.611Z');

let count = 0;
const record = (given: Record<string, unknown> = {}) => ({
  eventDataId: `e-${count++}`,
  correlationId: 'c-1',
  operationId: `o-${count}`,
  operationName: { value: WRITE, localizedValue: 'Create or update' },
  resourceId: UAI,
  status: { value: 'Succeeded' },
  eventTimestamp: '2026-11-23T10:00:00.6117357Z',
  submissionTimestamp: '2026-11-23T10:04:00.0000000Z',
  claims: { appid: 'app-1', ipaddr: '203.0.113.7' },
  ...given,
});
const named = (value: string) => ({ value });
const hintOf = (given: Record<string, unknown>) => {
  const read = readRecord(record(given));
  return read?.type === 'end' ? read.hint : read?.type;
};

it('a record of an end is a hint, with who it was and nothing else of the claims', () => {
  expect(hintOf({})).toEqual({
    source: 'record',
    id: UAI,
    operation: WRITE,
    change: 'write',
    result: 'Succeeded',
    at: AT,
    correlationId: 'c-1',
    caller: { appId: 'app-1' },
  });
});

describe('which operations matter', () => {
  test.each<[string, string, string]>([
    [WRITE, UAI, 'write'],
    ['microsoft.managedidentity/USERASSIGNEDIDENTITIES/Delete', UAI, 'delete'],
    [
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write',
      `${UAI}/federatedIdentityCredentials/main`,
      'write',
    ],
    [
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete',
      `${UAI}/federatedIdentityCredentials/main`,
      'delete',
    ],
    ['Microsoft.Authorization/roleAssignments/write', ASSIGNMENT, 'write'],
    ['Microsoft.Authorization/roleAssignments/delete', ASSIGNMENT, 'delete'],
    [
      'Microsoft.Authorization/roleDefinitions/write',
      `${S}/providers/Microsoft.Authorization/roleDefinitions/r`,
      'write',
    ],
  ])('%s', (operation, resourceId, change) => {
    expect(hintOf({ operationName: named(operation), resourceId })).toMatchObject({ id: resourceId, change });
  });

  test.each([
    'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
    'Microsoft.ManagedIdentity/userAssignedIdentities/revokeTokens/action',
    'Microsoft.ManagedIdentity/register/action',
    'Microsoft.Authorization/locks/delete',
    'Microsoft.Authorization/policyAssignments/write',
    'Microsoft.Authorization/elevateAccess/action',
    'constructor',
    '',
  ])('%j does not', (operation) => {
    expect(hintOf({ operationName: named(operation) })).toBe('other');
  });
});

describe('what a call came to', () => {
  test.each([
    ['Succeeded', 'Succeeded'],
    ['Success', 'Succeeded'],
    ['Failed', 'Failed'],
    ['Failure', 'Failed'],
    ['Canceled', 'Canceled'],
  ])('%s', (status, result) => {
    expect(hintOf({ status: named(status) })).toMatchObject({ result });
  });

  test.each(['Started', 'Accepted', 'In Progress', 'Active', '', 'toString'])('%j is no end', (status) => {
    expect(hintOf({ status: named(status) })).toBe('open');
  });
});

describe('what is no record', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'record'],
    ['an array', []],
    ['no id', record({ eventDataId: undefined })],
    ['an empty id', record({ eventDataId: '' })],
    ['an id without end', record({ eventDataId: 'e'.repeat(10_000) })],
    ['no operation', record({ operationName: undefined })],
    ['an operation that is a text', record({ operationName: WRITE })],
    ['no status', record({ status: null })],
    ['no time', record({ eventTimestamp: undefined })],
    ['a time that is none', record({ eventTimestamp: 'yesterday' })],
    ['a resource that is none', record({ resourceId: '../../etc' })],
    ['no resource', record({ resourceId: undefined })],
  ])('%s', (_, value) => {
    expect(readRecord(value)).toBeUndefined();
  });

  it.each<[string, (whole: Record<string, unknown>) => Record<string, unknown>]>([
    [
      'not there',
      ({ correlationId: _c, operationId: _o, claims: _l, submissionTimestamp: _s, ...rest }) => rest,
    ],
    [
      'null',
      (whole) => ({
        ...whole,
        correlationId: null,
        operationId: null,
        claims: null,
        submissionTimestamp: null,
      }),
    ],
  ])('what may be missing is left out where it is %s', (_, without) => {
    const read = readRecord(without(record()));
    expect(read).toMatchObject({ type: 'end', submittedAt: AT });
    expect(read?.type === 'end' && read.hint).toEqual({
      source: 'record',
      id: UAI,
      operation: WRITE,
      change: 'write',
      result: 'Succeeded',
      at: AT,
    });
  });
});

describe('a page', () => {
  const never = () => false;

  it('gives one hint for the two records of a call, and the oldest first', () => {
    const [first, second] = [
      { operationId: 'o-first', eventTimestamp: '2026-11-23T10:00:01Z' },
      { operationId: 'o-second', eventTimestamp: '2026-11-23T10:00:05Z' },
    ];
    const page = readPage(
      [
        record({ ...second, status: named('Failed') }),
        record({ ...second, status: named('Started') }),
        record(first),
        record({ ...first, status: named('Accepted') }),
        record({ ...first, status: named('Started') }),
      ],
      never,
    );
    expect(page.hints.map(({ at, result }) => [at, result])).toEqual([
      [Date.parse('2026-11-23T10:00:01Z'), 'Succeeded'],
      [Date.parse('2026-11-23T10:00:05Z'), 'Failed'],
    ]);
    expect(page.passedOver).toBe(3);
  });

  it('gives one hint for an end that two services recorded, and two for two calls of one session', () => {
    const twice = { operationId: 'o-same' };
    const page = readPage([record(twice), record(twice)], never);
    expect(page.hints).toHaveLength(1);
    expect(page.ends).toHaveLength(2);
    const session = { correlationId: 'terraform' };
    const two = [record({ ...session, operationId: 'o-1' }), record({ ...session, operationId: 'o-2' })];
    expect(readPage(two, never).hints).toHaveLength(2);
  });

  it('passes over what was read before', () => {
    const [old, fresh] = [record({ eventDataId: 'known' }), record()];
    expect(readPage([fresh, old], (id) => id === 'known').hints).toHaveLength(1);
  });

  it('counts what says nothing only once, though ranges overlap', () => {
    const begun = record({ status: named('Started'), submissionTimestamp: '2026-11-23T10:00:00Z' });
    const at = Date.parse('2026-11-23T10:00:00Z');
    expect(readPage([begun], never).passedOver).toBe(1);
    expect(readPage([begun], never, at - 1).passedOver).toBe(1);
    expect(readPage([begun], never, at).passedOver).toBe(0);
  });

  it('goes on after what is no record, and knows when the log took in the last one', () => {
    const page = readPage(
      [null, record({ submissionTimestamp: '2026-11-23T10:09:00Z' }), record(), record({ status: 7 })],
      never,
    );
    expect(page).toMatchObject({ unreadable: 2, submittedAt: Date.parse('2026-11-23T10:09:00Z') });
    expect(readPage([], never).submittedAt).toBeUndefined();
  });
});
