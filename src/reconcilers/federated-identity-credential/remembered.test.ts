import { describe, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { LiveReads } from '../kind.ts';
import { lateWritesOn, ownWritesOf } from '../own-writes.fixture.ts';
import { clusterMeta, emptyStores, put, reading } from '../stores.fixture.ts';
import { decide } from './decide.ts';
import {
  deleted,
  facts,
  ID,
  INSTALLATION,
  NAME,
  NOW,
  policy,
  SUBSCRIPTION,
  settled,
} from './facts.fixture.ts';
import type { FederatedIdentityCredential, OwnStatus } from './facts.ts';
import { observe } from './observe.ts';

/** A credential whose status was written while no azid ran, or by one whose clock was wrong. */

const clock = new FakeClock(NOW);

/** As the store shows it. */
function shown(object: FederatedIdentityCredential): FederatedIdentityCredential {
  const { credentials } = emptyStores();
  reading(credentials, federatedIdentityCredential, clock);
  put(credentials, object);
  const [only] = credentials.values();
  if (!only) throw new Error('it is not in the store');
  return only;
}

describe('a ledger with what is no id of a credential', () => {
  const elsewhere = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.X/ys/${NAME}`;
  const odd = ['x', '/subscriptions/x/%2f', elsewhere];
  const withLedger = (...ledger: string[]): { readonly status: OwnStatus } => ({ status: { ledger } });

  it.each(odd)('takes away what is one all the same: %s', (text) => {
    const { actions } = decide(shown(deleted(withLedger(text, ID))), facts());
    expect(actions).toMatchObject([
      { type: 'deleteCredential', id: ID },
      { type: 'saveStatus', status: { ledger: undefined } },
    ]);
  });

  it.each(odd)('does not keep the object from being kept: %s', (text) => {
    const { actions } = decide(shown(settled(withLedger(text, ID))), facts());
    expect(actions).toEqual([]);
  });
});

it('a write that was begun at a time that lies ahead holds the deletion for no longer than a write may take', async () => {
  const stores = emptyStores();
  put(stores.namespaces, { metadata: clusterMeta('team-a') });
  put(stores.policies, policy());
  const object = shown(deleted({ status: { ledger: [ID], writeStartedAt: '2099-01-01T00:00:00Z' } }));
  const openMs = async () => {
    const seen = await observe(object, { startedAt: 0 } as never, new LiveReads(), {
      stores,
      clock,
      installationId: INSTALLATION,
      federationAudience: 'a',
      clusterIssuer: { current: async () => ({ state: 'known', issuer: 'https://i' }) },
      ownWrites: ownWritesOf(),
      lateWrites: lateWritesOn(clock),
      releaseAfterMs: 3_600_000,
    } as never);
    return seen.openWriteMs;
  };
  expect(await openMs()).toBeGreaterThan(170_000);
  clock.advance(180_000);
  expect(await openMs()).toBe(0);
});
