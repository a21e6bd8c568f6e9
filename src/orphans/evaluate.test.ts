import { describe, expect, it } from 'vitest';
import { MAX_LISTED_CANDIDATES } from '../api/orphan-sweep.ts';
import { armKey } from '../azure/names/resource-id.ts';
import { evaluate } from './evaluate.ts';
import type { ObservedAssignment, ObservedIdentity, ObservedOwner, SweepObservation } from './observed.ts';
import type { Candidate, Memory } from './report.ts';
import type { SweepSpec } from './spec.ts';
import {
  assignment,
  credential,
  DAY,
  HOUR,
  identity,
  idOf,
  listedFor,
  NOTHING,
  NOW,
  observed,
  PRINCIPAL,
  remember,
  SCOPE,
  SELF,
  spec,
} from './sweep.fixture.ts';

const LONG = 30 * DAY;
const report = (
  change: Partial<SweepObservation>,
  memory: Memory = NOTHING,
  how: Partial<SweepSpec> = {},
  deleted = 0,
) => evaluate(observed(change), memory, spec(how), deleted);
const one = (...of: Parameters<typeof report>): Candidate | undefined => report(...of).candidates[0];
const ofIdentity = (change: Partial<ObservedIdentity>, memory?: Memory) => {
  const identities = [identity(change)];
  return one({ identities }, memory ?? listedFor(LONG, identities));
};
const ofAssignment = (change: Partial<ObservedAssignment>) => {
  const assignments = [assignment(change)];
  return one({ assignments }, listedFor(LONG, assignments));
};
const LIVING: ObservedOwner = { state: 'living', by: 'UserAssignedIdentity shop/web' };

describe('an identity', () => {
  it('whose owner is gone is due after the grace period', () => {
    expect(ofIdentity({})).toMatchObject({
      reason: 'OwnerGone',
      owner: 'shop/web',
      verdict: { type: 'due' },
    });
  });

  it.each<[string, ObservedOwner]>([
    ['that lives', LIVING],
    ['that retained it', { state: 'retained', owner: 'shop/web' }],
    ['of another installation', { state: 'otherInstallation', installationId: 'x' }],
  ])('is not listed with an owner %s', (_, owner) => {
    expect(ofIdentity({ owner })).toBeUndefined();
  });

  it('is kept with an owner that cannot be told', () => {
    expect(ofIdentity({ owner: { state: 'unknown', why: 'its tag is missing' } })).toMatchObject({
      reason: 'OwnerUnknown',
      verdict: { type: 'kept', because: 'OwnerUnknown', why: 'its tag is missing' },
    });
  });

  it.each<[string, Partial<ObservedIdentity>, string, string]>([
    [
      'hangs on it',
      {
        hanging: [
          { what: 'resource', name: '/vm1' },
          { what: 'unread', name: 'x' },
        ],
      },
      'InUse',
      '/vm1 hangs on it',
    ],
    [
      'could not be read',
      { hanging: [{ what: 'unread', name: 'Resource Graph: 429' }] },
      'UseUnknown',
      'Resource Graph: 429',
    ],
    ['Azure does not show', { instance: '', principalId: '' }, 'InstanceUnknown', 'known again'],
    ['lies outside of the areas', { scope: '/elsewhere' }, 'AreaIncomplete', 'scope /elsewhere'],
  ])('is kept by what %s', (_, change, because, why) => {
    expect(ofIdentity(change)?.verdict).toEqual({ type: 'kept', because, why: expect.stringContaining(why) });
  });

  it('of azid itself is never listed, by either of its ids in any case', () => {
    for (const change of [
      { principalId: SELF.principalId.toUpperCase() },
      { clientId: SELF.clientId.toUpperCase() },
    ])
      expect(report({ identities: [identity(change)] })).toMatchObject({
        candidates: [],
        untouched: { self: 1 },
      });
  });

  it('that nothing uses is only reported, and only after the time that was set', () => {
    const identities = [identity({ owner: LIVING, unusedSince: NOW - 90 * DAY })];
    const unused = (unusedAfterMs?: number) =>
      one({ identities }, NOTHING, unusedAfterMs === undefined ? {} : { unusedAfterMs });
    expect(unused(90 * DAY)).toMatchObject({ reason: 'Unused', verdict: { type: 'reported' } });
    expect(unused(91 * DAY)).toBeUndefined();
    expect(unused()).toBeUndefined();
  });
});

describe('an assignment', () => {
  it.each<[Partial<ObservedAssignment>, string]>([
    [{}, 'OwnerGone'],
    [{ principal: { state: 'gone' } }, 'PrincipalGone'],
    [{ endsAt: NOW }, 'Ended'],
    [{ endsAt: NOW, principal: { state: 'softDeleted' } }, 'Ended'],
    [{ endsAt: NOW, owner: { state: 'retained', owner: 'shop/read' } }, 'Ended'],
  ])('%j is due as %s', (change, reason) => {
    expect(ofAssignment(change)).toMatchObject({ reason, verdict: { type: 'due' } });
  });

  it.each<[Partial<ObservedAssignment>, string, string]>([
    [{ principal: { state: 'softDeleted' } }, 'OwnerGone', 'PrincipalSoftDeleted'],
    [{ principal: { state: 'unknown', why: 'no right' } }, 'OwnerGone', 'PrincipalUnknown'],
    [
      { owner: { state: 'unknown', why: 'no mark' }, principal: { state: 'gone' } },
      'OwnerUnknown',
      'OwnerUnknown',
    ],
    [{ owner: { state: 'unknown', why: 'no mark' }, endsAt: NOW }, 'OwnerUnknown', 'OwnerUnknown'],
    [{ owner: { state: 'retained', owner: 'x' }, principal: { state: 'gone' } }, 'PrincipalGone', 'Retained'],
    [{ endsAt: NOW - 1, scope: '/elsewhere' }, 'Ended', 'AreaIncomplete'],
  ])('%j is kept as %s because %s', (change, reason, because) => {
    expect(ofAssignment(change)).toMatchObject({ reason, verdict: { type: 'kept', because } });
  });

  it.each<Partial<ObservedAssignment>>([
    { owner: LIVING, endsAt: NOW, principal: { state: 'gone' } },
    { owner: { state: 'retained', owner: 'x' } },
    { owner: { state: 'retained', owner: 'x' }, endsAt: NOW + 1 },
    { principalId: SELF.principalId },
  ])('%j is not listed', (change) => {
    expect(ofAssignment(change)).toBeUndefined();
  });

  it('of a principal that is gone and that azid did not make is only reported', () => {
    const foreign = { id: '/f', key: '/f', scope: SCOPE, principalId: 'p', roleDefinitionId: 'r' };
    const { candidates, evaluated, next } = report(
      { foreignDead: [foreign] },
      listedFor(LONG, [{ key: '/f', instance: 'p' }]),
    );
    expect(candidates).toMatchObject([{ reason: 'ForeignPrincipalGone', verdict: { type: 'reported' } }]);
    expect([evaluated.RoleAssignment, next]).toEqual([0, []]);
  });
});

describe('a credential', () => {
  const of = (change: Parameters<typeof credential>[0]) => {
    const credentials = [credential(change)];
    return one({ credentials }, listedFor(LONG, credentials));
  };

  it('whose object is gone is due', () => {
    expect(of({})).toMatchObject({ reason: 'OwnerGone', verdict: { type: 'due' } });
  });

  it('is kept or not listed like the others', () => {
    expect(of({ owner: { state: 'unknown', why: 'x' } })?.verdict).toMatchObject({ because: 'OwnerUnknown' });
    expect(of({ owner: { state: 'retained', owner: 'x' } })).toBeUndefined();
    expect(of({ principalId: SELF.principalId })).toBeUndefined();
    expect(of({ scope: '/elsewhere' })?.verdict).toMatchObject({ because: 'AreaIncomplete' });
  });
});

describe('grace', () => {
  const orphan = identity();
  const rememberedFor = (
    ms: number,
    change: Parameters<typeof listedFor>[2] = {},
    of: Partial<ObservedIdentity> = {},
  ) => ofIdentity(of, listedFor(ms, [orphan], change));

  it('begins when it is first listed, and the run that lists it first deletes nothing, however short the period', () => {
    expect(ofIdentity({}, NOTHING)).toMatchObject({
      since: NOW,
      clearSince: NOW,
      verdict: { type: 'waiting', until: NOW + 7 * DAY },
    });
    const none = { Identity: 0, RoleAssignment: 0, FederatedIdentityCredential: 0 };
    const first = report({ identities: [orphan] }, NOTHING, { gracePeriodsMs: none });
    expect(first.next).toEqual([]);
    const second = evaluate(
      observed({ identities: [orphan], now: NOW + 1 }),
      remember(first.candidates),
      spec({ gracePeriodsMs: none }),
      0,
    );
    expect(second.next).toHaveLength(1);
  });

  it('ends to the millisecond', () => {
    expect(rememberedFor(7 * DAY)?.verdict).toEqual({ type: 'due' });
    expect(rememberedFor(7 * DAY - 1)?.verdict).toEqual({ type: 'waiting', until: NOW + 1 });
  });

  it('begins anew for another under the same id, a clock that was set back, and an identity that was only unused', () => {
    const anew = { since: NOW, clearSince: NOW, verdict: { type: 'waiting' } };
    expect(rememberedFor(LONG, {}, { principalId: 'p2' })).toMatchObject(anew);
    expect(rememberedFor(-1)).toMatchObject(anew);
    expect(rememberedFor(LONG, { reason: 'Unused' })).toMatchObject(anew);
    expect(rememberedFor(LONG, { reason: 'OwnerUnknown' })).toMatchObject(anew);
    expect(rememberedFor(Number.NaN)).toMatchObject(anew);
    expect(rememberedFor(LONG, { ownerUid: 'of one that lived before' })).toMatchObject(anew);
    expect(rememberedFor(LONG, { owner: 'shop/api' })).toMatchObject(anew);
  });

  it('is not older than the thing, whatever is remembered', () => {
    expect(rememberedFor(LONG, {}, { createdAt: NOW - DAY })).toMatchObject({
      since: NOW - DAY,
      verdict: { type: 'waiting', until: NOW + 6 * DAY },
    });
    expect(rememberedFor(LONG, {}, { createdAt: NOW + HOUR })).toMatchObject({
      since: NOW,
      verdict: { type: 'waiting', until: NOW + HOUR + 7 * DAY },
    });
  });

  it('counts from when nothing kept it any more, and what could not be read meanwhile does not stop it', () => {
    const used = ofIdentity({ hanging: [{ what: 'resource', name: '/vm1' }] }, listedFor(LONG, [orphan]));
    expect(used).toMatchObject({ since: NOW - LONG });
    expect(used).not.toHaveProperty('clearSince');
    expect(ofIdentity({}, remember(used ? [used] : []))).toMatchObject({
      since: NOW - LONG,
      clearSince: NOW,
      verdict: { type: 'waiting' },
    });
    const unread = ofIdentity({ hanging: [{ what: 'unread', name: 'x' }] }, listedFor(LONG, [orphan]));
    expect(unread).toMatchObject({ clearSince: NOW - LONG });
    const neverSeen = ofIdentity({ hanging: [{ what: 'unread', name: 'x' }] }, NOTHING);
    expect(neverSeen).not.toHaveProperty('clearSince');
  });

  it('is none for what was given with an end, but for a second look', () => {
    const assignments = [assignment({ endsAt: NOW - 1 })];
    expect(one({ assignments })?.verdict.type).toBe('waiting');
    expect(one({ assignments }, listedFor(1, assignments))?.verdict.type).toBe('due');
  });

  it('of an assignment goes on over the few ms by which Azure tells its creation otherwise', () => {
    const remembered = listedFor(LONG, [assignment({ instance: `${PRINCIPAL}@${NOW - 30 * DAY + 9_000}` })]);
    expect(one({ assignments: [assignment()] }, remembered)?.verdict.type).toBe('due');
    const another = listedFor(LONG, [assignment({ instance: `${PRINCIPAL}@${NOW - 30 * DAY + 11_000}` })]);
    expect(one({ assignments: [assignment()] }, another)?.verdict.type).toBe('waiting');
  });
});

/** So many orphans among so many identities. */
function crowd(orphans: number, all: number): ObservedIdentity[] {
  return Array.from({ length: all }, (_, n) =>
    identity({ id: idOf(`i${n}`), principalId: `p${n}`, ...(n >= orphans && { owner: LIVING }) }),
  );
}

describe('a run stops', () => {
  it.each([
    'StoresNotSynced',
    'ClaimUnknown',
    'ClaimedElsewhere',
    'ClusterRestored',
    'ClaimTooYoung',
    'IncompleteRead',
  ] as const)('for %s, and says what would go', (reason) => {
    const identities = [identity()];
    const { stops, next, candidates } = report(
      { identities, doubts: [{ reason, message: 'm' }] },
      listedFor(LONG, identities),
    );
    expect([stops, next]).toEqual([[{ reason, message: 'm' }], []]);
    expect(candidates[0]?.verdict).toEqual({ type: 'due' });
  });

  it('while azid does not know itself', () => {
    const identities = [identity()];
    const { self: _, ...blind } = observed({ identities });
    const { stops, next } = evaluate(blind, listedFor(LONG, identities), spec(), 0);
    expect([stops.map(({ reason }) => reason), next]).toEqual([['ClaimUnknown'], []]);
  });

  it.each([
    [3, 3, false],
    [4, 40, false],
    [4, 39, true],
    [500, 5000, false],
    [501, 5000, true],
  ])('with %i owners gone of %i: %s', (gone, all, stopped) => {
    const identities = crowd(gone, all);
    const { stops, next } = report({ identities }, listedFor(LONG, identities));
    expect(stops.map(({ reason }) => reason)).toEqual(stopped ? ['OwnersVanished'] : []);
    expect(next.length).toBe(stopped ? 0 : Math.min(20, gone));
  });

  it('by each type on its own', () => {
    const identities = crowd(4, 1000);
    const credentials = [1, 2, 3, 4].map((n) => credential({ id: `/c${n}`, key: `/c${n}` }));
    const { stops } = report({ identities, credentials }, listedFor(LONG, [...identities, ...credentials]));
    expect(stops).toMatchObject([
      { reason: 'OwnersVanished', message: expect.stringContaining('4 of 4 federated credentials') },
    ]);
  });

  it('in a cluster without any object of azid, however few are without an owner', () => {
    const identities = crowd(1, 100);
    expect(report({ identities, objects: 0 }, listedFor(LONG, identities))).toMatchObject({
      stops: [{ reason: 'OwnersVanished', message: expect.stringContaining('looks emptied') }],
      next: [],
    });
  });

  it('counts those that are kept or wait, but neither what ended nor what is another’s', () => {
    const kept = crowd(4, 10).map((each) => ({
      ...each,
      hanging: [{ what: 'resource', name: 'x' }] as const,
    }));
    expect(report({ identities: kept }).stops).toHaveLength(1);
    const assignments = [1, 2, 3, 4].map((n) => assignment({ id: `/a${n}`, key: `/a${n}`, endsAt: NOW - 1 }));
    expect(report({ assignments }).stops).toEqual([]);
    const strangers = crowd(4, 40).map((each, n) =>
      n < 4 ? each : { ...each, owner: { state: 'otherInstallation', installationId: 'x' } as const },
    );
    expect(report({ identities: strangers }).stops).toHaveLength(1);
  });
});

describe('a person confirms', () => {
  const identities = crowd(5, 10);
  const memory = listedFor(LONG, identities);
  const confirmed = (text: string, of = memory, change: Partial<SweepObservation> = {}) =>
    report({ identities, ...change }, of, { confirmed: text });

  it('what the text of the stop says, and then it goes', () => {
    const [stop] = report({ identities }, memory).stops;
    const [, value = ''] =
      /set the annotation azid.dev\/confirm-orphans to "([^"]+)"/.exec(stop?.message ?? '') ?? [];
    expect(value).toBe('2026-10-30T12:00:00Z');
    expect(confirmed(value)).toMatchObject({ stops: [], next: { length: 5 } });
  });

  it('nothing that was listed later', () => {
    expect(confirmed('2026-10-30T11:59:59Z').stops).toHaveLength(1);
    const later = { ...crowd(4, 4)[0], ...identity({ id: idOf('new'), principalId: 'new' }) };
    const more = [1, 2, 3, 4].map((n) => ({ ...later, key: `/n${n}`, id: `/n${n}` }));
    const { stops, next } = confirmed('2026-10-30T12:00:00Z', memory, {
      identities: [...identities, ...more],
    });
    expect(stops).toHaveLength(1);
    expect(stops[0]?.message).toContain('to "2026-11-29T12:00:00Z"');
    expect(next).toEqual([]);
  });

  it.each(['2026-11-29T12:00:01Z', '2999-01-01T00:00:00Z', 'yes', '2026-11-29', 'true'])(
    '%s is no confirmation, and the stop says why',
    (text) => {
      const { stops } = confirmed(text);
      expect(stops).toHaveLength(1);
      expect(stops[0]?.message).toContain('annotation azid.dev/confirm-orphans: expected a time');
    },
  );

  it('no doubt away', () => {
    const doubts = [{ reason: 'ClusterRestored', message: 'm' }] as const;
    expect(confirmed('2026-10-30T12:00:00Z', memory, { doubts }).next).toEqual([]);
  });

  it('a time with a fraction as it is rounded up', () => {
    const precise = listedFor(LONG - 1, identities);
    expect(report({ identities }, precise).stops[0]?.message).toContain('"2026-10-30T12:00:01Z"');
  });
});

describe('what goes next', () => {
  const p = (n: number) => `aaaaaaaa-0000-4000-8000-00000000001${n}`;
  const things = {
    identities: [identity()],
    credentials: [credential()],
    assignments: [assignment({ principalId: p(1) }), assignment({ principalId: p(2), endsAt: NOW - 1 })],
  };
  const all = [...things.identities, ...things.credentials, ...things.assignments];

  it('ends before rights, rights before credentials, credentials before identities', () => {
    const { next } = report(things, listedFor(LONG, all));
    expect(next.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'RoleAssignment Ended',
      'RoleAssignment OwnerGone',
      'FederatedIdentityCredential OwnerGone',
      'Identity OwnerGone',
    ]);
  });

  it('as many as the run has left, those of an earlier part of it counted', () => {
    const limits = { deletionsPerRun: 3, maxShare: 100 };
    expect(report(things, listedFor(LONG, all), { limits }, 1).next).toHaveLength(2);
    expect(report(things, listedFor(LONG, all), { limits }, 3).next).toEqual([]);
    expect(report(things, listedFor(LONG, all), { limits }, 9).next).toEqual([]);
  });

  it('nothing with mode Report, which says what would', () => {
    const { next, candidates } = report(things, listedFor(LONG, all), { mode: 'Report' });
    expect(next).toEqual([]);
    expect(candidates.map(({ verdict }) => verdict)).toEqual(
      all.map(() => ({ type: 'reported', why: 'with mode Delete it would be deleted now' })),
    );
    const [first] = report(things, NOTHING, { mode: 'Report' }).candidates.filter(
      ({ type }) => type === 'Identity',
    );
    expect(first?.verdict).toEqual({
      type: 'reported',
      why: 'with mode Delete it would be deleted after 2026-12-06T12:00:00.000Z',
    });
  });

  it('no identity before its own assignments, where those are listed and not due', () => {
    const left = assignment();
    const identities = [identity({ leftovers: [left.id.toUpperCase(), '/outside'] })];
    const because = (assignments: ObservedAssignment[], memory: Memory) =>
      report({ identities, assignments }, memory).candidates.find(({ type }) => type === 'Identity')?.verdict;
    expect(because([left], listedFor(LONG, identities))).toMatchObject({
      type: 'kept',
      because: 'LeftoversFirst',
    });
    expect(because([left], listedFor(LONG, [left, ...identities]))).toEqual({ type: 'due' });
    expect(because([], listedFor(LONG, identities))).toEqual({ type: 'due' });
    expect(armKey(left.id)).toBe(left.key);
  });
});

it('an incomplete area keeps its own, and nobody else’s', () => {
  const elsewhere = `${SCOPE}-2`;
  const identities = [identity(), identity({ id: idOf('b'), principalId: 'b', scope: elsewhere })];
  const areas = [
    { scope: SCOPE, state: 'incomplete', why: 'page 2: 429' },
    { scope: elsewhere, state: 'complete' },
  ] as const;
  const { next, candidates } = report({ identities, areas }, listedFor(LONG, identities));
  expect(next.map(({ scope }) => scope)).toEqual([elsewhere]);
  expect(candidates.find(({ scope }) => scope === SCOPE)?.verdict).toEqual({
    type: 'kept',
    because: 'AreaIncomplete',
    why: `scope ${SCOPE} is not known completely: page 2: 429`,
  });
});

describe('in a large subscription', () => {
  const LIMITS = { deletionsPerRun: 20, maxShare: 10 };

  /** Runs, a day apart, until nothing is left that may go; a person confirms whenever a run asks for it, or never. */
  function runAll(orphans: number, all: number, confirms: boolean, room = MAX_LISTED_CANDIDATES) {
    let left = crowd(orphans, all);
    let memory: Memory = NOTHING;
    let confirmed: string | undefined;
    let [runs, confirmations] = [0, 0];
    for (let now = NOW; runs < 1_000; now += DAY) {
      const how = spec({ limits: LIMITS, ...(confirmed !== undefined && { confirmed }) });
      const { candidates, stops, next } = evaluate(observed({ identities: left, now }), memory, how, 0);
      if (candidates.length === 0 || (stops.length > 0 && !confirms)) break;
      expect(next.length).toBeLessThanOrEqual(20);
      if (next.length > 0) runs++;
      const gone = new Set(next.map(({ key }) => key));
      left = left.filter(({ key }) => !gone.has(key));
      // As much as a status has room for, or all, as a process does.
      memory = remember(candidates.slice(0, room).filter(({ key }) => !gone.has(key)));
      const asked = /to "([^"]+)"/.exec(stops[0]?.message ?? '')?.[1];
      if (asked !== undefined) confirmations++;
      confirmed = asked ?? confirmed;
    }
    return { runs, confirmations, left: left.length };
  }

  it('500 orphans among 5,000 all go, 20 in a run, without a question', () => {
    expect(runAll(500, 5_000, false)).toEqual({ runs: 25, confirmations: 0, left: 4_500 });
  });

  it('of 2,500 none goes unasked, and all go when a person confirms what there is room to list', () => {
    expect(runAll(2_500, 5_000, false)).toEqual({ runs: 0, confirmations: 0, left: 5_000 });
    for (const room of [MAX_LISTED_CANDIDATES, Number.POSITIVE_INFINITY]) {
      const { runs, confirmations, left } = runAll(2_500, 5_000, true, room);
      expect([runs, left]).toEqual([125, 2_500]);
      expect(confirmations).toBeGreaterThan(1);
    }
  });

  it('lists what may go before what only people can do anything about', () => {
    const foreignDead = Array.from({ length: 1_500 }, (_, n) => ({
      id: `/f${n}`,
      key: `/f${n}`,
      scope: SCOPE,
      principalId: 'p',
      roleDefinitionId: 'r',
    }));
    const identities = [identity(), ...crowd(0, 100)];
    const memory = listedFor(
      LONG,
      foreignDead.map(({ key }) => ({ key, instance: 'p' })),
      { reason: 'ForeignPrincipalGone' },
    );
    expect(report({ identities, foreignDead }, memory).candidates[0]).toMatchObject({
      reason: 'OwnerGone',
      since: NOW,
    });
  });
});
