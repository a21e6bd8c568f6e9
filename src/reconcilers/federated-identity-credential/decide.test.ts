import { describe, expect, it } from 'vitest';
import { FINALIZER } from '../../api/schema/common.ts';
import { KubeError } from '../../kube/errors.ts';
import type { Drift, Failure } from '../decision.ts';
import { RECHECK_OUTSIDE_MS } from '../decision.ts';
import { decide } from './decide.ts';
import {
  CLUSTER_ISSUER,
  type FactsChange,
  facts,
  fic,
  ID,
  IDENTITY,
  known,
  NAME,
  OTHER_IDENTITY,
  policy,
  seen,
  settled,
  settledStatus,
  TRUST,
} from './facts.fixture.ts';
import type { Action, CredentialDecision, FederatedIdentityCredential } from './facts.ts';

const types = (decision: CredentialDecision) => decision.actions.map(({ type }) => type);
function only<T extends Action['type']>(decision: CredentialDecision, type: T): Extract<Action, { type: T }> {
  const found = decision.actions.filter(
    (action): action is Extract<Action, { type: T }> => action.type === type,
  );
  expect(found).toHaveLength(1);
  return found[0] as Extract<Action, { type: T }>;
}
const unknownIssuer = {
  state: 'unknown',
  error: new KubeError('no answer', { reason: 'Timeout' }),
} as const;
const refusal: Failure = {
  kind: 'stalled',
  reason: 'NotSupportedInRegion',
  message: 'Support for federated identity credentials not enabled; use an identity in another location',
  ambiguous: false,
  error: undefined,
};
const forServiceAccount = (name = 'web') =>
  fic({ spec: { issuer: undefined, subject: undefined, kubernetes: { serviceAccount: { name } } } });

describe('what stops an object before Azure is asked', () => {
  const rows: {
    title: string;
    object?: FederatedIdentityCredential;
    facts: FactsChange;
    state: CredentialDecision['summary']['state'];
    reason?: string;
    says: string;
  }[] = [
    {
      title: 'no policy selects the namespace',
      facts: { policies: [] },
      state: 'stalled',
      reason: 'PolicyDenied',
      says: 'no IdentityPolicy selects namespace team-a',
    },
    {
      title: 'no policy allows issuer and subject',
      facts: { policies: [policy({ federation: undefined })] },
      state: 'stalled',
      reason: 'PolicyDenied',
      says: TRUST.issuer,
    },
    {
      title: 'no policy allows the identity any more',
      facts: { policies: [policy({ identities: undefined })] },
      state: 'stalled',
      reason: 'PolicyDenied',
      says: IDENTITY,
    },
    {
      title: 'the issuer of the cluster is private',
      object: forServiceAccount(),
      facts: { clusterIssuer: { state: 'unreachable', issuer: 'https://kubernetes.default.svc', why: 'w' } },
      state: 'stalled',
      reason: 'IssuerNotReachable',
      says: 'https://kubernetes.default.svc: w; run the API server',
    },
    {
      title: 'the issuer of the cluster is not known',
      object: forServiceAccount(),
      facts: { clusterIssuer: unknownIssuer },
      state: 'retrying',
      says: 'no answer',
    },
    {
      title: 'a rule for `cluster` cannot be judged',
      object: fic({ spec: { issuer: CLUSTER_ISSUER, subject: 'system:serviceaccount:team-a:web' } }),
      facts: { clusterIssuer: unknownIssuer },
      state: 'retrying',
      says: 'no answer',
    },
    {
      title: "a policy would not allow it even as the cluster's",
      object: fic({ spec: { issuer: CLUSTER_ISSUER, subject: 'system:serviceaccount:team-b:web' } }),
      facts: { clusterIssuer: unknownIssuer },
      state: 'stalled',
      reason: 'PolicyDenied',
      says: 'names issuer',
    },
    {
      title: 'a subject is too long once written out',
      object: fic({
        spec: {
          issuer: undefined,
          subject: undefined,
          github: { organization: 'o'.repeat(255), repository: 'r'.repeat(255), branch: 'b'.repeat(255) },
        },
      }),
      facts: {},
      state: 'stalled',
      reason: 'InvalidTrust',
      says: 'subject: expected at most 600 characters',
    },
    {
      title: 'a subject ends in a blank, which Azure would keep and no reader see',
      object: fic({ spec: { subject: `${TRUST.subject} ` } }),
      facts: {},
      state: 'stalled',
      reason: 'InvalidTrust',
      says: `spec.subject: expected no white space at the ends, got U+0020 at the end of '${TRUST.subject} '`,
    },
    {
      title: 'a repository ends in a no-break space',
      object: fic({
        spec: {
          issuer: undefined,
          subject: undefined,
          github: { organization: 'org', repository: 'app\u00a0', tag: 'v1' },
        },
      }),
      facts: {},
      state: 'stalled',
      reason: 'InvalidTrust',
      says: 'spec.github.repository: expected no white space at the ends, got U+00A0',
    },
    {
      title: 'the identity is not there yet',
      facts: { identity: { state: 'waiting', why: 'does not exist' } },
      state: 'waiting',
      says: 'UserAssignedIdentity team-a/web does not exist',
    },
    {
      title: 'the first list is under way',
      facts: { identity: { state: 'loading', subscriptionId: 's' } },
      state: 'waiting',
      says: 'the first list',
    },
    {
      title: 'the identity cannot be read',
      facts: { identity: { state: 'unreadable', failure: { ...refusal, reason: 'AuthorizationFailed' } } },
      state: 'stalled',
      reason: 'AuthorizationFailed',
      says: 'another location',
    },
    {
      title: 'the identity went meanwhile',
      facts: { credentials: { state: 'identityGone' } },
      state: 'waiting',
      says: 'has no identity in Azure',
    },
    {
      title: 'the credentials cannot be read',
      facts: { credentials: { state: 'unreadable', failure: { ...refusal, kind: 'transient' } } },
      state: 'retrying',
      says: 'another location',
    },
  ];
  it.each(rows)('$title: $state', ({ object = fic(), facts: given, state, reason, says }) => {
    const { actions, summary } = decide(object, facts(given));
    expect(actions).toEqual([]);
    expect(summary).toMatchObject({ state, ...(reason && { reason }) });
    expect(JSON.stringify(summary)).toContain(says);
  });

  it('leaves what is there and the status as they are when the policy goes', () => {
    const decision = decide(settled(), facts({ policies: [] }));
    expect(decision.actions).toEqual([]);
    expect(decision.status).toEqual(settledStatus);
    expect(decision.summary).toMatchObject({ state: 'stalled', reason: 'PolicyDenied' });
  });
});

describe('presets', () => {
  const trustOf = (spec: Partial<FederatedIdentityCredential['spec']>) => {
    const everything = policy({
      federation: [{ issuers: ['cluster', 'https://token.actions.githubusercontent.com'], subjects: ['**'] }],
    });
    const object = fic({ spec: { issuer: undefined, subject: undefined, ...spec } });
    return only(decide(object, facts({ policies: [everything], credentials: known() })), 'putCredential')
      .trust;
  };
  const github = { organization: 'org', repository: 'app' };
  const actions = 'https://token.actions.githubusercontent.com';
  it.each([
    [{ kubernetes: { serviceAccount: { name: 'web' } } }, CLUSTER_ISSUER, 'system:serviceaccount:team-a:web'],
    [{ github: { ...github, environment: 'prod' } }, actions, 'repo:org/app:environment:prod'],
    [{ github: { ...github, branch: 'release/1' } }, actions, 'repo:org/app:ref:refs/heads/release/1'],
    [{ github: { ...github, tag: 'v1' } }, actions, 'repo:org/app:ref:refs/tags/v1'],
    [{ github: { ...github, pullRequest: true } }, actions, 'repo:org/app:pull_request'],
  ])('%o: %s, %s', (spec, issuer, subject) => {
    expect(trustOf(spec)).toEqual({ issuer, subject, audience: TRUST.audience });
  });

  it("an audience of its own comes before the cloud's", () => {
    expect(trustOf({ kubernetes: { serviceAccount: { name: 'web' } }, audience: 'api://x' }).audience).toBe(
      'api://x',
    );
  });
});

describe('making and keeping', () => {
  it('sets the finalizer and writes the ledger before the PUT', () => {
    const decision = decide(fic(), facts({ credentials: known() }));
    expect(types(decision)).toEqual(['addFinalizer', 'saveStatus', 'putCredential']);
    expect(only(decision, 'saveStatus').status).toEqual({
      ledger: [ID],
      writeStartedAt: '2026-11-23T10:00:00.000Z',
    });
    expect(only(decision, 'putCredential')).toMatchObject({
      id: ID,
      trust: TRUST,
      event: { reason: 'Created' },
    });
  });

  it('does nothing when all is as declared, and comes back much later', () => {
    const decision = decide(settled(), facts());
    expect(decision).toMatchObject({
      actions: [],
      status: settledStatus,
      summary: { state: 'ready', reason: 'Ready', nextMs: 36_000_000 },
    });
  });

  it("comes back within the hour where the cluster's issuer may change", () => {
    const object = settled({
      spec: { issuer: undefined, subject: undefined, kubernetes: { serviceAccount: { name: 'web' } } },
    });
    const there = seen({ issuer: CLUSTER_ISSUER, subject: 'system:serviceaccount:team-a:web' });
    expect(decide(object, facts({ credentials: known(there) })).summary).toMatchObject({ nextMs: 3_600_000 });
  });

  const settledRows: [string, FederatedIdentityCredential, FactsChange, string, Drift['how']?][] = [
    ['an edit', settled({ spec: { subject: 'job:deploy' } }), {}, 'Updated'],
    ['an edit of the audience', settled({ spec: { audience: 'api://x' } }), {}, 'Updated'],
    [
      'a change by somebody else',
      settled(),
      { credentials: known(seen({ subject: 'job:x' })) },
      'Repaired',
      'changed',
    ],
    ['a deletion by somebody else', settled(), { credentials: known() }, 'Recreated', 'removed'],
    [
      'a recycled identity',
      settled(),
      {
        credentials: known(),
        identity: { state: 'owned', id: IDENTITY, principalId: 'principal-2', live: true, deleting: false },
      },
      'Recreated',
    ],
  ];
  it.each(settledRows)('%s leads to one PUT under the same name', (_, object, given, reason, how) => {
    const decision = decide(object, facts(given));
    expect(types(decision)).toEqual(['saveStatus', 'putCredential']);
    expect(only(decision, 'putCredential')).toMatchObject({ id: ID, event: { reason } });
    expect(only(decision, 'putCredential').event.drift).toEqual(how && { id: ID, how });
    expect(only(decision, 'saveStatus').status.ledger).toEqual([ID]);
  });

  it('recognizes its credential by the name when the status was lost, without a write to Azure', () => {
    const decision = decide(fic(), facts());
    expect(types(decision)).toEqual(['addFinalizer', 'saveStatus']);
    expect(only(decision, 'saveStatus').status.ledger).toEqual([ID]);
  });

  it('has its finalizer again, should a tool strip it from an object that stands as declared', () => {
    const decision = decide(settled({ metadata: { finalizers: [] } }), facts());
    expect(types(decision)).toEqual(['addFinalizer', 'saveStatus']);
    expect(decide(settled(), facts()).actions).toEqual([]);
  });

  it('gives nothing new on an identity that is going, and keeps what is there', () => {
    const identity = {
      state: 'owned',
      id: IDENTITY,
      principalId: 'principal-1',
      live: true,
      deleting: true,
    } as const;
    expect(decide(settled(), facts({ identity })).summary.state).toBe('ready');
    expect(decide(fic(), facts({ identity, credentials: known() }))).toMatchObject({
      actions: [],
      summary: { state: 'waiting', message: expect.stringContaining('is being deleted') },
    });
  });
});

describe('another identity', () => {
  const moved = settled({ spec: { identityRef: { name: 'other' } } });
  const there = {
    state: 'owned',
    id: OTHER_IDENTITY,
    principalId: 'principal-9',
    live: true,
    deleting: false,
  } as const;
  const newId = ID.replace(IDENTITY, OTHER_IDENTITY);

  it('gets the new credential before the old one goes', () => {
    const first = decide(moved, facts({ identity: there, credentials: known() }));
    expect(types(first)).toEqual(['saveStatus', 'putCredential']);
    expect(only(first, 'saveStatus').status.ledger).toEqual([ID, newId]);
    expect(only(first, 'putCredential').id).toBe(newId);

    const both = settled({ spec: moved.spec, status: { ledger: [ID, newId] } });
    const second = decide(both, facts({ identity: there, credentials: known(seen({ id: newId })) }));
    expect(types(second)).toEqual(['deleteCredential', 'saveStatus']);
    expect(only(second, 'deleteCredential').id).toBe(ID);
    expect(only(second, 'saveStatus').status.ledger).toEqual([newId]);
  });

  it('is Ready although the old one cannot go, which has a condition of its own', () => {
    const third = ID.replace(IDENTITY, `${IDENTITY}-3`);
    const all = settled({ spec: moved.spec, status: { ledger: [ID, third, newId] } });
    const at = facts({ identity: there, credentials: known(seen({ id: newId })) });
    const failedAt = (id: string) =>
      ({
        action: {
          type: 'deleteCredential',
          id,
          event: { type: 'Normal', reason: '', action: '', message: '' },
        },
        failure: {
          kind: 'stalled',
          reason: 'ScopeLocked',
          message: 'locked',
          ambiguous: false,
          error: undefined,
        },
      }) as const;
    // What stands behind it goes all the same.
    expect(only(decide(all, at, failedAt(ID)), 'deleteCredential').id).toBe(third);
    const decision = decide(all, at, { ...failedAt(ID), others: [failedAt(third)] });
    expect(decision.actions).toEqual([]);
    expect(decision.summary).toMatchObject({ state: 'ready', reason: 'Ready', nextMs: RECHECK_OUTSIDE_MS });
    expect(decision.status.ledger).toEqual([ID, third, newId]);
    expect(decision.conditions).toMatchObject([
      { type: 'RemovalBlocked', status: 'True', reason: 'ScopeLocked', message: expect.stringContaining(ID) },
    ]);
    const after = settled({
      spec: moved.spec,
      status: {
        ledger: [newId],
        conditions: (decision.conditions ?? []).map((each) => ({ ...each, lastTransitionTime: '' })),
      },
    });
    expect(decide(after, at).conditions).toMatchObject([
      { type: 'RemovalBlocked', status: 'False', reason: 'Removed' },
    ]);
  });

  it('that is not there yet leaves the old credential alone', () => {
    expect(decide(moved, facts({ identity: { state: 'waiting', why: 'does not exist' } })).actions).toEqual(
      [],
    );
  });

  it('never deletes what the ledger names but the name does not prove', () => {
    const forged = settled({ status: { ledger: [ID, `${IDENTITY}/federatedIdentityCredentials/admin`] } });
    const decision = decide(forged, facts());
    expect(types(decision)).toEqual(['recordEvent', 'saveStatus']);
    expect(only(decision, 'recordEvent').event).toMatchObject({ reason: 'LeftBehind' });
  });

  it.each<[string, FactsChange]>([
    ['is denied', { policies: [] }],
    ['waits for its identity', { identity: { state: 'waiting', why: 'does not exist' } }],
  ])('forgets what the name does not prove also where the object %s, and keeps its own', (_, change) => {
    const admin = `${IDENTITY}/federatedIdentityCredentials/admin`;
    const { credentials: _c, ...given } = facts(change);
    const decision = decide(settled({ status: { ledger: [admin, ID, 'x'] } }), given);
    expect(decision).toMatchObject({ actions: [{ type: 'saveStatus', status: { ledger: [ID] } }, {}, {}] });
    expect(decision.binds).toBe(true);
    expect(decide(settled(), given).actions).toEqual([]);
  });
});

describe('after a write that failed', () => {
  const put = { type: 'putCredential', id: ID, trust: TRUST, event: {} as never } as const;
  const refused = (given: FactsChange) => decide(settled(), facts(given), { action: put, failure: refusal });

  it('says what Azure said while nothing explains it', () => {
    expect(refused({ credentials: known() })).toMatchObject({
      actions: [],
      summary: { state: 'stalled', reason: 'NotSupportedInRegion' },
    });
  });

  it('says what the read after it shows: another tool made the same one first', () => {
    const duplicate = seen({ name: 'theirs' });
    const decision = decide(fic(), facts({ credentials: known(duplicate) }), {
      action: put,
      failure: refusal,
    });
    expect(decision.summary).toMatchObject({ state: 'ready', reason: 'ExistsUnmanaged' });
  });

  it('says what the read after it shows: it is there all the same', () => {
    expect(refused({}).summary).toMatchObject({ state: 'ready' });
  });
});

describe('a write that may still be under way', () => {
  const begun = settled({ status: { writeStartedAt: '2026-11-23T09:59:30.000Z' } });

  it('is remembered until it must have ended, and observed then', () => {
    const open = decide(begun, facts({ openWriteMs: 90_000 }));
    expect(open.status.writeStartedAt).toBe('2026-11-23T09:59:30.000Z');
    expect(open.summary).toMatchObject({ state: 'ready', nextMs: 90_000 });
    const over = decide(begun, facts());
    expect(over.status.writeStartedAt).toBeUndefined();
  });
});

it('the name of the credential is the one of the wire format, whatever the identity', () => {
  const object = fic({ metadata: { finalizers: [FINALIZER] } });
  const { id } = only(decide(object, facts({ credentials: known() })), 'putCredential');
  expect(id.endsWith(`/${NAME}`)).toBe(true);
});
