import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { deleted, facts, fic, known, OTHER_IDENTITY, seen, settled } from './facts.fixture.ts';
import type { Facts, FederatedIdentityCredential } from './facts.ts';
import { CREDENTIALS, needsLive } from './observe.ts';

/** What may rest on a cache, and what Azure itself must have said in this reconcile. */

const owned = { state: 'owned', id: OTHER_IDENTITY.replace('other', 'web'), deleting: false } as const;
const ways: readonly { readonly title: string; readonly stale: (given: Facts) => Facts }[] = [
  {
    title: 'the credentials came from a cache',
    stale: ({ credentials, ...rest }) =>
      credentials?.state === 'known'
        ? { ...rest, credentials: { ...credentials, live: false } }
        : { ...rest, ...(credentials && { credentials }) },
  },
  {
    title: 'the identity was proven by a cache',
    stale: (given) => ({ ...given, identity: { ...owned, principalId: principalOf(given), live: false } }),
  },
];
const principalOf = ({ identity }: Facts) => (identity.state === 'owned' ? identity.principalId : '');
const needs = (object: FederatedIdentityCredential, given: Facts) =>
  needsLive(object, given, decide(object, given));
const other = seen({ issuer: 'https://somebody.example.org' });

describe.each(ways)('$title', ({ stale }) => {
  const rows: readonly { title: string; object: FederatedIdentityCredential; facts: Facts; live: boolean }[] =
    [
      { title: 'what stands as declared', object: settled(), facts: facts(), live: false },
      { title: 'a credential to be made', object: fic(), facts: facts({ credentials: known() }), live: true },
      {
        title: 'one to be put back',
        object: settled(),
        facts: facts({ credentials: known(other) }),
        live: true,
      },
      {
        title: 'one to be taken away elsewhere',
        object: settled({ status: { ledger: [seen().id, seen().id.replace('/web/', '/other/')] } }),
        facts: facts(),
        live: true,
      },
      { title: 'an object that goes', object: deleted(), facts: facts(), live: true },
      {
        title: 'an identity that was made again',
        object: settled({ status: { principalId: 'principal-0' } }),
        facts: facts(),
        live: true,
      },
      {
        title: 'a write of a dead process whose time is over',
        object: settled({ status: { writeStartedAt: '2026-11-23T09:00:00Z' } }),
        facts: facts(),
        live: true,
      },
      {
        title: 'one that may still come',
        object: settled({ status: { writeStartedAt: '2026-11-23T09:59:00Z' } }),
        facts: facts({ openWriteMs: 60_000 }),
        live: false,
      },
      {
        title: 'the limit, by which nothing is written',
        object: fic(),
        facts: facts({
          credentials: known(
            ...Array.from({ length: 20 }, (_, i) => seen({ name: `other-${i}`, subject: `job:${i}` })),
          ),
        }),
        live: false,
      },
    ];
  it.each(rows)('$title: $live', ({ object, facts: given, live }) => {
    expect(needs(object, stale(given))).toEqual(live ? [CREDENTIALS] : []);
    // Nothing is asked twice.
    expect(needs(object, given)).toEqual([]);
  });
});

it('nothing is to be read of an identity that is not the namespace’s, or of what could not be read', () => {
  const waiting = facts({ identity: { state: 'waiting', why: 'it is not there' } });
  expect(needs(deleted(), waiting)).toEqual([]);
  const failure = { kind: 'transient', reason: 'AzureUnavailable', message: '', ambiguous: false } as const;
  const unreadable = facts({
    credentials: { state: 'unreadable', failure: { ...failure, error: undefined } },
  });
  expect(needs(fic(), unreadable)).toEqual([]);
});
