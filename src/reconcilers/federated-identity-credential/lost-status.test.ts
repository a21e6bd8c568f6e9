import { describe, expect, it } from 'vitest';
import { Elapsed } from '../../runtime/time/elapsed.ts';
import { LiveReads } from '../kind.ts';
import { lateWritesOn, ownWritesOf } from '../own-writes.fixture.ts';
import { identityAt } from '../proof/proofs.fixture.ts';
import { deletionBlocked } from '../status/blocked.fixture.ts';
import { clusterMeta, emptyStores, put } from '../stores.fixture.ts';
import { decide } from './decide.ts';
import { deleted, facts, ID, IDENTITY, INSTALLATION, NAME, NOW, policy, TRUST } from './facts.fixture.ts';
import type { CredentialDecision, Facts, FederatedIdentityCredential } from './facts.ts';
import { observe } from './observe.ts';

const types = (decision: CredentialDecision) => decision.actions.map(({ type }) => type);
const lost = deleted({ status: { ledger: undefined } });

describe('an object whose status was lost, and that goes, keeps its finalizer while its identity is not known:', () => {
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

/** As it is observed while it goes, with its credential on the identity. */
async function seenGoing(object: FederatedIdentityCredential, identity: Facts['identity']): Promise<Facts> {
  const stores = emptyStores();
  put(stores.namespaces, { metadata: clusterMeta('team-a') });
  put(stores.policies, policy());
  const clock = { now: () => NOW, monotonic: () => 0 };
  const resource = {
    id: ID,
    name: NAME,
    issuer: TRUST.issuer,
    subject: TRUST.subject,
    audiences: [TRUST.audience],
  };
  return observe(object, { startedAt: 0 } as never, new LiveReads(), {
    stores,
    clock,
    installationId: INSTALLATION,
    federationAudience: TRUST.audience,
    clusterIssuer: { current: async () => ({ state: 'known', issuer: 'https://i' }) },
    proofs: { prove: async () => identity },
    inUse: { record: () => {} },
    credentialCache: {
      content: () => ({ state: 'known', resources: [resource], doubtful: [], ageMs: 0 }),
      relist: async () => {},
      refresh: async () => {},
    },
    ownWrites: ownWritesOf(),
    lateWrites: lateWritesOn(clock),
    elapsed: new Elapsed(clock),
    releaseAfterMs: 3_600_000,
  } as never);
}

describe('a ledger that was forged while no azid ran, and that names somebody else’s credential alone,', () => {
  it('does not keep the object’s own in Azure when the object goes', async () => {
    const forged = deleted({ status: { ledger: [`${IDENTITY}/federatedIdentityCredentials/theirs`] } });
    const seen = await seenGoing(forged, facts().identity);
    expect(types(decide(forged, seen))).not.toContain('removeFinalizer');
  });
});

describe('an object whose status was lost, and that goes before its identity came back,', () => {
  const missing = { state: 'waiting', why: 'does not exist' } as const;
  const marked = identityAt(IDENTITY, 'p', {});

  it('has its credential deleted from what Azure shows with the marks of that identity', async () => {
    const { actions } = decide(lost, await seenGoing(lost, { ...missing, marked }));
    expect(actions).toMatchObject([{ type: 'deleteCredential', id: ID }, { type: 'saveStatus' }]);
  });

  it('is let go where nothing is marked for it', async () => {
    expect(types(decide(lost, await seenGoing(lost, missing)))).toEqual(['removeFinalizer']);
  });
});

it('for how long its deletion has been refused is counted by the monotonic clock', async () => {
  const conditions = [deletionBlocked(NOW - 60_000)];
  const seen = await seenGoing(deleted({ status: { ledger: undefined, conditions } }), facts().identity);
  expect(seen.blockedMs).toBe(60_000);
});
