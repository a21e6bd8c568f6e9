import { describe, expect, it } from 'vitest';
import { FINALIZER } from '../../api/schema/common.ts';
import { ownerMarks, retainedMarks } from '../../azure/names/identity-marks.ts';
import type { Failure } from '../decision.ts';
import { decide } from './decide.ts';
import {
  absent,
  deleted,
  type FactsChange,
  facts,
  ID,
  ME,
  policy,
  SUBSCRIPTION,
  seen,
  settled,
  settledStatus,
  uai,
} from './facts.fixture.ts';
import type { Action, IdentityDecision, UserAssignedIdentity } from './facts.ts';

const types = (decision: IdentityDecision) => decision.actions.map((action) => action.type);
const stalledWith = (decision: IdentityDecision) =>
  decision.summary.state === 'stalled' ? decision.summary.reason : `not stalled: ${decision.summary.state}`;
function only<T extends Action['type']>(decision: IdentityDecision, type: T): Extract<Action, { type: T }> {
  const found = decision.actions.filter(
    (action): action is Extract<Action, { type: T }> => action.type === type,
  );
  expect(found).toHaveLength(1);
  return found[0] as Extract<Action, { type: T }>;
}
const refusal: Failure = {
  kind: 'stalled',
  reason: 'AuthorizationFailed',
  message: 'no',
  ambiguous: false,
  error: undefined,
};

describe('what stalls an object before any call', () => {
  const rows: {
    title: string;
    object?: UserAssignedIdentity;
    facts: FactsChange;
    reason: string;
    says: string;
  }[] = [
    {
      title: 'no policy selects the namespace',
      facts: { policies: [] },
      reason: 'PolicyDenied',
      says: 'no IdentityPolicy selects namespace team-a',
    },
    {
      title: 'no policy allows the scope',
      facts: {
        policies: [
          policy({ identities: { scopes: [`/subscriptions/${SUBSCRIPTION}/resourceGroups/rg10`] } }),
        ],
      },
      reason: 'PolicyDenied',
      says: ID,
    },
    {
      title: 'policies contradict each other',
      facts: {
        policies: [
          policy({ defaults: { location: 'a' } }, 'p1'),
          policy({ defaults: { location: 'b' } }, 'p2'),
        ],
      },
      reason: 'PolicyConflict',
      says: "'a' in p1 and 'b' in p2",
    },
    {
      title: 'a coordinate is given nowhere',
      object: uai({ spec: { location: undefined } }),
      facts: {},
      reason: 'MissingCoordinates',
      says: 'spec.location',
    },
    {
      title: 'two tags differ only in case',
      object: uai({ spec: { tags: { Env: 'a', env: 'b' } } }),
      facts: {},
      reason: 'InvalidTags',
      says: "'env' twice",
    },
    {
      title: 'the resource group is missing',
      facts: { azure: { ...absent, missing: 'resourceGroup' } },
      reason: 'ResourceGroupNotFound',
      says: 'rg1',
    },
    {
      title: 'the subscription is missing',
      facts: { azure: { ...absent, missing: 'subscription' } },
      reason: 'SubscriptionNotFound',
      says: SUBSCRIPTION,
    },
  ];
  it.each(rows)('$title: $reason', ({ object = uai(), facts: given, reason, says }) => {
    const decision = decide(object, facts(given));
    expect(decision.actions).toEqual([]);
    expect(stalledWith(decision)).toBe(reason);
    expect(decision.summary).toMatchObject({ message: expect.stringContaining(says) });
  });
});

describe('creation', () => {
  it('sets the finalizer and writes its intent before the call that needs them', () => {
    const decision = decide(uai({ spec: { tags: { env: 'prod' } } }), facts({ azure: absent }));
    expect(types(decision)).toEqual(['addFinalizer', 'saveStatus', 'createIdentity']);
    expect(only(decision, 'saveStatus').status).toMatchObject({
      coordinates: settledStatus.coordinates,
      createStartedAt: '2026-11-23T10:00:00.000Z',
      tagKeys: ['env'],
    });
    expect(only(decision, 'createIdentity')).toMatchObject({
      id: ID,
      location: 'westeurope',
      tags: { env: 'prod', ...ownerMarks(ME) },
    });
  });

  it('takes what the spec leaves out from the policy, and the spec before the policy', () => {
    const defaults = {
      subscriptionId: SUBSCRIPTION,
      resourceGroup: 'rg1',
      location: 'northeurope',
      tags: { Env: 'dev', cost: '7' },
    };
    const object = uai({
      spec: { resourceGroup: undefined, subscriptionId: undefined, tags: { env: 'prod' } },
    });
    const create = only(
      decide(object, facts({ azure: absent, policies: [policy({ defaults })] })),
      'createIdentity',
    );
    expect(create).toMatchObject({
      id: ID,
      location: 'westeurope',
      tags: { env: 'prod', cost: '7', ...ownerMarks(ME) },
    });
  });

  it.each(['westeurope', 'West Europe', 'WestEurope'])('goes to the region that %s is', (location) => {
    const create = only(decide(uai({ spec: { location } }), facts({ azure: absent })), 'createIdentity');
    expect(create).toMatchObject({ location: 'westeurope' });
    const { status } = decide(settled({ spec: { location } }), facts());
    expect(status.coordinates).toMatchObject({ location: 'westeurope' });
  });

  it('does not move what is pinned when the defaults change', () => {
    const object = settled({ spec: { location: undefined } });
    const moved = policy({ defaults: { location: 'northeurope' } });
    expect(decide(object, facts({ policies: [moved] })).summary.state).toBe('ready');
  });

  it('waits while the absence is not proven', () => {
    const decision = decide(
      uai(),
      facts({ azure: { ...absent, conclusive: false, conclusiveInMs: 90_000 } }),
    );
    expect(decision).toMatchObject({
      actions: [],
      summary: { state: 'progressing', reason: 'ConfirmingAbsence', againMs: 90_000 },
    });
  });

  it('of an identity that vanished is reported as such', () => {
    expect(only(decide(settled(), facts({ azure: absent })), 'createIdentity').event).toMatchObject({
      type: 'Warning',
      reason: 'Recreated',
      drift: { id: ID, how: 'removed' },
    });
  });

  it('that was refused leaves no intent behind; one whose end is unknown does', () => {
    const object = uai({ status: { createStartedAt: 'then' } });
    const action = only(decide(uai(), facts({ azure: absent })), 'createIdentity');
    const refused = decide(object, facts({ azure: absent }), { action, failure: refusal });
    expect(stalledWith(refused)).toBe('AuthorizationFailed');
    expect(refused.status.createStartedAt).toBeUndefined();
    const unknown = decide(object, facts({ azure: absent }), {
      action,
      failure: { ...refusal, kind: 'transient', ambiguous: true },
    });
    expect(unknown.summary.state).toBe('retrying');
    expect(unknown.status.createStartedAt).toBe('then');
  });
});

describe('a settled identity', () => {
  it('needs nothing', () => {
    expect(decide(settled(), facts())).toMatchObject({
      actions: [],
      summary: { state: 'ready' },
      status: { principalId: 'principal-1' },
    });
  });

  it('keeps foreign tags and repairs its own', () => {
    const object = settled({ spec: { tags: { env: 'prod' } }, status: { tagKeys: ['env'] } });
    const identity = seen({ ENV: 'changed', team: 'theirs', ...ownerMarks(ME) });
    const decision = decide(object, facts({ azure: { state: 'present', identity, live: true } }));
    expect(types(decision)).toEqual(['updateIdentity']);
    expect(only(decision, 'updateIdentity').tags).toEqual({ ENV: 'prod', team: 'theirs', ...ownerMarks(ME) });
  });

  it('reports a difference as drift, unless the object was edited', () => {
    const status = { tagKeys: ['env'], observedGeneration: 1 };
    const object = settled({ spec: { tags: { env: 'prod' } }, metadata: { generation: 1 }, status });
    const identity = seen({ env: 'changed', ...ownerMarks(ME) });
    const given = facts({ azure: { state: 'present', identity, live: true } });
    const drifts = [1, 2].map(
      (generation) =>
        only(decide({ ...object, metadata: { ...object.metadata, generation } }, given), 'updateIdentity')
          .event.drift,
    );
    expect(drifts).toEqual([{ id: ID, how: 'changed' }, undefined]);
    expect(only(decide(uai(), facts({ azure: absent })), 'createIdentity').event.drift).toBeUndefined();
  });

  it('drops a tag that left the spec, but not one it never set', () => {
    const object = settled({ status: { tagKeys: ['env'] } });
    const identity = seen({ env: 'prod', team: 'theirs', ...ownerMarks(ME) });
    const decision = decide(object, facts({ azure: { state: 'present', identity, live: true } }));
    expect(only(decision, 'updateIdentity').tags).toEqual({ team: 'theirs', ...ownerMarks(ME) });
  });

  it('knows the names of new tags before it sets them', () => {
    const decision = decide(settled({ spec: { tags: { b: '1' } }, status: { tagKeys: ['a'] } }), facts());
    expect(types(decision)).toEqual(['saveStatus', 'updateIdentity']);
    expect(only(decision, 'saveStatus').status.tagKeys).toEqual(['a', 'b']);
  });

  it('sets an isolation scope, and leaves it alone when the spec is silent', () => {
    expect(
      only(decide(settled({ spec: { isolationScope: 'Regional' } }), facts()), 'updateIdentity'),
    ).toMatchObject({ isolationScope: 'Regional' });
    const regional = seen(ownerMarks(ME), { isolationScope: 'Regional' });
    expect(
      decide(settled(), facts({ azure: { state: 'present', identity: regional, live: true } })).actions,
    ).toEqual([]);
  });

  it('that was recycled is noticed: the new principal is saved before it is reported', () => {
    const identity = seen(ownerMarks(ME), { principalId: 'principal-2', clientId: 'client-2' });
    const decision = decide(settled(), facts({ azure: { state: 'present', identity, live: true } }));
    expect(types(decision)).toEqual(['saveStatus', 'recordEvent']);
    expect(only(decision, 'saveStatus').status).toMatchObject({
      principalId: 'principal-2',
      clientId: 'client-2',
    });
    expect(only(decision, 'recordEvent').event).toMatchObject({
      reason: 'IdentityRecycled',
      drift: { id: ID, how: 'removed' },
    });
  });

  it('gets its finalizer back', () => {
    expect(types(decide(settled({ metadata: { finalizers: [] } }), facts()))).toEqual(['addFinalizer']);
  });

  it('in another location is not moved', () => {
    const identity = seen(ownerMarks(ME), { location: 'northeurope' });
    expect(stalledWith(decide(settled(), facts({ azure: { state: 'present', identity, live: true } })))).toBe(
      'LocationMismatch',
    );
    const spelled = seen(ownerMarks(ME), { location: 'West Europe' });
    expect(
      decide(settled(), facts({ azure: { state: 'present', identity: spelled, live: true } })).summary.state,
    ).toBe('ready');
  });

  it('is left as it is when its policy goes', () => {
    const decision = decide(settled({ spec: { tags: { env: 'new' } } }), facts({ policies: [] }));
    expect(decision.actions).toEqual([]);
    expect(decision.status.principalId).toBe('principal-1');
  });

  it('is found again by its mark when the status was lost and the defaults moved', () => {
    const object = uai({
      spec: { location: undefined, resourceGroup: undefined },
      metadata: { finalizers: [FINALIZER] },
    });
    const elsewhere = policy({ defaults: { location: 'northeurope', resourceGroup: 'rg2' } });
    const decision = decide(object, facts({ policies: [elsewhere], marked: settledStatus.coordinates }));
    expect(decision).toMatchObject({
      actions: [],
      summary: { state: 'ready' },
      status: { coordinates: settledStatus.coordinates },
    });
  });
});

describe('whose identity it is', () => {
  const other = { ...ME, namespace: 'team-b', uid: 'uid-other' };
  const rival = {
    key: 'team-b/web',
    uid: 'uid-other',
    creationTimestamp: '2026-11-22T00:00:00Z',
    deleting: false,
    allowed: true,
  };
  const older = { ...rival, creationTimestamp: '2026-10-01T00:00:00Z' };
  const adopting = [
    policy({ adoption: { identityIds: [ID.toUpperCase().replace('/SUBSCRIPTIONS/', '/subscriptions/')] } }),
  ];
  const present = (tags: Record<string, string>) =>
    ({ state: 'present', identity: seen(tags, { principalId: 'foreign' }), live: true }) as const;
  const adopt = uai({ spec: { adoption: 'Adopt' } });

  const refused: { title: string; object?: UserAssignedIdentity; facts: FactsChange; reason: string }[] = [
    { title: 'unmarked', facts: { azure: present({}), policies: adopting }, reason: 'AlreadyExists' },
    {
      title: 'unmarked, adoption wished but not allowed',
      object: adopt,
      facts: { azure: present({}) },
      reason: 'AdoptionDenied',
    },
    {
      title: "another object's, which lives",
      object: adopt,
      facts: { azure: present(ownerMarks(other)), rivals: [rival], policies: adopting },
      reason: 'OwnedByAnother',
    },
    {
      title: "another object's, which is gone",
      facts: { azure: present(ownerMarks(other)) },
      reason: 'AlreadyExists',
    },
    {
      title: "another installation's",
      object: adopt,
      facts: { azure: present(ownerMarks({ ...ME, installationId: 'elsewhere' })), policies: adopting },
      reason: 'OwnedByAnotherInstallation',
    },
    {
      title: 'retained for another object',
      facts: { azure: present(retainedMarks(other)) },
      reason: 'AlreadyExists',
    },
    {
      title: 'without marks, though the status names its principal',
      object: settled({ status: { principalId: 'foreign' } }),
      facts: { azure: present({}) },
      reason: 'AlreadyExists',
    },
    {
      title: "azid's own",
      object: adopt,
      facts: { azure: present({}), policies: adopting, self: { clientId: 'x', principalId: 'FOREIGN' } },
      reason: 'ReservedIdentity',
    },
    {
      title: 'not made yet, and an older object wants it',
      facts: { azure: absent, rivals: [older] },
      reason: 'OwnedByAnother',
    },
  ];
  it.each(refused)('$title: $reason, and nothing is written', ({ object = uai(), facts: given, reason }) => {
    const decision = decide(object, facts(given));
    expect(stalledWith(decision)).toBe(reason);
    expect(decision.actions).toEqual([]);
  });

  it('names the object that has it', () => {
    expect(decide(uai(), facts({ azure: absent, rivals: [older] })).summary).toMatchObject({
      message: expect.stringContaining('team-b/web'),
    });
  });

  const granted: { title: string; object?: UserAssignedIdentity; facts: FactsChange; reason: string }[] = [
    {
      title: 'unmarked, adoption wished and allowed',
      object: adopt,
      facts: { azure: present({ theirs: '1' }), policies: adopting },
      reason: 'Adopted',
    },
    {
      title: 'of a gone object, adoption wished and allowed',
      object: adopt,
      facts: { azure: present(ownerMarks(other)), policies: adopting },
      reason: 'Adopted',
    },
    {
      title: 'retained by another cluster, adoption wished and allowed',
      object: adopt,
      facts: { azure: present(retainedMarks({ ...other, installationId: 'elsewhere' })), policies: adopting },
      reason: 'Adopted',
    },
    {
      title: 'retained for this very name',
      facts: { azure: present(retainedMarks({ ...ME, uid: 'earlier' })) },
      reason: 'TakenBack',
    },
    {
      title: 'made for this name before a restore',
      facts: { azure: present(ownerMarks({ ...ME, uid: 'earlier' })) },
      reason: 'TakenBack',
    },
    {
      title: 'stripped of its marks, but the very principal on which this process saw them',
      object: settled(),
      facts: { azure: present({}), lastShown: 'foreign' },
      reason: 'MarksRestored',
    },
  ];
  it.each(granted)('$title: $reason, with its marks set', ({ object = uai(), facts: given, reason }) => {
    const update = only(decide(object, facts(given)), 'updateIdentity');
    expect(update.event.reason).toBe(reason);
    expect(update.tags).toMatchObject(ownerMarks(ME));
    expect(update.tags).not.toHaveProperty('azid-retained');
  });

  it("is on record in azid's namespace before it is Ready, once for each principal", () => {
    const unrecorded = { ...facts(), recorded: 'principal-0' };
    expect(decide(settled(), unrecorded).actions).toEqual([
      { type: 'recordPrincipal', principalId: 'principal-1' },
    ]);
    expect(decide(settled(), unrecorded).summary.state).toBe('progressing');
    expect(decide(settled(), facts()).actions).toEqual([]);
    expect(decide(settled({ spec: { suspend: true } }), unrecorded).actions).toEqual([]);
  });

  it('names what is missing where only the status says that azid made it, and the way out', () => {
    const { summary } = decide(
      settled(),
      facts({ azure: { state: 'present', identity: seen({}), live: true } }),
    );
    expect(summary).toMatchObject({
      reason: 'AlreadyExists',
      message: expect.stringMatching(/none of the tags .* on record; .* set spec\.adoption: Adopt/),
    });
  });

  it('is recorded only of an identity that shows the marks', () => {
    const foreign = facts({ azure: present({}) });
    expect(types(decide(settled(), { ...foreign, recorded: undefined as never }))).not.toContain(
      'recordPrincipal',
    );
  });

  it('is not decided by a squatter whom no policy allows it, or whom Azure refuses', () => {
    expect(types(decide(uai(), facts({ azure: absent, rivals: [{ ...older, refused: true }] })))).toContain(
      'createIdentity',
    );
    expect(types(decide(uai(), facts({ azure: absent, rivals: [{ ...older, idle: true }] })))).toContain(
      'createIdentity',
    );
    expect(types(decide(uai(), facts({ azure: absent, rivals: [{ ...older, allowed: false }] })))).toContain(
      'createIdentity',
    );
  });

  it('is decided the same way from both sides when neither is marked', () => {
    const mine = decide(uai(), facts({ azure: absent, rivals: [rival] }));
    expect(types(mine)).toContain('createIdentity');
  });
});

describe('the output ConfigMap', () => {
  const object = settled({ spec: { output: { configMap: { name: 'web-identity' } } } });
  const data = { clientId: 'client-1', principalId: 'principal-1', tenantId: 'tenant-1', id: seen().id };
  const ours = { name: 'web-identity', uid: 'cm', data, ours: true };

  it('is written', () => {
    expect(decide(object, facts()).actions).toEqual([{ type: 'applyConfigMap', name: 'web-identity', data }]);
  });
  it('is left alone when right, and repaired when edited', () => {
    expect(decide(object, facts({ configMaps: [ours] })).actions).toEqual([]);
    const edited = { ...ours, data: { ...data, clientId: 'wrong' } };
    expect(types(decide(object, facts({ configMaps: [edited] })))).toEqual(['applyConfigMap']);
  });
  it("that is someone else's is a conflict", () => {
    const decision = decide(object, facts({ configMaps: [{ ...ours, ours: false }] }));
    expect(stalledWith(decision)).toBe('OutputConflict');
    expect(decision.actions).toEqual([]);
    expect(decision.status.principalId).toBe('principal-1');
  });
  it.each(['azid-principals-3', 'azid-principals-', 'azid-installation'])(
    "may not be %s, which azid keeps for itself in its own namespace, even if it was azid's by that name",
    (name) => {
      const wanted = settled({ spec: { output: { configMap: { name } } } });
      const azidNamespace = ME.namespace;
      for (const configMaps of [[], [{ ...ours, name }]]) {
        const decision = decide(wanted, facts({ azidNamespace, configMaps }));
        expect(stalledWith(decision)).toBe('OutputConflict');
        expect(decision.summary).toMatchObject({
          message: expect.stringMatching(/^spec\.output\.configMap\.name: expected .* team-a, got 'azid-/),
        });
        expect(decision.actions).toEqual([]);
      }
      // What was made by that name may hold azid's records by now.
      const leaving = decide(
        deleted(),
        facts({ azidNamespace, azure: absent, configMaps: [{ ...ours, name }] }),
      );
      expect(types(leaving)).toEqual(['removeFinalizer']);
      expect(types(decide(wanted, facts()))).toEqual(['applyConfigMap']);
      expect(types(decide(object, facts({ azidNamespace })))).toEqual(['applyConfigMap']);
    },
  );
  it('reports a new principal before the status does, which says Ready all the while', () => {
    const identity = seen(ownerMarks(ME), { principalId: 'principal-2', clientId: 'client-2' });
    const recycled = facts({ configMaps: [ours], azure: { state: 'present', identity, live: true } });
    const decision = decide(object, recycled);
    expect(types(decision)).toEqual(['applyConfigMap', 'saveStatus', 'recordEvent']);
    expect(only(decision, 'applyConfigMap')).toMatchObject({
      uid: 'cm',
      data: { principalId: 'principal-2', clientId: 'client-2' },
    });
  });
  it('under an earlier name goes', () => {
    const decision = decide(
      object,
      facts({ configMaps: [ours, { ...ours, name: 'old' }, { ...ours, name: 'foreign', ours: false }] }),
    );
    expect(decision.actions).toEqual([{ type: 'deleteConfigMap', name: 'old', uid: 'cm' }]);
  });
});

it('more tags than Azure holds, the policies’ defaults counted, stall before any call', () => {
  const tags = (prefix: string) =>
    Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`${prefix}${n}`, 'v']));
  const object = uai({ spec: { tags: tags('spec-') } });
  const policies = [policy({ defaults: { tags: tags('default-') } })];
  const decision = decide(object, facts({ policies, azure: absent }));
  expect(stalledWith(decision)).toBe('InvalidTags');
  expect(decision.summary).toMatchObject({ message: expect.stringContaining('got 60') });
});
