import { describe, expect, test } from 'vitest';
import { type CachePart, joined, placeOfScope } from './definition.ts';

test.each([
  ['/subscriptions/s1', { subscription: 's1', part: '' }],
  ['/', { subscription: '', part: '/' }],
  [
    '/providers/microsoft.management/managementgroups/all',
    { subscription: '', part: '/providers/microsoft.management/managementgroups/all' },
  ],
])('the area %s stands for %j', (area, place) => {
  expect(placeOfScope(area)).toEqual(place);
});

describe('parts of one place are one', () => {
  const part = (fields: Partial<CachePart>): CachePart => ({
    cache: 'hosts',
    subscription: 's1',
    part: 'microsoft.web/sites/slots',
    ageMs: 1_000,
    entries: 1,
    partial: false,
    ...fields,
  });

  test.each([
    ['as old as the oldest', part({ ageMs: 9_000 }), part({ ageMs: 9_000, entries: 2 })],
    ['never read if one was not', part({ ageMs: undefined }), part({ ageMs: undefined, entries: 2 })],
    ['partial if one is', part({ partial: true }), part({ partial: true, entries: 2 })],
  ])('%s', (_, other, whole) => {
    expect(joined([part({}), other])).toEqual([whole]);
    expect(joined([other, part({})])).toEqual([whole]);
  });

  test('and those of others stay apart', () => {
    const parts = [part({}), part({ subscription: 's2' }), part({ part: '' }), part({ cache: 'roles' })];
    expect(joined(parts)).toEqual(parts);
  });
});
