import { describe, expect, it } from 'vitest';
import { MAX_CREDENTIALS } from '../../azure/federated-credentials.ts';
import { decide } from './decide.ts';
import { facts, fic, ID, known, NAME, seen, settled, sibling, TRUST } from './facts.fixture.ts';
import type { SeenCredential, Sibling } from './facts.ts';
import { placeOf } from './place.ts';

const ME = { age: '2026-11-01T00:00:00Z uid-ci', name: NAME };
const place = (credentials: readonly SeenCredential[], siblings: readonly Sibling[] = []) =>
  placeOf(ME, TRUST, credentials, siblings);
const younger = { creationTimestamp: '2026-11-02T00:00:00Z' };
const other = (index: number) => seen({ name: `other-${index}`, subject: `x:${index}` });
const others = (count: number) => Array.from({ length: count }, (_, index) => other(index));

describe('the same issuer and subject', () => {
  const duplicate = seen({ name: 'theirs' });

  it('not made by azid count as satisfied', () => {
    expect(place([duplicate])).toEqual({ state: 'satisfied', by: duplicate });
    const { actions, status, summary } = decide(fic(), facts({ credentials: known(duplicate) }));
    expect(actions).toEqual([]);
    expect(status).toMatchObject({ id: duplicate.id, ledger: undefined });
    expect(summary).toMatchObject({ state: 'ready', reason: 'ExistsUnmanaged' });
  });

  it('not made by azid, for another audience, are a conflict that names it', () => {
    const conflict = seen({ name: 'theirs', audience: 'api://other' });
    const { actions, summary } = decide(fic(), facts({ credentials: known(conflict) }));
    expect(actions).toEqual([]);
    expect(summary).toMatchObject({
      state: 'stalled',
      reason: 'CredentialConflict',
      message: expect.stringMatching(
        /credential theirs .* audience is api:\/\/other, expected api:\/\/Azure/,
      ),
    });
  });

  it('not made by azid, after an edit: what azid had made goes', () => {
    const object = settled({ spec: { subject: 'job:deploy' } });
    const credentials = known(seen(), seen({ name: 'theirs', subject: 'job:deploy' }));
    const { actions } = decide(object, facts({ credentials }));
    expect(actions).toMatchObject([
      { type: 'deleteCredential', id: ID },
      { type: 'saveStatus', status: { ledger: undefined } },
    ]);
  });

  it('that vanish are made by azid', () => {
    const object = fic({ status: { id: duplicate.id, ...TRUST } });
    expect(decide(object, facts({ credentials: known() })).actions.map(({ type }) => type)).toContain(
      'putCredential',
    );
  });

  it('of an older object stall the younger, which names it', () => {
    const first = sibling('first', { trust: TRUST });
    expect(place([], [first])).toEqual({ state: 'taken', by: first });
    expect(decide(fic(), facts({ credentials: known(), siblings: [first] })).summary).toMatchObject({
      state: 'stalled',
      reason: 'OwnedByAnother',
      message: expect.stringContaining('FederatedIdentityCredential team-a/first'),
    });
  });

  it('of a younger object are free for the older, unless the younger has them in Azure', () => {
    const second = sibling('second', { trust: TRUST, ...younger });
    expect(place([], [second])).toEqual({ state: 'free' });
    const made = seen({ name: second.credentialName });
    expect(place([made], [second])).toEqual({ state: 'taken', by: second });
    expect(place([seen()], [sibling('first', { trust: TRUST })]).state).toBe('own');
  });

  it('of an object that may not write, is going or has none to ask for block nobody', () => {
    const blocked: Partial<Sibling>[] = [{ mayWrite: false }, { deleting: true }];
    for (const change of blocked) {
      expect(place([], [sibling('first', { trust: TRUST, ...change })])).toEqual({ state: 'free' });
    }
    const { trust: _, ...nothing } = sibling('first');
    expect(place([], [nothing])).toEqual({ state: 'free' });
  });

  it('still held by an object that goes, or wants another pair by now, are waited for', () => {
    const made = (by: Sibling) => seen({ name: by.credentialName.toUpperCase() });
    const going = sibling('first', { trust: TRUST, deleting: true });
    expect(place([made(going)], [going])).toEqual({ state: 'releasing', by: going });
    const edited = sibling('first');
    expect(place([made(edited)], [edited])).toEqual({ state: 'releasing', by: edited });
    expect(
      decide(fic(), facts({ credentials: known(made(going)), siblings: [going] })).summary,
    ).toMatchObject({
      state: 'waiting',
      for: 'FederatedIdentityCredential team-a/first',
    });
  });
});

describe('the limit', () => {
  it('counts what is there, made by azid or not', () => {
    expect(place(others(MAX_CREDENTIALS - 1)).state).toBe('free');
    expect(place(others(MAX_CREDENTIALS)).state).toBe('full');
    // One's own is among the twenty.
    expect(place([...others(MAX_CREDENTIALS - 1), seen()]).state).toBe('own');
  });

  it('is listed by name: objects by their key, what is to come, and the rest by what it is called in Azure', () => {
    const made = sibling('made');
    const coming = sibling('coming');
    const there = [...others(18), seen({ name: made.credentialName, subject: 'job:made' })];
    const { actions, summary } = decide(
      fic(),
      facts({ credentials: known(...there), siblings: [made, coming] }),
    );
    expect(actions).toEqual([]);
    expect(summary).toMatchObject({ state: 'stalled', reason: 'CredentialLimit' });
    for (const name of ['other-17', 'team-a/made', 'team-a/coming (to come)', 'got 20 of at most 20'])
      expect(summary).toMatchObject({ message: expect.stringContaining(name) });
  });

  it('of 25 objects at once makes the same five wait, whatever is there already', () => {
    const all = Array.from({ length: 25 }, (_, index) =>
      sibling(`o${String(index).padStart(2, '0')}`, {
        uid: `uid-${String(index).padStart(2, '0')}`,
        creationTimestamp: '2026-11-01T00:00:00Z',
      }),
    );
    const refused = (there: readonly Sibling[]) =>
      all.flatMap((each, index) => {
        const credentials = there.map((by) => seen({ name: by.credentialName, ...by.trust }));
        const rest = all.filter((one) => one !== each);
        const me = { age: `${each.creationTimestamp} ${each.uid}`, name: each.credentialName };
        const { state } = placeOf(me, each.trust ?? TRUST, credentials, rest);
        return state === 'full' ? [index] : [];
      });
    const last = [20, 21, 22, 23, 24];
    expect(refused([])).toEqual(last);
    expect(refused(all.slice(3, 9))).toEqual(last);
    expect(refused(all.slice(0, 20))).toEqual(last);
  });

  it('keeps no place for older objects that will never fill it', () => {
    const there = others(19);
    const idle = [
      sibling('suspended', { mayWrite: false }),
      sibling('going', { deleting: true }),
      sibling('satisfied', { trust: { ...TRUST, subject: 'x:3' } }),
    ];
    expect(place(there, idle)).toEqual({ state: 'free' });
    expect(place(there, [...idle, sibling('wants')]).state).toBe('full');
    // Two objects with one pair fill one place.
    const pair = { trust: { ...TRUST, subject: 'job:both' } };
    expect(place(others(18), [sibling('a', pair), sibling('b', pair)])).toEqual({ state: 'free' });
  });
});
