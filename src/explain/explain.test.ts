import { describe, expect, it } from 'vitest';
import { type ExplainedReason, explain, kindsText, REASONS } from './explain.ts';

const row = (
  reason: string,
  kinds: readonly string[] = [],
  section = 'Stalled by Azure',
): ExplainedReason => ({
  reason,
  kinds,
  section,
  meaning: `what ${reason} means`,
});
const ROWS = [
  row('PolicyDenied', ['RoleGrant'], 'RoleGrant'),
  row('PolicyDenied', ['UserAssignedIdentity'], 'UserAssignedIdentity'),
  row('PolicyConflict'),
  row('AdoptionDenied'),
  row('ScopeLocked'),
];

describe('a reason', () => {
  it.each(['PolicyDenied', 'policydenied', 'POLICYDENIED'])('is found in any case: %s', (word) => {
    expect(explain(ROWS, word)).toMatchObject({
      found: true,
      reason: 'PolicyDenied',
      rows: ROWS.slice(0, 2),
    });
  });

  it('of one kind has its rows alone, and those that hold for all kinds', () => {
    expect(explain(ROWS, 'PolicyDenied', 'RoleGrant')).toMatchObject({ rows: [ROWS[0]] });
    expect(explain(ROWS, 'ScopeLocked', 'RoleGrant')).toMatchObject({ rows: [ROWS[4]] });
    expect(explain(ROWS, 'PolicyDenied', 'EventSource').found).toBe(false);
  });

  it.each([
    ['PolicyDenid', ['PolicyDenied']],
    ['Denied', ['PolicyDenied', 'AdoptionDenied']],
    ['policy', ['PolicyDenied', 'PolicyConflict']],
    ['ScopeIsLocked', ['ScopeLocked']],
    ['Xyz', []],
  ])('that there is not, %s, leads to those that are nearly it: %j', (word, near) => {
    expect(explain(ROWS, word)).toEqual({ found: false, near });
  });
});

it('names kinds as kubectl takes them, and says where none is named', () => {
  expect(kindsText(row('A', ['RoleGrant', 'EventSource']))).toBe('RoleGrant (grant), EventSource (evsrc)');
  expect(kindsText(row('A'))).toBe('all kinds');
  expect(kindsText(row('A', [], 'Events'))).toBe('Events');
});

it('the product holds the page of conditions', () => {
  expect(REASONS.length).toBeGreaterThan(200);
  expect(explain(REASONS, 'DetachShareExceeded')).toMatchObject({
    found: true,
    rows: [{ kinds: expect.arrayContaining(['IdentityAttachment']) }],
  });
});
