import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { deleted, facts, seen } from './facts.fixture.ts';
import type { IdentityDecision } from './facts.ts';

const [LOCKED, FREE] = ['a', 'b'].map(
  (group) => `/subscriptions/s/resourceGroups/${group}/providers/Microsoft.Authorization/roleAssignments/1`,
) as [string, string];
const present = { azure: { state: 'present', identity: seen(), live: true } } as const;
const failure = {
  kind: 'stalled',
  reason: 'ScopeLocked',
  message: 'locked',
  ambiguous: false,
  error: undefined,
} as const;
const refused = (id: string) =>
  ({ action: { type: 'deleteLeftover', id, event: {} as never }, failure }) as const;
const deletes = ({ actions }: IdentityDecision) =>
  actions.flatMap((action) => (action.type === 'deleteLeftover' ? action.id : []));

describe('what azid left on an identity that goes', () => {
  const both = facts({ ...present, leftovers: [LOCKED, FREE] });

  it('goes before it', () => {
    expect(deletes(decide(deleted(), both))).toEqual([LOCKED, FREE]);
  });

  it('and is refused keeps no other', () => {
    expect(deletes(decide(deleted(), both, refused(LOCKED)))).toEqual([FREE]);
  });

  it('and is refused keeps the identity, which says by what', () => {
    for (const [given, failed] of [
      [facts({ ...present, leftovers: [LOCKED] }), refused(LOCKED)],
      [both, { ...refused(LOCKED), others: [refused(FREE)] }],
    ] as const)
      expect(decide(deleted(), given, failed)).toMatchObject({
        actions: [],
        summary: { state: 'deleting', message: expect.stringContaining(LOCKED) },
        conditions: [{ type: 'DeletionBlocked', status: 'True', reason: 'ScopeLocked' }],
      });
  });

  it('is not tried while the identity itself is refused', () => {
    const action = { type: 'deleteIdentity', id: seen().id, event: {} as never } as const;
    expect(decide(deleted(), both, { action, failure })).toMatchObject({ actions: [] });
  });
});
