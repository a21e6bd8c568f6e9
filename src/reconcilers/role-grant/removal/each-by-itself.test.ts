import { describe, expect, it } from 'vitest';
import { deletionBlocked } from '../../status/blocked.fixture.ts';
import { decide } from '../decide.ts';
import {
  absent,
  afterRecycling,
  deleted,
  facts,
  failure,
  NOW,
  present,
  RECYCLED,
  settled,
  stale,
  target,
} from '../facts.fixture.ts';
import type { Facts, Failed, GrantDecision, RoleGrant } from '../facts.ts';

/** What it had before is at a scope that is locked; what it has now is not. */
const locked = failure({ reason: 'ScopeLocked' });
const two: Partial<Facts> = {
  target: afterRecycling,
  azure: present({ id: afterRecycling.id, name: afterRecycling.name, principalId: RECYCLED }),
  held: [stale()],
};
const refused = (id: string): Failed => ({
  action: { type: 'deleteAssignment', id, event: {} as never },
  failure: locked,
});
const ledger = [target.id, afterRecycling.id];
const going = (change: Parameters<typeof deleted>[0] = {}): RoleGrant =>
  deleted({ ...change, status: { assignmentId: afterRecycling.id, ledger, ...change.status } });
const deletes = ({ actions }: GrantDecision) =>
  actions.flatMap((action) => (action.type === 'deleteAssignment' ? action.id : []));

describe('one assignment that cannot go, and another that can', () => {
  it('while the object lives, what is refused keeps nobody behind it', () => {
    const held = [stale(), { ...stale(present()), id: `${target.id.slice(0, -1)}f` }];
    const alive = settled({ status: { assignmentId: afterRecycling.id, ledger } });
    expect(decide(alive, facts({ ...two, held }), refused(target.id)).actions).toHaveLength(1);
  });

  it('deletion: both are tried', () => {
    expect(deletes(decide(going(), facts(two)))).toEqual([target.id, afterRecycling.id]);
  });

  it('deletion: the one behind a refused one goes all the same', () => {
    expect(deletes(decide(going(), facts(two), refused(target.id)))).toEqual([afterRecycling.id]);
  });

  it('deletion: is not given up with what nobody ever tried to take away', () => {
    const conditions = [deletionBlocked(NOW - 2 * 3_600_000)];
    const decision = decide(going({ status: { conditions } }), facts(two), refused(target.id));
    expect(decision.actions).not.toContainEqual({ type: 'removeFinalizer' });
  });

  it('deletion: the one behind one that cannot be read goes all the same', () => {
    const unreadable = stale({ state: 'unreadable', failure: failure() });
    expect(deletes(decide(going(), facts({ ...two, held: [unreadable] })))).toEqual([afterRecycling.id]);
  });

  it('replacement: the one behind one that cannot be read goes all the same', () => {
    const other = `${target.id.slice(0, -1)}f`;
    const held = [{ ...stale({ state: 'unreadable', failure: failure() }), id: other }, stale()];
    const alive = settled({ status: { assignmentId: afterRecycling.id, ledger: [other, ...ledger] } });
    expect(deletes(decide(alive, facts({ ...two, held })))).toEqual([target.id]);
  });

  it('expiry: the one behind a refused one goes all the same', () => {
    const over = settled({
      spec: { expiresAt: new Date(NOW - 1_000).toISOString() },
      status: { assignmentId: afterRecycling.id, ledger },
    });
    const ends = new Map(
      [target, afterRecycling].map(({ id }) => [
        id.toLowerCase(),
        { id, held: true, recorded: true, full: false, others: [], mine: { endsAt: NOW - 1_000 } },
      ]),
    );
    expect(deletes(decide(over, facts({ ...two, ends }), refused(target.id)))).toEqual([afterRecycling.id]);
  });

  it('expiry: of what a record ends, and what was replaced before, each goes by itself', () => {
    const over = settled({ status: { assignmentId: afterRecycling.id, ledger } });
    const end = { id: target.id, held: true, recorded: true, full: false, others: [] };
    const ends = new Map([[target.id.toLowerCase(), { ...end, mine: { endsAt: NOW - 1_000 } }]]);
    const other = `${target.id.slice(0, -1)}f`;
    const held = [stale(), { ...stale(present()), id: other }];
    const given = facts({ ...two, held, ends });
    expect(deletes(decide(over, given))).toEqual([target.id]);
    const decision = decide(over, given, refused(target.id));
    expect(deletes(decision)).toEqual([other]);
    expect(decision.summary).toMatchObject({ state: 'stalled', reason: 'ScopeLocked' });
    const suspended = settled({ spec: { suspend: true }, status: { ledger } });
    expect(deletes(decide(suspended, given, refused(target.id)))).toEqual([]);
  });

  it('a principal that is gone: the one behind a refused one goes all the same', () => {
    const { azure: _, target: __, ...rest } = facts();
    const other = `${target.id.slice(0, -1)}f`;
    const dead: Facts = {
      ...rest,
      principal: { state: 'waiting', for: 'web', message: 'is gone', dead: true },
      held: [stale(), { ...stale(), id: other }],
    };
    const alive = settled({ status: { ledger: [target.id, other] } });
    expect(deletes(decide(alive, dead, refused(target.id)))).toEqual([other]);
    const both = { ...refused(target.id), others: [refused(other)] };
    expect(decide(alive, dead, both)).toMatchObject({
      actions: [],
      summary: { reason: 'ScopeLocked', message: expect.stringContaining(target.id) },
    });
  });

  const since = (ms: number) => [deletionBlocked(NOW - ms)];

  it('deletion: waits for the one that is refused, names it, and then says that it alone stays', () => {
    const behind = { ...two, azure: absent } as const;
    const held = decide(going(), facts(behind), refused(target.id));
    expect(held).toMatchObject({
      actions: [],
      status: { ledger: [target.id] },
      summary: { state: 'deleting', message: expect.stringContaining(target.id) },
    });
    const over = decide(
      going({ status: { conditions: since(2 * 3_600_000) } }),
      facts(behind),
      refused(target.id),
    );
    const [event] = over.actions.flatMap((each) => (each.type === 'recordEvent' ? each.event : []));
    expect(event).toMatchObject({ reason: 'LeftBehind', message: expect.stringContaining(target.id) });
    expect(event?.message).not.toContain(afterRecycling.id);
    expect(over.actions).toContainEqual({ type: 'removeFinalizer' });
  });

  it.each<[string, Partial<Facts>, Failed]>([
    [
      'is still to be seen gone',
      { azure: { state: 'absent', missing: 'assignment', conclusive: false, conclusiveInMs: 90_000 } },
      refused(target.id),
    ],
    [
      'waits for its turn at Azure',
      {},
      {
        ...refused(target.id),
        others: [
          {
            ...refused(afterRecycling.id),
            failure: failure({ kind: 'transient', heldBack: true, notBeforeMs: 90_000 }),
          },
        ],
      },
    ],
  ])('deletion: does not end with the one that is refused, while the other %s', (_, change, failed) => {
    const object = going({ status: { conditions: since(2 * 3_600_000) } });
    const decision = decide(object, facts({ ...two, ...change }), failed);
    expect(decision).toMatchObject({ actions: [], summary: { state: 'deleting', againMs: 90_000 } });
  });

  it('at the limit: of two that are dead, the place of one is enough', () => {
    const other = `${target.id.slice(0, -1)}f`;
    const dead = { ...stale(), dead: true };
    const alive = settled({ status: { ledger: [target.id, other] } });
    const full = { target: afterRecycling, azure: absent, limited: true } as const;
    const next = decide(alive, facts({ ...full, held: [dead, { ...dead, id: other }] }), refused(target.id));
    expect(deletes(next)).toEqual([other]);
    const made = decide(
      alive,
      facts({ ...full, held: [dead, { ...dead, id: other, observed: absent }] }),
      refused(target.id),
    );
    expect(made.actions.map(({ type }) => type)).toContain('putAssignment');
  });
});
