import { describe, expect, it } from 'vitest';
import type { IdentityPolicySpec } from '../../api/identity-policy.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import { type Failure, RECHECK_INSIDE_MS, RECHECK_OUTSIDE_MS } from '../decision.ts';
import { failureOf } from '../status/failure.ts';
import { decide } from './decide.ts';
import {
  absent,
  afterRecycling,
  assignment,
  coOwner,
  duplicate,
  type FactsChange,
  facts,
  failure,
  grant,
  IDENTITY_ID,
  INSTALLATION,
  known,
  ME,
  NOW,
  older,
  PRINCIPAL,
  policy,
  present,
  RECYCLED,
  reader,
  SCOPE,
  settled,
  stale,
  target,
} from './facts.fixture.ts';
import type { Action, Facts, Failed, GrantDecision, RoleGrant } from './facts.ts';
import { nextMoment } from './object.ts';
import { descriptionOf } from './ownership/owners.ts';
import { named, targetOf } from './target/target.ts';

const types = (decision: GrantDecision) => decision.actions.map((action) => action.type);
const reasonOf = ({ summary }: GrantDecision) =>
  summary.state === 'stalled' || summary.state === 'ready'
    ? `${summary.state} ${summary.reason}`
    : summary.state;
function only<T extends Action['type']>(decision: GrantDecision, type: T): Extract<Action, { type: T }> {
  const found = decision.actions.filter((action) => action.type === type);
  expect(found).toHaveLength(1);
  return found[0] as Extract<Action, { type: T }>;
}
const putFailed = (change: Partial<Failure>): Failed => ({
  action: {
    type: 'putAssignment',
    target,
    description: '',
    event: { type: 'Normal', reason: 'Granted', action: 'Create', message: '' },
  },
  failure: failure(change),
});
const recycled = { principal: { ...known, id: RECYCLED }, target: afterRecycling } as const;

describe('what holds an object before any write', () => {
  const custom = { ...reader, guid: 'c0c0c0c0-0000-4000-8000-000000000001', type: 'CustomRole' } as const;
  const rows: { title: string; object?: RoleGrant; facts: FactsChange; reason: string; says: string }[] = [
    {
      title: 'no policy selects the namespace',
      facts: { policies: [] },
      reason: 'stalled PolicyDenied',
      says: 'no IdentityPolicy selects namespace team-a',
    },
    {
      title: 'the scope is half an id',
      object: grant({ spec: { scope: `${SCOPE}/providers/Microsoft.Storage` } }),
      facts: {},
      reason: 'stalled InvalidScope',
      says: 'spec.scope: Expected',
    },
    {
      title: 'the scope holds a letter that passes for another',
      object: grant({ spec: { scope: SCOPE.replace('rg1', 'team-\u212a') } }),
      facts: {},
      reason: 'stalled InvalidScope',
      says: 'spec.scope: expected letters that stand for themselves, got U+212A',
    },
    {
      title: 'no policy allows anything on the scope',
      facts: { policies: [policy({ grants: [{ roles: ['Reader'], scopes: [`${SCOPE}0`] }] })] },
      reason: 'stalled PolicyDenied',
      says: SCOPE,
    },
    {
      title: 'no policy allows the role',
      facts: { policies: [policy({ grants: [{ roles: ['Owner'], scopes: [SCOPE] }] })] },
      reason: 'stalled PolicyDenied',
      says: reader.guid,
    },
    {
      title: 'a custom role took the name of an allowed one',
      facts: { role: { state: 'found', role: custom }, target: { ...target, roleGuid: custom.guid } },
      reason: 'stalled PolicyDenied',
      says: 'custom role',
    },
    {
      title: 'the identity is not there yet',
      facts: {
        principal: {
          state: 'waiting',
          for: 'UserAssignedIdentity team-a/web',
          message: 'waiting for web',
          dead: false,
        },
        role: undefined,
        target: undefined,
      },
      reason: 'waiting',
      says: 'web',
    },
    {
      title: 'the role is unknown',
      facts: { role: { state: 'notFound' }, target: undefined },
      reason: 'stalled RoleNotFound',
      says: "role 'Reader'",
    },
    {
      title: 'several roles have the name',
      facts: { role: { state: 'ambiguous', candidates: ['id-1', 'id-2'] }, target: undefined },
      reason: 'stalled AmbiguousRole',
      says: 'id-1, id-2',
    },
    {
      title: 'roles cannot be read',
      facts: { role: { state: 'unreadable', failure: failure() }, target: undefined },
      reason: 'stalled AuthorizationFailed',
      says: 'Azure says no',
    },
    {
      title: 'roles cannot be read, for want of the scope',
      facts: {
        role: { state: 'unreadable', failure: failure({ reason: 'ResourceGroupNotFound' }) },
        target: undefined,
      },
      reason: 'stalled ScopeNotFound',
      says: SCOPE,
    },
    {
      title: "the principal is azid's own",
      facts: { selfId: PRINCIPAL.toUpperCase() },
      reason: 'stalled ReservedIdentity',
      says: "azid's own",
    },
    {
      title: 'an older object asks for another condition',
      facts: { coOwners: [older({ condition: 'x' })] },
      reason: 'stalled ConflictingGrant',
      says: 'team-a/older',
    },
    {
      title: 'the scope is gone',
      facts: { azure: { ...absent, missing: 'scope' } },
      reason: 'stalled ScopeNotFound',
      says: SCOPE,
    },
    {
      title: 'the identity is on its way out',
      facts: { azure: absent, principal: { ...known, deleting: true } },
      reason: 'waiting',
      says: 'being deleted',
    },
    {
      title: 'its time is over before it began',
      object: grant({ spec: { expiresAt: '2026-11-23T10:00:00Z' } }),
      facts: { azure: absent },
      reason: 'stalled Expired',
      says: '2026-11-23T10:00:00Z',
    },
  ];
  it.each(rows)('$title: $reason', ({ object = grant(), facts: given, reason, says }) => {
    const decision = decide(object, facts({ azure: absent, ...given } as FactsChange));
    expect(decision.actions).toEqual([]);
    expect(reasonOf(decision)).toBe(reason);
    expect(decision.summary).toMatchObject({ message: expect.stringContaining(says) });
  });

  it('a younger object, one without permission, or one that Azure refuses holds nobody', () => {
    const coOwners = [
      coOwner({ condition: 'x' }),
      older({ condition: 'x', allowed: false, holds: false }),
      older({ uid: 'uid-refused', condition: '1 == 2', refused: true, holds: false }),
    ];
    expect(types(decide(grant(), facts({ azure: absent, coOwners })))).toContain('putAssignment');
  });
});

describe('granting', () => {
  it('sets the finalizer and writes its ledger before the call that needs them', () => {
    const condition = { expression: "@Resource[a:b] StringEquals 'c'", version: '2.0' } as const;
    const object = grant({ spec: { condition, description: 'For the shop.' } });
    const decision = decide(object, facts({ azure: absent }));
    expect(types(decision)).toEqual(['addFinalizer', 'saveStatus', 'putAssignment']);
    expect(only(decision, 'saveStatus').status).toEqual({
      ledger: [target.id],
      writeStartedAt: '2026-11-23T10:00:00Z',
    });
    expect(only(decision, 'putAssignment')).toMatchObject({
      target: { principalType: 'ServicePrincipal', principalId: PRINCIPAL, roleGuid: reader.guid },
      condition: condition.expression,
      description: `For the shop. [azid ${INSTALLATION}: team-a/read]`,
      event: { reason: 'Granted', message: expect.stringContaining('under policy team-a') },
    });
  });

  it('is done when the assignment reads as declared', () => {
    const decision = decide(settled({ status: { ledger: [] } }), facts({ wroteAt: NOW }));
    expect(decision.actions).toEqual([]);
    expect(reasonOf(decision)).toBe('ready Granted');
    expect(decision.status).toMatchObject({
      assignmentId: target.id,
      principalId: PRINCIPAL,
      identityId: IDENTITY_ID,
      ledger: [target.id],
    });
  });

  it('distinguishes granted from propagated, ten minutes apart', () => {
    const at = (ms: number) =>
      decide(settled({ status: { grantedAt: new Date(NOW - ms).toISOString() } }), facts()).conditions;
    expect(at(599_999)).toMatchObject([{ type: 'Propagated', status: 'False' }]);
    expect(at(600_000)).toMatchObject([{ type: 'Propagated', status: 'True' }]);
  });

  it('puts an edited description or condition back, under the same name', () => {
    for (const change of [{ description: 'mine now' }, { condition: 'x' }]) {
      const decision = decide(settled(), facts({ azure: present(change) }));
      expect(types(decision)).toEqual(['putAssignment']);
      expect(only(decision, 'putAssignment')).toMatchObject({
        target,
        description: assignment().description,
        event: { reason: 'Updated', drift: { id: target.id, how: 'changed' } },
      });
      expect(only(decision, 'putAssignment').condition).toBeUndefined();
    }
  });

  it('blames nobody for what is edited here, or was never granted', () => {
    const { metadata, ...edited } = settled();
    const object = { ...edited, metadata: { ...metadata, generation: (metadata.generation ?? 1) + 1 } };
    const described = decide(object, facts({ azure: present({ description: 'mine now' }) }));
    const first = decide(grant(), facts({ azure: absent }));
    for (const decision of [described, first])
      expect(only(decision, 'putAssignment').event.drift).toBeUndefined();
  });

  it('makes again what somebody deleted, and says so', () => {
    const decision = decide(settled(), facts({ azure: absent }));
    expect(only(decision, 'putAssignment').event).toMatchObject({
      type: 'Warning',
      reason: 'Regranted',
      drift: { id: target.id, how: 'removed' },
    });
    expect(only(decision, 'saveStatus').status.history).toEqual([
      {
        time: '2026-11-23T10:00:00Z',
        reason: 'AssignmentVanished',
        assignmentId: target.id,
        principalId: PRINCIPAL,
      },
    ]);
  });

  it('does not take an early 404 for a deletion', () => {
    const decision = decide(settled(), facts({ azure: { ...absent, conclusive: false, conclusiveInMs: 7 } }));
    expect(decision.actions).toEqual([]);
    expect(decision.summary).toMatchObject({ state: 'progressing', reason: 'ConfirmingAbsence', againMs: 7 });
  });

  it('repeats at once a PUT whose end nobody saw: its name is the same', () => {
    const object = grant({ status: { ledger: [target.id], writeStartedAt: '2026-11-23T09:59:59Z' } });
    const decision = decide(object, facts({ azure: { ...absent, conclusive: false, conclusiveInMs: 7 } }));
    expect(types(decision)).toContain('putAssignment');
  });

  it('changes nothing where a policy no longer allows it, and keeps what stands', () => {
    const decision = decide(settled(), facts({ policies: [], azure: undefined, target: undefined }));
    expect(decision.actions).toEqual([]);
    expect(decision.status).toMatchObject({ assignmentId: target.id, ledger: [target.id] });
  });
});

it('says nothing new while the first lists are under way', () => {
  const decision = decide(settled(), facts({ role: { state: 'loading' }, target: undefined }));
  expect(decision.summary).toMatchObject({ state: 'waiting', keep: true });
  expect(decide(settled(), facts({ azure: { state: 'loading' } })).summary).toEqual(decision.summary);
  const edited = settled({ metadata: { generation: 2 } });
  expect(decide(edited, facts({ role: { state: 'loading' } })).summary).toMatchObject({ keep: false });
});

describe('replacement', () => {
  const object = settled();
  it('makes the new one before the old one goes', () => {
    const before = decide(object, facts({ ...recycled, azure: absent, held: [stale()] }));
    expect(types(before)).toEqual(['saveStatus', 'putAssignment']);
    expect(only(before, 'saveStatus').status.ledger).toEqual([target.id, afterRecycling.id]);
    const made = present({ id: afterRecycling.id, name: afterRecycling.name, principalId: RECYCLED });
    const after = decide(object, facts({ ...recycled, azure: made, held: [stale()] }));
    expect(only(after, 'deleteAssignment').id).toBe(target.id);
    const done = decide(object, facts({ ...recycled, azure: made, held: [stale(absent)] }));
    expect(done.actions).toEqual([]);
    expect(done.status).toMatchObject({
      assignmentId: afterRecycling.id,
      principalId: RECYCLED,
      ledger: [afterRecycling.id],
      history: [{ reason: 'PrincipalRecycled', assignmentId: target.id, principalId: PRINCIPAL }],
    });
  });

  it('that is denied leaves the old one, stalled', () => {
    const denied = decide(object, facts({ ...recycled, policies: [], azure: undefined, held: [stale()] }));
    expect(denied.actions).toEqual([]);
    expect(reasonOf(denied)).toBe('stalled PolicyDenied');
    const refused = decide(object, facts({ ...recycled, azure: absent, held: [stale()] }), putFailed({}));
    expect(refused.actions).toEqual([]);
    expect(refused.status).toMatchObject({ assignmentId: target.id, ledger: [target.id] });
  });

  it('leaves an old one that others share', () => {
    const made = present({ id: afterRecycling.id, name: afterRecycling.name, principalId: RECYCLED });
    const decision = decide(
      object,
      facts({ ...recycled, azure: made, held: [stale(present(), [coOwner()])] }),
    );
    expect(decision.actions).toEqual([]);
    expect(decision.status.ledger).toEqual([afterRecycling.id]);
  });

  it('never deletes what does not prove by its name that azid made it', () => {
    const made = present({ id: afterRecycling.id, name: afterRecycling.name, principalId: RECYCLED });
    const forged = {
      id: duplicate.id,
      observed: { state: 'present', assignment: duplicate, live: true },
      coOwners: [],
    } as const;
    const decision = decide(object, facts({ ...recycled, azure: made, held: [forged] }));
    expect(types(decision)).toEqual(['saveStatus', 'recordEvent']);
    expect(only(decision, 'saveStatus').status.ledger).not.toContain(duplicate.id);
  });

  it('names an edit of the spec as its reason, and a role that was redefined', () => {
    const made = present({ id: afterRecycling.id, principalId: RECYCLED });
    const edited = settled({ metadata: { generation: 2 } });
    const next = (grantee: RoleGrant, change: FactsChange) =>
      decide(grantee, facts({ azure: made, held: [stale(absent)], ...change })).status.history?.[0]?.reason;
    expect(next(edited, recycled)).toBe('SpecChanged');
    const redefined = { ...afterRecycling, principalId: PRINCIPAL, roleGuid: 'other', roleId: 'x/other' };
    const given = present({ id: afterRecycling.id, roleGuid: 'other' });
    expect(next(object, { target: redefined, azure: given })).toBe('RoleRedefined');
  });

  it('keeps the last ten', () => {
    const entry = {
      time: '2026-01-01T00:00:00Z',
      reason: 'SpecChanged',
      assignmentId: 'a',
      principalId: 'p',
    };
    const full = settled({ status: { history: Array(10).fill(entry) } });
    const made = present({ id: afterRecycling.id, principalId: RECYCLED });
    const { history } = decide(full, facts({ ...recycled, azure: made, held: [stale(absent)] })).status;
    expect(history).toHaveLength(10);
    expect(history?.[0]?.reason).toBe('PrincipalRecycled');
  });
});

describe('a grant of a system-assigned identity', () => {
  const VM = `${SCOPE}/providers/Microsoft.Compute/virtualMachines/web`;
  const spec = { principal: { identityRef: { kind: 'SystemAssignedIdentity', name: 'web' } } } as const;
  const object = settled({ spec, status: { identityId: VM } });
  const again = { principal: { ...known, id: RECYCLED, identityId: VM }, target: afterRecycling } as const;

  it('follows the resource when that is deleted and made again: new before old', () => {
    const before = decide(object, facts({ ...again, azure: absent, held: [stale()] }));
    expect(types(before)).toEqual(['saveStatus', 'putAssignment']);
    expect(only(before, 'putAssignment').target.principalId).toBe(RECYCLED);
    const made = present({ id: afterRecycling.id, name: afterRecycling.name, principalId: RECYCLED });
    expect(
      only(decide(object, facts({ ...again, azure: made, held: [stale()] })), 'deleteAssignment').id,
    ).toBe(target.id);
    expect(decide(object, facts({ ...again, azure: made, held: [stale(absent)] })).status).toMatchObject({
      principalId: RECYCLED,
      identityId: VM,
      ledger: [afterRecycling.id],
      history: [{ reason: 'PrincipalRecycled', principalId: PRINCIPAL }],
    });
  });

  it('gives the new one nothing that a policy no longer allows (T6)', () => {
    const narrowed: IdentityPolicySpec['grants'][] = [
      undefined,
      [{ roles: ['Owner'], scopes: [SCOPE] }],
      [{ roles: ['Reader'], scopes: [`${SCOPE}0`] }],
      [{ roles: ['Reader'], scopes: [SCOPE], principals: { identityRefs: false, ids: [RECYCLED] } }],
      [{ roles: ['Reader'], scopes: [SCOPE], maxDuration: '1h' }],
    ];
    for (const grants of narrowed) {
      const policies = [policy({ grants })];
      const decision = decide(object, facts({ ...again, policies, azure: absent, held: [stale()] }));
      expect(decision.actions).toEqual([]);
      expect(reasonOf(decision)).toBe('stalled PolicyDenied');
    }
  });

  it('gives nothing new while its object goes, and says which', () => {
    const deleting = { principal: { ...again.principal, deleting: true } };
    const decision = decide(object, facts({ ...again, ...deleting, azure: absent, held: [stale()] }));
    expect(decision.actions).toEqual([]);
    expect(decision.summary).toMatchObject({ message: expect.stringContaining('SystemAssignedIdentity') });
  });

  const gone = {
    state: 'waiting',
    for: 'SystemAssignedIdentity team-a/web',
    message: 'waiting for web',
    dead: true,
  } as const;
  const nobody = { role: undefined, target: undefined, azure: undefined, held: [stale()] };

  it('loses what it had once its resource is gone, with or without a policy, and waits for the next', () => {
    for (const policies of [[policy()], []]) {
      const decision = decide(object, facts({ ...nobody, principal: gone, policies }));
      expect(only(decision, 'deleteAssignment').id).toBe(target.id);
    }
    const after = decide(object, facts({ ...nobody, principal: gone, held: [stale(absent)] }));
    expect(after.summary).toMatchObject({ state: 'waiting', for: 'SystemAssignedIdentity team-a/web' });
    expect(after.status).toMatchObject({ ledger: [], assignmentId: undefined });
  });

  it('keeps what Azure shows a living identity for, whatever the status says of whose it was', () => {
    const alive = { ...stale(), alive: true };
    const kept = decide(object, facts({ ...nobody, principal: gone, held: [alive] }));
    expect(kept.actions).toEqual([]);
    expect(kept.status).toMatchObject({ ledger: [target.id], assignmentId: target.id });
    const dead = { ...stale(), id: `${target.id}2` };
    const both = decide(object, facts({ ...nobody, principal: gone, held: [alive, dead] }));
    expect(only(both, 'deleteAssignment').id).toBe(dead.id);
  });

  it('waits for a list that is under way, and says why where Azure cannot be read', () => {
    const loading = { ...gone, dead: false, keep: true };
    expect(decide(object, facts({ ...nobody, held: [], principal: loading })).summary).toMatchObject({
      state: 'waiting',
      keep: true,
    });
    const failure = failureOf(new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no' }));
    if (!failure) throw new Error('expected a failure');
    const principal = { state: 'unreadable', failure } as const;
    const decision = decide(object, facts({ ...nobody, held: [], principal }));
    expect(decision.actions).toEqual([]);
    expect(reasonOf(decision)).toBe('stalled AuthorizationFailed');
  });

  it('keeps it while that is not certain, and comes back soon', () => {
    const at = (principal: Facts['principal']) => {
      const { actions, summary, status } = decide(object, facts({ ...nobody, held: [], principal }));
      expect(actions).toEqual([]);
      expect(status.ledger).toEqual([target.id]);
      return summary.state === 'waiting' ? summary.recheckMs : undefined;
    };
    expect(at({ ...gone, dead: false, unclear: true })).toBe(RECHECK_OUTSIDE_MS);
    expect(at({ ...gone, dead: false })).toBe(RECHECK_INSIDE_MS);
  });
});

describe('an end that leaves somebody else’s part', () => {
  const over = settled({ spec: { expiresAt: '2026-11-23T09:00:00Z' }, status: { ledger: [] } });

  it('says which assignment still gives the role, and comes back soon', () => {
    const decision = decide(over, facts({ azure: absent, duplicate }));
    expect(decision.actions).toEqual([]);
    expect(decision.summary).toMatchObject({
      state: 'stalled',
      reason: 'Expired',
      message: expect.stringContaining(duplicate.id),
      recheckMs: RECHECK_OUTSIDE_MS,
    });
  });

  it('says for whom azid’s own stays', () => {
    const decision = decide(over, facts({ coOwners: [coOwner()] }));
    expect(decision.actions).toEqual([]);
    expect(decision.summary).toMatchObject({
      reason: 'Expired',
      message: expect.stringContaining('team-a/later'),
    });
  });

  it('says nothing of the kind where nothing is left', () => {
    const { summary } = decide(over, facts({ azure: absent }));
    expect(summary).toMatchObject({ reason: 'Expired', recheckMs: RECHECK_INSIDE_MS });
    expect(summary).not.toMatchObject({ message: expect.stringContaining('still gives') });
  });
});

describe('what somebody else granted', () => {
  it('counts as satisfied and stays out of the ledger', () => {
    const object = grant({ status: { ledger: [target.id] } });
    for (const failed of [undefined, putFailed({ kind: 'alreadyExists', reason: 'AlreadyExists' })]) {
      const decision = decide(object, facts({ azure: absent, duplicate }), failed);
      expect(decision.actions).toEqual([]);
      expect(reasonOf(decision)).toBe('ready ExistsUnmanaged');
      expect(decision.status).toMatchObject({ assignmentId: duplicate.id, ledger: [] });
    }
  });

  it('does not with another condition', () => {
    const decision = decide(grant(), facts({ azure: absent, duplicate: { ...duplicate, condition: 'x' } }));
    expect(reasonOf(decision)).toBe('stalled ConflictingAssignment');
  });

  it('is made by azid should it vanish', () => {
    const object = grant({ status: { assignmentId: duplicate.id, principalId: PRINCIPAL } });
    expect(only(decide(object, facts({ azure: absent })), 'putAssignment').target).toEqual(target);
  });

  it('is searched for again while the 409 cannot be explained', () => {
    const decision = decide(grant(), facts({ azure: absent }), putFailed({ kind: 'alreadyExists' }));
    expect(decision.actions).toEqual([]);
  });
});

describe('an older object that Azure refuses', () => {
  const condition = { expression: '1 == 2', version: '2.0' } as const;
  const oldest = { creationTimestamp: '2026-10-01T00:00:00Z' };

  it('does not keep in its ledger what others have and it was refused a part in', () => {
    const object = grant({
      spec: { condition },
      metadata: oldest,
      status: { ledger: [target.id], writeStartedAt: '2026-11-23T09:59:59Z' },
    });
    const failed = putFailed({ reason: 'RejectedByAzure' });
    const shared = decide(object, facts({ coOwners: [coOwner()] }), failed);
    expect(reasonOf(shared)).toBe('stalled RejectedByAzure');
    expect(shared.status.ledger).toEqual([]);
    // Nobody else answers for it: a later deletion must find it.
    expect(decide(object, facts(), failed).status.ledger).toEqual([target.id]);
    const lost = putFailed({ kind: 'transient', ambiguous: true });
    expect(decide(object, facts({ coOwners: [coOwner()] }), lost).status.ledger).toEqual([target.id]);
  });

  it('holds what it has had since before its edit', () => {
    const coOwners = [older({ condition: '1 == 2', refused: true, holds: true })];
    expect(reasonOf(decide(grant(), facts({ azure: absent, coOwners })))).toBe('stalled ConflictingGrant');
  });

  it('is not named in the description', () => {
    const coOwners = [older({ refused: true, holds: false })];
    expect(decide(settled(), facts({ coOwners })).actions).toEqual([]);
  });
});

describe('sharing', () => {
  it("names the oldest owner's text and how many more there are", () => {
    const coOwners = [older({ description: 'Old.' }), coOwner()];
    const description = `Old. [azid ${INSTALLATION}: team-a/older and 2 more]`;
    const decision = decide(settled(), facts({ coOwners }));
    expect(only(decision, 'putAssignment').description).toBe(description);
    expect(decide(settled(), facts({ coOwners, azure: present({ description }) })).actions).toEqual([]);
  });

  it('writes the shared one into the ledger before it writes on it', () => {
    const decision = decide(settled({ status: { ledger: [] } }), facts({ coOwners: [older()] }));
    expect(types(decision)).toEqual(['saveStatus', 'putAssignment']);
  });

  it('with conditions that differ only in spacing is no conflict', () => {
    const object = settled({ spec: { condition: { expression: 'a  AND\n b', version: '2.0' } } });
    const coOwners = [older({ condition: 'a AND b' })];
    const description = descriptionOf(INSTALLATION, [...coOwners, coOwner({ key: ME })]);
    const decision = decide(
      object,
      facts({ coOwners, azure: present({ condition: 'a AND b', description }) }),
    );
    expect(reasonOf(decision)).toBe('ready Granted');
  });
});

describe('what can no longer be removed', () => {
  const object = settled();
  const made = present({ id: afterRecycling.id, name: afterRecycling.name, principalId: RECYCLED });
  const deleteFailed = (id: string, change: Partial<Failure> = {}): Failed => ({
    action: { type: 'deleteAssignment', id, event: { type: 'Normal', reason: '', action: '', message: '' } },
    failure: failure({ reason: 'ScopeLocked', message: 'Azure answers ScopeLocked', ...change }),
  });
  const blocked = (decision: GrantDecision) =>
    decision.conditions?.find(({ type }) => type === 'RemovalBlocked');

  it.each([
    ['a lock', {}, RECHECK_OUTSIDE_MS],
    ['what may pass', { kind: 'transient', reason: 'AzureUnavailable' }, 30_000],
    ['a wait that Azure asks for', { kind: 'transient', reason: 'Throttled', notBeforeMs: 90_000 }, 90_000],
  ] as const)('leaves Ready what is asked for, and has a condition of its own: %s', (_, change, nextMs) => {
    const known = facts({ ...recycled, azure: made, held: [stale()] });
    const decision = decide(object, known, deleteFailed(target.id, change));
    expect(decision.actions).toEqual([]);
    expect(decision.summary).toMatchObject({ state: 'ready', reason: 'Granted', nextMs });
    expect(decision.status.ledger).toEqual([target.id, afterRecycling.id]);
    expect(blocked(decision)).toMatchObject({
      status: 'True',
      reason: deleteFailed(target.id, change).failure.reason,
      message: expect.stringContaining(target.id),
    });
  });

  it('nor does one that cannot be read', () => {
    const unreadable = stale({ state: 'unreadable', failure: failure() });
    const decision = decide(object, facts({ ...recycled, azure: made, held: [unreadable] }));
    expect(reasonOf(decision)).toBe('ready Granted');
    expect(blocked(decision)).toMatchObject({ status: 'True', reason: 'AuthorizationFailed' });
  });

  it('does not keep what stands behind it in the ledger', () => {
    const third = { ...known, id: 'aaaaaaaa-0000-4000-8000-000000000003' };
    const other = targetOf(grant(), third, reader, INSTALLATION);
    const behind = {
      id: other.id,
      observed: present({ id: other.id, name: other.name, principalId: third.id }),
      coOwners: [],
    };
    const all = facts({ ...recycled, azure: made, held: [stale(), behind] });
    expect(only(decide(object, all, deleteFailed(target.id)), 'deleteAssignment').id).toBe(other.id);
    const others = [deleteFailed(other.id)];
    const decision = decide(object, all, { ...deleteFailed(target.id), others });
    expect(decision.actions).toEqual([]);
    for (const id of [target.id, other.id]) expect(blocked(decision)?.message).toContain(id);
  });

  it('says so once it is gone', () => {
    const conditions = [
      { type: 'RemovalBlocked', status: 'True', reason: 'ScopeLocked', message: '', lastTransitionTime: '' },
    ] as const;
    const held = settled({ status: { conditions: [...conditions] } });
    const decision = decide(held, facts({ ...recycled, azure: made, held: [stale(absent)] }));
    expect(blocked(decision)).toMatchObject({ status: 'False', reason: 'Removed' });
    expect(blocked(decide(settled(), facts()))).toBeUndefined();
  });

  it('is no failure of a deletion, or of an end, that the read after it shows to be done', () => {
    const deleting = settled({ metadata: { deletionTimestamp: '2026-11-23T09:59:00Z' } });
    const over = settled({ spec: { expiresAt: '2026-11-23T09:00:00Z' } });
    for (const each of [deleting, over]) {
      const after = decide(each, facts({ azure: { ...absent, missing: 'scope' } }), deleteFailed(target.id));
      expect(after.summary).not.toMatchObject({ reason: 'ScopeLocked' });
      expect(after.status.ledger).toEqual([]);
    }
  });
});

describe('at the limit of assignments', () => {
  const object = settled();
  const dead = { ...stale(), dead: true };
  const limitReached = putFailed({ reason: 'LimitReached' });
  const full = { ...recycled, azure: absent, limited: true } as const;

  it('a dead one of its own makes room for what takes its place, which then is made', () => {
    for (const failed of [undefined, limitReached]) {
      const decision = decide(object, facts({ ...full, held: [dead] }), failed);
      expect(types(decision)).toEqual(['deleteAssignment']);
      expect(only(decision, 'deleteAssignment').id).toBe(target.id);
    }
    const after = decide(object, facts({ ...full, held: [stale(absent)] }));
    expect(types(after)).toEqual(['saveStatus', 'putAssignment']);
  });

  it.each([
    ['the limit is not reached', { limited: false, held: [dead] }, ['saveStatus', 'putAssignment']],
    ['nobody proved it dead', { held: [stale()] }, []],
    ['another object asks for it, too', { held: [{ ...dead, coOwners: [coOwner()] }] }, []],
    [
      'its name proves nothing',
      {
        held: [
          { ...dead, id: duplicate.id, observed: { state: 'present', assignment: duplicate, live: true } },
        ],
      },
      [],
    ],
  ] as const)('but nothing goes before its successor stands while %s', (_, change, actions) => {
    const failed = 'limited' in change ? undefined : limitReached;
    const decision = decide(object, facts({ ...full, ...change } as Partial<Facts>), failed);
    expect(types(decision)).toEqual(actions);
    if (failed) expect(reasonOf(decision)).toBe('stalled LimitReached');
  });

  it('says what keeps the dead one, should it not go', () => {
    const failed = {
      action: only(decide(object, facts({ ...full, held: [dead] })), 'deleteAssignment'),
      failure: failure({ reason: 'ScopeLocked', message: 'locked by x' }),
    };
    const decision = decide(object, facts({ ...full, held: [dead] }), failed);
    expect(reasonOf(decision)).toBe('stalled LimitReached');
    expect(decision.summary).toMatchObject({ message: expect.stringContaining('locked by x') });
  });
});

describe('a name that Azure does not take', () => {
  const conflict = putFailed({ kind: 'transient', reason: 'AssignmentNameConflict' });
  const second = named(target, 1);

  it('has another try, and then the next name has one at once', () => {
    expect(decide(grant(), facts({ azure: absent }), conflict).summary).toMatchObject({ state: 'retrying' });
    const decision = decide(grant(), facts({ azure: absent, target: second }), conflict);
    expect(only(decision, 'putAssignment').target).toEqual(second);
    expect(only(decision, 'saveStatus').status.ledger).toContain(second.id);
  });

  it('stalls under its own reason once all were tried', () => {
    for (const tried of [target, second]) {
      const known = facts({ azure: absent, namesExhausted: true, target: tried });
      const decision = decide(grant(), known, conflict);
      expect(decision.actions).toEqual([]);
      expect(reasonOf(decision)).toBe('stalled AssignmentNameConflict');
    }
  });

  it('is not written to where it grants something else', () => {
    const others = present({ principalId: RECYCLED });
    expect(reasonOf(decide(settled(), facts({ azure: others })))).toBe('stalled AssignmentNameConflict');
  });

  it('stands under any of its names, proves itself, and goes with its object', () => {
    const standing = present({ id: second.id, name: second.name });
    const object = settled({ status: { assignmentId: second.id, ledger: [second.id] } });
    const decision = decide(object, facts({ target: second, azure: standing }));
    expect(decision.actions).toEqual([]);
    expect(reasonOf(decision)).toBe('ready Granted');
    const deleting = {
      ...object,
      metadata: { ...object.metadata, deletionTimestamp: '2026-11-23T09:59:00Z' },
    };
    const held = [{ id: second.id, observed: standing, coOwners: [] }];
    const going = decide(deleting, facts({ target: undefined, azure: undefined, held }));
    expect(only(going, 'deleteAssignment').id).toBe(second.id);
  });

  it('that vanished is made again under the other, reported as such', () => {
    const decision = decide(settled(), facts({ azure: absent, target: second }));
    expect(only(decision, 'putAssignment').event.reason).toBe('Regranted');
  });
});

describe('what Azure refuses', () => {
  const rows: { title: string; failure: Partial<Failure>; facts?: FactsChange; comes: string }[] = [
    {
      title: 'a principal so new that Azure does not know it yet',
      failure: { kind: 'transient', reason: 'PrincipalNotFound' },
      facts: { principal: { ...known, young: true } },
      comes: 'retrying',
    },
    {
      title: 'a principal that should have been there long ago',
      failure: { kind: 'transient', reason: 'PrincipalNotFound' },
      comes: 'stalled PrincipalNotFound',
    },
    {
      title: 'a grant beyond the delegation',
      failure: { message: 'does not have authorization or an ABAC condition not fulfilled to' },
      comes: 'stalled AzureDelegationDenied',
    },
    { title: 'a missing right', failure: {}, comes: 'stalled AuthorizationFailed' },
    { title: 'one assignment too many', failure: { reason: 'LimitReached' }, comes: 'stalled LimitReached' },
    {
      title: 'a scope that went meanwhile',
      failure: { reason: 'ResourceGroupNotFound' },
      comes: 'stalled ScopeNotFound',
    },
    {
      // A GET beneath a resource that is not there speaks of the assignment alone (docs/azure-facts.md section 16.9).
      title: 'a resource that does not exist, whatever the read after it says',
      failure: { kind: 'transient', reason: 'ResourceNotFound' },
      comes: 'stalled ScopeNotFound',
    },
    { title: 'a scope by that name', failure: { reason: 'ScopeNotFound' }, comes: 'stalled ScopeNotFound' },
    {
      title: 'a resource that the next read shows to be gone',
      failure: { kind: 'transient', reason: 'ResourceNotFound' },
      facts: { azure: { ...absent, missing: 'scope' } },
      comes: 'stalled ScopeNotFound',
    },
    { title: 'for now', failure: { kind: 'transient', reason: 'Throttled' }, comes: 'retrying' },
  ];
  it.each(rows)('$title: $comes', ({ failure: given, facts: more, comes }) => {
    const object = grant({ status: { ledger: [target.id], writeStartedAt: 'x' } });
    const decision = decide(object, facts({ azure: absent, ...more }), putFailed(given));
    expect(decision.actions).toEqual([]);
    expect(reasonOf(decision)).toBe(comes);
    // The refusal and the read after it prove that nothing was made.
    expect(decision.status.ledger).toEqual([]);
    expect(decision.status.writeStartedAt).toBeUndefined();
  });

  it('leaves the ledger as it is when the answer was lost', () => {
    const object = grant({ status: { ledger: [target.id], writeStartedAt: '2026-11-23T10:00:00Z' } });
    const open = { ...absent, conclusive: false, conclusiveInMs: 5 };
    const decision = decide(
      object,
      facts({ azure: open }),
      putFailed({ kind: 'transient', ambiguous: true }),
    );
    expect(decision.status).toMatchObject({ ledger: [target.id], writeStartedAt: '2026-11-23T10:00:00Z' });
  });
});

it('reports that a role was edited, once', () => {
  const edited = { state: 'found', role: { ...reader, content: 'content-2' } } as const;
  const decision = decide(settled(), facts({ role: edited }));
  expect(types(decision)).toEqual(['saveStatus', 'recordEvent']);
  const { status } = only(decision, 'saveStatus');
  expect(decide(settled({ status }), facts({ role: edited })).actions).toEqual([]);
});

it('reports no edit where the name stands for another role by now: that is a replacement', () => {
  const other = {
    ...reader,
    guid: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
    id: 'x/other',
    content: 'content-2',
  };
  const wanted = targetOf(grant(), known, other, INSTALLATION);
  const made = present({ id: wanted.id, name: wanted.name, roleGuid: other.guid });
  const decision = decide(
    settled({ status: { ledger: [wanted.id] } }),
    facts({
      role: { state: 'found', role: other },
      target: wanted,
      azure: made,
      held: [stale()],
      // By its id: '*' names no role, and what is denied is never settled.
      policies: [policy({ grants: [{ roles: [other.guid], scopes: [SCOPE] }] })],
    }),
  );
  expect(types(decision)).toContain('deleteAssignment');
  expect(types(decision)).not.toContain('recordEvent');
});

it('that stands as declared has its finalizer again, should a tool strip it', () => {
  const stripped = settled({ metadata: { finalizers: [] } });
  expect(decide(stripped, facts()).actions).toEqual([{ type: 'addFinalizer' }]);
  expect(decide(settled(), facts()).actions).toEqual([]);
});

it('has no finalizer for what somebody else granted: nothing of azid’s is there', () => {
  const satisfied = grant();
  const decision = decide(satisfied, facts({ azure: absent, duplicate }));
  expect(reasonOf(decision)).toBe('ready ExistsUnmanaged');
  expect(types(decision)).not.toContain('addFinalizer');
});

it('must be reconciled to the moment at its expiry and when it is known to act, whichever comes first', () => {
  const at = (ms: number) => new Date(NOW + ms).toISOString();
  const object = (expiresAt?: string) => settled(expiresAt === undefined ? {} : { spec: { expiresAt } });
  const moment = (expiresAt: string | undefined, grantedAt: string) =>
    nextMoment(object(expiresAt), { grantedAt }, facts());
  expect(moment(undefined, at(-600_000))).toBeUndefined();
  expect(moment(undefined, at(0))).toBe(NOW + 600_000);
  expect(moment(at(5), at(0))).toBe(NOW + 5);
  expect(moment(at(900_000), at(0))).toBe(NOW + 600_000);
  expect(moment(at(900_000), at(-600_000))).toBe(NOW + 900_000);
});

it('must be reconciled to the moment at the end that it was given, whatever its spec says by now', () => {
  const end = (endsAt: number) => ({
    id: target.id,
    held: true,
    recorded: true,
    full: false,
    others: [],
    mine: { endsAt },
  });
  const granted = { grantedAt: '2026-11-20T00:00:00Z' };
  const moment = (...ends: readonly number[]) =>
    nextMoment(settled(), granted, facts({ ends: new Map(ends.map((at) => [`${at}`, end(at)])) }));
  expect(moment(NOW + 9_000, NOW + 5_000)).toBe(NOW + 5_000);
  expect(moment(NOW - 5_000)).toBeUndefined();
});
