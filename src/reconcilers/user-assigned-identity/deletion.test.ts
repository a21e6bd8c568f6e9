import { describe, expect, it } from 'vitest';
import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { ownerMarks, retainedMarks } from '../../azure/names/identity-marks.ts';
import type { Failure } from '../decision.ts';
import { deletionBlocked } from '../status/blocked.fixture.ts';
import { decide } from './decide.ts';
import { absent, deleted, type FactsChange, facts, ID, ME, NOW, seen } from './facts.fixture.ts';
import type { IdentityDecision, UserAssignedIdentity } from './facts.ts';

const types = (decision: IdentityDecision) => decision.actions.map((action) => action.type);
const present = (tags: Record<string, string>) =>
  ({ state: 'present', identity: seen(tags), live: true }) as const;
const refusal: Failure = {
  kind: 'stalled',
  reason: 'ScopeLocked',
  message: 'locked',
  ambiguous: false,
  error: undefined,
};
const longAgo = new Date(NOW - 2 * 3_600_000).toISOString();

describe('deletion', () => {
  const rows: { title: string; object?: UserAssignedIdentity; facts: FactsChange; actions: string[] }[] = [
    { title: 'deletes what carries its mark', facts: {}, actions: ['deleteIdentity'] },
    { title: 'needs no policy', facts: { policies: [] }, actions: ['deleteIdentity'] },
    {
      title: 'works although suspended',
      object: deleted({ spec: { suspend: true } }),
      facts: {},
      actions: ['deleteIdentity'],
    },
    {
      title: 'lets go when a GET proved the absence',
      facts: { azure: absent },
      actions: ['removeFinalizer'],
    },
    {
      title: 'lets go when the group is gone',
      facts: { azure: { ...absent, missing: 'resourceGroup' } },
      actions: ['removeFinalizer'],
    },
    {
      title: 'waits when the absence may be lag',
      facts: { azure: { ...absent, conclusive: false, conclusiveInMs: 5 } },
      actions: [],
    },
    { title: 'waits while others refer to it', facts: { references: ['team-a/grant'] }, actions: [] },
    {
      title: 'deletes first what no object owns any more',
      facts: { leftovers: ['/a/providers/Microsoft.Authorization/roleAssignments/1'] },
      actions: ['deleteLeftover'],
    },
    {
      title: 'leaves what lost its mark, and says so',
      facts: { azure: present({}) },
      actions: ['recordEvent', 'removeFinalizer'],
    },
    {
      title: "leaves another object's",
      facts: { azure: present(ownerMarks({ ...ME, name: 'other', uid: 'x' })) },
      actions: ['recordEvent', 'removeFinalizer'],
    },
    {
      title: "leaves azid's own identity",
      facts: { self: { clientId: 'client-1', principalId: 'p' } },
      actions: ['recordEvent', 'removeFinalizer'],
    },
    {
      title: 'waits for a read that fails',
      facts: { azure: { state: 'unreadable', failure: refusal } },
      actions: [],
    },
    {
      title: 'retains by mark first',
      object: deleted({ spec: { deletionPolicy: 'Retain' } }),
      facts: {},
      actions: ['updateIdentity'],
    },
    {
      title: 'retains although others refer to it',
      object: deleted({ spec: { deletionPolicy: 'Retain' } }),
      facts: { references: ['x'] },
      actions: ['updateIdentity'],
    },
    {
      title: 'lets go once retained',
      object: deleted({ spec: { deletionPolicy: 'Retain' } }),
      facts: { azure: present(retainedMarks(ME)) },
      actions: ['removeFinalizer'],
    },
    {
      title: 'goes at once when released by annotation',
      object: deleted({ metadata: { annotations: { [RELEASE_ANNOTATION]: 'true' } } }),
      facts: {},
      actions: ['recordEvent', 'removeFinalizer'],
    },
    {
      title: 'gives up in the end, naming what stays',
      object: deleted({ status: { conditions: [deletionBlocked(longAgo)] } }),
      facts: { azure: { state: 'unreadable', failure: refusal } },
      actions: ['recordEvent', 'removeFinalizer'],
    },
    {
      title: 'does not give up at the first refusal, however long ago the object was deleted',
      object: deleted({ metadata: { deletionTimestamp: longAgo } }),
      facts: { azure: { state: 'unreadable', failure: refusal } },
      actions: [],
    },
    {
      title: 'counts a new refusal from its own beginning',
      object: deleted({ status: { conditions: [{ ...deletionBlocked(longAgo), status: 'False' }] } }),
      facts: { azure: { state: 'unreadable', failure: refusal } },
      actions: [],
    },
    {
      title: 'does not give up on what Azure does not refuse',
      object: deleted({ metadata: { deletionTimestamp: longAgo } }),
      facts: {},
      actions: ['deleteIdentity'],
    },
    {
      title: 'does not take a missing subscription for proof',
      facts: { azure: { ...absent, missing: 'subscription' } },
      actions: [],
    },
    {
      title: 'removes its ConfigMap',
      facts: { azure: absent, configMaps: [{ name: 'out', uid: 'u', data: {}, ours: true }] },
      actions: ['deleteConfigMap', 'removeFinalizer'],
    },
  ];
  it.each(rows)('$title', ({ object = deleted(), facts: given, actions }) => {
    expect(types(decide(object, facts(given)))).toEqual(actions);
  });

  it('keeps foreign tags when it retains', () => {
    const object = deleted({ spec: { deletionPolicy: 'Retain' } });
    const decision = decide(object, facts({ azure: present({ theirs: '1', ...ownerMarks(ME) }) }));
    expect(decision.actions[0]).toMatchObject({ tags: { theirs: '1', ...retainedMarks(ME) } });
  });

  it('that Azure refuses says until when it waits and how to be let go at once', () => {
    const action = decide(deleted(), facts()).actions[0];
    if (!action) throw new Error('expected an action');
    const { summary } = decide(deleted(), facts(), { action, failure: refusal });
    expect(summary).toMatchObject({
      state: 'deleting',
      message: expect.stringMatching(/ScopeLocked: locked; .* 60 min, .*azid.dev\/release/),
    });
  });

  it('remembers since when Azure refuses, and that it no longer does', () => {
    const azure = { state: 'unreadable', failure: refusal } as const;
    expect(decide(deleted(), facts({ azure })).conditions).toMatchObject([
      { type: 'DeletionBlocked', status: 'True', reason: 'ScopeLocked' },
    ]);
    const object = deleted({ status: { conditions: [deletionBlocked(longAgo)] } });
    expect(decide(object, facts({ references: ['team-a/grant'] })).conditions).toMatchObject([
      { type: 'DeletionBlocked', status: 'False' },
    ]);
  });

  it('waits for a bounded time for a resource that used it and cannot be read, and leaves the identity to it', () => {
    const doubts = [{ reason: 'ResourceUnreadable', message: 'vm1 used it; no right; let azid read it' }];
    const held = decide(deleted(), facts({ doubts }));
    expect(types(held)).toEqual([]);
    expect(held.summary).toMatchObject({
      message: expect.stringMatching(
        /^ResourceUnreadable: vm1 used it; no right; let azid read it; the object is let go in 60 min, .*azid.dev\/release/,
      ),
    });
    expect(held.conditions).toMatchObject([{ type: 'DeletionBlocked', status: 'True' }]);
    const over = decide(deleted({ status: { conditions: [deletionBlocked(longAgo)] } }), facts({ doubts }));
    expect(types(over)).toEqual(['recordEvent', 'removeFinalizer']);
    expect(over.actions[0]).toMatchObject({
      event: {
        reason: 'LeftBehind',
        message: expect.stringContaining(`identity ${ID} stays in Azure: vm1 used it`),
      },
    });
  });

  it('names what it leaves', () => {
    const decision = decide(deleted(), facts({ azure: present({}) }));
    expect(decision.actions[0]).toMatchObject({
      event: { type: 'Warning', reason: 'LeftBehind', message: expect.stringContaining(ID) },
    });
  });
});
