import { describe, expect, it } from 'vitest';
import { MAX_CREDENTIALS } from '../../azure/federated-credentials.ts';
import { decide } from './decide.ts';
import { exchangeOf } from './exchange.ts';
import { facts, ID, IDENTITY, NAME, OTHER_IDENTITY, seen, settled, sibling, TRUST } from './facts.fixture.ts';
import type { CredentialsOfIdentity, SeenCredential, Sibling } from './facts.ts';
import { CREDENTIALS, needsLive } from './observe.ts';

const OLD = { creationTimestamp: '2026-09-01T00:00:00Z' };
const pair = (subject: string, issuer = TRUST.issuer) => ({ ...TRUST, issuer, subject });
/** An object that is to have this subject, younger than `ci` unless told otherwise. */
const wants = (name: string, subject: string, change: Partial<Sibling> = {}) =>
  sibling(name, { creationTimestamp: '2026-11-02T00:00:00Z', trust: pair(subject), ...change });
/** What it has as yet. */
const has = ({ credentialName: name }: Sibling, subject: string, identityId = IDENTITY): SeenCredential =>
  seen({ name, id: `${identityId}/federatedIdentityCredentials/${name}`, subject });
/** One that has moved away, as those see it that stay. */
function gone({ trust: _, ...rest }: Sibling, movedTo = 'team-a/other'): Sibling {
  return { ...rest, movedTo };
}
const me = (subject: string) => ({
  ...sibling('ci', { creationTimestamp: '2026-11-01T00:00:00Z', credentialName: NAME }),
  trust: pair(subject),
});
const web = (
  credentials: readonly SeenCredential[],
  siblings: readonly Sibling[],
): CredentialsOfIdentity => ({
  key: 'team-a/web',
  credentials,
  siblings,
});
const other = (
  credentials: readonly SeenCredential[],
  siblings: readonly Sibling[],
): CredentialsOfIdentity => ({
  key: 'team-a/other',
  credentials,
  siblings,
});

const deploy = wants('deploy', 'job:a');
const ours = has(me('job:b'), 'job:a');
/** `ci` has job:a and is to have job:b, `deploy` the other way round. */
const swap = (siblings: readonly Sibling[] = [deploy], more: readonly SeenCredential[] = []) =>
  exchangeOf(me('job:b'), web([ours, has(deploy, 'job:b'), ...more], siblings), []);

describe('of objects that exchange what they have', () => {
  it('the oldest gives way to the one that waits for its own, and no other does', () => {
    expect(swap()).toEqual({ gives: ours, to: deploy });
    expect(swap([{ ...deploy, ...OLD }])).toBeUndefined();
  });

  it('three in a ring do so as well, and two whose issuers differ', () => {
    const [b, c] = [wants('b', 'job:c'), wants('c', 'job:a')];
    const held = [ours, has(b, 'job:b'), has(c, 'job:c')];
    expect(exchangeOf(me('job:b'), web(held, [b, c]), [])).toEqual({ gives: ours, to: c });
    const issuer = 'https://issuer.example.org/b';
    const there = { ...has(deploy, 'job:a'), issuer };
    const mine = { ...me('job:a'), trust: pair('job:a', issuer) };
    expect(exchangeOf(mine, web([ours, there], [deploy]), [])).toMatchObject({ gives: ours });
  });

  it('an object that merely waits for one of a ring, or in a line, does not give way', () => {
    const [b, c] = [wants('b', 'job:c'), wants('c', 'job:b')];
    const ring = web([ours, has(b, 'job:b'), has(c, 'job:c')], [b, c]);
    expect(exchangeOf(me('job:b'), ring, [])).toBeUndefined();
    const line = web([ours, has(b, 'job:b'), has(c, 'job:c')], [b, wants('c', 'job:free')]);
    expect(exchangeOf(me('job:b'), line, [])).toBeUndefined();
  });

  it('nor while one of them is suspended, denied or refused, or goes: the ring would not close', () => {
    expect(swap([{ ...deploy, mayWrite: false }])).toBeUndefined();
    expect(swap([{ ...deploy, deleting: true }])).toBeUndefined();
  });

  it('nor where another one would step in, older than whoever waits', () => {
    expect(swap([deploy, wants('older', 'job:a', OLD)])).toBeUndefined();
    expect(swap([deploy, wants('older', 'job:b', OLD)])).toBeUndefined();
    expect(swap([deploy, wants('older', 'job:a', { ...OLD, mayWrite: false })])).toBeDefined();
    expect(
      swap([deploy, wants('younger', 'job:a', { creationTimestamp: '2026-11-03T00:00:00Z' })]),
    ).toBeDefined();
  });

  it('nor where the place would go to an older one that waits for it', () => {
    const full = Array.from({ length: MAX_CREDENTIALS - 2 }, (_, i) =>
      seen({ name: `their-${i}`, subject: `x:${i}` }),
    );
    expect(swap([deploy], full)).toBeDefined();
    expect(swap([deploy, wants('older', 'job:new', OLD)], full)).toBeUndefined();
  });

  it('nor for what nobody’s object has', () => {
    expect(
      exchangeOf(me('job:b'), web([ours, seen({ name: 'theirs', subject: 'job:b' })], [deploy]), []),
    ).toBeUndefined();
  });
});

describe('of two that exchange their identities', () => {
  const second = wants('second', 'job:same');
  const mine = has(me('job:same'), 'job:same', OTHER_IDENTITY);
  const here = web([has(second, 'job:same')], [gone(second)]);

  it('the older gives up what it has where it was', () => {
    const there = other([mine], [second]);
    expect(exchangeOf(me('job:same'), here, [there])).toEqual({ gives: mine, to: second });
  });

  it('none does while the other identity cannot be read, or has room for it', () => {
    expect(exchangeOf(me('job:same'), here, [])).toBeUndefined();
    expect(exchangeOf(me('job:same'), here, [other([], [second])])).toBeUndefined();
  });
});

describe('of two that exchange their places on identities that are full', () => {
  const second = wants('second', 'job:second');
  const theirs = (count: number) =>
    Array.from({ length: count }, (_, i) => seen({ name: `their-${i}`, subject: `x:${i}` }));
  const mine = has(me('job:mine'), 'job:mine', OTHER_IDENTITY);
  const here = (count: number, ...more: readonly Sibling[]) =>
    web([has(second, 'job:second'), ...theirs(count)], [gone(second), ...more]);
  const there = (count: number, ...more: readonly Sibling[]) =>
    other([mine, ...theirs(count)], [second, ...more]);
  const full = MAX_CREDENTIALS - 1;

  it('the older gives up its own, where both are full', () => {
    expect(exchangeOf(me('job:mine'), here(full), [there(full)])).toEqual({ gives: mine, to: second });
    expect(exchangeOf(me('job:mine'), here(full), [there(full - 1)])).toBeUndefined();
    expect(exchangeOf(me('job:mine'), here(full - 1), [there(full)])).toBeUndefined();
  });

  it('not where an older one waits for a place on either', () => {
    const older = wants('older', 'job:new', OLD);
    expect(exchangeOf(me('job:mine'), here(full), [there(full, older)])).toBeUndefined();
    expect(exchangeOf(me('job:mine'), here(full, older), [there(full)])).toBeUndefined();
  });

  it('and not the younger', () => {
    const first = { ...second, ...OLD };
    const observed = web([has(first, 'job:second'), ...theirs(full)], [gone(first)]);
    expect(exchangeOf(me('job:mine'), observed, [other([mine, ...theirs(full)], [first])])).toBeUndefined();
  });
});

describe('who gives way', () => {
  const object = settled({ spec: { subject: 'job:b' }, status: { ledger: [ID], ...pair('job:a') } });
  const given = {
    credentials: { state: 'known', live: true, credentials: [ours, has(deploy, 'job:b')] },
    siblings: [deploy],
  } as const;

  it('deletes its own, and the status forgets it', () => {
    const { actions, status } = decide(object, facts(given));
    expect(actions).toMatchObject([
      { type: 'deleteCredential', id: ID, event: { message: expect.stringContaining('team-a/deploy') } },
      { type: 'saveStatus', status: { ledger: undefined } },
    ]);
    expect([status.id, status.subject]).toEqual([undefined, undefined]);
  });

  it('goes by Azure itself, on the other identity too', () => {
    const decision = decide(object, facts(given));
    const seenBy = (live: boolean) =>
      needsLive(object, facts({ ...given, elsewhere: [{ ...other([], []), live }] }), decision);
    expect(seenBy(true)).toEqual([]);
    expect(seenBy(false)).toEqual([CREDENTIALS]);
  });

  it('waits, with what it has, for the end of a write that another process began', () => {
    const { actions, summary } = decide(object, facts({ ...given, openWriteMs: 5_000 }));
    expect(actions).toEqual([]);
    expect(summary).toMatchObject({ state: 'waiting', recheckMs: 5_000 });
  });

  it('says so where Azure refuses the deletion, and does not try for ever', () => {
    const first = facts(given);
    const [action] = decide(object, first).actions;
    const failure = {
      kind: 'stalled',
      reason: 'Locked',
      message: 'a lock',
      ambiguous: false,
      error: undefined,
    } as const;
    const again = action && decide(object, first, { action, failure });
    expect(again).toMatchObject({ actions: [], summary: { state: 'stalled', reason: 'Locked' } });
  });
});
