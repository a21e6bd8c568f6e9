import { describe, expect, it } from 'vitest';
import { armKey } from '../../../azure/names/resource-id.ts';
import { deletionBlocked } from '../../status/blocked.fixture.ts';
import { decide } from '../decide.ts';
import { coOwner, deleted, facts, grant, NOW, older, present, settled, stale } from '../facts.fixture.ts';
import type { GrantDecision } from '../facts.ts';

/** What stands stays while a RoleGrant that may ask for it cannot be told: not for ever. */

const types = (decision: GrantDecision) => decision.actions.map(({ type }) => type);
const awaited = coOwner({ allowed: false, holds: false, awaited: true });
const HOUR = 3_600_000;
const blockedSince = (ms: number) => ({ conditions: [deletionBlocked(NOW - ms, 'ClaimantNotTold')] });

describe('a deletion', () => {
  it('waits for a claim that is not known, and says for whom', () => {
    const decision = decide(deleted(), facts({ coOwners: [awaited] }));
    expect(types(decision)).toEqual([]);
    expect(decision.summary).toMatchObject({ state: 'deleting', againMs: 15_000 });
    expect(decision.conditions).toMatchObject([
      { type: 'DeletionBlocked', status: 'True', reason: 'ClaimantNotTold' },
    ]);
    expect(decision.conditions?.[0]?.message).toContain('RoleGrant team-a/later');
  });

  it('waits for a time, then leaves it and names what stays', () => {
    const held = deleted({ status: blockedSince(HOUR - 1) });
    expect(types(decide(held, facts({ coOwners: [awaited] })))).toEqual([]);
    const over = decide(deleted({ status: blockedSince(HOUR) }), facts({ coOwners: [awaited] }));
    expect(types(over)).toEqual(['recordEvent', 'removeFinalizer']);
    expect(over.actions[0]).toMatchObject({ event: { reason: 'LeftBehind' } });
  });

  it('waits not where it would go for them as well: its condition is another', () => {
    const other = { ...awaited, condition: 'theirs' };
    expect(types(decide(deleted(), facts({ coOwners: [other] })))).toEqual(['deleteAssignment']);
    const oldest = older({ allowed: false, holds: false, awaited: true, condition: 'theirs' });
    expect(types(decide(deleted(), facts({ coOwners: [oldest] })))).toEqual([]);
  });

  it('waits not for a claim that is known', () => {
    const { awaited: _, ...reported } = awaited;
    expect(types(decide(deleted(), facts({ coOwners: [reported] })))).toEqual(['deleteAssignment']);
    const leaves = decide(deleted(), facts({ coOwners: [awaited, coOwner({ uid: 'uid-owner' })] }));
    expect(types(leaves)).toEqual(['removeFinalizer']);
  });
});

it('what was replaced stays, and what is asked for is ready', () => {
  const decision = decide(
    settled(),
    facts({ held: [{ ...stale(present(), [awaited]), id: `${stale().id}0` }] }),
  );
  expect(types(decision)).toEqual([]);
  expect(decision.summary).toMatchObject({ state: 'ready', nextMs: 15_000 });
});

it('an end binds: a claim that is not known long after it does not count', () => {
  const ended = (ms: number) =>
    decide(
      grant({ spec: { expiresAt: new Date(NOW - ms).toISOString() }, status: settled().status ?? {} }),
      facts({ coOwners: [awaited] }),
    );
  expect(types(ended(HOUR - 1))).toEqual([]);
  expect(types(ended(HOUR))).toEqual(['deleteAssignment']);
});

it('the end that was given binds as well, whatever the spec says by now', () => {
  const ended = (ms: number) => {
    const mine = { endsAt: NOW - ms };
    const end = { id: stale().id, held: true, recorded: true, full: false, others: [], mine };
    return decide(deleted(), facts({ coOwners: [awaited], ends: new Map([[armKey(stale().id), end]]) }));
  };
  expect(types(ended(HOUR - 1))).not.toContain('deleteAssignment');
  expect(types(ended(HOUR))).toContain('deleteAssignment');
});
