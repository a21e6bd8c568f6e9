import { describe, expect, it } from 'vitest';
import type { LedgerSystem } from '../../api/host-identity.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { Condition } from '../../kube/types.ts';
import type { Failure } from '../decision.ts';
import { decide } from './decide.ts';
import {
  alive,
  at,
  attached,
  capability,
  dead,
  EARLIER,
  entry,
  facts,
  fresh,
  host,
  idOf,
  keyOf,
  linked,
  MINUTE,
  NOW,
  object,
  owner,
  principalOf,
  refusal,
  releases,
  seen,
  VM,
  wants,
  wantsSystem,
} from './facts.fixture.ts';
import type { Action, Facts, HostDecision, ObservedIdentity, WriteIdentity } from './facts.ts';

/** What goes wrong, and what happens again: recycling, contests, refusals, operations, hosts that are at work. */

const types = ({ actions }: HostDecision) => actions.map(({ type }) => type);
const reasonsOf = ({ actions }: HostDecision) =>
  actions.flatMap((action: Action) => (action.type === 'recordEvent' ? action.event.reason : []));
const drifts = ({ actions }: HostDecision) =>
  actions.flatMap((action: Action) => (action.type === 'recordEvent' ? (action.event.drift ?? []) : []));
const writeOf = ({ actions }: HostDecision) =>
  actions.find((action): action is WriteIdentity => action.type === 'writeIdentity');
const lineOf = ({ status }: HostDecision, name: string) =>
  status.entries?.find(({ identityId }) => identityId === idOf(name));
const reason = ({ summary }: HostDecision) =>
  'reason' in summary && summary.reason !== undefined ? `${summary.state} ${summary.reason}` : summary.state;
const observed = (name: string, each: ObservedIdentity): ReadonlyMap<string, ObservedIdentity> =>
  new Map([[keyOf(name), each]]);
const ABSENT = { state: 'absent' } as const;
const SCALE_SETS = 'Microsoft.Compute/virtualMachineScaleSets';

describe('an identity that was made again', () => {
  const shownDead = facts({ host: seen(host([dead('app')])), identities: alive('app') });

  it('is removed first', () => {
    const decision = decide(object(), shownDead);
    expect(writeOf(decision)).toMatchObject({
      asked: { adds: [], removes: [keyOf('app')] },
      event: { reason: 'IdentityRecycled' },
      checks: [idOf('app')],
    });
    expect(lineOf(decision, 'app')).toMatchObject({ state: 'Attaching', owned: true });
  });

  it('and added by a later write, which counts as no loss', () => {
    const removed = object({ entries: [entry('app', { state: 'Attaching', principalId: 'old' })] });
    const accepted = new Map([
      [keyOf('app'), { wanted: 'absent', at: NOW - 1_000, until: NOW + 119_000 }],
    ] as const);
    const decision = decide(removed, facts({ host: seen(host()), identities: alive('app'), accepted }));
    expect(writeOf(decision)?.asked).toMatchObject({ adds: [keyOf('app')], removes: [] });
    expect(lineOf(decision, 'app')?.losses).toBeUndefined();
    expect(lineOf(decision, 'app')?.principalId).toBeUndefined();
  });

  it('waits between the two until Azure shows the first', () => {
    const removed = object({ entries: [entry('app', { state: 'Attaching' })] });
    const accepted = new Map([
      [keyOf('app'), { wanted: 'absent', at: NOW - 1_000, until: NOW + 119_000 }],
    ] as const);
    const decision = decide(removed, { ...shownDead, accepted });
    expect(writeOf(decision)).toBeUndefined();
    expect(reason(decision)).toBe('progressing ReadingBack');
  });

  it('is known by another principal too', () => {
    const decision = decide(
      object(),
      facts({ identities: observed('app', { state: 'present', principalId: 'new', live: true }) }),
    );
    expect(writeOf(decision)?.asked.removes).toEqual([keyOf('app')]);
  });

  it('is left as it is where azid did not attach it, and says who can help', () => {
    const unowned = object({ entries: [entry('app', { owned: false })] });
    const decision = decide(unowned, shownDead);
    expect(writeOf(decision)).toBeUndefined();
    expect(lineOf(decision, 'app')).toMatchObject({ state: 'Refused', owned: false });
    expect(lineOf(decision, 'app')?.problem).toMatchObject({
      reason: 'DeadIdentityOnHost',
      message: expect.stringMatching(/detach it there.*spec\.adoption: Adopt/),
    });
    const never = decide(fresh(), { ...shownDead, claims: [wants('app')] });
    expect(writeOf(never)).toBeUndefined();
    expect(lineOf(never, 'app')?.problem?.reason).toBe('DeadIdentityOnHost');
  });

  it('is mended where azid did not attach it, if an object may have it taken over', () => {
    const left = decide(object({ entries: [entry('app', { owned: false })] }), shownDead).status;
    const adopting = { ...shownDead, claims: [wants('app', { adopt: true })] };
    expect(writeOf(decide(object({ ...left }), adopting))?.asked.removes).toEqual([keyOf('app')]);
  });

  it('is attached once somebody has taken the dead entry off', () => {
    const left = decide(object({ entries: [entry('app', { owned: false })] }), shownDead).status;
    const decision = decide(object({ ...left }), facts({ host: seen(host()), identities: alive('app') }));
    expect(writeOf(decision)?.asked.adds).toEqual([keyOf('app')]);
    const living = decide(object({ ...left }), facts());
    expect(lineOf(living, 'app')).toMatchObject({ state: 'Attached', owned: false });
    expect(lineOf(living, 'app')?.problem).toBeUndefined();
  });

  it('does not follow from a read that may be older than the write that attached it', () => {
    const accepted = new Map([
      [keyOf('app'), { wanted: 'present', at: NOW - 1_000, until: NOW + 119_000 }],
    ] as const);
    const begun = object({ entries: [entry('app', { state: 'Attaching' })] });
    const decision = decide(begun, { ...shownDead, accepted });
    expect(writeOf(decision)).toBeUndefined();
    expect(reason(decision)).toBe('progressing ReadingBack');
  });

  it('is left alone where nobody wants it', () => {
    const decision = decide(object(), facts({ host: seen(host([attached('app'), dead('foreign')])) }));
    expect(decision).toMatchObject({ actions: [], summary: { reason: 'InSync' } });
  });

  it('stays as it is while the identity does not exist', () => {
    const decision = decide(object(), { ...shownDead, identities: observed('app', ABSENT) });
    expect(writeOf(decision)).toBeUndefined();
    expect(lineOf(decision, 'app')).toMatchObject({
      state: 'Refused',
      owned: true,
      problem: { reason: 'IdentityNotFound' },
    });
  });

  it('needs a policy, and waits for its turn', () => {
    const denied = wants('app', { verdict: { allowed: false, message: '' } });
    expect(writeOf(decide(object(), { ...shownDead, claims: [denied] }))).toBeUndefined();
    const waiting = decide(object(), { ...shownDead, claims: [wants('app', { hasSlot: false })] });
    expect(lineOf(waiting, 'app')?.problem?.reason).toBe('IdentityRecycled');
    const turn = decide(object({ ...waiting.status }), shownDead);
    expect(writeOf(turn)?.asked.removes).toEqual([keyOf('app')]);
  });
});

/** So is it while Azure carries out what anybody asked for: the new entry is there, its ids are not yet. */
describe('an entry without ids on a resource that is at work', () => {
  const DAY = 24 * 60 * MINUTE;
  const atWork = (change: Partial<Facts> = {}) =>
    facts({
      host: seen(host([dead('app')], { provisioningState: 'Updating' })),
      identities: alive('app'),
      busyMs: DAY,
      ...change,
    });

  it.each<[string, HostDecision['status'] | undefined]>([
    ['azid knows nothing of', undefined],
    ['azid did not attach', { entries: [entry('app', { owned: false })] }],
    ['azid attached before', { entries: [entry('app')] }],
    ['azid is attaching', { entries: [entry('app', { state: 'Attaching' })] }],
    ['is to be taken over', { entries: [entry('app', { owned: false })] }],
    [
      'Azure refused a write for',
      {
        entries: [
          entry('app', {
            problem: { reason: 'DeadInTheWay', message: '', attempts: 1, notBefore: at(-MINUTE) },
          }),
        ],
      },
    ],
  ])('that %s is awaited, however long it takes', (what, status) => {
    const given = status ? object({ hostId: VM, instance: 'vm-1', ...status }) : fresh();
    const claims = [wants('app', { adopt: what.includes('taken over') })];
    const decision = decide(given, atWork({ claims }));
    expect(writeOf(decision)).toBeUndefined();
    expect(reasonsOf(decision)).toEqual([]);
    expect(decision.restsOnHost).toBe(true);
  });

  it('is not azid’s on a resource that was made again meanwhile', () => {
    const again = seen(host([dead('app')], { provisioningState: 'Creating', instance: 'vm-2' }));
    const decision = decide(object(), atWork({ host: again }));
    expect(writeOf(decision)).toBeUndefined();
    expect(lineOf(decision, 'app')?.owned).toBe(false);
  });

  it('is not dead either where only a refused write shows the other operation', () => {
    const { provisioningState: _, ...silent } = host([dead('app')]);
    const conflict = { busyMs: 0, conflicted: true };
    expect(writeOf(decide(object(), atWork({ ...conflict, host: seen(silent) })))).toBeUndefined();
    const settled = seen(host([dead('app')]));
    expect(writeOf(decide(object(), atWork({ ...conflict, host: settled })))).toBeDefined();
  });

  it('does not make azid call it a dead one that is in the way', () => {
    const refused = refusal({ adds: [keyOf('other')] }, linked('app'));
    const claims = [wants('other')];
    const decision = decide(fresh(), atWork({ claims, refusal: refused, identities: alive('other') }));
    expect(reason(decision)).not.toContain('DeadIdentityOnHost');
  });

  it('counts as somebody else’s once it is there', () => {
    const waiting = decide(fresh(), atWork()).status;
    const there = decide(object({ ...waiting }), facts({ identities: alive('app') }));
    expect(lineOf(there, 'app')).toMatchObject({ state: 'Attached', owned: false });
    expect(reasonsOf(there)).toEqual([]);
  });

  it('is attached by azid if nothing came of it', () => {
    const waiting = decide(fresh(), atWork()).status;
    const gone = decide(object({ ...waiting }), facts({ host: seen(host()), identities: alive('app') }));
    expect(writeOf(gone)?.asked).toMatchObject({ adds: [keyOf('app')], fresh: [keyOf('app')] });
  });
});

describe('a resource that was made again', () => {
  const other = (...shown: Parameters<typeof host>) => seen({ ...host(...shown), instance: 'vm-2' });

  it('gets back at once what it had, and nobody is blamed for the loss', () => {
    const lost = entry('app', { losses: 2, lastLossAt: at(-MINUTE) });
    const decision = decide(object({ entries: [lost] }), facts({ host: other(), identities: alive('app') }));
    expect(writeOf(decision)?.asked.adds).toEqual([keyOf('app')]);
    expect(lineOf(decision, 'app')?.losses).toBe(2);
    expect(decision.status.instance).toBe('vm-2');
    expect(reasonsOf(decision)).toEqual(['HostRecycled']);
    expect(drifts(decision)).toEqual([{ id: VM, how: 'removed' }]);
  });

  it('does not make azid the owner of what came with it', () => {
    const decision = decide(object(), facts({ host: other([attached('app')]) }));
    expect(lineOf(decision, 'app')).toMatchObject({ state: 'Attached', owned: false });
    const gone = decide(
      object(),
      facts({ host: other([attached('app')]), claims: [releases('attach-app')] }),
    );
    expect(writeOf(gone)).toBeUndefined();
    expect(gone.status.entries).toEqual([]);
  });

  it('has a new identity of its own, which is reported', () => {
    const own = {
      state: 'Attached',
      owned: true,
      owners: [owner('own')],
      credential: 'azid',
      since: EARLIER,
      principalId: 'own-1',
    } satisfies LedgerSystem;
    const { instance: _, ...bare } = host([], { own: { system: true, principalId: 'own-2' } });
    const before = object({ entries: [], systemAssigned: own });
    const { instance: _i, ...status } = before.status ?? {};
    const decision = decide({ ...before, status }, facts({ claims: [wantsSystem()], host: seen(bare) }));
    expect(reasonsOf(decision)).toEqual(['HostRecycled', 'SystemIdentityReplaced']);
  });
});

describe('somebody who takes away what azid attaches', () => {
  const missing = facts({ host: seen(host()), identities: alive('app') });
  const withLosses = (losses: number, agoMs: number, state: 'Attached' | 'Attaching' = 'Attached') =>
    object({ entries: [entry('app', { state, losses, lastLossAt: at(-agoMs) })] });

  it('is answered at once the first two times', () => {
    const decision = decide(object(), missing);
    expect(writeOf(decision)?.asked).toMatchObject({ adds: [keyOf('app')], fresh: [] });
    expect(lineOf(decision, 'app')).toMatchObject({
      state: 'Attaching',
      owned: true,
      losses: 1,
      lastLossAt: at(0),
    });
    expect(reasonsOf(decision)).toEqual(['IdentityLost']);
    expect(drifts(decision)).toEqual([{ id: VM, how: 'written', parts: [keyOf('app')] }]);
    expect(writeOf(decide(withLosses(1, MINUTE), missing))).toBeDefined();
  });

  it.each([
    [3, 1],
    [4, 2],
    [6, 8],
    [30, 60],
  ])('after %i times waits %i min', (losses, minutes) => {
    const decision = decide(withLosses(losses - 1, 5 * MINUTE), missing);
    expect(writeOf(decision)).toBeUndefined();
    expect(lineOf(decision, 'app')?.problem).toMatchObject({
      reason: 'Contested',
      notBefore: at(minutes * MINUTE),
    });
    expect(decision).toMatchObject({ summary: { reason: 'Contested', againMs: minutes * MINUTE } });
    expect(decision.conditions).toMatchObject([{ type: 'Contested', status: 'True' }]);
    const paused = object({ ...decision.status });
    const again = decide(paused, { ...missing, now: NOW + minutes * MINUTE });
    expect(writeOf(again)?.asked.adds).toEqual([keyOf('app')]);
    expect(lineOf(again, 'app')?.losses).toBe(losses);
  });

  it('counts each loss once', () => {
    const decision = decide(withLosses(2, 1_000, 'Attaching'), missing);
    expect(lineOf(decision, 'app')?.losses).toBe(2);
  });

  it('is noticed also when it is faster than the first read', () => {
    const accepted = new Map([
      [keyOf('app'), { wanted: 'present', at: NOW - 3 * MINUTE, until: NOW - MINUTE }],
    ] as const);
    const decision = decide(withLosses(1, 10 * MINUTE, 'Attaching'), { ...missing, accepted });
    expect(lineOf(decision, 'app')?.losses).toBe(2);
    const once = decide(withLosses(2, MINUTE, 'Attaching'), { ...missing, accepted });
    expect(lineOf(once, 'app')?.losses).toBe(2);
  });

  it('is forgotten after two quiet hours', () => {
    const held = decide(withLosses(4, 119 * MINUTE), facts());
    expect(lineOf(held, 'app')?.losses).toBe(4);
    const contested: Condition[] = [
      { type: 'Contested', status: 'True', reason: 'TakenAway', message: '', lastTransitionTime: EARLIER },
    ];
    const before = withLosses(4, 120 * MINUTE);
    const calm = decide({ ...before, status: { ...before.status, conditions: contested } }, facts());
    expect(lineOf(calm, 'app')?.losses).toBeUndefined();
    expect(calm.conditions).toMatchObject([{ type: 'Contested', status: 'False' }]);
  });

  it('of a resource of many each waits for its turn to be given back', () => {
    const decision = decide(object(), { ...missing, claims: [wants('app', { hasSlot: false })] });
    expect(lineOf(decision, 'app')).toMatchObject({
      state: 'Refused',
      losses: 1,
      problem: { reason: 'TakenAway' },
    });
    const turn = decide(object({ ...decision.status }), missing);
    expect(writeOf(turn)?.asked.adds).toEqual([keyOf('app')]);
    expect(lineOf(turn, 'app')?.losses).toBe(1);
  });

  it('gives nothing back that a policy denies by now', () => {
    const denied = wants('app', { verdict: { allowed: false, message: '' } });
    const decision = decide(object(), { ...missing, claims: [denied] });
    expect(writeOf(decision)).toBeUndefined();
    expect(decision.status.entries).toEqual([]);
  });
});

describe('one bad identity among many', () => {
  const begun = (...names: string[]) =>
    object({ entries: names.map((name) => entry(name, { state: 'Attaching' })), writeStartedAt: at(-1_000) });
  const wanted = (...names: string[]): Partial<Facts> => ({
    claims: names.map((name) => wants(name)),
    host: seen(host()),
    identities: alive(...names),
  });
  const keys = (...names: string[]) => names.map(keyOf);

  it('that does not exist is in no write; the rest is', () => {
    const decision = decide(
      fresh(),
      facts({ ...wanted('a', 'b', 'c'), identities: new Map([...alive('a', 'c'), [keyOf('b'), ABSENT]]) }),
    );
    expect(writeOf(decision)?.asked.adds).toEqual(keys('a', 'c'));
    expect(lineOf(decision, 'b')).toMatchObject({
      state: 'Refused',
      owned: false,
      problem: { reason: 'IdentityNotFound', notBefore: at(MINUTE) },
    });
  });

  it('that appears goes at once, whatever its back-off', () => {
    const problem = { reason: 'IdentityNotFound', message: '', attempts: 4, notBefore: at(5 * MINUTE) };
    const before = object({ entries: [entry('a', { state: 'Refused', owned: false, problem })] });
    expect(writeOf(decide(before, facts(wanted('a'))))?.asked.adds).toEqual(keys('a'));
    expect(writeOf(decide(before, facts({ ...wanted('a'), identities: new Map() })))).toBeUndefined();
  });

  it('that Azure names fails alone, and the rest goes on in the same reconcile', () => {
    const decision = decide(
      begun('a', 'b', 'c'),
      facts({ ...wanted('a', 'b', 'c'), refusal: refusal({ adds: keys('a', 'b', 'c') }, linked('b')) }),
    );
    expect(writeOf(decision)?.asked.adds).toEqual(keys('a', 'c'));
    const line = lineOf(decision, 'b');
    expect(line).toMatchObject({
      state: 'Refused',
      owned: false,
      problem: { reason: 'MissingAssignRight', attempts: 1 },
    });
    expect(line?.problem?.message).toContain('f1a07417-d97a-45cb-824c-7a7467783830');
  });

  it('that Azure names and that is gone by now is not blamed on rights', () => {
    const decision = decide(
      begun('a', 'b'),
      facts({
        ...wanted('a', 'b'),
        identities: new Map([...alive('a'), [keyOf('b'), ABSENT]]),
        refusal: refusal({ adds: keys('a', 'b') }, linked('b')),
      }),
    );
    expect(lineOf(decision, 'b')?.problem?.reason).toBe('IdentityNotFound');
  });

  it('that nobody names is found by writing fewer at once', () => {
    const decision = decide(
      begun('a', 'b', 'c', 'd'),
      facts({
        ...wanted('a', 'b', 'c', 'd'),
        batchLimit: 2,
        refusal: refusal({ adds: keys('a', 'b', 'c', 'd') }, {}),
      }),
    );
    expect(writeOf(decision)?.asked.adds).toEqual(keys('a', 'b'));
    expect(lineOf(decision, 'c')?.problem).toBeUndefined();
  });

  it('and decided when it is alone', () => {
    const decision = decide(
      begun('a', 'b'),
      facts({ ...wanted('a', 'b'), batchLimit: 1, refusal: refusal({ adds: keys('a') }, {}) }),
    );
    expect(lineOf(decision, 'a')?.problem?.reason).toBe('RejectedByAzure');
    expect(writeOf(decision)?.asked.adds).toEqual(keys('b'));
  });

  it('is tried again alone, after the healthy ones, with growing pauses', () => {
    const problem = { reason: 'RejectedByAzure', message: '', attempts: 3, notBefore: at(-1_000) };
    const bad = entry('a', { state: 'Refused', owned: false, problem });
    const before = object({ entries: [bad] });
    expect(writeOf(decide(before, facts(wanted('a', 'b'))))?.asked.adds).toEqual(keys('b'));
    const alone = decide(before, facts(wanted('a')));
    expect(writeOf(alone)?.asked.adds).toEqual(keys('a'));
    const refused = decide(
      object({ ...alone.status }),
      facts({ ...wanted('a'), refusal: refusal({ adds: keys('a') }, {}) }),
    );
    expect(lineOf(refused, 'a')?.problem).toMatchObject({ attempts: 4, notBefore: at(8 * MINUTE) });
    expect(reason(refused)).toBe('progressing SomeRefused');
  });

  it('the same refusal found twice in a reconcile is one attempt', () => {
    const change = facts({ ...wanted('a'), refusal: refusal({ adds: keys('a') }, {}) });
    const first = decide(begun('a'), change);
    const second = decide(object({ ...first.status }), change);
    expect(second.status.entries).toEqual(first.status.entries);
  });

  it('that is dead, foreign and in the way of all is named', () => {
    const decision = decide(
      begun('a'),
      facts({
        ...wanted('a'),
        host: seen(host([dead('foreign')])),
        refusal: refusal({ adds: keys('a') }, linked('foreign')),
      }),
    );
    expect(reason(decision)).toBe('stalled DeadIdentityOnHost');
    expect(decision.summary).toMatchObject({ message: expect.stringContaining('foreign') });
  });

  it('that azid cannot read is in no write', () => {
    const failure = {
      kind: 'stalled',
      reason: 'AuthorizationFailed',
      message: 'no',
      ambiguous: false,
      error: undefined,
    } as const;
    const decision = decide(
      fresh(),
      facts({
        ...wanted('a', 'b'),
        identities: new Map([...alive('a'), [keyOf('b'), { state: 'unreadable', failure }]]),
      }),
    );
    expect(writeOf(decision)?.asked.adds).toEqual(keys('a'));
    expect(lineOf(decision, 'b')?.problem?.reason).toBe('AuthorizationFailed');
  });
});

describe('a write that was refused', () => {
  const begun = object({ entries: [entry('app', { state: 'Attaching' })], writeStartedAt: at(-1_000) });
  const base = facts({ host: seen(host()), identities: alive('app') });
  const refused = (why: Parameters<typeof refusal>[1], change: Partial<Facts> = {}) =>
    decide(begun, { ...base, refusal: refusal({ adds: [keyOf('app')] }, why), ...change });

  it('for want of the right on the host stalls, naming it', () => {
    const decision = refused({ reason: 'AuthorizationFailed' });
    expect(reason(decision)).toBe('stalled MissingWriteRight');
    expect(decision.summary).toMatchObject({
      message: expect.stringContaining('Microsoft.Compute/virtualMachines/write'),
    });
    expect(types(decision)).toEqual([]);
  });

  it.each(['ScopeLocked', 'DisallowedByAzurePolicy'])('by %s stalls the host', (code) => {
    expect(reason(refused({ reason: code }))).toBe(`stalled ${code}`);
  });

  it('because somebody changed the host is made anew from what it shows now', () => {
    const decision = refused(
      { kind: 'transient', reason: 'ChangedMeanwhile' },
      { host: seen(host([attached('foreign')], { etag: '"2"' })) },
    );
    expect(writeOf(decision)).toMatchObject({ ifMatch: '"2"', asked: { adds: [keyOf('app')] } });
  });

  it.each(['OperationInProgress', 'Throttled', 'AzureUnavailable'])('by %s is tried again later', (code) => {
    const decision = refused({ kind: 'transient', reason: code });
    expect(decision).toMatchObject({
      actions: [],
      summary: { state: 'retrying', failure: { reason: code } },
    });
  });

  it('attached nothing: what somebody else attaches meanwhile is not azid’s', () => {
    expect(lineOf(refused({ kind: 'transient', reason: 'Throttled' }), 'app')?.owned).toBe(false);
    const answered = refused({ kind: 'transient', reason: 'AzureUnavailable', ambiguous: true });
    expect(lineOf(answered, 'app')?.owned).toBe(true);
  });

  it('on a resource in state Failed is not tried again at once', () => {
    const decision = refused({}, { host: seen(host([], { provisioningState: 'Failed' })) });
    expect(reason(decision)).toBe('stalled HostFailed');
  });
});

describe('what azid does to a resource in state', () => {
  const wanted = (provisioningState: string | undefined, change: Partial<Facts> = {}) => {
    const { provisioningState: _, ...bare } = host();
    const shown = { ...bare, ...(provisioningState !== undefined && { provisioningState }) };
    return decide(fresh(), facts({ host: seen(shown), identities: alive('app'), ...change }));
  };

  it.each([
    [undefined, 'writes'],
    ['Succeeded', 'writes'],
    ['Canceled', 'writes'],
    ['Failed', 'writes'],
    ['Deleting', 'waiting'],
    ['Updating', 'progressing HostBusy'],
    ['Creating', 'progressing HostBusy'],
    ['InProgress', 'progressing HostBusy'],
  ])('%s: %s', (state, does) => {
    const decision = wanted(state);
    expect(writeOf(decision) ? 'writes' : reason(decision)).toBe(does);
  });

  it('Updating without an end is written to all the same', () => {
    expect(writeOf(wanted('Updating', { busyMs: 19 * MINUTE }))).toBeUndefined();
    expect(writeOf(wanted('Updating', { busyMs: 20 * MINUTE }))).toBeDefined();
  });

  it('Updating with nothing to write is in sync', () => {
    const decision = decide(
      object(),
      facts({ host: seen(host([attached('app')], { provisioningState: 'Updating' })) }),
    );
    expect(reason(decision)).toBe('ready InSync');
  });

  it('Updating is not read back as attached yet', () => {
    const begun = object({ entries: [entry('app', { state: 'Attaching' })] });
    const decision = decide(
      begun,
      facts({ host: seen(host([attached('app')], { provisioningState: 'Updating' })) }),
    );
    expect(lineOf(decision, 'app')?.state).toBe('Attaching');
    expect(reason(decision)).toBe('progressing HostBusy');
  });
});

describe('an operation', () => {
  const operation = {
    url: 'https://management.azure.com/operations/1',
    style: 'asyncOperation',
    startedAt: at(-10_000),
  } as const;
  const running = object({
    operation,
    entries: [entry('app', { state: 'Attaching' })],
    writeStartedAt: at(-10_000),
  });

  it('is saved before anything else', () => {
    const decision = decide(object(), facts({ started: operation }));
    expect(decision.actions).toMatchObject([
      { type: 'saveStatus', status: { operation, entries: [entry('app')] } },
    ]);
  });

  it('is waited for without a write, also when nothing more is known of the host', () => {
    const { host: _, ...blind } = facts({ operation: { state: 'running', againMs: 15_000 } });
    const decision = decide(running, blind);
    expect(decision).toMatchObject({ actions: [], summary: { reason: 'OperationRunning', againMs: 15_000 } });
    expect(decision.status.operation).toEqual(operation);
  });

  it.each(['Throttled', 'AzureUnavailable'])('goes on when asking for it fails with %s', (code) => {
    const failure = {
      kind: 'transient',
      reason: code,
      message: '',
      ambiguous: false,
      error: undefined,
    } as const;
    const decision = decide(running, facts({ operation: { state: 'unreadable', failure } }));
    expect(decision).toMatchObject({ summary: { state: 'retrying' }, status: { operation } });
  });

  it('that ended makes attached only what a read shows', () => {
    const shown = decide(running, facts({ operation: { state: 'over' } }));
    expect(shown.status.operation).toBeUndefined();
    expect(lineOf(shown, 'app')?.state).toBe('Attached');
    const hidden = decide(
      running,
      facts({ operation: { state: 'over' }, host: seen(host()), identities: alive('app') }),
    );
    expect(lineOf(hidden, 'app')?.state).toBe('Attaching');
  });

  it('that failed leaves those out whom it names', () => {
    const both = object({
      operation,
      entries: ['a', 'b'].map((name) => entry(name, { state: 'Attaching' })),
    });
    const decision = decide(
      both,
      facts({
        claims: [wants('a'), wants('b')],
        host: seen(host()),
        identities: alive('a', 'b'),
        operation: { state: 'over' },
        refusal: refusal({ adds: [keyOf('a'), keyOf('b')] }, linked('a')),
      }),
    );
    expect(writeOf(decision)?.asked.adds).toEqual([keyOf('b')]);
    expect(decision.status.operation).toBeUndefined();
  });
});

describe('a write of a dead process', () => {
  const open = { blockedMs: 100_000, openMs: 100_000 };
  const begun = object({ entries: [entry('app', { state: 'Attaching' })], writeStartedAt: at(-1_000) });

  it('is waited for before another one begins', () => {
    const decision = decide(begun, facts({ host: seen(host()), identities: alive('app'), window: open }));
    expect(writeOf(decision)).toBeUndefined();
    expect(decision).toMatchObject({
      restsOnHost: true,
      summary: { reason: 'ConfirmingWrite', againMs: 15_000 },
    });
    expect(decision.status.writeStartedAt).toBe(at(-1_000));
  });

  it('is over as soon as all that it was to add is there', () => {
    const decision = decide(begun, facts({ window: open }));
    expect(lineOf(decision, 'app')?.state).toBe('Attached');
    expect(decision.status.writeStartedAt).toBeUndefined();
    expect(reason(decision)).toBe('ready InSync');
  });

  it('may land after nobody wants it any more, so its entry stays', () => {
    const decision = decide(
      begun,
      facts({ claims: [releases('attach-app')], host: seen(host()), window: open }),
    );
    expect(lineOf(decision, 'app')?.state).toBe('Attaching');
  });
});

describe('a refusal says what helps against it', () => {
  const going = (why: Partial<Failure>, change: Partial<Facts> = {}) =>
    decide(
      object({ entries: [entry('app', { state: 'Detaching' })] }),
      facts({
        claims: [releases('attach-app')],
        refusal: refusal({ removes: [keyOf('app')] }, why),
        writes: 1,
        ...change,
      }),
    );
  const problemOf = (decision: HostDecision) => lineOf(decision, 'app')?.problem;
  const rejected = new AzureError({ status: 400, code: 'BadRequest', message: 'no' });

  it('of a detach: nothing that is declared, and no right on the identity', () => {
    const message = 'Azure answers BadRequest: no; correct what is declared; Azure refused it as BadRequest';
    const decision = going({ reason: 'RejectedByAzure', message, error: rejected });
    expect(problemOf(decision)?.reason).toBe('RejectedByAzure');
    expect(problemOf(decision)?.message).toMatch(/^Azure does not let azid take identity .*app off .*web-1/);
    expect(problemOf(decision)?.message).toMatch(
      /; see what on the resource .*: Azure answers BadRequest: no$/,
    );
    expect(problemOf(decision)?.message).not.toContain('declared');
  });

  it('of a detach for what the write must name besides: those', () => {
    const decision = going(linked('other'));
    expect(problemOf(decision)?.message).toContain(`see that ${keyOf('other')} exist`);
    const itself = going(linked('app'));
    expect(problemOf(itself)?.message).not.toContain('Managed Identity Operator');
  });

  it('of a detach by an Azure Policy: not what is declared', () => {
    const error = new AzureError({ status: 403, code: 'RequestDisallowedByPolicy', message: 'no' });
    const message = 'no; change what is declared';
    const decision = going({ reason: 'DisallowedByAzurePolicy', message, error });
    const { summary } = decision;
    expect(summary).toMatchObject({ state: 'stalled', reason: 'DisallowedByAzurePolicy' });
    expect('message' in summary && summary.message).toContain('exempt azid’s changes');
    expect('message' in summary && summary.message).not.toContain('declared');
  });

  it('of identities of another tenant: they fail alone, and those that are not named go on', () => {
    const elsewhere = '99999999-2222-4333-8444-555555555555';
    const text = `however, the current tenant 't' is not authorized to access linked subscription '${elsewhere}'.`;
    const theirs = idOf('theirs').replace(/subscriptions\/[^/]+/, `subscriptions/${elsewhere}`);
    const key = armKey(theirs);
    const error = new AzureError({ status: 403, code: 'LinkedAuthorizationFailed', message: text });
    const decision = decide(
      object({ entries: [entry('app', { state: 'Attaching' })] }),
      facts({
        claims: [wants('app'), wants('x', { what: { identityId: theirs } })],
        host: seen(host()),
        identities: alive('app'),
        refusal: refusal({ adds: [keyOf('app'), key] }, { reason: 'OtherTenant', message: text, error }),
        writes: 1,
      }),
    );
    expect(lineOf(decision, 'app')?.problem).toBeUndefined();
    expect(writeOf(decision)?.asked.adds).toContain(keyOf('app'));
  });
});

describe('an identity that the resource names elsewhere', () => {
  const PATH = 'properties.configuration.registries[].identity';
  const model = (identity: string) => ({ properties: { configuration: { registries: [{ identity }] } } });
  const using = (identity: string, ...shown: Parameters<typeof host>) => ({
    ...seen(host(...shown)),
    model: model(identity),
  });
  const goes = (change: Partial<Facts> = {}, detachInUse: readonly string[] = []) =>
    facts({
      claims: [releases('attach-app', { detachInUse })],
      host: using(idOf('app').toUpperCase(), [attached('app')]),
      ...change,
    });

  it('is not taken off, and says what names it and how to go on', () => {
    const decision = decide(object(), goes());
    expect(writeOf(decision)).toBeUndefined();
    expect(lineOf(decision, 'app')).toMatchObject({ state: 'Attached', owned: true });
    const { problem } = lineOf(decision, 'app') ?? {};
    expect(problem?.reason).toBe('InUseByResource');
    expect(problem?.message).toContain(`uses identity ${idOf('app')} in ${PATH},`);
    expect(problem?.message).toContain(`azid.dev/detach-in-use: "${PATH}"`);
  });

  it('goes when its object names that property, and no other', () => {
    const held = object({ ...decide(object(), goes()).status });
    expect(writeOf(decide(held, goes({}, [PATH.toUpperCase()])))?.asked.removes).toEqual([keyOf('app')]);
    expect(writeOf(decide(held, goes({}, ['properties.encryption'])))).toBeUndefined();
    const both = { properties: { ...model(idOf('app')).properties, keyVaultReferenceIdentity: idOf('app') } };
    const two = { ...seen(host([attached('app')])), model: both };
    const decision = decide(held, goes({ host: two }, [PATH]));
    expect(lineOf(decision, 'app')?.problem?.message).toContain('in properties.keyVaultReferenceIdentity,');
  });

  it('goes at once when nothing names it any more', () => {
    const held = object({ ...decide(object(), goes()).status });
    const decision = decide(held, goes({ host: using('system', [attached('app')]) }));
    expect(writeOf(decision)?.asked.removes).toEqual([keyOf('app')]);
    expect(lineOf(decision, 'app')?.problem).toBeUndefined();
  });

  it('is read anew before anything is concluded from what was seen some time ago', () => {
    const held = object({ ...decide(object(), goes()).status });
    const cached = { state: 'present', host: host([attached('app')]), live: false } as const;
    expect(writeOf(decide(held, goes({ host: cached })))).toBeDefined();
  });

  it('is kept without a word where its object goes with Retain, or did not attach it', () => {
    const retained = goes({ claims: [releases('attach-app', { retain: true })] });
    expect(decide(object(), retained).status.entries).toEqual([]);
    const unowned = object({ entries: [entry('app', { owned: false })] });
    expect(decide(unowned, goes()).status.entries).toEqual([]);
  });

  it('holds nothing else up', () => {
    const entries = [entry('app'), entry('other')];
    const shown = using(idOf('app'), [attached('app'), attached('other')]);
    const claims = [releases('attach-app'), releases('attach-other')];
    const decision = decide(object({ entries }), goes({ claims, host: shown }));
    expect(writeOf(decision)?.asked.removes).toEqual([keyOf('other')]);
  });

  it('is not renewed either when it was made again, unless its object says so', () => {
    const renewing = (detachInUse: readonly string[]) =>
      facts({
        claims: [wants('app', { detachInUse })],
        host: using(idOf('app'), [dead('app')]),
        identities: alive('app'),
      });
    const decision = decide(object(), renewing([]));
    expect(writeOf(decision)).toBeUndefined();
    expect(lineOf(decision, 'app')?.problem).toMatchObject({
      reason: 'InUseByResource',
      message: expect.stringContaining('was made again'),
    });
    const held = object({ ...decision.status });
    expect(writeOf(decide(held, renewing([PATH])))?.asked.removes).toEqual([keyOf('app')]);
  });

  it('is not renewed because somebody says so whom no policy allows it there, and who has nothing there', () => {
    const verdict = { allowed: false, message: 'no policy' } as const;
    const renewing = (who: string) =>
      facts({
        claims: [wants('app'), wants('app', { verdict, detachInUse: [PATH] }, who)],
        host: using(idOf('app'), [dead('app')]),
        identities: alive('app'),
      });
    expect(writeOf(decide(object(), renewing('of-a-stranger')))).toBeUndefined();
    // Denied by now, but the ledger has it: what stands is also its own.
    const [first] = object().status?.entries ?? [];
    const owners = [...(first?.owners ?? []), owner('denied-by-now')];
    const shared = object({ entries: [{ ...entry('app'), owners }] });
    expect(writeOf(decide(shared, renewing('denied-by-now')))?.asked.removes).toEqual([keyOf('app')]);
  });

  it('may be the resource’s own', () => {
    const own = { system: true, principalId: principalOf('own') };
    const systemAssigned: LedgerSystem = {
      state: 'Attached',
      owned: true,
      owners: [owner('own', { kind: 'SystemAssignedIdentity' })],
      credential: 'azid',
      since: EARLIER,
      principalId: principalOf('own'),
    };
    const off = (detachInUse: readonly string[]) =>
      decide(
        object({ entries: [], systemAssigned }),
        facts({
          claims: [releases('own', { kind: 'SystemAssignedIdentity', detachInUse })],
          host: using('system', [], { own }),
        }),
      );
    expect(writeOf(off([]))).toBeUndefined();
    expect(off([]).status.systemAssigned?.problem?.message).toContain(
      'uses the system-assigned identity in properties.configuration.registries[].identity',
    );
    expect(writeOf(off([PATH]))?.asked.system).toBe('off');
  });
});

describe('a type that takes no change of the identity alone', () => {
  const type = 'Microsoft.ContainerInstance/containerGroups';
  const shown = (model: object) =>
    ({ state: 'present', live: true, host: host([], { type }), model: model as never }) as const;
  const plain = { id: 'x', location: 'westeurope', properties: { containers: [] } };
  const hidden = {
    ...plain,
    properties: { containers: [{ name: 'c', properties: { environmentVariables: [{ name: 'SECRET' }] } }] },
  };
  const wanted = (allowReplace: boolean, model: object) =>
    decide(
      fresh(),
      facts({
        type,
        capability: capability(type),
        claims: [wants('app', { allowReplace })],
        host: shown(model),
        identities: alive('app'),
      }),
    );

  it('is put back as a whole where an object lets it', () => {
    expect(writeOf(wanted(true, plain))?.replace).toMatchObject({
      location: 'westeurope',
      identity: { type: 'UserAssigned', userAssignedIdentities: { [idOf('app')]: {} } },
    });
  });

  it.each([
    ['ReplaceNotAllowed', false, plain],
    ['HiddenSecrets', true, hidden],
  ] as const)('is refused with %s else', (code, allowReplace, model) => {
    const decision = wanted(allowReplace, model);
    expect(writeOf(decision)).toBeUndefined();
    expect(lineOf(decision, 'app')?.problem?.reason).toBe(code);
  });
});

describe('more than a host can have', () => {
  it('of one kind: the older object gets it, the other reports what is there', () => {
    const type = 'Microsoft.ContainerService/managedClusters';
    const both = [wants('a', { allowReplace: true }), wants('b', { allowReplace: true })];
    const decision = decide(
      fresh(),
      facts({
        type,
        capability: capability(type),
        claims: both,
        host: seen(host([], { type })),
        identities: alive('a', 'b'),
      }),
    );
    expect(writeOf(decision)?.asked.adds).toEqual([keyOf('a')]);
    expect(lineOf(decision, 'b')?.problem?.reason).toBe('TooManyIdentities');
  });

  it('is reported no longer than its cause was seen: azid’s own verdict waits for nothing', () => {
    const type = 'Microsoft.ContainerService/managedClusters';
    const problem = { reason: 'TooManyIdentities', message: 'one', attempts: 3, notBefore: at(8 * MINUTE) };
    const known = object({ entries: [entry('b', { state: 'Refused', owned: false, problem })] });
    const towards = (there: Parameters<typeof host>[0]) =>
      decide(
        known,
        facts({
          type,
          capability: capability(type),
          claims: [wants('b', { allowReplace: true })],
          host: seen(host(there, { type })),
          identities: alive('b'),
        }),
      );
    const still = towards([attached('a')]);
    expect(writeOf(still)).toBeUndefined();
    expect(lineOf(still, 'b')?.problem).toEqual(problem);
    expect(writeOf(towards([]))?.asked.adds).toEqual([keyOf('b')]);
  });

  it('in one request: the rest comes with the next', () => {
    const names = Array.from({ length: 400 }, (_, index) => `id-${index}`);
    const change = facts({
      claims: names.map((name) => wants(name)),
      host: seen(host()),
      identities: alive(...names),
    });
    const first = decide(fresh(), change);
    expect(writeOf(first)?.asked.adds).toHaveLength(150);
    const there = names.slice(0, 150).map((name) => attached(name));
    const second = decide(object({ ...first.status }), { ...change, host: seen(host(there)) });
    expect(writeOf(second)?.asked.adds).toEqual(names.slice(150, 300).map(keyOf));
  });

  it('a scale set takes an identity as any other type does', () => {
    const shown = host([], { type: SCALE_SETS, own: { system: true, principalId: principalOf('own') } });
    const decision = decide(
      fresh(),
      facts({
        type: SCALE_SETS,
        capability: capability(SCALE_SETS),
        host: seen(shown),
        identities: alive('app'),
      }),
    );
    expect(writeOf(decision)?.identity.type).toBe('SystemAssigned, UserAssigned');
  });
});

describe('credentials', () => {
  it('are written with one after the other, each time for all that it owns', () => {
    const entries = [entry('a'), entry('b', { credential: 'team-b' }), entry('c')];
    const shown = ['a', 'b', 'c'].map((name) => attached(name));
    const first = decide(object({ entries }), facts({ claims: [], host: seen(host(shown)) }));
    expect(writeOf(first)?.asked.removes).toEqual([keyOf('a'), keyOf('c')]);
    const second = decide(
      object({ entries: entries.slice(1, 2) }),
      facts({ claims: [], host: seen(host(shown.slice(1, 2))) }),
    );
    expect(writeOf(second)?.asked.removes).toEqual([keyOf('b')]);
  });

  it('of two, one write carries out what belongs to one', () => {
    const entries = [entry('a'), entry('b', { credential: 'team-b' })];
    const change = facts({ claims: [], host: seen(host([attached('a'), attached('b')])) });
    const first = decide(object({ entries }), change);
    expect(writeOf(first)?.asked.removes).toEqual([keyOf('a')]);
    const second = decide(object({ entries: entries.slice(1) }), {
      ...change,
      host: seen(host([attached('b')])),
    });
    expect(writeOf(second)?.asked.removes).toEqual([keyOf('b')]);
  });
});
