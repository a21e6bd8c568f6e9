import { describe, expect, it } from 'vitest';
import { CONFIRM_DETACH_ANNOTATION, MAX_LISTED_TARGETS } from '../../api/identity-attachment.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { Finding } from '../../runtime/status/conditions.ts';
import type { Decision } from '../decision.ts';
import { decide } from './decide.ts';
import {
  attached,
  attachment,
  entry,
  type FactsChange,
  facts,
  fleet,
  given,
  host,
  IDENTITY_ID,
  keys,
  known,
  ledger,
  left,
  NOW,
  OLD_IDENTITY_ID,
  policy,
  problem,
  SITES,
  siteId,
  slotsIn,
  vmId,
} from './facts.fixture.ts';
import type {
  Action,
  AttachmentDecision,
  Facts,
  IdentityAttachment,
  ObservedHost,
  OwnStatus,
} from './facts.ts';

const types = ({ actions }: AttachmentDecision) => actions.map(({ type }) => type);
const reasonOf = ({ summary }: Decision<unknown, unknown>) =>
  'reason' in summary ? `${summary.state} ${summary.reason}` : summary.state;
const said = ({ summary }: AttachmentDecision) => ('message' in summary ? summary.message : '');
const only = <T extends Action['type']>({ actions }: AttachmentDecision, type: T) => {
  const found = actions.filter((action) => action.type === type);
  expect(found).toHaveLength(1);
  return found[0] as Extract<Action, { type: T }>;
};
const ensured = (decision: AttachmentDecision) => only(decision, 'ensureHosts').hostIds;
const tells = ({ actions }: AttachmentDecision) =>
  actions.flatMap((action) =>
    action.type === 'recordEvent' ? [`${action.event.reason}: ${action.event.message}`] : [],
  );
/** After the decision's status was written, its slots with it. */
const next = (
  object: IdentityAttachment,
  before: Facts,
  decision: AttachmentDecision,
): [IdentityAttachment, Facts] => {
  const saved = decision.actions.find((action) => action.type === 'saveStatus')?.status;
  const conditions = (decision.conditions ?? []).map((each: Finding) => ({
    lastTransitionTime: '2026-11-23T10:00:00Z',
    observedGeneration: 1,
    ...each,
  }));
  return [
    { ...object, status: { ...(saved ?? decision.status), observedGeneration: 1, conditions } },
    { ...before, ...(decision.reported && { reported: decision.reported }) },
  ];
};

describe('one resource by its id', () => {
  const rows: {
    title: string;
    object?: IdentityAttachment;
    facts?: FactsChange;
    host?: ObservedHost;
    state: string;
    target?: string;
    says?: string;
  }[] = [
    {
      title: 'no policy selects the namespace',
      facts: { policies: [] },
      state: 'stalled PolicyDenied',
      target: 'Failed PolicyDenied',
      says: 'no IdentityPolicy selects namespace team-a',
    },
    {
      title: 'a policy that allows it no longer: it stays, and is reported',
      host: attached('vm1'),
      facts: { policies: [policy({ attachments: [] })] },
      state: 'stalled PolicyDenied',
      target: 'Failed PolicyDenied',
      says: 'what stands is kept',
    },
    {
      title: 'a malformed id',
      facts: {
        problem: { reason: 'InvalidResourceId', message: 'spec.target.resourceId: Expected' },
        hosts: [],
      },
      state: 'stalled InvalidResourceId',
      says: 'spec.target.resourceId: Expected',
    },
    {
      title: 'the identity is not there yet',
      facts: {
        identity: { state: 'waiting', for: 'UserAssignedIdentity team-a/app', message: 'waiting for app' },
      },
      state: 'waiting',
      target: 'Waiting IdentityNotReady',
      says: 'waiting for app',
    },
    {
      title: 'the identity is on its way out',
      facts: { identity: { ...known, deleting: true } },
      state: 'waiting',
      target: 'Waiting IdentityLeaving',
      says: 'is being deleted',
    },
    {
      title: 'the resource is proven not to exist',
      host: host('vm1', { absent: true }),
      state: 'waiting',
      target: 'Waiting ResourceNotFound',
      says: `waiting for ${vmId('vm1')}, which does not exist`,
    },
    {
      title: 'the resource had it, and is gone',
      host: attached('vm1', { absent: true }),
      state: 'waiting',
      target: 'Waiting ResourceNotFound',
    },
    {
      title: 'its HostIdentity waits for the resource',
      host: host('vm1', { ledger: ledger({ waiting: 'waiting for vm1, which does not exist' }) }),
      state: 'waiting',
      target: 'Waiting DependencyNotReady',
      says: 'waiting for vm1',
    },
    { title: 'nothing was done yet', state: 'progressing Attaching', target: 'Pending' },
    {
      title: 'intent stands, or a write is under way',
      host: host('vm1', { ledger: ledger({ entry: entry({ state: 'Attaching' }) }) }),
      state: 'progressing Attaching',
      target: 'Attaching',
      says: '1 being changed',
    },
    {
      title: 'the identity is recycled: taken away to be given again',
      host: attached('vm1', { ledger: ledger({ entry: entry({ state: 'Detaching' }) }) }),
      state: 'progressing Attaching',
      target: 'Attaching',
    },
    {
      title: 'finished and read back',
      host: attached('vm1'),
      state: 'ready Attached',
      target: 'Attached',
      says: `identity ${IDENTITY_ID} is attached to ${vmId('vm1')}`,
    },
    {
      title: 'it was there before azid',
      host: attached('vm1', { ledger: ledger({ entry: entry({ owned: false }) }) }),
      state: 'ready ExistsUnmanaged',
      target: 'Attached ExistsUnmanaged',
      says: 'never detaches it',
    },
    {
      title: 'the ledger was lost',
      host: attached('vm1', { ledger: ledger({ entry: entry({ owned: false }), unproven: true }) }),
      state: 'ready ExistsUnmanaged',
      target: 'Attached ExistsUnmanaged',
      says: 'the record was lost',
    },
    {
      title: 'Azure refuses this identity',
      host: host('vm1', {
        ledger: ledger({
          entry: entry({ state: 'Refused', problem: problem('MissingAssignRight', 'needs Operator') }),
        }),
      }),
      state: 'stalled MissingAssignRight',
      target: 'Failed MissingAssignRight',
      says: 'needs Operator',
    },
    {
      title: 'the resource takes no change at all',
      host: host('vm1', {
        ledger: ledger({ stalled: { reason: 'MissingWriteRight', message: 'needs Contributor' } }),
      }),
      state: 'stalled MissingWriteRight',
      target: 'Failed MissingWriteRight',
      says: 'needs Contributor',
    },
    {
      title: 'the resource is stalled for others, and this is attached',
      host: attached('vm1', {
        ledger: ledger({ entry: entry(), stalled: { reason: 'SystemAssignedNotSupported', message: 'no' } }),
      }),
      state: 'ready Attached',
      target: 'Attached',
    },
    {
      title: 'the identity is not there in Azure, as the host found',
      host: host('vm1', {
        ledger: ledger({
          entry: entry({ state: 'Refused', problem: problem('IdentityNotFound', 'app does not exist') }),
        }),
      }),
      state: 'waiting',
      target: 'Waiting IdentityNotFound',
      says: 'app does not exist',
    },
    {
      title: 'somebody keeps taking it away: paused',
      host: host('vm1', {
        ledger: ledger({
          entry: entry({ state: 'Attaching', problem: problem('Contested'), losses: 4 }),
          contested: true,
        }),
      }),
      state: 'progressing Contested',
      target: 'Attaching Contested',
      says: 'find out who does',
    },
    {
      title: 'the identity was made again, and waits for its turn to be attached anew',
      host: host('vm1', {
        ledger: ledger({
          entry: entry({ state: 'Refused', problem: problem('IdentityRecycled', 'made again') }),
        }),
      }),
      state: 'progressing Attaching',
      target: 'Pending IdentityRecycled',
    },
    {
      title: 'the identity it had before is still there',
      host: attached('vm1', {
        ledger: ledger({
          entry: entry(),
          former: [entry({ identityId: OLD_IDENTITY_ID, state: 'Detaching' })],
        }),
      }),
      state: 'progressing Detaching',
      target: 'Detaching',
      says: 'detaching from 1 resource: vm1',
    },
    {
      title: 'the identity it had before cannot be taken off: what is asked for stands all the same',
      host: attached('vm1', {
        ledger: ledger({
          entry: entry(),
          former: [
            entry({
              identityId: OLD_IDENTITY_ID,
              state: 'Detaching',
              problem: problem('ScopeLocked', 'a lock'),
            }),
          ],
        }),
      }),
      state: 'ready Attached',
      target: 'Detaching ScopeLocked',
      says: 'is attached to',
    },
  ];
  it.each(rows)('$title', ({ object = attachment(), facts: change, host: one, state, target, says }) => {
    const decision = decide(object, facts({ ...(one && { hosts: [one] }), ...change }));
    expect(reasonOf(decision)).toBe(state);
    expect(said(decision)).toContain(says ?? '');
    const [reported] = decision.status.targets ?? [];
    expect(reported && [reported.state, reported.reason].filter(Boolean).join(' ')).toBe(target);
  });

  it('makes sure that the resource has its HostIdentity, after the finalizer', () => {
    const bare = attachment({ metadata: { finalizers: [] } });
    const decision = decide(bare, facts());
    expect(types(decision)).toEqual(['addFinalizer', 'ensureHosts']);
    expect(ensured(decision)).toEqual([vmId('vm1')]);
  });

  it('needs no slot: there is no other to wait for', () => {
    for (const one of [host('vm1'), attached('vm1')])
      expect(decide(attachment(), facts({ hosts: [one] })).status).not.toHaveProperty('rolloutSlots');
  });

  it.each([
    ['is denied', { policies: [] }],
    ['has a malformed id', { problem: { reason: 'InvalidResourceId', message: '' } }],
    ['names a resource that is not there', { hosts: [host('vm1', { absent: true })] }],
    ['waits for its identity', { identity: { state: 'waiting', for: 'x', message: '' } as const }],
  ])('asks for none while it %s', (_, change) => {
    expect(types(decide(attachment({ metadata: { finalizers: [] } }), facts(change)))).toEqual([]);
  });

  it('does nothing once all is as declared', () => {
    const before = facts({ hosts: [attached('vm1')] });
    expect(types(decide(...next(attachment(), before, decide(attachment(), before))))).toEqual([]);
  });

  it('lets go of the resource it named before, and says so', () => {
    const decision = decide(attachment(), facts({ hosts: [left('old'), attached('vm1')] }));
    expect(slotsIn(decision).detach).toEqual(keys('old'));
    expect(reasonOf(decision)).toBe('progressing Detaching');
    expect(decision.status).toMatchObject({ matched: 1, attached: 1, detaching: 1 });
  });

  it('shows which identity and principal it is, by its object or by the ledger', () => {
    expect(decide(attachment(), facts()).status).toMatchObject({
      identityId: IDENTITY_ID,
      principalId: 'p1',
    });
    const byId = { state: 'known', id: IDENTITY_ID, key: armKey(IDENTITY_ID), deleting: false } as const;
    const identity = { ...byId, request: { id: IDENTITY_ID } };
    const policies = [
      policy({
        attachments: [{ types: ['*'], scopes: ['/'], identities: { ids: [IDENTITY_ID] } }],
      }),
    ];
    const decision = decide(attachment(), facts({ identity, policies, hosts: [attached('vm1')] }));
    expect(decision.status).toMatchObject({ identityId: IDENTITY_ID, principalId: 'p1' });
  });

  it('while suspended, what is still to be done keeps the edit unobserved; nothing else does', () => {
    const suspended = attachment({ spec: { suspend: true } });
    expect(types(decide(suspended, facts()))).not.toEqual([]);
    const busy = host('vm1', { ledger: ledger() });
    expect(types(decide(suspended, facts({ hosts: [busy] })))).not.toEqual([]);
    expect(types(decide(suspended, facts({ hosts: [attached('vm1')] })))).toEqual([]);
    const many = fleet({ spec: { suspend: true } });
    const slots = given(many, { attach: ['vm1'], detach: ['old'] });
    for (const hosts of [[busy], [left('old'), attached('vm1')]])
      for (const object of [many, slots]) expect(types(decide(object, facts({ hosts })))).not.toEqual([]);
    expect(types(decide(slots, facts({ hosts: [attached('vm1')] })))).toEqual([]);
  });
});

describe('a fleet by a selector', () => {
  it('says that nothing is found, and is content with it', () => {
    const decision = decide(fleet(), facts({ hosts: [] }));
    expect(reasonOf(decision)).toBe('ready NothingSelected');
    expect(said(decision)).toContain('those that appear get');
    expect(types(decision)).toEqual([]);
  });

  it('says until when it may miss some, and comes back should the list that shows them be late', () => {
    const until = NOW + 150_000;
    for (const [hosts, reason] of [
      [[], 'NothingSelected'],
      [[attached('a')], 'Attached'],
    ] as const) {
      const open = decide(fleet(), facts({ hosts, mayMissUntil: until }));
      expect(reasonOf(open)).toBe(`ready ${reason}`);
      expect(said(open)).toContain(
        'until 2026-11-23T10:02:30Z resources that were made lately may be missing, since lists of Azure lag',
      );
      expect(open.status.mayMissUntil).toBe('2026-11-23T10:02:30Z');
      expect(open.summary).toMatchObject({ nextMs: 210_000 });
      const late = decide(fleet(), facts({ hosts, mayMissUntil: until, now: until + 60_000 }));
      expect(said(late)).toContain('was due at 2026-11-23T10:02:30Z and has not come');
      const before = fleet({ status: open.status });
      const settled = decide(before, facts({ hosts }));
      expect(said(settled)).not.toContain('may be missing');
      expect(settled.status).not.toHaveProperty('mayMissUntil');
    }
  });

  it('keeps that while the first list is awaited, and drops it where it may select nothing', () => {
    const mayMissUntil = NOW + 150_000;
    expect(decide(fleet(), facts({ loading: true, mayMissUntil })).status).toHaveProperty('mayMissUntil');
    const before = fleet({ status: { mayMissUntil: '2026-11-23T10:02:30Z' } });
    expect(decide(before, facts({ policies: [] })).status).not.toHaveProperty('mayMissUntil');
  });

  it('waits for the first list with what was last seen', () => {
    const { summary, actions, status } = decide(
      fleet({ status: { observedGeneration: 1, attached: 7 } }),
      facts({ hosts: [], loading: true }),
    );
    expect(summary).toMatchObject({ state: 'waiting', keep: true });
    expect(actions).toEqual([]);
    expect(status).toMatchObject({ attached: 7 });
  });

  it('is refused where no policy allows selectors, and lets nothing go', () => {
    const policies = [policy({ attachments: [{ types: ['*'], scopes: ['/'] }] })];
    const decision = decide(fleet(), facts({ policies, hosts: [left('vm1')] }));
    expect(reasonOf(decision)).toBe('stalled SelectorNotAllowed');
    expect(said(decision)).toContain('selectors: true');
    expect(types(decision)).toEqual([]);
  });

  it('gives 20 at a time their slot and their HostIdentity, and goes on as they are done', () => {
    const all = Array.from({ length: 200 }, (_, at) => `vm${String(at).padStart(3, '0')}`);
    const first = decide(fleet(), facts({ hosts: all.map((name) => host(name)) }));
    expect(slotsIn(first).attach.size).toBe(20);
    expect(ensured(first)).toHaveLength(20);
    expect(first.status).toMatchObject({ matched: 200, attached: 0, pending: 200 });
    const hosts = all.map((name, at) => (at < 5 ? attached(name) : host(name)));
    expect(types(first)).toEqual(['saveStatus', 'ensureHosts']);
    const then = decide(fleet({ status: first.status }), facts({ hosts }));
    expect(slotsIn(then).attach.size).toBe(20);
    expect(slotsIn(then).attach).not.toContain(armKey(vmId('vm004')));
    expect(slotsIn(then).attach).toContain(armKey(vmId('vm024')));
  });

  it('lets those it has begun go on as before when nothing came of them yet, whatever else there is by now', () => {
    const names = Array.from({ length: 22 }, (_, at) => `vm${String(at).padStart(2, '0')}`);
    const hosts = names.map((name) => host(name, { ledger: ledger() }));
    const begun = given(fleet(), { attach: names.slice(2) });
    expect(slotsIn(decide(begun, facts({ hosts }))).attach).toEqual(keys(...names.slice(2)));
    // They were given for another edit, and are void.
    const edited = { ...begun, metadata: { ...begun.metadata, generation: 2 } };
    const { status } = decide(edited, facts({ hosts }));
    expect(slotsIn({ status }).attach).toEqual(keys(...names.slice(0, 20)));
    expect(status.rolloutSlots?.generation).toBe(2);
  });

  it('changes nothing before a new process has seen what is under way', () => {
    const busy = host('b', { ledger: ledger({ entry: entry({ state: 'Attaching' }) }) });
    const object = fleet({ spec: { rollout: { maxConcurrent: 1 } } });
    expect(slotsIn(decide(object, facts({ hosts: [host('a'), busy] }))).attach).toEqual(keys('b'));
  });

  it('writes down what is attached already without a slot', () => {
    const object = fleet({ spec: { rollout: { maxConcurrent: 1 } } });
    const hosts = [host('a', { shown: true }), host('b'), host('c', { shown: true }), host('d')];
    const decision = decide(object, facts({ hosts }));
    expect(ensured(decision)).toEqual(['a', 'b', 'c'].map(vmId));
    expect(slotsIn(decision).attach).toEqual(keys('b'));
  });

  it('calls those that were all there before unmanaged, and a mixture attached', () => {
    const foreign = (name: string) => attached(name, { ledger: ledger({ entry: entry({ owned: false }) }) });
    expect(reasonOf(decide(fleet(), facts({ hosts: [foreign('a'), foreign('b')] })))).toBe(
      'ready ExistsUnmanaged',
    );
    const mixed = decide(fleet(), facts({ hosts: [foreign('a'), attached('b')] }));
    expect(reasonOf(mixed)).toBe('ready Attached');
    expect(said(mixed)).toContain('to all 2 resources; to 1 of them by somebody else');
  });

  it('names those that failed, and goes on with the others', () => {
    const bad = host('bad', {
      ledger: ledger({ entry: entry({ state: 'Refused', problem: problem('ScopeLocked', 'a lock') }) }),
    });
    const going = decide(fleet(), facts({ hosts: [bad, host('c')] }));
    expect(reasonOf(going)).toBe('progressing SomeTargetsFailed');
    const done = decide(fleet(), facts({ hosts: [bad, attached('c')] }));
    expect(reasonOf(done)).toBe('stalled SomeTargetsFailed');
    expect(said(done)).toContain(
      '1 of 2 resources cannot have the identity: bad; the first: ScopeLocked: a lock',
    );
    expect(done.status).toMatchObject({ matched: 2, attached: 1, failed: 1, pending: 0 });
  });

  it('reports nothing of what it finds where no policy allows it, not even whether there is something', () => {
    const elsewhere = '/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/secret';
    const secret = host('x', { id: `${elsewhere}/providers/Microsoft.Compute/virtualMachines/x` });
    const some = decide(fleet(), facts({ hosts: [attached('a'), secret] }));
    expect(reasonOf(some)).toBe('ready Attached');
    expect(some.status).toMatchObject({ matched: 1, attached: 1, failed: 0 });
    expect(some).toEqual(decide(fleet(), facts({ hosts: [attached('a')] })));
    expect(said(some)).toContain(
      'the selector covers more than the IdentityPolicies of the namespace allow, and resources there are left out',
    );
    const all = decide(fleet(), facts({ hosts: [secret] }));
    expect(all).toEqual(decide(fleet(), facts({ hosts: [] })));
    expect(reasonOf(all)).toBe('ready NothingSelected');
    expect(said(all)).toContain('it covers more than the IdentityPolicies');
    // Where a policy allows all that the selector asks for, nothing is left out.
    const wide = policy({
      attachments: [
        { types: ['*'], scopes: ['/subscriptions/00000000-0000-0000-0000-00000000000a'], selectors: true },
      ],
    });
    expect(said(decide(fleet(), facts({ hosts: [], policies: [wide] })))).not.toContain('left out');
  });

  it('keeps what Azure does not show now', () => {
    const unread = attached('a', { claim: 'unclear', shown: false });
    const decision = decide(fleet(), facts({ hosts: [unread] }));
    expect(reasonOf(decision)).toBe('ready Attached');
    expect(types(decision)).toEqual([]);
    expect(decision.status).toMatchObject({ matched: 1, attached: 1, detaching: 0 });
  });

  it('has nothing to take away from a resource that is gone', () => {
    const gone = attached('a', { claim: 'gone', absent: true });
    const decision = decide(fleet(), facts({ hosts: [gone, attached('b')] }));
    expect(types(decision)).toEqual([]);
    expect(decision.status.targets).toContainEqual(
      expect.objectContaining({ state: 'Detaching', reason: 'ResourceNotFound' }),
    );
  });

  it('lists those that need attention, when there are too many to list all', () => {
    const many = Array.from({ length: 150 }, (_, at) => attached(`ok${at}`));
    const bad = host('zz', { ledger: ledger({ stalled: { reason: 'ScopeLocked', message: 'a lock' } }) });
    const { targets = [] } = decide(fleet(), facts({ hosts: [...many, host('pending'), bad] })).status;
    expect(targets).toHaveLength(MAX_LISTED_TARGETS);
    expect(targets.slice(0, 3).map(({ state }) => state)).toEqual(['Failed', 'Pending', 'Attached']);
  });

  it('remembers why a host failed that gave its turn back, until an edit', () => {
    const stuck = host('a', { ledger: ledger({ stalled: { reason: 'ScopeLocked', message: 'a lock' } }) });
    const object = fleet({ spec: { rollout: { maxConcurrent: 1 } } });
    const before = facts({ hosts: [stuck, host('b')] });
    const [then, since] = next(object, before, decide(object, before));
    const calm = facts({ ...since, hosts: [host('a'), host('b')] });
    const decision = decide(then, calm);
    expect(decision.status.targets?.[0]).toMatchObject({ state: 'Failed', reason: 'ScopeLocked' });
    expect(slotsIn(then as { status: OwnStatus }).attach).toEqual(keys('b'));
    const edited = { ...then, metadata: { ...then.metadata, generation: 2 } };
    expect(decide(edited, calm).status.targets?.[0]).toMatchObject({ state: 'Pending' });
  });
});

describe('what may be detached at once', () => {
  const hosts = [
    ...['a', 'b', 'c'].map((name) => left(name)),
    ...['d', 'e', 'f'].map((name) => attached(name)),
  ];
  const confirmed = (count: string) =>
    fleet({ metadata: { annotations: { [CONFIRM_DETACH_ANNOTATION]: count } } });

  it('holds up a change of too many, and says how to confirm it', () => {
    const decision = decide(fleet(), facts({ hosts }));
    expect(reasonOf(decision)).toBe('stalled DetachShareExceeded');
    expect(said(decision)).toContain('3 of 6 resources would lose the identity');
    expect(said(decision)).toContain('azid.dev/confirm-detach: "3"');
    expect(types(decision)).toEqual([]);
  });

  it.each(['2', '4', 'all', '03'])('takes no other word for it: "%s"', (count) => {
    expect(reasonOf(decide(confirmed(count), facts({ hosts })))).toBe('stalled DetachShareExceeded');
  });

  it('writes the confirmation down first, then goes through with it though fewer are left', () => {
    const said = decide(confirmed('3'), facts({ hosts }));
    expect(types(said)).toEqual([]);
    expect(said.summary).toMatchObject({ state: 'progressing', reason: 'Detaching', againMs: 0 });
    const [object, since] = next(confirmed('3'), facts({ hosts }), said);
    expect(slotsIn(decide(object, since)).detach).toEqual(keys('a', 'b', 'c'));
    // A new process, with one done.
    expect(slotsIn(decide(object, facts({ hosts: hosts.slice(1) }))).detach).toEqual(keys('b', 'c'));
  });

  it('is over when they are done, so that a forgotten annotation allows no later mistake', () => {
    const [object, since] = next(confirmed('3'), facts({ hosts }), decide(confirmed('3'), facts({ hosts })));
    const done = decide(object, { ...since, hosts: hosts.slice(3) });
    expect(done.conditions).toContainEqual(
      expect.objectContaining({ type: 'DetachConfirmed', status: 'False', reason: 'Over' }),
    );
    const [later, then] = next(object, since, done);
    const again = [...['d', 'e'].map((name) => left(name)), ...['f', 'g'].map((name) => attached(name))];
    expect(reasonOf(decide(later, { ...then, hosts: again }))).toBe('stalled DetachShareExceeded');
  });

  it('is over for the same number, too, until the annotation was taken off and set again', () => {
    const [object, since] = next(confirmed('3'), facts({ hosts }), decide(confirmed('3'), facts({ hosts })));
    const [later, then] = next(object, since, decide(object, { ...since, hosts: hosts.slice(3) }));
    const again = { ...then, hosts: [...['d', 'e', 'f'].map((name) => left(name)), attached('g')] };
    const [still, on] = next(later, again, decide(later, again));
    const refused = decide(still, { ...on, hosts: again.hosts });
    expect(reasonOf(refused)).toBe('stalled DetachShareExceeded');
    expect(refused.conditions?.[0]?.message).toContain('remove it, then set it again');
    const without = { ...still, metadata: { ...still.metadata, annotations: {} } };
    const [off, after] = next(without, again, decide(without, again));
    const anew = { ...off, metadata: { ...off.metadata, annotations: object.metadata.annotations ?? {} } };
    expect(reasonOf(decide(anew, { ...after, hosts: again.hosts }))).toBe('progressing Detaching');
  });

  it('holds for the edit it was given for alone', () => {
    const [object, since] = next(confirmed('3'), facts({ hosts }), decide(confirmed('3'), facts({ hosts })));
    const edited = { ...object, metadata: { ...object.metadata, generation: 2 } };
    expect(reasonOf(decide(edited, { ...since, hosts: hosts.slice(1) }))).toBe('stalled DetachShareExceeded');
  });

  it('sets no limit to letting go of what somebody else attached', () => {
    const foreign = ['a', 'b', 'c'].map((name) => left(name, { owned: false }));
    const decision = decide(fleet(), facts({ hosts: [...foreign, attached('d')] }));
    expect(reasonOf(decision)).toBe('progressing Detaching');
    // Their hosts only forget it, for which they need no slot.
    expect(slotsIn(decision).detach).toEqual(keys());
  });

  it('goes on attaching meanwhile', () => {
    const decision = decide(fleet(), facts({ hosts: [...hosts, host('new')] }));
    expect(reasonOf(decision)).toBe('stalled DetachShareExceeded');
    expect(slotsIn(decision)).toEqual({ attach: keys('new'), detach: keys() });
  });
});

describe('what restarts when an identity is attached', () => {
  const type = { name: SITES, known: true, restarts: true };
  const site = (name: string, change: Partial<ObservedHost> = {}) =>
    host(name, { id: siteId(name), type: SITES, ...change });
  const hosts = [site('a'), site('b')];
  const apps = () => fleet({ spec: { target: { selector: { subscriptionId: 'x', type: SITES } } } });
  const all = policy({ attachments: [{ types: ['*'], scopes: ['/'], selectors: true }] });

  it('is announced before the first slot is given, once, and then goes one at a time', () => {
    const before = facts({ type, hosts, policies: [all] });
    const warned = decide(apps(), before);
    expect(types(warned)).toEqual(['recordEvent', 'saveStatus']);
    expect(tells(warned)[0]).toContain('RestartsOnAttach: Microsoft.Web/sites restarts');
    expect(said(warned)).toContain('restarts when an identity is attached');
    const decision = decide(...next(apps(), before, warned));
    expect(warned.actions.at(-1)).not.toHaveProperty('status.rolloutSlots');
    expect(types(decision)).toEqual(['saveStatus', 'ensureHosts']);
    expect(slotsIn(decision).attach).toEqual(new Set([armKey(siteId('a'))]));
  });

  it('is announced again for one that comes later', () => {
    const done = [site('a', { shown: true, ledger: ledger({ entry: entry() }) })];
    const before = facts({ type, hosts: done, policies: [all] });
    const settled = decide(apps(), before);
    expect(reasonOf(settled)).toBe('ready Attached');
    const [object, since] = next(apps(), before, settled);
    expect(tells(decide(object, { ...since, hosts: [...done, site('b')] }))).toHaveLength(1);
  });

  it('is not announced for one that has the identity already', () => {
    const before = facts({ type, hosts: [site('a', { shown: true })], policies: [all] });
    expect(tells(decide(apps(), before))).toEqual([]);
  });
});

describe('what Events report', () => {
  const run = (object: IdentityAttachment, ...steps: readonly (readonly ObservedHost[])[]) => {
    let at: [IdentityAttachment, Facts] = [object, facts()];
    return steps.map((hosts) => {
      const now = { ...at[1], hosts };
      const decision = decide(at[0], now);
      at = next(at[0], now, decision);
      return tells(decision);
    });
  };
  const all = ['a', 'b', 'c', 'd', 'e'];
  const pending = all.map((name) => host(name));

  it('one for all that were attached, with three names', () => {
    const [first, second, third] = run(
      fleet(),
      pending,
      all.map((name) => attached(name)),
      all.map((name) => attached(name)),
    );
    expect(first).toEqual([]);
    expect(second).toEqual([
      `IdentityAttached: identity ${IDENTITY_ID} is attached to 5 resources: a, b, c and 2 more`,
    ]);
    expect(third).toEqual([]);
  });

  it('nothing of what a new process finds done', () => {
    expect(
      run(
        fleet(),
        all.map((name) => attached(name)),
      ),
    ).toEqual([[]]);
  });

  it('what was there before, what is detached, what is contested', () => {
    const foreign = attached('a', { ledger: ledger({ entry: entry({ owned: false }) }) });
    const fought = attached('b', { ledger: ledger({ entry: entry(), contested: true }) });
    const [, second, third] = run(
      fleet(),
      [host('a'), attached('b'), left('c')],
      [foreign, fought],
      [foreign, attached('b')],
    );
    expect(second).toEqual([
      expect.stringMatching(/^ExistsUnmanaged: .* 1 resource: a$/),
      expect.stringMatching(/^IdentityDetached: .* 1 resource: c$/),
      expect.stringMatching(/^Contested: .* 1 resource: b$/),
    ]);
    expect(third).toEqual([]);
  });

  it('the condition Contested comes and goes', () => {
    const fought = facts({
      hosts: [attached('vm1', { ledger: ledger({ entry: entry(), contested: true }) })],
    });
    const decision = decide(attachment(), fought);
    expect(reasonOf(decision)).toBe('ready Attached');
    expect(decision.conditions).toContainEqual(
      expect.objectContaining({ type: 'Contested', status: 'True', reason: 'TakenAway' }),
    );
    const [object, since] = next(attachment(), fought, decision);
    expect(decide(object, { ...since, hosts: [attached('vm1')] }).conditions).toContainEqual(
      expect.objectContaining({ type: 'Contested', status: 'False', reason: 'Settled' }),
    );
  });

  it('a target keeps the time of its last change', () => {
    const [object, since] = next(attachment(), facts(), decide(attachment(), facts()));
    const later = decide(object, { ...since, now: NOW + 60_000 });
    expect(later.status.targets?.[0]?.lastChange).toBe('2026-11-23T10:00:00Z');
  });
});

it('is Ready although a resource that is no longer asked for keeps it, which has a condition of its own', () => {
  const left = (change: { problem?: ReturnType<typeof problem> }) =>
    attached('vm2', {
      claim: 'unwanted',
      ledger: ledger({ entry: entry({ state: 'Detaching', ...change }) }),
    });
  const locked = problem('ScopeLocked', 'a lock');
  const stuck = decide(attachment(), facts({ hosts: [attached('vm1'), left({ problem: locked })] }));
  expect(reasonOf(stuck)).toBe('ready Attached');
  expect(said(stuck)).not.toContain('all 2');
  const blocked = (stuck.conditions ?? []).filter(({ type }) => type === 'RemovalBlocked');
  expect(blocked).toMatchObject([
    { status: 'True', reason: 'ScopeLocked', message: expect.stringContaining('vm2') },
  ]);
  const underWay = decide(attachment(), facts({ hosts: [attached('vm1'), left({})] }));
  expect(reasonOf(underWay)).toBe('progressing Detaching');
  expect(underWay.conditions).not.toContainEqual(
    expect.objectContaining({ type: 'RemovalBlocked', status: 'True' }),
  );
});

describe('an attachment for which the ledger of a resource has no room', () => {
  const crowded = (change: Partial<ObservedHost> = {}) =>
    attached('a', { ledger: ledger({ entry: entry({ owners: [] }), unnamed: true }), ...change });
  const full = (object: IdentityAttachment, given: FactsChange) =>
    decide(object, facts(given)).conditions?.find(({ type }) => type === 'LedgerFull');

  it('has what the others have, and says so, with the resource and the remedy', () => {
    const decision = decide(attachment(), facts({ hosts: [crowded()] }));
    expect(reasonOf(decision)).toBe('ready Attached');
    const reported = full(fleet(), { hosts: [attached('b'), crowded()] });
    expect(reported).toMatchObject({ status: 'True', reason: 'TooManyOwners' });
    expect(reported?.message).toContain('the HostIdentity of a names 50 objects');
    expect(reported?.message).toContain('delete IdentityAttachments that nobody needs');
  });

  it('says nothing of what no policy allows it, nor of what it does not ask for', () => {
    expect(full(attachment(), { hosts: [crowded()], policies: [] })).toBeUndefined();
    expect(full(fleet(), { hosts: [crowded({ claim: 'unclear' })] })).toBeUndefined();
  });

  it('says that it is named, once it is; one that always was says nothing', () => {
    const reported = { type: 'LedgerFull', status: 'True', reason: 'TooManyOwners', message: '' } as const;
    const before = attachment();
    const status = { conditions: [{ ...reported, lastTransitionTime: '2026-11-23T10:00:00Z' }] };
    expect(full({ ...before, status }, { hosts: [attached('a')] })).toMatchObject({
      status: 'False',
      reason: 'Named',
    });
    expect(full(before, { hosts: [attached('a')] })).toBeUndefined();
  });
});
