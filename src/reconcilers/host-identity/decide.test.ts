import { describe, expect, it } from 'vitest';
import { FINALIZER } from '../../api/schema/common.ts';
import { decide } from './decide.ts';
import {
  alive,
  at,
  attached,
  capability,
  EARLIER,
  entry,
  facts,
  failure,
  fresh,
  host,
  idOf,
  keyOf,
  MINUTE,
  NOW,
  object,
  owner,
  principalOf,
  refusal,
  releases,
  SELF,
  seen,
  VM,
  wants,
  wantsSystem,
} from './facts.fixture.ts';
import type { Action, HostDecision, WriteIdentity } from './facts.ts';
import { HOST, needsLive } from './observe/live.ts';
import { DUE_MS, QUIET_MS } from './write/batch.ts';

const types = ({ actions }: HostDecision) => actions.map(({ type }) => type);
const reasonsOf = ({ actions }: HostDecision) =>
  actions.flatMap((action: Action) => (action.type === 'recordEvent' ? action.event.reason : []));
const drifts = ({ actions }: HostDecision) =>
  actions.flatMap((action: Action) => (action.type === 'recordEvent' ? (action.event.drift ?? []) : []));
const writeOf = ({ actions }: HostDecision) =>
  actions.find((action): action is WriteIdentity => action.type === 'writeIdentity');
const states = ({ status }: HostDecision) =>
  Object.fromEntries(
    (status.entries ?? []).map(({ identityId, state, owned }) => [
      identityId.split('/').at(-1),
      `${state}${owned ? '' : ' unowned'}`,
    ]),
  );
const reason = ({ summary }: HostDecision) =>
  'reason' in summary && summary.reason !== undefined ? `${summary.state} ${summary.reason}` : summary.state;

const capabilityOfScaleSets = { ...capability('Microsoft.Compute/virtualMachineScaleSets'), system: false };

describe('a host that is as wanted', () => {
  it('is in sync without a write, and without a change of its status', () => {
    const decision = decide(object(), facts());
    expect(decision).toMatchObject({ actions: [], summary: { state: 'ready', reason: 'InSync' } });
    expect(decision.status).toEqual({ hostId: VM, instance: 'vm-1', entries: [entry('app')] });
    expect(decision.restsOnHost).toBe(false);
  });

  it('comes back when a loss is long enough ago to be forgotten', () => {
    const lost = entry('app', { losses: 1, lastLossAt: at(-90 * MINUTE) });
    const decision = decide(object({ entries: [lost] }), facts());
    expect(decision.summary).toMatchObject({ state: 'ready', nextMs: 30 * MINUTE });
  });
});

describe('attaching', () => {
  const wanted = facts({ claims: [wants('app')], host: seen(host()), identities: alive('app') });

  it('saves its intent, then the finalizer, and then writes with the etag it has read', () => {
    const decision = decide(fresh(), wanted);
    expect(types(decision)).toEqual(['saveStatus', 'addFinalizer', 'writeIdentity']);
    expect(decision.actions[0]).toMatchObject({
      status: {
        hostId: VM,
        instance: 'vm-1',
        writeStartedAt: at(0),
        entries: [
          {
            identityId: idOf('app'),
            state: 'Attaching',
            owned: true,
            owners: [owner('attach-app')],
            credential: 'azid',
          },
        ],
      },
    });
    expect(writeOf(decision)).toMatchObject({
      hostId: VM,
      identity: { type: 'UserAssigned', userAssignedIdentities: { [idOf('app')]: {} } },
      ifMatch: '"1"',
      begun: at(0),
      checks: [idOf('app')],
      asked: { adds: [keyOf('app')], removes: [], system: 'keep', fresh: [keyOf('app')] },
      event: { reason: 'IdentityAttached' },
    });
    expect(writeOf(decision)?.event.message).toContain(
      'for IdentityAttachment team-a/attach-app, under policy team-a',
    );
  });

  it('makes one write of the adds and removes of all objects', () => {
    const both = facts({
      claims: [releases('attach-app'), wants('b'), wants('c', {}, 'attach-c'), wantsSystem()],
      identities: alive('b', 'c'),
    });
    const decision = decide(object(), both);
    expect(writeOf(decision)?.identity).toEqual({
      type: 'SystemAssigned, UserAssigned',
      userAssignedIdentities: { [idOf('b')]: {}, [idOf('c')]: {}, [idOf('app')]: null },
    });
    expect(states(decision)).toEqual({ app: 'Detaching', b: 'Attaching', c: 'Attaching' });
    expect(decision.status.systemAssigned).toMatchObject({ state: 'Attaching', owned: true });
  });

  it('gives nothing new when a policy denies it, and holds no ledger for it', () => {
    const denied = wants('app', { verdict: { allowed: false, message: 'no' } });
    expect(types(decide(fresh(), { ...wanted, claims: [denied] }))).toEqual(['deleteSelf']);
  });

  describe('waits for a moment, so that one write carries all that comes together', () => {
    const { batch: _, ...unseen } = wanted;
    const status = { hostId: VM, instance: 'vm-1', entries: [] };
    const listed = { state: 'present', host: host(), live: false } as const;
    const at = (ms: number, batch: HostDecision['batch'], change: Partial<typeof wanted> = {}) =>
      decide(object(status), { ...unseen, now: NOW + ms, ...(batch && { batch }), ...change });
    const first = at(0, undefined);

    it('in which nothing is done, read or recorded', () => {
      expect(first).toMatchObject({ actions: [], isHeld: true, status });
      expect(first.summary).toMatchObject({ state: 'progressing', againMs: QUIET_MS, keep: true });
      expect(needsLive(object(status), { ...unseen, host: listed }, first)).toEqual([]);
      // Nor for an object that is new.
      expect(needsLive(fresh(), { ...unseen, host: listed }, decide(fresh(), unseen))).toEqual([]);
      const asked = object(status, { annotations: { 'azid.dev/reconcile-requested-at': 'now' } });
      expect(needsLive(asked, { ...unseen, host: listed }, first)).toEqual([HOST]);
    });

    it('after which it goes, with what came meanwhile', () => {
      const both = { claims: [wants('app'), wants('b')], identities: alive('app', 'b') };
      const more = at(400, first.batch, both);
      expect(types(more)).toEqual([]);
      expect(types(at(QUIET_MS, more.batch, both))).toEqual([]);
      const last = at(400 + QUIET_MS, more.batch, both);
      expect(writeOf(last)?.asked.adds).toEqual([keyOf('app'), keyOf('b')]);
      // Decided again before it is sent: its turn has come.
      expect(writeOf(at(400 + QUIET_MS, last.batch, both))).toBeDefined();
    });

    it('longer for an object that has yet to be reconciled, and not for ever', () => {
      const due = { claims: [wants('app'), wants('b', { hasSlot: false })] };
      expect(at(0, undefined, due).summary).toMatchObject({ againMs: 1_000 });
      expect(writeOf(at(DUE_MS - 1, first.batch, due))).toBeUndefined();
      expect(writeOf(at(DUE_MS, first.batch, due))?.asked.adds).toEqual([keyOf('app')]);
      const heldBack = { claims: [wants('app'), wants('b', { hasSlot: false, isDue: false })] };
      expect(writeOf(at(QUIET_MS, first.batch, heldBack))).toBeDefined();
    });

    it('which begins when nothing else is in the way', () => {
      const busy = { host: seen(host([], { provisioningState: 'Updating' })) };
      expect(at(0, undefined, busy)).not.toHaveProperty('batch');
      expect(at(0, undefined, { window: { blockedMs: 1_000, openMs: 1_000 } })).not.toHaveProperty('batch');
    });

    it('but not for what follows a write in the same reconcile, or was decided again for its turn', () => {
      expect(writeOf(at(0, undefined, { isTried: true, writes: 1 }))).toBeDefined();
      const both = { claims: [wants('app'), wants('b')], identities: alive('app', 'b') };
      const sent = at(QUIET_MS, first.batch);
      expect(writeOf(at(QUIET_MS + 1, sent.batch, { isTried: true, ...both }))?.asked.adds).toHaveLength(2);
    });

    it('and not again for what failed, whose back-off goes on', () => {
      const sent = at(QUIET_MS, first.batch);
      const refused = refusal({ adds: [keyOf('app')] }, { kind: 'transient', reason: 'ServerError' });
      const failed = at(QUIET_MS, sent.batch, { isTried: true, writes: 1, refusal: refused });
      expect(failed.summary.state).toBe('retrying');
      expect(writeOf(at(MINUTE, failed.batch))).toBeDefined();
      const unreadable = at(MINUTE, sent.batch, { host: { state: 'unreadable', failure: failure() } });
      expect(writeOf(at(2 * MINUTE, unreadable.batch))).toBeDefined();
      // Something new opens a window of its own.
      const both = { claims: [wants('app'), wants('b')], identities: alive('app', 'b') };
      expect(at(MINUTE, failed.batch, both)).toMatchObject({ isHeld: true });
    });

    it('and anew for a resource that was gone', () => {
      const sent = at(QUIET_MS, first.batch);
      const gone = { state: 'absent', live: true, conclusive: true, conclusiveInMs: 0 } as const;
      const absent = at(MINUTE, sent.batch, { host: gone });
      expect(at(2 * MINUTE, absent.batch)).toMatchObject({ isHeld: true });
    });
  });

  const notGiven = [
    ['its slot has not come', wants('app', { hasSlot: false })],
    ['its object is suspended, or its identity on its way out', wants('app', { paused: true })],
  ] as const;
  it.each(notGiven)('gives nothing new when %s', (_, claim) => {
    const decision = decide(fresh(), { ...wanted, claims: [claim] });
    expect(types(decision)).toEqual([]);
    expect(decision.status.entries).toEqual([]);
  });

  it.each(notGiven)('keeps what stands when %s', (_, claim) => {
    const decision = decide(object(), facts({ claims: [claim] }));
    expect(decision).toMatchObject({ actions: [], summary: { reason: 'InSync' } });
    expect(states(decision)).toEqual({ app: 'Attached' });
  });

  it('does not let an object that is denied hold what another one releases', () => {
    const denied = wants('app', { verdict: { allowed: false, message: 'no' } }, 'other');
    const decision = decide(object(), facts({ claims: [releases('attach-app'), denied] }));
    expect(writeOf(decision)?.asked.removes).toEqual([keyOf('app')]);
  });

  it('writes down a second owner of what is there already, without a slot and without a write', () => {
    const decision = decide(
      object(),
      facts({ claims: [wants('app'), wants('app', { hasSlot: false }, 'other')] }),
    );
    expect(types(decision)).toEqual([]);
    expect(decision.status.entries?.[0]?.owners).toEqual([owner('attach-app'), owner('other')]);
  });

  it('never attaches azid’s own identity', () => {
    const decision = decide(
      fresh(),
      facts({
        host: seen(host()),
        identities: new Map([[keyOf('app'), { state: 'present', principalId: SELF, live: true }]]),
      }),
    );
    expect(writeOf(decision)).toBeUndefined();
    expect(decision.status.entries?.[0]).toMatchObject({
      state: 'Refused',
      owned: false,
      problem: { reason: 'ReservedIdentity' },
    });
  });

  it('is attached only when a read shows it, with its principal', () => {
    const begun = object({ entries: [entry('app', { state: 'Attaching' })], writeStartedAt: at(-5_000) });
    const accepted = new Map([
      [keyOf('app'), { wanted: 'present', at: NOW - 4_000, until: NOW + 116_000 }],
    ] as const);
    const early = decide(begun, facts({ host: seen(host()), accepted }));
    expect(reason(early)).toBe('progressing ReadingBack');
    expect(early).toMatchObject({ actions: [], restsOnHost: true, status: { writeStartedAt: at(-5_000) } });
    const late = decide(begun, facts({ accepted }));
    expect(late.status).toEqual({
      hostId: VM,
      instance: 'vm-1',
      entries: [entry('app', { since: at(0) })],
    });
  });

  it('leaves what it may not do any more in one reconcile to the next', () => {
    const decision = decide(fresh(), { ...wanted, writes: 4 });
    expect(types(decision)).toEqual([]);
    expect(reason(decision)).toBe('progressing Writing');
  });
});

describe('what was there before', () => {
  it('counts as attached, and is nobody’s to take away', () => {
    const decision = decide(fresh(), facts());
    expect(types(decision)).toEqual([]);
    expect(states(decision)).toEqual({ app: 'Attached unowned' });
    expect(decision.status.unproven).toBeUndefined();
    const unowned = object({ entries: [entry('app', { owned: false })] });
    const gone = decide(unowned, facts({ claims: [releases('attach-app')] }));
    expect(writeOf(gone)).toBeUndefined();
    expect(gone.status.entries).toEqual([]);
  });

  it('is taken over where the object and a policy say so', () => {
    const decision = decide(fresh(), facts({ claims: [wants('app', { adopt: true })] }));
    expect(states(decision)).toEqual({ app: 'Attached' });
    expect(reasonsOf(decision)).toEqual(['IdentityAdopted']);
    expect(types(decision)).toEqual(['saveStatus', 'recordEvent', 'addFinalizer']);
  });

  it('is attached by azid, and then azid’s, should it vanish', () => {
    const unowned = object({ entries: [entry('app', { owned: false })] });
    const decision = decide(unowned, facts({ host: seen(host()), identities: alive('app') }));
    expect(writeOf(decision)?.asked.adds).toEqual([keyOf('app')]);
    expect(states(decision)).toEqual({ app: 'Attaching' });
    expect(decision.status.entries?.[0]?.losses).toBeUndefined();
  });

  it('after a restore without status it is named as what can no longer be proven', () => {
    const restored = fresh({ metadata: { finalizers: [FINALIZER] } });
    const decision = decide(restored, facts({ host: seen(host([attached('app'), attached('foreign')])) }));
    expect(states(decision)).toEqual({ app: 'Attached unowned' });
    expect(decision.status.unproven).toEqual([idOf('app')]);
    expect(decision.summary).toMatchObject({ state: 'ready', reason: 'InSync' });
    expect(decision.summary.state === 'ready' && decision.summary.message).toContain('the ledger was lost');
  });

  it('is no longer doubtful when it is taken over, or gone', () => {
    const doubtful = object({ entries: [entry('app', { owned: false })], unproven: [idOf('app')] });
    expect(decide(doubtful, facts()).status.unproven).toEqual([idOf('app')]);
    const adopted = decide(doubtful, facts({ claims: [wants('app', { adopt: true })] }));
    expect(adopted.status.unproven).toBeUndefined();
    const gone = decide(doubtful, facts({ host: seen(host()), identities: alive('app') }));
    expect(gone.status.unproven).toBeUndefined();
  });

  it('is never touched when nobody speaks of it', () => {
    const decision = decide(object(), facts({ host: seen(host([attached('app'), attached('foreign')])) }));
    expect(decision).toMatchObject({ actions: [], summary: { reason: 'InSync' } });
    expect(states(decision)).toEqual({ app: 'Attached' });
  });
});

describe('detaching', () => {
  it('takes away what azid attached and nobody wants', () => {
    const decision = decide(object(), facts({ claims: [releases('attach-app')] }));
    expect(types(decision)).toEqual(['saveStatus', 'writeIdentity']);
    expect(states(decision)).toEqual({ app: 'Detaching' });
    expect(writeOf(decision)).toMatchObject({
      identity: { type: 'None' },
      asked: { removes: [keyOf('app')] },
      event: { reason: 'IdentityDetached' },
    });
  });

  it('keeps the system-assigned identity beside the last one that goes', () => {
    const shown = host([attached('app')], { own: { system: true, principalId: 'own-1' } });
    const decision = decide(object(), facts({ claims: [releases('attach-app')], host: seen(shown) }));
    expect(writeOf(decision)?.identity.type).toBe('SystemAssigned');
    expect(writeOf(decision)?.asked.system).toBe('keep');
  });

  it('takes away what belonged to an object that vanished', () => {
    const decision = decide(object(), facts({ claims: [] }));
    expect(writeOf(decision)?.asked.removes).toEqual([keyOf('app')]);
  });

  const kept = [
    ['another object wants it', [releases('attach-app'), wants('app', {}, 'other')]],
    ['its turn has not come', [releases('attach-app', { hasSlot: false })]],
    [
      'it is not clear what its object wants',
      [{ state: 'unclear', owner: owner('attach-app'), why: 'not listed' }],
    ],
    [
      'the identity that its object wants instead is denied',
      [wants('other', { verdict: { allowed: false, message: 'no' } }, 'attach-app')],
    ],
    ['the turn for the other one has not come', [wants('other', { hasSlot: false }, 'attach-app')]],
  ] as const;
  it.each(kept)('keeps it when %s', (_, claims) => {
    const decision = decide(object(), facts({ claims }));
    expect(writeOf(decision)).toBeUndefined();
    expect(states(decision)).toEqual({ app: 'Attached' });
  });

  it('forgets it, and leaves it in Azure, when the object asks to retain it', () => {
    const decision = decide(
      object(),
      facts({ claims: [releases('attach-app', { retain: true, hasSlot: false })] }),
    );
    expect(writeOf(decision)).toBeUndefined();
    expect(decision.status.entries).toEqual([]);
    expect(reasonsOf(decision)).toEqual(['IdentityLeft']);
  });

  it('leaves it in Azure when one of those who go asks to retain it', () => {
    const shared = entry('app', { owners: [owner('a'), owner('b')] });
    const goes = [releases('a'), releases('b', { retain: true })];
    for (const claims of [goes, goes.toReversed()]) {
      const decision = decide(object({ entries: [shared] }), facts({ claims }));
      expect(writeOf(decision)).toBeUndefined();
      expect(decision.status.entries).toEqual([]);
    }
  });

  it('remembers that an object that vanished had asked to retain it', () => {
    const retained = entry('app', { owners: [owner('attach-app', { retain: true })] });
    const decision = decide(object({ entries: [retained] }), facts({ claims: [] }));
    expect(writeOf(decision)).toBeUndefined();
  });

  it('never detaches azid’s own identity', () => {
    const shown = host([attached('app', { principalId: SELF })]);
    const decision = decide(object(), facts({ claims: [releases('attach-app')], host: seen(shown) }));
    expect(writeOf(decision)).toBeUndefined();
  });

  it('gives the old one up with the new one, in one write', () => {
    const decision = decide(
      object(),
      facts({ claims: [wants('other', {}, 'attach-app')], identities: alive('other') }),
    );
    expect(writeOf(decision)?.asked).toMatchObject({ adds: [keyOf('other')], removes: [keyOf('app')] });
  });

  it('keeps the old one while the new one does not exist', () => {
    const decision = decide(
      object(),
      facts({
        claims: [wants('other', {}, 'attach-app')],
        identities: new Map([[keyOf('other'), { state: 'absent' }]]),
      }),
    );
    expect(writeOf(decision)).toBeUndefined();
    expect(states(decision)).toEqual({ app: 'Attached', other: 'Refused unowned' });
  });

  it('ends the entry only when a read shows it gone', () => {
    const going = object({ entries: [entry('app', { state: 'Detaching' })], writeStartedAt: at(-5_000) });
    const shown = facts({ claims: [releases('attach-app')] });
    const accepted = new Map([
      [keyOf('app'), { wanted: 'absent', at: NOW - 4_000, until: NOW + 116_000 }],
    ] as const);
    expect(states(decide(going, { ...shown, accepted }))).toEqual({ app: 'Detaching' });
    expect(decide(going, { ...shown, host: seen(host()) }).status.entries).toEqual([]);
  });

  it('does not end it while a late write of a dead process may still land', () => {
    const going = object({ entries: [entry('app', { state: 'Detaching' })], writeStartedAt: at(-5_000) });
    const open = { blockedMs: 100_000, openMs: 100_000 };
    const decision = decide(
      going,
      facts({ claims: [releases('attach-app')], host: seen(host()), window: open }),
    );
    expect(states(decision)).toEqual({ app: 'Detaching' });
    expect(reason(decision)).toBe('progressing ConfirmingWrite');
  });

  it('says so, with growing pauses, when Azure keeps what it said it removed', () => {
    const going = object({ entries: [entry('app', { state: 'Detaching' })] });
    const accepted = new Map([
      [keyOf('app'), { wanted: 'absent', at: NOW - 3 * MINUTE, until: NOW - MINUTE }],
    ] as const);
    const decision = decide(going, facts({ claims: [releases('attach-app')], accepted }));
    expect(writeOf(decision)).toBeUndefined();
    expect(decision.status.entries?.[0]?.problem).toMatchObject({
      reason: 'NotRemoved',
      notBefore: at(MINUTE),
    });
    const later = decide(
      object({ ...decision.status }),
      facts({ now: NOW + 2 * MINUTE, claims: [releases('attach-app')], accepted }),
    );
    expect(writeOf(later)?.asked.removes).toEqual([keyOf('app')]);
  });
});

describe('the system-assigned identity', () => {
  const line = {
    state: 'Attached',
    owned: true,
    owners: [owner('own')],
    credential: 'azid',
    since: EARLIER,
    principalId: 'own-1',
  } as const;
  const on = host([], { own: { system: true, principalId: 'own-1' } });
  const bare = (systemAssigned?: object) =>
    object({ entries: [], ...(systemAssigned && { systemAssigned: systemAssigned as never }) });

  it('is switched on, and read back', () => {
    const decision = decide(fresh(), facts({ claims: [wantsSystem()], host: seen(host()) }));
    expect(writeOf(decision)).toMatchObject({
      identity: { type: 'SystemAssigned' },
      event: { reason: 'SystemIdentityOn' },
    });
    const begun = bare({ ...line, state: 'Attaching', principalId: undefined });
    const done = decide(begun, facts({ claims: [wantsSystem()], host: seen(on) }));
    expect(done.status.systemAssigned).toMatchObject({
      state: 'Attached',
      owned: true,
      principalId: 'own-1',
    });
  });

  it('is not read back before its principal shows', () => {
    const begun = bare({ ...line, state: 'Attaching', principalId: undefined });
    const early = decide(
      begun,
      facts({ claims: [wantsSystem()], host: seen(host([], { own: { system: true } })) }),
    );
    expect(early).toMatchObject({ restsOnHost: true, status: { systemAssigned: { state: 'Attaching' } } });
  });

  it('is switched off only where azid switched it on, and its object asked for that', () => {
    const off = (systemAssigned: object, retain: boolean) =>
      writeOf(
        decide(
          bare(systemAssigned),
          facts({ claims: [releases('own', { retain, kind: 'SystemAssignedIdentity' })], host: seen(on) }),
        ),
      );
    expect(off(line, false)).toMatchObject({
      identity: { type: 'None' },
      event: { reason: 'SystemIdentityOff' },
    });
    expect(off(line, true)).toBeUndefined();
    expect(off({ ...line, owned: false }, false)).toBeUndefined();
  });

  it('is reported when it has another principal', () => {
    const replaced = host([], { own: { system: true, principalId: 'own-2' } });
    const decision = decide(bare(line), facts({ claims: [wantsSystem()], host: seen(replaced) }));
    expect(reasonsOf(decision)).toEqual(['SystemIdentityReplaced']);
    expect(drifts(decision)).toEqual([{ id: VM, how: 'written', parts: ['system'] }]);
    expect(decision.status.systemAssigned).toMatchObject({ principalId: 'own-2', owned: true });
  });

  it('is given back when somebody switches it off, and that counts', () => {
    const decision = decide(bare(line), facts({ claims: [wantsSystem()], host: seen(host()) }));
    expect(writeOf(decision)?.asked.system).toBe('on');
    expect(decision.status.systemAssigned).toMatchObject({ losses: 1, lastLossAt: at(0) });
    expect(reasonsOf(decision)).toEqual(['IdentityLost']);
    expect(writeOf(decision)?.asked.fresh).toEqual([]);
  });

  it('is refused alone where the type cannot have it', () => {
    const flexible = host([], { type: 'Microsoft.Compute/virtualMachineScaleSets', variant: 'flexible' });
    const decision = decide(
      fresh(),
      facts({
        claims: [wantsSystem(), wants('app')],
        host: seen(flexible),
        identities: alive('app'),
        capability: capabilityOfScaleSets,
      }),
    );
    expect(writeOf(decision)?.asked).toMatchObject({ adds: [keyOf('app')], system: 'keep' });
    expect(decision.status.systemAssigned).toMatchObject({
      state: 'Refused',
      problem: { reason: 'SystemAssignedNotSupported' },
    });
  });
});

describe('an end', () => {
  it('comes in the reconcile that finds the ledger’s last entry gone', () => {
    const going = object({ entries: [entry('app', { state: 'Detaching' })] });
    const decision = decide(going, facts({ claims: [releases('attach-app')], host: seen(host()) }));
    expect(types(decision)).toEqual(['saveStatus']);
    const next = decide(object({ ...decision.status }), facts({ claims: [], host: seen(host()) }));
    expect(types(next)).toEqual(['removeFinalizer', 'deleteSelf']);
  });

  it('comes also when only an operation was left of it', () => {
    const operation = { url: 'https://x/1', style: 'location', startedAt: at(-1_000) } as const;
    const decision = decide(
      object({ entries: [], operation }),
      facts({ claims: [], host: seen(host()), operation: { state: 'over' } }),
    );
    expect(types(decision)).toEqual(['saveStatus']);
  });

  it('deletes itself when nobody wants anything of the host, without reading it', () => {
    const { host: _, ...unseen } = facts({ claims: [] });
    expect(types(decide(fresh(), unseen))).toEqual(['deleteSelf']);
    expect(types(decide(object({ entries: [] }), unseen))).toEqual(['removeFinalizer', 'deleteSelf']);
  });

  const stays = [
    [
      'somebody wants something, though its turn has not come',
      { claims: [wants('app', { hasSlot: false })] },
    ],
    ['somebody may want something', { claims: [{ state: 'unclear', owner: owner('x'), why: '' }] }],
    ['a write may still land', { claims: [], window: { blockedMs: 0, openMs: 1_000 } }],
  ] as const;
  it.each(stays)('stays while %s', (_, change) => {
    const decision = decide(object({ entries: [] }), facts({ host: seen(host()), ...change }));
    expect(types(decision)).toEqual([]);
  });

  it('does nothing more once it has deleted itself', () => {
    const decision = decide(fresh(), facts({ deleted: true, claims: [wants('app')] }));
    expect(decision).toMatchObject({ actions: [], summary: { state: 'waiting', keep: true } });
  });

  it('deleted by hand it goes on until its ledger is empty', () => {
    const going = { deletionTimestamp: at(-1_000) };
    expect(types(decide(object({}, going), facts()))).toEqual([]);
    expect(types(decide(object({ entries: [] }, going), facts()))).toEqual(['removeFinalizer']);
  });

  it('goes at once with the annotation that releases it, and names what stays', () => {
    const going = { deletionTimestamp: at(-1_000), annotations: { 'azid.dev/release': 'true' } };
    const decision = decide(object({}, going), facts());
    expect(types(decision)).toEqual(['recordEvent', 'removeFinalizer']);
    expect(JSON.stringify(decision.actions[0])).toContain(idOf('app'));
  });
});

describe('a host that is not there', () => {
  const absent = (conclusive: boolean) =>
    ({ state: 'absent', live: true, conclusive, conclusiveInMs: conclusive ? 0 : 90_000 }) as const;

  it('keeps everything while Azure’s lag may explain it', () => {
    const decision = decide(object(), facts({ host: absent(false) }));
    expect(decision).toMatchObject({ actions: [], status: { entries: [entry('app')] } });
    expect(decision.summary).toMatchObject({ reason: 'ConfirmingAbsence', againMs: 90_000 });
  });

  it('forgets what went with it, and waits for it by name', () => {
    const decision = decide(object(), facts({ host: absent(true) }));
    expect(types(decision)).toEqual(['saveStatus', 'recordEvent']);
    expect(decision.status).toEqual({ hostId: VM, instance: 'vm-1', entries: [] });
    expect(decision.summary).toMatchObject({ state: 'waiting', for: VM });
  });

  it.each(['AuthorizationFailed', 'AzureUnavailable'])('keeps everything when the answer is %s', (code) => {
    const kind = code === 'AuthorizationFailed' ? 'stalled' : 'transient';
    const decision = decide(
      object({}, { deletionTimestamp: at(0) }),
      facts({ claims: [], host: { state: 'unreadable', failure: failure({ kind, reason: code }) } }),
    );
    expect(decision).toMatchObject({ actions: [], status: { entries: [entry('app')] } });
    expect(decision.summary.state).toBe(kind === 'stalled' ? 'stalled' : 'retrying');
  });

  it('says that it could not be read until it was, and not where Azure was not even asked', () => {
    const lost = failure({ kind: 'transient', reason: 'AzureUnavailable', message: 'HTTP 503' });
    const reported = { reason: 'AzureUnavailable', message: 'HTTP 503' };
    const unread = decide(object(), facts({ host: { state: 'unreadable', failure: lost } }));
    expect(unread.status.unreadable).toEqual(reported);
    const before = object({ unreadable: reported });
    const held = { state: 'unreadable', failure: failure({ ...lost, heldBack: true }) } as const;
    expect(decide(before, facts({ host: held })).status.unreadable).toEqual(reported);
    expect(decide(object(), facts({ host: held })).status).not.toHaveProperty('unreadable');
    expect(decide(before, facts({ host: { state: 'loading' } })).status.unreadable).toEqual(reported);
    const read = decide(before, facts());
    expect(read.status).not.toHaveProperty('unreadable');
    // A cache that shows it is no proof that it can be read.
    const cached = facts({ host: { ...seen(host()), live: false } as never });
    expect(needsLive(before, cached, decide(before, cached))).toEqual([HOST]);
    // What waits for more to be written was not read for.
    const waiting = facts({
      ...cached,
      claims: [wants('app'), wants('new')],
      identities: alive('app', 'new'),
    });
    const collected = decide(before, { ...waiting, batch: undefined } as never);
    expect(collected.isHeld).toBe(true);
    expect(collected.status.unreadable).toEqual(reported);
  });
});

describe('a type', () => {
  it('that azid does not know, and whose version nobody gives, is refused', () => {
    const { capability: _, ...unknown } = facts({ type: 'Contoso.Things/boxes' });
    const decision = decide(object(), unknown);
    expect(reason(decision)).toBe('stalled UnsupportedType');
    expect(states(decision)).toEqual({ app: 'Attached' });
  });

  it('whose identity azid may misread gets no write', () => {
    const odd = host([], { own: { unknownType: 'DelegatedAssigned' } });
    const decision = decide(fresh(), facts({ host: seen(odd), identities: alive('app') }));
    expect(reason(decision)).toBe('stalled UnknownIdentityType');
    expect(types(decision)).toEqual([]);
  });

  it('an id that is none is refused by name', () => {
    const decision = decide(fresh(), facts({ problem: 'spec.resourceId: Expected an ARM id' }));
    expect(reason(decision)).toBe('stalled InvalidResourceId');
  });
});

describe('principals', () => {
  it('are written down as Azure shows them', () => {
    expect(decide(fresh(), facts()).status.entries?.[0]?.principalId).toBe(principalOf('app'));
  });
});
