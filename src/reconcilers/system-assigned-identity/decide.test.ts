import { describe, expect, it } from 'vitest';
import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { deletionBlocked } from '../status/blocked.fixture.ts';
import { decide } from './decide.ts';
import {
  ANOTHER,
  answered,
  deleted,
  entry,
  type FactsChange,
  facts,
  failure,
  GROUP,
  ledger,
  NOW,
  object,
  on,
  PRINCIPAL,
  policy,
  RELEASE_AFTER_MS,
  settled,
  settledStatus,
  VM,
} from './facts.fixture.ts';
import type { Action, SystemAssignedIdentity, SystemIdentityDecision } from './facts.ts';
import { servicePrincipalName } from './object.ts';

const types = ({ actions }: SystemIdentityDecision) => actions.map(({ type }) => type);
const reasonOf = ({ summary }: SystemIdentityDecision) =>
  'reason' in summary ? `${summary.state} ${summary.reason}` : summary.state;
const said = ({ summary }: SystemIdentityDecision) =>
  summary.state === 'retrying' ? summary.failure.message : summary.message;
const events = ({ actions }: SystemIdentityDecision) =>
  actions.flatMap((action) =>
    action.type === 'recordEvent' ? [`${action.event.reason}: ${action.event.message}`] : [],
  );
const problem = (reason: string) => ({
  reason,
  message: `because of ${reason}`,
  attempts: 1,
  notBefore: '2026-11-23T10:01:00Z',
});
const GONE = { principalId: undefined, clientId: undefined, tenantId: undefined };

describe('what an object says', () => {
  const rows: {
    title: string;
    object?: SystemAssignedIdentity;
    facts: FactsChange;
    state: string;
    says?: string;
    does?: Action['type'][];
  }[] = [
    {
      title: 'the id is malformed, or the type can have none',
      facts: { problem: { reason: 'SystemAssignedNotSupported', message: 'spec.resourceId: flexible' } },
      state: 'stalled SystemAssignedNotSupported',
      says: 'flexible',
    },
    {
      title: 'no policy allows it',
      facts: { policies: [policy({ systemAssigned: [] })] },
      state: 'stalled PolicyDenied',
      says: VM,
    },
    {
      title: 'no policy allows it any more: it stays',
      object: settled(),
      facts: { policies: [], ledger: on() },
      state: 'stalled PolicyDenied',
    },
    {
      title: 'nothing was done yet',
      object: object({ metadata: { finalizers: [] } }),
      facts: {},
      state: 'progressing SwitchingOn',
      does: ['addFinalizer', 'ensureHost'],
    },
    { title: 'its host has not looked yet', facts: { ledger: ledger() }, state: 'progressing SwitchingOn' },
    {
      title: 'its host waits for the resource',
      facts: { ledger: ledger({ waiting: `waiting for ${VM}` }) },
      state: 'waiting',
      says: `waiting for ${VM}`,
    },
    {
      title: 'the resource is proven not to exist',
      facts: { absent: true },
      state: 'waiting',
      says: `waiting for ${VM}, which does not exist`,
    },
    {
      title: 'the resource was moved, and is known again',
      facts: { absent: true, movedTo: `${VM}-moved` },
      state: 'waiting',
      says: `which does not exist: it was moved to ${VM}-moved; make a SystemAssignedIdentity for that id`,
    },
    {
      title: 'it is being switched on',
      facts: { ledger: on({ state: 'Attaching', principalId: undefined }) },
      state: 'progressing SwitchingOn',
    },
    {
      title: 'the host refuses everything',
      facts: { ledger: ledger({ stalled: { reason: 'MissingWriteRight', message: 'needs Contributor' } }) },
      state: 'stalled MissingWriteRight',
      says: 'needs Contributor',
    },
    {
      title: 'Azure refuses just this',
      facts: {
        ledger: on({ state: 'Refused', principalId: undefined, problem: problem('CombinedNotSupported') }),
      },
      state: 'stalled CombinedNotSupported',
      says: 'because of',
    },
    {
      title: 'somebody keeps switching it off',
      object: settled(),
      facts: {
        ledger: ledger({
          entry: entry({ state: 'Attaching', principalId: undefined, problem: problem('Contested') }),
          contested: true,
        }),
      },
      state: 'progressing Contested',
      says: 'find out who does',
    },
    {
      title: 'it is on, and who it is could not be read',
      facts: { ledger: on(), azure: { state: 'unreadable', failure: failure() } },
      state: 'stalled AuthorizationFailed',
      does: ['saveStatus', 'recordEvent'],
    },
    {
      title: 'it is on, and Azure does not know yet who it is',
      facts: { ledger: on() },
      state: 'progressing ReadingIdentity',
      does: ['saveStatus', 'recordEvent'],
    },
    {
      title: 'Azure still shows its predecessor',
      facts: { ledger: on(), azure: answered(ANOTHER) },
      state: 'progressing ReadingIdentity',
      does: ['saveStatus', 'recordEvent'],
    },
    {
      title: 'it is on, seen for the first time',
      facts: { ledger: on(), azure: answered() },
      state: 'ready SystemAssigned',
      does: ['saveStatus', 'recordEvent'],
    },
    { title: 'as declared', object: settled(), facts: { ledger: on() }, state: 'ready SystemAssigned' },
    {
      title: 'it was on before azid',
      object: settled(),
      facts: { ledger: on({ owned: false }) },
      state: 'ready ExistsUnmanaged',
      says: 'never switches it off',
    },
  ];
  it.each(rows)('$title', ({ object: one = object(), facts: change, state, says = '', does = [] }) => {
    const decision = decide(one, facts(change));
    expect(reasonOf(decision)).toBe(state);
    expect(said(decision)).toContain(says);
    expect(types(decision)).toEqual(does);
  });

  it('shows who it is, by the resource as Azure spells it', () => {
    const hostId = VM.replace('rg1', 'RG1');
    const { status } = decide(object(), facts({ ledger: { ...on(), hostId }, azure: answered() }));
    const { observedGeneration: _, ...own } = settledStatus;
    expect(status).toEqual({ ...own, id: hostId });
  });

  it('the first one is reported as an Event', () => {
    expect(events(decide(object(), facts({ ledger: on(), azure: answered() })))).toEqual([
      `SystemIdentityOn: the identity of ${VM} is principal ${PRINCIPAL}`,
    ]);
  });

  it('another principal replaces all that was known of the old one before grants can follow, and is reported once', () => {
    const recycled = facts({ ledger: on({ principalId: ANOTHER }) });
    const decision = decide(settled(), recycled);
    expect(types(decision)).toEqual(['saveStatus', 'recordEvent']);
    expect(events(decision)[0]).toContain(`SystemIdentityReplaced: ${VM} has another identity of its own`);
    const drifts = decision.actions.flatMap((each) => (each.type === 'recordEvent' ? each.event.drift : []));
    expect(drifts).toEqual([{ id: VM, how: 'written', parts: ['system'], isRepaired: true }]);
    expect(decision.status).toMatchObject({ principalId: ANOTHER, clientId: undefined, tenantId: undefined });
    const saved = { ...settled(), status: decision.status };
    expect(types(decide(saved, { ...recycled, azure: answered(ANOTHER, 'client-2') }))).toEqual([]);
  });

  it('keeps no principal of a resource that is gone, and reports the new one when it is back', () => {
    const gone = decide(settled(), facts({ absent: true, ledger: on() }));
    expect(gone.status).toMatchObject(GONE);
    const back = facts({
      ledger: on({ principalId: ANOTHER }),
      lastPrincipalId: PRINCIPAL,
      azure: answered(ANOTHER),
    });
    expect(events(decide({ ...settled(), status: gone.status }, back))[0]).toContain(
      'SystemIdentityReplaced',
    );
  });

  it('keeps the principal of a resource that merely cannot be read', () => {
    const stuck = facts({ ledger: ledger({ stalled: { reason: 'AuthorizationFailed', message: 'no' } }) });
    expect(decide(settled(), stuck).status).toMatchObject({ principalId: PRINCIPAL, clientId: 'client-1' });
  });

  it('while suspended, what is still to be done keeps the edit unobserved; nothing else does', () => {
    const spec = { suspend: true };
    expect(types(decide(object({ spec }), facts({ ledger: ledger() })))).toEqual(['ensureHost']);
    expect(types(decide(settled({ spec }), facts({ ledger: on() })))).toEqual([]);
  });

  it.each([
    ['vm1', VM],
    ['app', `${GROUP}/providers/Microsoft.Web/sites/app`],
    ['app/slots/staging', `${GROUP}/providers/Microsoft.Web/sites/app/slots/staging`],
  ])('the service principal %s', (name, id) => {
    expect(servicePrincipalName(id)).toBe(name);
  });
});

describe('an object that goes', () => {
  const off = (change: Parameters<typeof deleted>[0] = {}) =>
    deleted({ ...change, spec: { deletionPolicy: 'Delete' } });

  it('is let go once no ledger names it', () => {
    expect(types(decide(deleted(), facts({ ledger: ledger() })))).toEqual(['removeFinalizer']);
    expect(types(decide(deleted(), facts()))).toEqual(['removeFinalizer']);
  });

  it('has its host forget it, though objects refer to it, and stays until that is done', () => {
    const decision = decide(deleted(), facts({ ledger: on(), references: ['RoleGrant team-a/read'] }));
    expect(types(decision)).toEqual([]);
    expect(decision.status).not.toHaveProperty('released');
    expect(said(decision)).toContain('azid lets go of');
  });

  it('with Delete waits for what refers to it, by name', () => {
    const decision = decide(off(), facts({ ledger: on(), references: ['RoleGrant team-a/read'] }));
    expect(types(decision)).toEqual([]);
    expect(decision.summary).toMatchObject({ state: 'deleting', reason: 'InUse' });
    expect(said(decision)).toContain('RoleGrant team-a/read; delete these first');
  });

  it('with Delete takes what azid left on it first, then has it switched off', () => {
    const first = decide(off(), facts({ ledger: on(), leftovers: ['a', 'b'] }));
    expect(types(first)).toEqual(['deleteLeftover', 'deleteLeftover']);
    expect(first.status).not.toHaveProperty('released');
    const decision = decide(off(), facts({ ledger: on() }));
    expect(types(decision)).toEqual([]);
    expect(decision.status).toMatchObject({ released: true });
    expect(said(decision)).toContain('is being switched off');
  });

  describe('with Delete, while another one has the identity,', () => {
    const other = { kind: 'SystemAssignedIdentity', namespace: 'team-b', name: 'vm1', uid: 'b' } as const;
    const shared = entry({ owners: [...entry().owners, other] });
    const left = { leftovers: ['of-team-b'], references: ['RoleGrant team-a/read'] };
    const going = (change: Parameters<typeof ledger>[0] = {}) =>
      decide(off(), facts({ ledger: ledger({ entry: shared, ...change }), ...left }));

    it('takes nothing that the principal has: it lives on', () => {
      expect(types(going())).toEqual([]);
      expect(going().status).not.toHaveProperty('released');
      expect(said(going())).toContain('azid lets go of');
    });

    it('nor while one that the ledger does not name is to have it', () => {
      const alone = facts({ ledger: ledger({ entry: entry(), wanted: true }), ...left });
      expect(types(decide(off(), alone))).toEqual([]);
      expect(decide(off(), alone).status).not.toHaveProperty('released');
    });

    it('but when that one leaves as well: the last of them has it switched off', () => {
      expect(going({ releasing: ['b'] }).summary).toMatchObject({ reason: 'InUse' });
      const ready = facts({ ledger: ledger({ entry: shared, releasing: ['b'] }), leftovers: ['a'] });
      expect(types(decide(off(), ready))).toEqual(['deleteLeftover']);
      const done = facts({ ledger: ledger({ entry: shared, releasing: ['b'] }) });
      expect(decide(off(), done).status).toMatchObject({ released: true });
    });
  });

  it('waits for nobody where it was on before azid: it is not switched off', () => {
    const foreign = facts({ ledger: on({ owned: false }), references: ['RoleGrant team-a/read'] });
    expect(said(decide(off(), foreign))).toContain('azid lets go of');
  });

  it('lets its host take nothing while it is not deleted, though another tool wrote that it may', () => {
    const forged = { status: { released: true } };
    expect(decide(object(forged), facts({ ledger: on() })).status).not.toHaveProperty('released');
  });

  it.each([
    ['something refers to it', { references: ['RoleGrant team-a/read'] }],
    ['azid left something on it', { leftovers: ['a'] }],
  ])('nor while %s, though another tool wrote that it may', (_, hanging) => {
    const { status } = decide(off({ status: { released: true } }), facts({ ledger: on(), ...hanging }));
    expect(status).not.toHaveProperty('released');
  });

  it('is reported by where its resource is now', () => {
    const moved = ledger({ entry: entry(), hostId: `${VM}-moved` });
    const held = decide(off(), facts({ ledger: moved, references: ['RoleGrant team-a/read'] }));
    expect(said(held)).toContain(`the identity of ${VM}-moved (moved from ${VM}) is referred to by`);
  });

  it('waits for what refuses, then is let go, naming what stays', () => {
    const refused = facts({
      ledger: on({ state: 'Detaching', problem: problem('ScopeLocked') }),
    });
    const held = decide(off({ status: { released: true } }), refused);
    expect(types(held)).toEqual([]);
    expect(held.conditions).toContainEqual(
      expect.objectContaining({ type: 'DeletionBlocked', status: 'True' }),
    );
    const blocked = deletionBlocked(NOW - RELEASE_AFTER_MS);
    const over = decide(off({ status: { released: true, conditions: [blocked] } }), refused);
    expect(types(over)).toEqual(['recordEvent', 'removeFinalizer']);
    expect(events(over)[0]).toContain(`LeftBehind: gave up after 60 min; the identity of ${VM} may stay on`);
  });

  it('waits in the same way for a resource that cannot be read, though that may pass', () => {
    const unreadable = { reason: 'AzureUnavailable', message: 'HTTP 503' };
    const refused = facts({ ledger: { ...on({ state: 'Detaching' }), unreadable } });
    const held = decide(off(), refused);
    expect(types(held)).toEqual([]);
    expect(said(held)).toContain('AzureUnavailable: HTTP 503; the object is let go in 60 min');
    const blocked = deletionBlocked(NOW - RELEASE_AFTER_MS, unreadable.reason);
    const over = decide(off({ status: { conditions: [blocked] } }), refused);
    expect(events(over)[0]).toContain(`LeftBehind: gave up after 60 min; the identity of ${VM} may stay on`);
  });

  it('holds it, too, while a leftover cannot be deleted', () => {
    const action: Action = {
      type: 'deleteLeftover',
      id: 'a',
      event: { type: 'Normal', reason: 'Revoked', action: 'Delete', message: '' },
    };
    const decision = decide(off(), facts({ ledger: on(), leftovers: ['a'] }), { action, failure: failure() });
    expect(types(decision)).toEqual([]);
    expect(decision.conditions).toContainEqual(expect.objectContaining({ reason: 'AuthorizationFailed' }));
  });

  it('deletes the others while one leftover cannot be deleted, and is not released before all are gone', () => {
    const refusal = (id: string): { action: Action; failure: ReturnType<typeof failure> } => ({
      action: {
        type: 'deleteLeftover',
        id,
        event: { type: 'Normal', reason: 'Revoked', action: 'Delete', message: '' },
      },
      failure: failure(),
    });
    const both = facts({ ledger: on(), leftovers: ['/left/a', '/left/b'] });
    const next = decide(off(), both, refusal('/left/a'));
    expect(next.actions).toMatchObject([{ type: 'deleteLeftover', id: '/left/b' }]);
    const rest = facts({ ledger: on(), leftovers: ['/left/a'] });
    for (const [given, failed] of [
      [rest, refusal('/left/a')],
      [both, { ...refusal('/left/a'), others: [refusal('/left/b')] }],
    ] as const) {
      const held = decide(off(), given, failed);
      expect(types(held)).toEqual([]);
      expect(held.status).not.toHaveProperty('released');
      expect(said(held)).toContain('/left/a');
    }
  });

  it('is let go at once by annotation', () => {
    const released = off({ metadata: { annotations: { [RELEASE_ANNOTATION]: 'true' } } });
    const decision = decide(released, facts({ ledger: on() }));
    expect(types(decision)).toEqual(['recordEvent', 'removeFinalizer']);
    expect(events(decision)[0]).toContain('released by annotation');
  });
});

describe('an object for which the ledger has no room', () => {
  const full = (unnamed: boolean) => facts({ ledger: ledger({ entry: entry({ owners: [] }), unnamed }) });
  const conditionOf = (decision: SystemIdentityDecision) =>
    decision.conditions?.find(({ type }) => type === 'LedgerFull');

  it('has what the others have, and says so, with the remedy', () => {
    const decision = decide(settled(), full(true));
    expect(decision.summary).toMatchObject({ state: 'ready' });
    expect(conditionOf(decision)).toMatchObject({ status: 'True', reason: 'TooManyOwners' });
    expect(conditionOf(decision)?.message).toContain('delete SystemAssignedIdentities');
  });

  it('says that it is named, once it is; one that always was says nothing', () => {
    const before = settled({
      status: {
        ...settledStatus,
        conditions: [
          {
            type: 'LedgerFull',
            status: 'True',
            reason: 'TooManyOwners',
            message: '',
            lastTransitionTime: '2026-11-23T09:00:00Z',
          },
        ],
      },
    });
    expect(conditionOf(decide(before, full(false)))).toMatchObject({ status: 'False', reason: 'Named' });
    expect(conditionOf(decide(settled(), full(false)))).toBeUndefined();
  });
});
