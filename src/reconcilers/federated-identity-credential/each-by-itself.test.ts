import { describe, expect, it } from 'vitest';
import { deletionBlocked } from '../status/blocked.fixture.ts';
import { decide } from './decide.ts';
import { deleted, facts, ID, known, NAME, NOW, OTHER_IDENTITY, settled } from './facts.fixture.ts';
import type { CredentialDecision, Facts } from './facts.ts';

const OLD = `${OTHER_IDENTITY}/federatedIdentityCredentials/${NAME}`;
const failure = {
  kind: 'stalled',
  reason: 'ScopeLocked',
  message: 'locked',
  ambiguous: false,
  error: undefined,
} as const;
const refused = { action: { type: 'deleteCredential', id: OLD, event: {} as never } as const, failure };
const { credentials: _, ...common } = facts({ identity: { state: 'waiting', why: 'was not looked for' } });
const blind: Facts = common;
const deletes = ({ actions }: CredentialDecision) =>
  actions.flatMap((action) => (action.type === 'deleteCredential' ? action.id : []));

describe('one credential that cannot go, and another that can', () => {
  const going = deleted({ status: { ledger: [OLD, ID] } });

  it('both are to go', () => {
    expect(deletes(decide(going, blind))).toEqual([OLD, ID]);
  });

  it('the one behind a refused one goes all the same', () => {
    expect(deletes(decide(going, blind, refused))).toEqual([ID]);
  });

  it('is not given up with one that nobody ever tried to take away', () => {
    const conditions = [deletionBlocked(NOW - 2 * 3_600_000)];
    const decision = decide(deleted({ status: { ledger: [OLD, ID], conditions } }), blind, refused);
    expect(decision.actions).not.toContainEqual({ type: 'removeFinalizer' });
  });

  it('what went leaves the ledger, and the object waits for the other, by name', () => {
    const decision = decide(going, blind, refused);
    expect(decision.actions.at(-1)).toMatchObject({ type: 'saveStatus', status: { ledger: [OLD] } });
    const after = decide(deleted({ status: { ledger: [OLD] } }), blind, refused);
    expect(after).toMatchObject({
      actions: [],
      summary: { state: 'deleting', message: expect.stringContaining(OLD) },
    });
  });

  it('what must be deleted once more is, before the object goes without the other', () => {
    const conditions = [deletionBlocked(NOW - 2 * 3_600_000)];
    const open = { ...blind, openWriteMs: 90_000, wroteAt: NOW };
    const late = deleted({ status: { ledger: [OLD, ID], conditions } });
    expect(decide(late, open, refused)).toMatchObject({ actions: [], summary: { againMs: 90_000 } });
    expect(decide(going, open, refused)).toMatchObject({
      actions: [],
      summary: { failure: { reason: 'ScopeLocked' }, againMs: 90_000 },
    });
  });

  it('a ledger in which nothing can go has no room: the refusal is reported, and nothing is written', () => {
    const others = Array.from({ length: 8 }, (_, at) =>
      OLD.replace(OTHER_IDENTITY, `${OTHER_IDENTITY}-${at}`),
    );
    const [first, ...rest] = others.map((id) => ({ action: { ...refused.action, id }, failure }));
    if (!first) throw new Error('none');
    const full = settled({ status: { ledger: others } });
    const given = facts({ credentials: known() });
    expect(deletes(decide(full, given, first))).toEqual(others.slice(1));
    expect(decide(full, given, { ...first, others: rest })).toMatchObject({
      actions: [],
      summary: { state: 'stalled', reason: 'ScopeLocked' },
    });
  });
});
