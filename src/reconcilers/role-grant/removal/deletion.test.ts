import { describe, expect, it } from 'vitest';
import { RELEASE_ANNOTATION } from '../../../api/schema/common.ts';
import { deletionBlocked } from '../../status/blocked.fixture.ts';
import { decide } from '../decide.ts';
import {
  absent,
  coOwner,
  deleted,
  duplicate,
  type FactsChange,
  facts,
  failure,
  NOW,
  older,
  present,
  SCOPE,
  settled,
  stale,
  target,
} from '../facts.fixture.ts';
import type { GrantDecision, RoleGrant } from '../facts.ts';

const types = (decision: GrantDecision) => decision.actions.map((action) => action.type);
const longAgo = new Date(NOW - 2 * 3_600_000).toISOString();
const unreadable = { state: 'unreadable', failure: failure() } as const;

describe('deletion', () => {
  const rows: { title: string; object?: RoleGrant; facts: FactsChange; actions: string[] }[] = [
    { title: 'deletes its assignment', facts: {}, actions: ['deleteAssignment'] },
    { title: 'needs no policy', facts: { policies: [] }, actions: ['deleteAssignment'] },
    {
      title: 'works although suspended',
      object: deleted({ spec: { suspend: true } }),
      facts: {},
      actions: ['deleteAssignment'],
    },
    {
      title: 'deletes what the ledger holds besides, also when the identity is gone',
      facts: {
        principal: { state: 'waiting', for: 'x', message: 'x', dead: false },
        target: undefined,
        azure: undefined,
        held: [stale()],
      },
      actions: ['deleteAssignment'],
    },
    {
      title: 'needs no SystemAssignedIdentity: what its principal had goes by the ledger',
      object: deleted({
        spec: { principal: { identityRef: { kind: 'SystemAssignedIdentity', name: 'web' } } },
        status: { identityId: `${SCOPE}/providers/Microsoft.Compute/virtualMachines/web` },
      }),
      facts: {
        policies: [],
        principal: { state: 'waiting', for: 'x', message: 'x', dead: true },
        target: undefined,
        azure: undefined,
        held: [stale()],
      },
      actions: ['deleteAssignment'],
    },
    { title: 'lets go when a read proved it gone', facts: { azure: absent }, actions: ['removeFinalizer'] },
    {
      title: 'lets go when the scope is gone',
      facts: { azure: { ...absent, missing: 'scope' } },
      actions: ['removeFinalizer'],
    },
    {
      title: 'waits when the absence may be lag, or a write of a dead process',
      facts: { azure: { ...absent, conclusive: false, conclusiveInMs: 5 } },
      actions: [],
    },
    { title: 'waits while Azure cannot be read', facts: { azure: unreadable }, actions: [] },
    { title: 'leaves it to the next owner', facts: { coOwners: [coOwner()] }, actions: ['removeFinalizer'] },
    {
      title: 'leaves it to an owner whose policy has gone meanwhile',
      facts: { coOwners: [coOwner({ allowed: false })] },
      actions: ['removeFinalizer'],
    },
    {
      title: 'does not leave it to one that neither may have it nor has it',
      facts: { coOwners: [coOwner({ allowed: false, holds: false })] },
      actions: ['deleteAssignment'],
    },
    {
      title: 'does not leave its wider right to a next owner with a condition',
      facts: { coOwners: [coOwner({ condition: 'x', holds: false })] },
      actions: ['deleteAssignment'],
    },
    {
      title: "leaves an older object's, whatever its condition",
      facts: { coOwners: [older({ condition: 'x' })] },
      actions: ['removeFinalizer'],
    },
    {
      title: 'leaves what azid did not make, and says so',
      facts: {
        target: undefined,
        azure: undefined,
        held: [{ ...stale(present(duplicate)), id: duplicate.id }],
      },
      actions: ['recordEvent', 'removeFinalizer'],
    },
    {
      title: "leaves another installation's",
      facts: { installationId: 'b7d8a1f0-0000-4000-8000-000000000002' },
      actions: ['recordEvent', 'removeFinalizer'],
    },
    {
      title: 'leaves everything with Retain, and has written down what',
      object: deleted({ spec: { deletionPolicy: 'Retain' } }),
      facts: {},
      actions: ['recordRetained', 'removeFinalizer'],
    },
    {
      title: 'writes nothing down of what is released: that is left behind, not kept',
      object: deleted({
        spec: { deletionPolicy: 'Retain' },
        metadata: { annotations: { [RELEASE_ANNOTATION]: 'true' } },
      }),
      facts: {},
      actions: ['removeFinalizer'],
    },
    {
      title: 'lets go at once by annotation, and says what stays',
      object: deleted({ metadata: { annotations: { [RELEASE_ANNOTATION]: 'true' } } }),
      facts: { azure: unreadable },
      actions: ['recordEvent', 'removeFinalizer'],
    },
    {
      title: 'counts from the first refusal, not from the deletion',
      object: deleted({ metadata: { deletionTimestamp: longAgo } }),
      facts: { azure: unreadable },
      actions: [],
    },
    {
      title: 'lets go after the wait, and says what stays',
      object: deleted({ status: { conditions: [deletionBlocked(longAgo)] } }),
      facts: { azure: unreadable },
      actions: ['recordEvent', 'removeFinalizer'],
    },
  ];
  it.each(rows)('$title', ({ object = deleted(), facts: given, actions }) => {
    expect(types(decide(object, facts(given)))).toEqual(actions);
  });

  it('says how long a refusal holds it, and backs off', () => {
    const action = {
      type: 'deleteAssignment',
      id: target.id,
      event: { type: 'Normal', reason: 'Revoked', action: 'Delete', message: '' },
    } as const;
    const decision = decide(deleted(), facts(), { action, failure: failure({ reason: 'ScopeLocked' }) });
    expect(decision.actions).toEqual([]);
    expect(decision.status.ledger).toEqual([target.id]);
    expect(decision.summary).toMatchObject({
      state: 'deleting',
      message: expect.stringMatching(/ScopeLocked.*60 min.*azid.dev\/release/),
    });
  });
});

describe('the end of a grant that lives on as an object', () => {
  const over = settled({ spec: { expiresAt: '2026-11-23T09:00:00Z' } });

  it('takes the assignment at its expiry, without a policy, and never makes it again', () => {
    expect(types(decide(over, facts({ policies: [] })))).toEqual(['deleteAssignment']);
    const after = decide(over, facts({ azure: absent }));
    expect(after.actions).toEqual([]);
    expect(after.summary).toMatchObject({ state: 'stalled', reason: 'Expired' });
    expect(after.status).toMatchObject({ ledger: [] });
    expect(after.status.assignmentId).toBeUndefined();
  });

  it('leaves it to an object that lasts longer', () => {
    const decision = decide(over, facts({ coOwners: [coOwner()] }));
    expect(decision.actions).toEqual([]);
    expect(decision.status).toMatchObject({ ledger: [] });
  });

  it('keeps the ledger while Azure refuses', () => {
    const decision = decide(over, facts({ azure: unreadable }));
    expect(decision.summary).toMatchObject({ state: 'stalled', reason: 'AuthorizationFailed' });
    expect(decision.status).toMatchObject({ ledger: [target.id] });
  });

  it('takes the assignments of a dead principal, and keeps those of one that may live', () => {
    const waiting = (dead: boolean): FactsChange => ({
      principal: { state: 'waiting', for: 'web', message: 'waiting for web', dead },
      role: undefined,
      target: undefined,
      azure: undefined,
      held: [stale()],
    });
    expect(types(decide(settled(), facts(waiting(true))))).toEqual(['deleteAssignment']);
    const denied = decide(settled(), facts({ ...waiting(true), policies: [] }));
    expect(types(denied)).toEqual(['deleteAssignment']);
    expect(denied.summary).toMatchObject({ reason: 'PolicyDenied' });
    const kept = decide(settled(), facts(waiting(false)));
    expect(kept.actions).toEqual([]);
    expect(kept.status).toMatchObject({ ledger: [target.id] });
    const gone = decide(settled(), facts({ ...waiting(true), held: [stale(absent)] }));
    expect(gone.summary).toMatchObject({ state: 'waiting', for: 'web' });
    expect(gone.status).toMatchObject({ ledger: [] });
  });
});
