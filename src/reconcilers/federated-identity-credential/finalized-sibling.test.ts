import { expect, it } from 'vitest';
import { credentialName } from '../../azure/names/credential-name.ts';
import { LiveReads } from '../kind.ts';
import { lateWritesOn, ownWritesOf } from '../own-writes.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../stores.fixture.ts';
import { decide } from './decide.ts';
import { facts, fic, IDENTITY, INSTALLATION, NOW, policy, TRUST } from './facts.fixture.ts';
import { observe } from './observe.ts';

it('no object waits for the credential of one that azid has finalized and another controller’s finalizer keeps', async () => {
  const stores = emptyStores();
  put(stores.namespaces, { metadata: clusterMeta('team-a') });
  put(stores.policies, policy());
  const name = credentialName(INSTALLATION, { namespace: 'team-a', name: 'before' });
  const before = fic({
    metadata: {
      name: 'before',
      uid: 'uid-before',
      creationTimestamp: '2026-10-01T00:00:00Z',
      deletionTimestamp: '2026-11-23T09:00:00Z',
      // azid removed its finalizer, as with deletionPolicy: Retain, or it was taken off by hand.
      finalizers: ['backup.example/hold'],
    },
  });
  const object = fic();
  for (const each of [before, object])
    put(stores.credentials, {
      ...each,
      metadata: { ...each.metadata, resourceVersion: meta(each.metadata.name).resourceVersion },
    });
  const seen = await observe(object, { startedAt: 0 } as never, new LiveReads(), {
    stores,
    clock: { now: () => NOW, monotonic: () => 0 },
    installationId: INSTALLATION,
    federationAudience: TRUST.audience,
    clusterIssuer: { current: async () => ({ state: 'known', issuer: 'https://i' }) },
    proofs: { prove: async () => facts().identity },
    inUse: { record: () => {} },
    credentialCache: {
      content: () => ({
        state: 'known',
        resources: [
          {
            id: `${IDENTITY}/federatedIdentityCredentials/${name}`,
            name,
            issuer: TRUST.issuer,
            subject: TRUST.subject,
            audiences: [TRUST.audience],
          },
        ],
        doubtful: [],
        ageMs: 0,
      }),
      relist: async () => {},
      refresh: async () => {},
    },
    ownWrites: ownWritesOf(),
    lateWrites: lateWritesOn({ now: () => NOW, monotonic: () => 0 }),
    releaseAfterMs: 3_600_000,
  } as never);
  // What its object left is a credential as any other: it says what is declared.
  expect(decide(object, seen).summary).toMatchObject({ state: 'ready', reason: 'ExistsUnmanaged' });
});
