import { describe, expect, it } from 'vitest';
import { lateWritesOn } from '../late-write.fixture.ts';
import { LiveReads } from '../live-reads.ts';
import { clusterMeta, emptyStores, put } from '../stores.fixture.ts';
import { decide } from './decide.ts';
import { deleted, facts, ID, IDENTITY, INSTALLATION, NAME, NOW, policy, TRUST } from './facts.fixture.ts';
import type { CredentialDecision, Facts } from './facts.ts';
import { observe } from './observe.ts';

const types = (decision: CredentialDecision) => decision.actions.map(({ type }) => type);
const lost = deleted({ status: { ledger: undefined } });

describe('an object whose status was lost, and that goes, is not let go while its identity cannot be told:', () => {
  const { credentials: _, ...blind } = facts();
  const failure = {
    kind: 'transient',
    reason: 'ServiceUnavailable',
    message: '503',
    ambiguous: false,
    error: undefined,
  } as const;
  it.each<[string, Facts['identity']]>([
    ['its subscription is being listed', { state: 'loading', subscriptionId: 'a' }],
    ['Azure does not answer', { state: 'unreadable', failure }],
  ])('%s', (_, identity) => {
    expect(types(decide(lost, { ...blind, identity }))).not.toContain('removeFinalizer');
  });
});

describe('a ledger that was forged while no azid ran, and that names somebody else’s credential alone,', () => {
  it('does not keep the object’s own in Azure when the object goes', async () => {
    const stores = emptyStores();
    put(stores.namespaces, { metadata: clusterMeta('team-a') });
    put(stores.policies, policy());
    const forged = deleted({ status: { ledger: [`${IDENTITY}/federatedIdentityCredentials/theirs`] } });
    const seen = await observe(forged, { startedAt: 0 } as never, new LiveReads(), {
      stores,
      clock: { now: () => NOW, monotonic: () => 0 },
      installationId: INSTALLATION,
      federationAudience: TRUST.audience,
      clusterIssuer: { current: async () => ({ state: 'known', issuer: 'https://i' }) },
      proofs: { prove: async () => facts().identity },
      onIdentity: () => [],
      inUse: { record: () => {} },
      credentialCache: {
        content: () => ({
          state: 'known',
          resources: [
            { id: ID, name: NAME, issuer: TRUST.issuer, subject: TRUST.subject, audiences: [TRUST.audience] },
          ],
          doubtful: [],
          ageMs: 0,
        }),
        relist: async () => {},
        refresh: async () => {},
      },
      ended: { knows: () => false, failedAt: () => 0 },
      lateWrites: lateWritesOn({ now: () => NOW, monotonic: () => 0 }),
      releaseAfterMs: 3_600_000,
    } as never);
    expect(types(decide(forged, seen))).not.toContain('removeFinalizer');
  });
});
