import { expect, test } from 'vitest';
import { filterSchema, passes } from './filters.ts';
import type { ResourceEvent } from './resource-event.ts';

const EVENT = {
  id: 'e',
  eventType: 'Microsoft.Resources.ResourceWriteSuccess',
  subject: '/subscriptions/s1/resourcegroups/rg1/providers/Microsoft.Web/sites/app1',
  eventTime: '2026-11-23T10:00:00.0000000Z',
  data: { operationName: 'Microsoft.Web/sites/write', claims: { appid: 'a1', 'http://x/oid': 'o1' } },
} as unknown as ResourceEvent;

const one = (operatorType: string, key: string, ...values: string[]) => ({
  advancedFilters: [{ operatorType, key, ...(values.length > 0 && { values }) }],
});

test.each([
  ['nothing lets everything through', {}, true],
  ['an event type', { includedEventTypes: ['Microsoft.Resources.ResourceWriteSuccess'] }, true],
  ['another event type', { includedEventTypes: ['Microsoft.Resources.ResourceDeleteSuccess'] }, false],
  [
    'the start of the subject, in any case',
    { subjectBeginsWith: '/SUBSCRIPTIONS/s1/resourceGroups/RG1/' },
    true,
  ],
  ['its case too', { subjectBeginsWith: '/SUBSCRIPTIONS', isSubjectCaseSensitive: true }, false],
  ['the end of the subject', { subjectEndsWith: '/app1' }, true],
  ['another end', { subjectEndsWith: '/app2' }, false],
  ['one of several values', one('StringIn', 'data.operationName', 'x', 'MICROSOFT.WEB/sites/write'), true],
  ['none of them', one('StringIn', 'data.operationName', 'x'), false],
  ['not in', one('StringNotIn', 'data.operationName', 'x'), true],
  ['a prefix', one('StringBeginsWith', 'data.operationName', 'Microsoft.Web/'), true],
  ['not that prefix', one('StringNotBeginsWith', 'data.operationName', 'Microsoft.Web/'), false],
  ['a part', one('StringContains', 'subject', '/sites/'), true],
  ['not that part', one('StringNotContains', 'subject', '/sites/'), false],
  ['an end', one('StringEndsWith', 'data.operationName', '/write'), true],
  ['not that end', one('StringNotEndsWith', 'data.operationName', '/write'), false],
  ['what is there', one('IsNotNull', 'data.claims'), true],
  ['what is not there', one('IsNullOrUndefined', 'data.httpRequest'), true],
  ['a key two levels down', one('StringIn', 'data.claims.appid', 'a1'), true],
  // A dot in a key separates levels, so this one cannot be named (documentation).
  ['a key with a dot in it', one('StringIn', 'data.claims.http://x/oid.y', 'o1'), false],
])('%s', (_, filter, expected) => {
  expect(passes(EVENT, filterSchema.parse(filter))).toBe(expected);
});

test('more than 25 values in all are refused', () => {
  const values = Array.from({ length: 13 }, (_, i) => String(i));
  const advancedFilters = ['subject', 'data.operationName'].map((key) => ({
    operatorType: 'StringIn',
    key,
    values,
  }));
  expect(filterSchema.safeParse({ advancedFilters }).error?.message).toContain('at most 25 values');
});
