import { describe, expect, it } from 'vitest';
import type { OrphanSweep, OrphanSweepSpec, OrphanSweepStatus } from '../../api/orphan-sweep.ts';
import type { Objects } from '../../orphans/objects.ts';
import type { ObservedIdentity, SweepObservation } from '../../orphans/observed.ts';
import { clusterMeta } from '../stores.fixture.ts';
import { decide } from './decide.ts';
import type { Facts, LiveRead, ObservedRun } from './facts.ts';
import { settingsOf } from './settings.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const DAY = 24 * 3_600_000;
const INSTALLATION = '00000000-0000-4000-8000-000000000001';
const SCOPE = '/subscriptions/00000000-0000-4000-8000-00000000000a';
const PRINCIPAL = '00000000-0000-4000-8000-0000000000bb';
const SELF = '00000000-0000-4000-8000-0000000000cc';
const at = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

const idOf = (name: string) =>
  `${SCOPE}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const TAGS = {
  'azid-installation': INSTALLATION,
  'azid-owner': 'shop/web',
  'azid-owner-uid': 'uid-web',
  'azid-made-by': SELF,
};

const lost = (name: string): ObservedIdentity => ({
  id: idOf(name),
  key: idOf(name).toLowerCase(),
  scope: SCOPE,
  owner: { state: 'gone', owner: 'shop/web', uid: 'uid-web' },
  instance: PRINCIPAL,
  madeBy: [SELF],
  principalId: PRINCIPAL,
  clientId: PRINCIPAL,
  tags: TAGS,
  hanging: [],
  leftovers: [],
});

const observed = (names: readonly string[], more: Partial<SweepObservation> = {}): SweepObservation => ({
  now: NOW,
  installationId: INSTALLATION,
  self: { clientId: 'self', principalId: SELF },
  objects: 9,
  areas: [{ scope: SCOPE, state: 'complete' }],
  doubts: [],
  identities: names.map(lost),
  assignments: [],
  credentials: [],
  foreignDead: [],
  ...more,
});

const nobody = new Proxy({} as Objects, {
  get: (_, name) => (name === 'isUnseen' ? () => false : name === 'retained' ? () => undefined : () => []),
});

const look = (name: string, more: Partial<LiveRead> = {}): LiveRead => ({
  begunAt: 0,
  owner: { state: 'absent' },
  thing: {
    state: 'present',
    type: 'Identity',
    identity: { ...lost(name), tags: TAGS },
    resources: { state: 'read', items: [] },
    assignments: { state: 'read', items: [] },
    credentials: { state: 'read', items: [] },
  },
  record: {
    type: 'Identity',
    id: idOf(name),
    reason: 'OwnerGone',
    installationId: INSTALLATION,
    recordedAt: at(NOW),
  },
  ...more,
});

const runFacts = (names: readonly string[], more: Partial<ObservedRun> = {}): ObservedRun => ({
  state: 'observed',
  observed: observed(names),
  objects: nobody,
  before: {
    since: new Map(
      names.map((name) => [
        idOf(name).toLowerCase(),
        {
          instance: PRINCIPAL,
          reason: 'OwnerGone',
          owner: 'shop/web',
          ownerUid: 'uid-web',
          since: NOW - 8 * DAY,
          clearSince: NOW - 8 * DAY,
        },
      ]),
    ),
  },
  unused: [],
  checked: new Map(),
  live: new Map(),
  counted: new Set(),
  baselines: [],
  settled: [],
  monotonic: 100,
  paceMs: 0,
  ...more,
});

const sweep = (spec: Partial<OrphanSweepSpec> = {}, status: OrphanSweepStatus = {}): OrphanSweep =>
  ({
    metadata: clusterMeta('all'),
    spec: { scopes: [SCOPE], mode: 'Delete', ...spec },
    status: { observedGeneration: 1, nextRunTime: at(NOW + 1_000_000), ...status },
  }) as unknown as OrphanSweep;

const facts = (object: OrphanSweep, run?: Facts['run'], more: Partial<Facts> = {}): Facts => ({
  now: NOW,
  scopes: { swept: [{ scope: SCOPE, subscriptionId: 'x', without: [] }], taken: [] },
  intervalMs: 3_600_000,
  spec: settingsOf(object),
  newlyConfirmed: false,
  requested: false,
  run,
  ...more,
});

const running = { run: { startedAt: at(NOW), deleted: 0 } };
const types = (object: OrphanSweep, of: Facts) => decide(object, of).actions.map(({ type }) => type);

describe('between two runs', () => {
  it.each([
    ['before its time', {}, {}, []],
    ['at its time', { nextRunTime: at(NOW) }, {}, ['saveStatus']],
    ['asked for', {}, { requested: true }, ['saveStatus']],
    ['newly confirmed', {}, { newlyConfirmed: true }, ['saveStatus']],
    ['edited', { observedGeneration: 0 }, {}, ['saveStatus']],
    ['after a clock was set back', { nextRunTime: at(NOW + DAY) }, {}, ['saveStatus']],
    ['that never ran', { nextRunTime: undefined }, {}, ['saveStatus']],
  ] as const)('a sweep %s', (_, status, more, expected) => {
    const object = sweep({}, status);
    expect(types(object, facts(object, undefined, more))).toEqual(expected);
  });

  it('renews the claim when that is due, before anything else', () => {
    const record = { clusterUid: 'uid', counter: 4, start: 1 };
    const claim = { doubts: [], write: { identityId: idOf('self'), record, restored: false } };
    expect(types(sweep(), facts(sweep(), undefined, { claim }))).toEqual(['claim']);
  });
});

describe('a run', () => {
  const object = sweep({}, running);

  it('asks for a look at what it would delete, and at no other thing', () => {
    const { actions, needsLive } = decide(object, facts(object, runFacts(['a', 'b'])));
    expect(actions).toEqual([]);
    expect(needsLive?.map((name) => JSON.parse(name).id)).toEqual([idOf('a')]);
  });

  it('writes down first, which counts it, then looks again, then deletes', () => {
    const live = new Map([[idOf('a').toLowerCase(), look('a')]]);
    const first = decide(object, facts(object, runFacts(['a'], { live })));
    expect(first.actions).toMatchObject([{ type: 'record', record: { run: at(NOW) } }]);
    const [{ name }] = first.actions as unknown as readonly [{ readonly name: string }];
    const counted = new Set([name]);
    const recorded = runFacts(['a'], { live, counted, recorded: idOf('a').toLowerCase() });
    expect(decide(object, facts(object, recorded)).actions).toMatchObject([
      { type: 'delete', id: idOf('a') },
    ]);
    // By another process: what was counted needs no other count, though it may be the last, and is written down anew.
    const last = sweep({ limits: { deletionsPerRun: 1 } }, running);
    const other = decide(last, facts(last, runFacts(['a'], { live, counted })));
    expect(other.actions).toMatchObject([{ type: 'record', name }]);
  });

  it('counts by its records, and shows the count in steps: each write of the status has all candidates in it', () => {
    const shown = (records: number, deleted = 0) => {
      const counted = new Set(Array.from({ length: records }, (_, n) => `record-${n}`));
      const resting = runFacts(['a'], { counted, paceMs: 3_000 });
      const many = sweep({ limits: { deletionsPerRun: 100 } }, { run: { startedAt: at(NOW), deleted } });
      const { status, summary } = decide(many, facts(many, resting));
      return [status.run?.deleted, (summary as { message: string }).message.replace(/.*: (\d+) or.*/, '$1')];
    };
    expect([shown(0), shown(9), shown(10), shown(19), shown(23, 10)]).toEqual([
      [0, '0'],
      [0, '0'],
      [10, '10'],
      [10, '10'],
      [20, '20'],
    ]);
    // Records that were deleted meanwhile do not make room for more.
    expect(shown(2, 10)).toEqual([10, '10']);
    const limited = sweep({ limits: { deletionsPerRun: 3 } }, running);
    const counted = new Set(['record-0', 'record-1', 'record-2']);
    const over = decide(limited, facts(limited, runFacts(['a'], { counted })));
    expect(over.actions).toEqual([]);
    expect(over.status.history).toMatchObject([{ found: 1, deleted: 3 }]);
  });

  it('waits between two deletions', () => {
    const decision = decide(object, facts(object, runFacts(['a'], { paceMs: 3_000 })));
    expect(decision).toMatchObject({ actions: [], comeBackAt: NOW + 3_000, summary: { reason: 'Deleting' } });
    expect(decision.needsLive).toBeUndefined();
  });

  it.each([
    ['whose owner the API server has', { owner: { state: 'present' } }, /is there/],
    ['that could not be read', { thing: { state: 'unreadable', why: 'no answer' } }, /no answer/],
    ['whose reads are too old', { begunAt: -100_000 }, /s are believed/],
  ] as const)('keeps one %s, and ends with a word on it', (_, more, why) => {
    const live = new Map([[idOf('a').toLowerCase(), look('a', more as Partial<LiveRead>)]]);
    const { actions, status, finished } = decide(object, facts(object, runFacts(['a'], { live })));
    expect(actions).toEqual([]);
    expect(status.candidates).toMatchObject([{ verdict: 'Kept', message: expect.stringMatching(why) }]);
    expect(finished?.candidates).toHaveLength(1);
    expect(status.run).toBeUndefined();
  });

  it.each([
    ['the mode is Report', { mode: 'Report' as const }, {}],
    ['its limit is reached', { limits: { deletionsPerRun: 0 } }, {}],
    ['a doubt stops it', {}, { doubts: [{ reason: 'ClaimTooYoung' as const, message: 'young' }] }],
    ['the scope is not known completely', {}, { areas: [{ scope: SCOPE, state: 'incomplete' as const }] }],
    ['no object is left', {}, { objects: 0 }],
    ['azid does not know itself', {}, { self: undefined }],
  ])('ends without a look where %s', (_, spec, more) => {
    const held = sweep(spec, running);
    const run = runFacts(['a'], { observed: observed(['a'], more as Partial<SweepObservation>) });
    const decision = decide(held, facts(held, run));
    expect(decision.actions).toEqual([]);
    expect(decision.needsLive).toBeUndefined();
    expect(decision.status.history).toMatchObject([{ found: 1, deleted: 0 }]);
  });

  it('goes on with the next where Azure does not delete one, and comes back where it asks for a pause', () => {
    const action = {
      type: 'delete',
      of: 'Identity',
      id: idOf('a'),
      key: idOf('a').toLowerCase(),
      recordName: 'x',
      event: { type: 'Normal', reason: 'OrphanDeleted', action: 'Delete', message: '' },
    } as const;
    const failure = { reason: 'ScopeLocked', message: 'a lock', ambiguous: false, error: undefined };
    for (const kind of ['stalled', 'transient'] as const) {
      const refused = decide(object, facts(object, runFacts(['a', 'b'])), {
        action,
        failure: { ...failure, kind },
      });
      expect(refused.needsLive?.map((name) => JSON.parse(name).id)).toEqual([idOf('b')]);
    }
    const later = decide(object, facts(object, runFacts(['a', 'b'])), {
      action,
      failure: { ...failure, kind: 'transient', reason: 'Throttled' },
    });
    expect(later).toMatchObject({ actions: [], summary: { state: 'retrying' }, status: running });
  });

  it('deletes nothing where the claim cannot be written', () => {
    const record = { clusterUid: 'uid', counter: 4, start: 1 };
    const write = { identityId: idOf('self'), record, restored: false };
    const event = { type: 'Normal', reason: 'InstallationClaimed', action: 'Claim', message: '' } as const;
    const failure = {
      kind: 'stalled',
      reason: 'AuthorizationFailed',
      message: 'no',
      ambiguous: false,
      error: undefined,
    } as const;
    const claim = { doubts: [], write };
    const decision = decide(object, facts(object, runFacts(['a']), { claim }), {
      action: { type: 'claim', write, event },
      failure,
    });
    expect(decision.needsLive).toBeUndefined();
    expect(decision.conditions).toMatchObject([{ type: 'Stopped', status: 'True', reason: 'ClaimUnknown' }]);
  });
});
