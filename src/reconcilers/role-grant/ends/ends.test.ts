import { describe, expect, it } from 'vitest';
import { MAX_EXPIRY_OWNERS } from '../../../api/assignment-expiry.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { unseenNamespace } from '../../../policy/evaluate.ts';
import { emptyStores, meta, put } from '../../stores.fixture.ts';
import { decide } from '../decide.ts';
import {
  absent,
  afterRecycling,
  coOwner,
  deleted,
  type FactsChange,
  facts,
  failure,
  grant,
  known,
  NOW,
  older,
  policy,
  present,
  RECYCLED,
  SCOPE,
  settled,
  stale,
  target,
} from '../facts.fixture.ts';
import type { Action, GrantDecision, RoleGrant } from '../facts.ts';
import type { ObservedEnd } from '../observed.ts';
import { endsOf, overOf } from './ends.ts';

/** What a RoleGrant does about ends that bind: when it records one, and what it does when one is over. */

const HOUR = 3_600_000;
const at = (ms: number) => new Date(NOW + ms).toISOString();
const CREATED = Date.parse('2026-11-20T00:00:00Z');
/** Allows Reader for as long as the grant of the fixture then lasts, and `spare` more. */
const until = (ms: number) => {
  const minutes = Math.round((NOW + ms - CREATED) / 60_000);
  return [policy({ grants: [{ roles: ['Reader'], scopes: [SCOPE], maxDuration: `${minutes}m` }] })];
};
type Recorded = Partial<Omit<ObservedEnd, 'id'>>;
const ends = (observed: Recorded = {}, id = target.id): ReadonlyMap<string, ObservedEnd> =>
  new Map([[armKey(id), { id, held: true, recorded: true, full: false, ...observed }]]);
const mine = (endsInMs?: number): Recorded => ({
  mine: endsInMs === undefined ? {} : { endsAt: NOW + endsInMs },
});
const types = ({ actions }: GrantDecision) => actions.map(({ type }) => type);
const reads = ({ summary }: GrantDecision) =>
  'reason' in summary && summary.reason !== undefined ? `${summary.state} ${summary.reason}` : summary.state;
const only = <T extends Action['type']>(decision: GrantDecision, type: T) =>
  decision.actions.find((action) => action.type === type) as Extract<Action, { type: T }>;

describe('an end is recorded', () => {
  const unrecorded = ends({ held: false, recorded: false });
  it('before the assignment is made, as it is allowed', () => {
    const object = grant({ spec: { expiresAt: at(HOUR) } });
    const decision = decide(object, facts({ azure: absent, ends: unrecorded, policies: until(HOUR) }));
    expect(types(decision)).toEqual(['addFinalizer', 'recordEnd', 'saveStatus', 'putAssignment']);
    expect(only(decision, 'recordEnd')).toMatchObject({ assignmentId: target.id, expiresAt: at(HOUR) });
  });

  it('not for a grant without one: nothing is written more than before', () => {
    const decision = decide(grant(), facts({ azure: absent, ends: unrecorded }));
    expect(types(decision)).toEqual(['addFinalizer', 'saveStatus', 'putAssignment']);
    expect(decide(settled(), facts({ ends: ends({ recorded: false }) })).actions).toEqual([]);
  });

  it('as none, where others share the assignment until a time', () => {
    const decision = decide(settled(), facts({ ends: ends() }));
    expect(decision.actions).toEqual([
      { type: 'recordEnd', assignmentId: target.id, role: 'Reader', principalId: target.principalId },
    ]);
  });

  const rows: [string, RoleGrant, FactsChange, readonly string[]][] = [
    [
      'of a grant made before',
      settled({ spec: { expiresAt: at(HOUR) } }),
      { ends: ends({ recorded: false }) },
      ['recordEnd'],
    ],
    [
      'of one made before that no policy allows any more',
      settled({ spec: { expiresAt: at(HOUR) } }),
      { ends: ends({ recorded: false }), policies: [], azure: undefined, held: [stale()] },
      ['recordEnd'],
    ],
    [
      'not of one that no policy allows, and which nothing but a ledger names: a record would be proof',
      settled({ spec: { expiresAt: at(HOUR) } }),
      {
        ends: ends({ recorded: false }),
        policies: [],
        azure: undefined,
        held: [{ ...stale(), unproven: true }],
      },
      [],
    ],
    [
      'nor before Azure shows the proof of it',
      settled({ spec: { expiresAt: at(HOUR) } }),
      { ends: ends({ recorded: false }), policies: [], azure: undefined, held: [] },
      [],
    ],
    [
      'later, if a policy allows it',
      settled({ spec: { expiresAt: at(HOUR) } }),
      { ends: ends(mine(5)), policies: until(HOUR) },
      ['recordEnd'],
    ],
    [
      'not later than a policy allows',
      settled({ spec: { expiresAt: at(HOUR) } }),
      { ends: ends(mine(5)), policies: until(5) },
      [],
    ],
    ['not as none where no policy allows that', settled(), { ends: ends(mine(5)), policies: until(5) }, []],
    [
      'earlier, whatever the policies say',
      settled({ spec: { expiresAt: at(5) } }),
      { ends: ends(mine(HOUR)), policies: [] },
      ['recordEnd'],
    ],
    ['once', settled({ spec: { expiresAt: at(HOUR) } }), { ends: ends(mine(HOUR)) }, []],
    [
      'not where there is no room for another',
      settled({ spec: { expiresAt: at(HOUR) } }),
      { ends: ends({ full: true }) },
      [],
    ],
    [
      'not of what another made and this object only has in its status',
      settled({ spec: { expiresAt: at(HOUR) }, status: { ledger: [target.id, afterRecycling.id] } }),
      { ends: new Map([...ends(mine(HOUR)), ...ends({ recorded: true }, afterRecycling.id)]), held: [] },
      [],
    ],
  ];
  it.each(rows)('%s', (_, object, change, actions) => {
    const decision = decide(object, facts(change));
    expect(types(decision).filter((each) => each === 'recordEnd')).toEqual(actions);
  });

  it('or nothing is given: whose end has no room in the record reports it, for an assignment to come and by one that stands', () => {
    const object = grant({ spec: { expiresAt: at(HOUR) } });
    const full = { ends: ends({ held: false, full: true }) };
    for (const azure of [absent, present()]) {
      const decision = decide(object, facts({ ...full, azure }));
      expect(decision.actions).toEqual([]);
      expect(reads(decision)).toBe('stalled TooManyOwners');
    }
    expect(types(decide(grant(), facts({ ...full, azure: absent })))).toContain('putAssignment');
    const named = { ends: ends({ ...mine(HOUR), full: true }), azure: absent };
    expect(types(decide(object, facts(named)))).toContain('putAssignment');
  });

  it('before a status says that it is held, where others have made it', () => {
    const object = grant({ spec: { expiresAt: at(HOUR), description: 'Mine.' } });
    expect(types(decide(object, facts({ ends: ends({ held: false }) })))).toEqual([
      'addFinalizer',
      'recordEnd',
      'saveStatus',
      'putAssignment',
    ]);
  });

  it('in the room that ends of those who are gone leave', () => {
    const stores = emptyStores();
    const gone = (n: number) => ({ namespace: 'team-a', name: `n${n}`, uid: `uid-${n}`, expiresAt: at(-1) });
    const full = (owners: readonly ReturnType<typeof gone>[]) => {
      put(stores.expiries, {
        metadata: meta(target.name, { namespace: 'azid-system' }),
        spec: { assignmentId: target.id, owners: [...owners] },
      });
      return endsOf(grant(), target.id, NOW, { stores }).get(armKey(target.id))?.full;
    };
    const owners = Array.from({ length: MAX_EXPIRY_OWNERS }, (_, n) => gone(n));
    expect(full(owners)).toBe(false);
    expect(full(owners.map((each) => ({ ...each, expiresAt: at(1) })))).toBe(true);
  });

  it('while the object is suspended, if it is earlier', () => {
    const object = settled({ spec: { suspend: true, expiresAt: at(5) } });
    expect(decide(object, facts({ ends: ends(mine(HOUR)) }))).toMatchObject({
      actions: [{ type: 'recordEnd' }],
      binds: true,
    });
  });

  it('and reported to whoever asks for longer', () => {
    const object = settled({ spec: { expiresAt: at(99 * HOUR) } });
    const { summary } = decide(object, facts({ ends: ends(mine(HOUR)), policies: until(HOUR) }));
    expect(summary).toMatchObject({
      reason: 'PolicyDenied',
      message: expect.stringContaining('what was granted before ends at 2026-11-23T11:00:00Z'),
    });
  });
});

describe('an end that is over', () => {
  const longer = settled({ spec: { expiresAt: at(99 * HOUR) } });
  const denied = { ends: ends(mine(0)), policies: until(0) };
  const rows: [string, RoleGrant, FactsChange, readonly string[], string][] = [
    [
      'takes it back, though the spec asks for longer',
      longer,
      denied,
      ['deleteAssignment'],
      'progressing Revoking',
    ],
    ['also where it asks for ever', settled(), denied, ['deleteAssignment'], 'progressing Revoking'],
    [
      'also without any policy',
      longer,
      { ...denied, policies: [] },
      ['deleteAssignment'],
      'progressing Revoking',
    ],
    [
      'also while its identity is gone',
      longer,
      {
        ...denied,
        principal: { state: 'waiting', for: 'web', message: 'waiting for web', dead: false },
        target: undefined,
        azure: undefined,
        held: [stale()],
      },
      ['deleteAssignment'],
      'progressing Revoking',
    ],
    [
      'also under a scope that is none',
      settled({ spec: { scope: `${SCOPE}/providers/Microsoft.Storage` } }),
      { ...denied, target: undefined, azure: undefined, held: [stale()] },
      ['deleteAssignment'],
      'progressing Revoking',
    ],
    [
      'not if a policy allows the later one',
      longer,
      { ...denied, policies: until(99 * HOUR) },
      ['recordEnd'],
      'progressing Settling',
    ],
    [
      'not from others who share it',
      longer,
      { ...denied, coOwners: [coOwner()] },
      [],
      'stalled PolicyDenied',
    ],
    ['and says so once it is gone', longer, { ...denied, azure: absent }, [], 'stalled PolicyDenied'],
    [
      'of what the object had before, beside what it has now',
      settled({ status: { ledger: [target.id] } }),
      {
        principal: { ...known, id: RECYCLED },
        target: afterRecycling,
        azure: absent,
        ends: ends(mine(0)),
        held: [stale()],
      },
      ['deleteAssignment'],
      'progressing Revoking',
    ],
  ];
  it.each(rows)('%s', (_, object, change, actions, summary) => {
    const decision = decide(object, facts(change));
    expect(types(decision)).toEqual(actions);
    expect(reads(decision)).toBe(summary);
    expect(decision.binds ?? false).toBe(!actions.includes('recordEnd'));
  });

  it('waits while it is not known whether it may go on, but not for long', () => {
    const blank = { target: undefined, azure: undefined, held: [stale()], ends: ends(mine(-1)) };
    const unreadable = { state: 'unreadable', failure: failure() } as const;
    const listing = { state: 'waiting', for: 'x', message: 'x', dead: false, keep: true } as const;
    for (const change of [
      { ...blank, principal: unreadable },
      { ...blank, principal: listing },
      { ...blank, role: unreadable },
    ]) {
      const early = decide(longer, facts(change));
      expect([types(early), early.summary.state, early.binds]).toEqual([[], 'waiting', true]);
      const late = decide(longer, facts({ ...change, ends: ends(mine(-HOUR)) }));
      expect(types(late)).toEqual(['deleteAssignment']);
      // No policy could let it go on.
      expect(types(decide(longer, facts({ ...change, policies: [] })))).toEqual(['deleteAssignment']);
    }
  });

  it('waits for its namespace to be seen, but not for long, and not where it asks for something else', () => {
    const unseen = { policy: unseenNamespace('team-a'), ends: ends(mine(-1)) };
    const early = decide(longer, facts(unseen));
    expect([types(early), early.binds]).toEqual([[], true]);
    expect(early.summary).toMatchObject({ state: 'waiting', for: 'namespace team-a' });
    expect(types(decide(longer, facts({ ...unseen, ends: ends(mine(-HOUR)) })))).toEqual([
      'deleteAssignment',
    ]);
    const elsewhere = { ...unseen, principal: { ...known, id: RECYCLED }, target: afterRecycling };
    expect(types(decide(longer, facts({ ...elsewhere, azure: absent, held: [stale()] })))).toEqual([
      'deleteAssignment',
    ]);
  });

  it('clears what the status has of it', () => {
    const said = {
      type: 'Propagated',
      status: 'True',
      reason: 'Propagated',
      message: '',
      lastTransitionTime: at(0),
    } as const;
    const object = settled({ spec: { expiresAt: at(99 * HOUR) }, status: { conditions: [said] } });
    const { status, conditions } = decide(object, facts({ ...denied, azure: absent }));
    expect(status).toMatchObject({ ledger: [] });
    expect(status.assignmentId).toBeUndefined();
    expect(conditions).toMatchObject([{ type: 'Propagated', status: 'False', reason: 'NotGranted' }]);
  });

  it('holds while suspended; what the spec asks for by then waits, and nothing is given', () => {
    const object = settled({ spec: { suspend: true } });
    const change = {
      principal: { ...known, id: RECYCLED },
      target: afterRecycling,
      azure: absent,
      ends: ends(mine(0)),
    };
    expect(decide(object, facts({ ...change, held: [stale()] }))).toMatchObject({
      actions: [{ type: 'deleteAssignment' }],
      binds: true,
    });
    const after = decide(object, facts({ ...change, held: [stale(absent)] }));
    expect(after.actions).toEqual([]);
    expect(after).toMatchObject({ binds: true, rests: { pending: true } });
    expect(reads(after)).toBe('stalled Expired');
    const nothing = decide(object, facts({ ...denied, azure: absent, ends: ends(mine(0)) }));
    expect(nothing).toMatchObject({ actions: [], binds: true, rests: { pending: false } });
  });

  it('by the spec holds while suspended, too', () => {
    const object = settled({ spec: { suspend: true, expiresAt: at(0) } });
    expect(decide(object, facts({ ends: ends(mine(0)) })).binds).toBe(true);
  });

  it('that Azure does not let go says what Azure says', () => {
    const failed = {
      action: {
        type: 'deleteAssignment',
        id: target.id,
        event: { type: 'Normal', reason: '', action: '', message: '' },
      },
      failure: failure({ reason: 'ScopeLocked' }),
    } as const;
    expect(reads(decide(longer, facts(denied), failed))).toBe('stalled ScopeLocked');
  });
});

describe('an end that is no time', () => {
  const odd = { spec: { expiresAt: '2026-12-01T12:00:00+99:99' } };
  it('is given nothing', () => {
    const decision = decide(
      grant(odd),
      facts({ azure: absent, ends: ends({ held: false, recorded: false }) }),
    );
    expect(decision.actions).toEqual([]);
    expect(reads(decision)).toBe('stalled InvalidExpiry');
  });

  it('keeps nothing that was given until a time that is over', () => {
    expect(types(decide(settled(odd), facts({ ends: ends(mine(-1)) })))).toEqual(['deleteAssignment']);
    expect(decide(settled(odd), facts({ ends: ends(mine(1)) })).actions).toEqual([]);
  });

  const demanding = { policies: until(HOUR) };
  const unrecorded = ends({ recorded: false });
  it.each<[string, RoleGrant, FactsChange, readonly string[]]>([
    ['is over where a policy demands one: recorded first', settled(odd), { ends: unrecorded }, ['recordEnd']],
    [
      'suspended as well',
      settled({ spec: { ...odd.spec, suspend: true } }),
      { ends: unrecorded },
      ['recordEnd'],
    ],
    [
      'deleted with Retain as well',
      deleted({ spec: { ...odd.spec, deletionPolicy: 'Retain' } }),
      { ends: unrecorded },
      ['recordEnd'],
    ],
    [
      'released as well',
      deleted({ ...odd, metadata: { annotations: { 'azid.dev/release': 'true' } } }),
      { ends: unrecorded },
      ['recordEnd'],
    ],
    ['also where it was once given without an end', settled(odd), { ends: ends(mine()) }, ['recordEnd']],
    ['then it is taken back', settled(odd), { ends: ends(mine(0)) }, ['deleteAssignment']],
    [
      'without a ledger that names it, and without a record',
      grant(odd),
      { ends: ends({ held: false, recorded: false }) },
      ['deleteAssignment'],
    ],
    [
      'with a record that has no room for it',
      settled(odd),
      { ends: ends({ full: true, others: ['uid-others'] }) },
      ['deleteAssignment'],
    ],
    ['is what the record says of it', settled(odd), { ends: ends(mine(HOUR)) }, []],
    [
      'ends nothing while others have a part in it',
      grant(odd),
      { ends: ends({ held: false, recorded: false }), coOwners: [older()] },
      [],
    ],
  ])('%s', (_, object, given, actions) => {
    const decision = decide(object, facts({ ...demanding, ...given }));
    expect(types(decision)).toEqual(actions);
    if (actions.length > 0)
      expect(decision.binds ?? false).toBe(
        object.metadata.deletionTimestamp === undefined || actions[0] === 'recordEnd',
      );
    if (actions[0] === 'recordEnd')
      expect(only(decision, 'recordEnd')).toMatchObject({
        assignmentId: target.id,
        expiresAt: at(0).replace('.000Z', 'Z'),
      });
  });

  it.each<[string, FactsChange]>([
    ['a policy allows it without an end', {}],
    ['no policy demands one, since none allows it at all', { policies: [] }],
    ['the role cannot be told', { ...demanding, role: { state: 'unreadable', failure: failure() } }],
  ])('takes nothing back while %s', (_, given) => {
    const decision = decide(settled(odd), facts({ ends: unrecorded, ...given }));
    expect(decision.actions).toEqual([]);
    expect(reads(decision)).toBe('stalled InvalidExpiry');
  });

  it('keeps nothing of a principal that is gone', () => {
    const principal = { state: 'waiting', for: 'x', message: 'x', dead: true } as const;
    const given = { ends: unrecorded, target: undefined, principal, held: [stale()] };
    expect(types(decide(settled(odd), facts(given)))).toEqual(['deleteAssignment']);
  });

  it('is over where a record has it', () => {
    const stores = emptyStores();
    const owner = { namespace: 'team-a', name: 'read', uid: 'uid-read', ...odd.spec };
    put(stores.expiries, {
      metadata: meta(target.name, { namespace: 'azid-system' }),
      spec: { assignmentId: target.id, owners: [owner] },
    });
    const seen = endsOf(grant(), target.id, NOW, { stores });
    expect(overOf({ ends: seen, now: NOW })).toHaveLength(1);
  });
});

describe('whoever leaves', () => {
  const gone = { azure: absent, ends: ends(mine(HOUR)) };
  it.each<[string, Parameters<typeof deleted>[0], FactsChange, readonly string[]]>([
    ['takes its end along', {}, gone, ['withdrawEnd', 'removeFinalizer']],
    [
      'leaves it to whoever has an end of its own in the record',
      {},
      { ends: ends({ ...mine(HOUR), others: ['uid-later'] }), coOwners: [coOwner()] },
      ['withdrawEnd', 'removeFinalizer'],
    ],
    [
      'leaves its end with whoever only asks for the same: it still binds',
      {},
      { ends: ends({ ...mine(HOUR), others: ['uid-gone'] }), coOwners: [coOwner({ holds: false })] },
      ['removeFinalizer'],
    ],
    [
      'with Retain leaves it',
      { spec: { deletionPolicy: 'Retain' } },
      gone,
      ['recordRetained', 'removeFinalizer'],
    ],
    [
      'released leaves it',
      { metadata: { annotations: { 'azid.dev/release': 'true' } }, status: { ledger: [] } },
      gone,
      ['removeFinalizer'],
    ],
    [
      'with Retain records it, if nobody has',
      { spec: { deletionPolicy: 'Retain', expiresAt: at(HOUR) } },
      { ends: ends({ recorded: false }) },
      ['recordEnd'],
    ],
  ])('%s', (_, change, given, actions) => {
    expect(types(decide(deleted(change), facts(given)))).toEqual(actions);
  });

  it('gives it up for what was replaced, unless that stays for one that has no end in the record', () => {
    const made = present({ id: afterRecycling.id, name: afterRecycling.name, principalId: RECYCLED });
    const change = { principal: { ...known, id: RECYCLED }, target: afterRecycling, azure: made };
    const decision = decide(settled(), facts({ ...change, ends: ends(mine(HOUR)), held: [stale(absent)] }));
    expect(types(decision)).toContain('withdrawEnd');
    const shared = { held: [stale(present(), [coOwner()])] };
    const kept = decide(settled(), facts({ ...change, ...shared, ends: ends(mine(HOUR)) }));
    expect(types(kept)).not.toContain('withdrawEnd');
    const recorded = ends({ ...mine(HOUR), others: ['uid-later'] });
    expect(types(decide(settled(), facts({ ...change, ...shared, ends: recorded })))).toContain(
      'withdrawEnd',
    );
  });
});
