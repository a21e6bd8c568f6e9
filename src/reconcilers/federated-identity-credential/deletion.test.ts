import { describe, expect, it } from 'vitest';
import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import type { Failure } from '../decision.ts';
import { deletionBlocked } from '../status/blocked.fixture.ts';
import { decide } from './decide.ts';
import { deleted, facts, ID, IDENTITY, known, seen } from './facts.fixture.ts';
import type { CredentialDecision, Facts } from './facts.ts';

const types = (decision: CredentialDecision) => decision.actions.map(({ type }) => type);
const failure: Failure = {
  kind: 'stalled',
  reason: 'AuthorizationFailed',
  message: 'no right to delete',
  ambiguous: false,
  error: undefined,
};
const remove = { type: 'deleteCredential', id: ID, event: {} as never } as const;
const nothingKnown: Partial<Facts> = { identity: { state: 'waiting', why: 'does not exist' } };

describe('an object that goes', () => {
  it('takes its credential along by the ledger alone, asking no policy', () => {
    const { credentials: _, ...blind } = facts({ policies: [], ...nothingKnown });
    const decision = decide(deleted(), blind);
    expect(decision.actions).toMatchObject([
      { type: 'deleteCredential', id: ID },
      { type: 'saveStatus', status: { ledger: undefined } },
    ]);
  });

  it('is let go when the ledger is empty', () => {
    const decision = decide(deleted({ status: { ledger: undefined } }), facts({ credentials: known() }));
    expect(types(decision)).toEqual(['removeFinalizer']);
  });

  it('finds its credential by the name when the status was lost', () => {
    const decision = decide(deleted({ status: { ledger: undefined } }), facts());
    expect(types(decision)).toEqual(['deleteCredential', 'saveStatus']);
  });

  it('leaves credentials of others with the same issuer and subject', () => {
    const decision = decide(
      deleted({ status: { ledger: undefined } }),
      facts({ credentials: known(seen({ name: 'theirs' })) }),
    );
    expect(types(decision)).toEqual(['removeFinalizer']);
  });

  it('leaves what the ledger names but the name does not prove, and says so', () => {
    const forged = deleted({ status: { ledger: [`${IDENTITY}/federatedIdentityCredentials/admin`] } });
    const decision = decide(forged, facts({ credentials: known() }));
    expect(decision.actions).toMatchObject([
      { type: 'recordEvent', event: { reason: 'LeftBehind', message: expect.stringContaining('admin') } },
      { type: 'removeFinalizer' },
    ]);
  });

  it('leaves what is no id of a credential, whoever put that into the ledger', () => {
    for (const id of ['x', IDENTITY, `/subscriptions/a/resourceGroups/${'b'.repeat(9)}`]) {
      const decision = decide(deleted({ status: { ledger: [id] } }), facts({ credentials: known() }));
      expect(types(decision)).toEqual(['recordEvent', 'removeFinalizer']);
    }
  });

  it('leaves its credential with Retain, and says so', () => {
    const decision = decide(deleted({ spec: { deletionPolicy: 'Retain' } }), facts());
    expect(decision.actions).toMatchObject([
      { type: 'recordRetained', ids: [ID] },
      { type: 'recordEvent', event: { reason: 'Retained', message: expect.stringContaining(ID) } },
      { type: 'removeFinalizer' },
    ]);
  });

  it('is held while Azure refuses, and let go after a bounded time with a word on what stays', () => {
    const held = decide(deleted(), facts(), { action: remove, failure });
    expect(held.actions).toEqual([]);
    expect(held.summary).toMatchObject({
      state: 'deleting',
      message: expect.stringContaining('let go in 60 min'),
      againMs: 300_000,
    });
    expect(held.conditions).toMatchObject([{ type: 'DeletionBlocked', status: 'True' }]);
    expect(held.status.ledger).toEqual([ID]);

    // Counted from the first refusal, not from the deletion: azid may have been away.
    const blocked = deletionBlocked('2026-11-23T09:00:00Z', 'AuthorizationFailed');
    const late = decide(deleted({ status: { conditions: [blocked] } }), facts(), { action: remove, failure });
    expect(late.actions).toMatchObject([
      { type: 'recordEvent', event: { reason: 'LeftBehind', message: expect.stringContaining(ID) } },
      { type: 'removeFinalizer' },
    ]);
  });

  it('is held while Azure does not show whether something of its own is there', () => {
    const credentials = { state: 'unreadable', failure } as const;
    const decision = decide(deleted({ status: { ledger: undefined } }), facts({ credentials }));
    expect(decision).toMatchObject({ actions: [], summary: { state: 'deleting' } });
  });

  it('is let go at once by annotation', () => {
    const decision = decide(
      deleted({ metadata: { annotations: { [RELEASE_ANNOTATION]: 'true' } } }),
      facts(),
    );
    expect(types(decision)).toEqual(['recordEvent', 'removeFinalizer']);
  });

  it('deletes once more when a write of a process that died must have ended', () => {
    const begun = deleted({ status: { writeStartedAt: '2026-11-23T09:59:30.000Z' } });
    const now = decide(begun, facts({ openWriteMs: 90_000 }));
    expect(types(now)).toEqual(['deleteCredential']);
    const waiting = decide(begun, facts({ openWriteMs: 89_000, wroteAt: facts().now }));
    expect(waiting).toMatchObject({ actions: [], summary: { state: 'deleting', againMs: 89_000 } });
    expect(types(decide(begun, facts()))).toEqual(['deleteCredential', 'saveStatus']);
  });
});
