import { describe, expect, it } from 'vitest';
import { RELEASE_ANNOTATION } from '../../../api/schema/common.ts';
import { deletionBlocked } from '../../status/blocked.fixture.ts';
import { decide } from '../decide.ts';
import { deleted, type FactsChange, facts, failure, NOW } from '../facts.fixture.ts';
import type { GrantDecision } from '../facts.ts';
import type { ObservedMarks } from '../observed.ts';

/** A RoleGrant without a ledger goes, and nothing that is marked for it was found. */

const list = (state: ObservedMarks['list']): ObservedMarks => ({ ids: [], list: state });
const LOADING = list({ state: 'loading' });
const PARTIAL = list({ state: 'partial', because: 'no right to read' });
const COMPLETE = list({ state: 'complete' });
const nobody = { state: 'waiting', for: 'web', message: 'waiting for web', dead: false } as const;
const undetermined = { target: undefined, azure: undefined, held: [] };
const types = ({ actions }: GrantDecision) => actions.map(({ type }) => type);
const lost = (more: Parameters<typeof deleted>[0] = {}) =>
  deleted({ status: { ledger: [], assignmentId: undefined as never }, ...more });

describe('a deletion without a ledger', () => {
  it.each<[string, FactsChange]>([
    ['the list is complete', { ...undetermined, principal: nobody, marked: COMPLETE }],
    [
      'what it asks for is known to be gone',
      {
        azure: { state: 'absent', missing: 'assignment', conclusive: true, conclusiveInMs: 0 },
        marked: PARTIAL,
      },
    ],
  ])('is over when %s', (_, given) => {
    expect(types(decide(lost(), facts(given)))).toEqual(['removeFinalizer']);
  });

  it('waits for a list that is under way, without a word of a refusal', () => {
    const decision = decide(lost(), facts({ ...undetermined, principal: nobody, marked: LOADING }));
    expect(decision).toMatchObject({
      actions: [],
      conditions: [],
      summary: { state: 'deleting', againMs: 5_000 },
    });
  });

  it.each<[string, FactsChange, string]>([
    [
      'its principal cannot be read',
      { principal: { state: 'unreadable', failure: failure() } },
      'AuthorizationFailed',
    ],
    ['its role cannot be read', { role: { state: 'unreadable', failure: failure() } }, 'AuthorizationFailed'],
    ['the list may leave it out', { principal: nobody }, 'ListIncomplete'],
  ])('waits while %s, for as long as for a refusal, and then says so', (_, given, reason) => {
    const seen = facts({ ...undetermined, marked: PARTIAL, ...given });
    const held = decide(lost(), seen);
    expect(held).toMatchObject({
      actions: [],
      conditions: [{ type: 'DeletionBlocked', status: 'True', reason }],
      summary: { state: 'deleting', againMs: 30_000 },
    });
    const blocked = deletionBlocked(NOW - 2 * 3_600_000, reason);
    const over = decide(lost({ status: { ledger: [], conditions: [blocked] } }), seen);
    expect(over.actions).toMatchObject([
      {
        type: 'recordEvent',
        event: { reason: 'LeftBehind', message: expect.stringContaining('if anything') },
      },
      { type: 'removeFinalizer' },
    ]);
  });

  it('is over at once by annotation, with a word on what may stay', () => {
    const annotations = { [RELEASE_ANNOTATION]: 'true' };
    const released = decide(
      lost({ metadata: { annotations } }),
      facts({ ...undetermined, principal: nobody, marked: PARTIAL }),
    );
    expect(types(released)).toEqual(['recordEvent', 'removeFinalizer']);
  });
});
