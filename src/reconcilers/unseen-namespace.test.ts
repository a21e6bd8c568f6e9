import { describe, expect, it } from 'vitest';
import { RELEASE_ANNOTATION } from '../api/schema/common.ts';
import { unseenNamespace } from '../policy/evaluate.ts';
import type { Decision } from './decision.ts';
import { decide as decideCredential } from './federated-identity-credential/decide.ts';
import * as fic from './federated-identity-credential/facts.fixture.ts';
import { decide as decideAttachment } from './identity-attachment/decide.ts';
import * as attach from './identity-attachment/facts.fixture.ts';
import { decide as decideGrant } from './role-grant/decide.ts';
import * as grant from './role-grant/facts.fixture.ts';
import { decide as decideSystemIdentity } from './system-assigned-identity/decide.ts';
import * as sai from './system-assigned-identity/facts.fixture.ts';
import { decide as decideIdentity } from './user-assigned-identity/decide.ts';
import * as uai from './user-assigned-identity/facts.fixture.ts';

/** What each kind says while its namespace was not seen: nothing is given, and nothing is taken away for want of it. */

type Said = Pick<Decision<{ readonly type: string }, object>, 'actions' | 'summary' | 'status'>;
interface Case {
  /** Made, but Azure does not have it any more, so there would be something to give. */
  readonly lost: (generation: number) => Said;
  readonly fresh: () => Said;
}

const policy = unseenNamespace('team-a');
const of = (generation: number) => ({ metadata: { generation } });

const kinds: Record<string, Case> = {
  UserAssignedIdentity: {
    lost: (generation) =>
      decideIdentity(
        uai.settled({ ...of(generation), status: { ...uai.settledStatus, observedGeneration: 1 } }),
        uai.facts({ policy, azure: uai.absent }),
      ),
    fresh: () => decideIdentity(uai.uai(), uai.facts({ policy, azure: uai.absent })),
  },
  FederatedIdentityCredential: {
    lost: (generation) =>
      decideCredential(
        fic.settled({ ...of(generation), status: { ...fic.settledStatus, observedGeneration: 1 } }),
        fic.facts({ policy, credentials: fic.known() }),
      ),
    fresh: () => decideCredential(fic.fic(), fic.facts({ policy, credentials: fic.known() })),
  },
  RoleGrant: {
    lost: (generation) =>
      decideGrant(grant.settled(of(generation)), grant.facts({ policy, azure: grant.absent })),
    fresh: () => decideGrant(grant.grant(), grant.facts({ policy, azure: grant.absent })),
  },
  SystemAssignedIdentity: {
    lost: (generation) => decideSystemIdentity(sai.settled(of(generation)), sai.facts({ policy })),
    fresh: () => decideSystemIdentity(sai.object(), sai.facts({ policy })),
  },
  IdentityAttachment: {
    lost: (generation) =>
      decideAttachment(
        attach.attachment({
          metadata: { generation },
          status: { observedGeneration: 1, matched: 1, attached: 1 },
        }),
        attach.facts({ policy, hosts: [attach.host('vm1', { lacking: true })] }),
      ),
    fresh: () => decideAttachment(attach.attachment(), attach.facts({ policy })),
  },
  'IdentityAttachment by selector': {
    lost: (generation) =>
      decideAttachment(
        attach.fleet({
          metadata: { generation },
          status: { observedGeneration: 1, matched: 1, attached: 1 },
        }),
        attach.facts({ policy, hosts: [attach.left('vm1')] }),
      ),
    fresh: () => decideAttachment(attach.fleet(), attach.facts({ policy })),
  },
};

describe.each(Object.entries(kinds))('%s', (_, { lost, fresh }) => {
  it('gives nothing, and says what it waits for', () => {
    const { actions, summary } = fresh();
    expect(actions).toEqual([]);
    expect(summary).toMatchObject({
      state: 'waiting',
      for: 'namespace team-a',
      message: expect.stringContaining('waiting for namespace team-a, which azid has not seen yet'),
      keep: false,
    });
  });

  it('changes nothing of what was there, and what was said of it stands', () => {
    const { actions, summary } = lost(1);
    expect(actions).toEqual([]);
    expect(summary).toMatchObject({ state: 'waiting', keep: true });
  });

  it('that was edited says that the edit waits', () => {
    expect(lost(2).summary).toMatchObject({ state: 'waiting', for: 'namespace team-a', keep: false });
  });
});

describe('taking away needs no policy, so it goes on', () => {
  it('for an identity whose place is known', () => {
    expect(decideIdentity(uai.deleted(), uai.facts({ policy })).actions).toMatchObject([
      { type: 'deleteIdentity' },
    ]);
  });

  it('but an identity whose place only the defaults show keeps its finalizer until they are known', () => {
    const lost = (annotations = {}) =>
      uai.uai({
        spec: { subscriptionId: undefined, resourceGroup: undefined, location: undefined },
        metadata: { deletionTimestamp: '2026-11-23T10:00:00Z', annotations },
      });
    const waits = decideIdentity(lost(), uai.facts({ policy }));
    expect(waits.actions).toEqual([]);
    expect(waits.summary).toMatchObject({
      state: 'deleting',
      message: expect.stringContaining('namespace team-a'),
    });
    const released = lost({ [RELEASE_ANNOTATION]: 'true' });
    expect(decideIdentity(released, uai.facts({ policy })).actions).toMatchObject([
      { type: 'removeFinalizer' },
    ]);
  });

  it('for a grant', () => {
    expect(decideGrant(grant.deleted(), grant.facts({ policy })).actions).toMatchObject([
      { type: 'deleteAssignment' },
    ]);
  });
});
