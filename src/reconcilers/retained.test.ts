import { describe, expect, it } from 'vitest';
import type { ManagedObject } from '../api/schema/common.ts';
import type { RetainedEntry } from '../orphans/records/retained-index.ts';
import type { CommonAction, Decision, FailedAction } from './decision.ts';
import { type KeptAction, type KeptFacts, withKept } from './retained.ts';

type Write = { readonly type: 'put' | 'delete'; readonly id: string };
interface Status {
  readonly ledger?: readonly string[];
}
type Action = CommonAction<Status> | Write | KeptAction;
type Made = Decision<Action, Status>;
type Thing = ManagedObject & { readonly spec: { readonly deletionPolicy?: 'Delete' | 'Retain' } };

const READY = { state: 'ready', reason: 'Ready', message: '', nextMs: 1 } as const;
const PUT = { type: 'put', id: '/A' } as const;
const FINALIZER = { type: 'addFinalizer' } as const;

const thing = (deletionPolicy: 'Delete' | 'Retain', isDeleting = false) =>
  ({
    metadata: {
      namespace: 'shop',
      name: 'web',
      uid: 'uid-web',
      ...(isDeleting && { deletionTimestamp: '2026-11-29T12:00:00Z' }),
    },
    spec: { deletionPolicy },
  }) as unknown as Thing;

const entry = (key: string, uid = 'uid-web'): RetainedEntry => ({ key, owner: 'shop/web', uid });

/** What is done, given what the kind would do. */
function done(
  object: Thing,
  onRecord: readonly RetainedEntry[] | undefined,
  made: Partial<Made> = {},
  failed?: FailedAction<Action>,
  isMarked = false,
): Made {
  const decide = withKept<Thing, KeptFacts, Action, Status, Made>(
    () => ({ actions: [], status: { ledger: ['/A'] }, summary: READY, ...made }),
    {
      ids: (_, __, { status }) => status.ledger ?? [],
      gives: ({ type }) => type === 'put',
      isMarkedInAzure: () => isMarked,
    },
  );
  return decide(object, { onRecord }, failed);
}

const failure = (action: KeptAction): FailedAction<Action> => ({
  action,
  failure: { kind: 'transient', reason: 'Forbidden', message: 'no', ambiguous: false, error: undefined },
});

describe('an object that says Retain', () => {
  const object = thing('Retain');
  const record = { type: 'recordRetained', ids: ['/A'] } as const;

  it('is on record after its finalizer and before anything is given to it', () => {
    expect(done(object, [], { actions: [FINALIZER, PUT] }).actions).toEqual([FINALIZER, record, PUT]);
    expect(done(object, [entry('/a')], { actions: [FINALIZER, PUT] }).actions).toEqual([FINALIZER, PUT]);
  });

  it('is put on record when it rests, suspended or not, whatever its state, and once', () => {
    const stalled = { state: 'stalled', reason: 'PolicyDenied', message: '', recheckMs: 1 } as const;
    for (const summary of [READY, stalled])
      expect(done(object, [], { summary })).toMatchObject({ actions: [record], binds: true });
    expect(done(object, [entry('/a')]).actions).toEqual([]);
  });

  it('is given nothing where that cannot be written, and says so; what is taken from it goes all the same', () => {
    const failed = failure(record);
    expect(done(object, [], { actions: [PUT] }, failed)).toMatchObject({
      actions: [],
      summary: { state: 'retrying', failure: failed.failure },
    });
    expect(done(object, [], {}, failed)).toMatchObject({ actions: [], summary: { state: 'retrying' } });
    const taking = [{ type: 'delete', id: '/B' }] as const;
    expect(done(object, [], { actions: taking }, failed).actions).toEqual(taking);
  });

  it('loses the record of what it has no more, and of a namesake before it, when it is as declared', () => {
    const before = entry('/a', 'uid-before');
    const known = [entry('/a'), entry('/old'), before, entry('/left', 'uid-before')];
    expect(done(object, known).actions).toEqual([
      { type: 'forgetRetained', entries: [entry('/old'), before] },
    ]);
    const working = { state: 'progressing', reason: 'x', message: '', againMs: 0 } as const;
    expect(done(object, known, { summary: working }).actions).toEqual([]);
  });

  it('keeps it when it goes, unless Azure itself says so by now', () => {
    const going = thing('Retain', true);
    const actions = [{ type: 'removeFinalizer' }] as const;
    expect(done(going, [entry('/a')], { actions }).actions).toEqual(actions);
    expect(done(going, [entry('/a')], { actions }, undefined, true).actions).toEqual([
      { type: 'forgetRetained', entries: [entry('/a')] },
      ...actions,
    ]);
  });
});

describe('an object that says Delete', () => {
  const object = thing('Delete');
  const before = entry('/a', 'uid-before');
  const forget = { type: 'forgetRetained', entries: [entry('/a'), before] } as const;

  it('is taken off the record, and what a namesake left of what it has by now, but nothing else', () => {
    const left = entry('/left', 'uid-before');
    expect(done(object, [entry('/a'), before, left])).toMatchObject({ actions: [forget], binds: true });
    expect(done(object, []).actions).toEqual([]);
  });

  it('waits for that with nothing, and says so where it cannot be written', () => {
    expect(done(object, [entry('/a')], { actions: [PUT] }).actions).toEqual([PUT]);
    expect(done(object, [entry('/a')], {}, failure(forget))).toMatchObject({
      actions: [],
      summary: { state: 'retrying' },
    });
  });

  it('is off the record before it goes, and goes where that cannot be written', () => {
    const going = thing('Delete', true);
    const actions = [{ type: 'delete', id: '/A' }, { type: 'removeFinalizer' }] as const;
    const own = { type: 'forgetRetained', entries: [entry('/a')] } as const;
    expect(done(going, [entry('/a'), before], { actions }).actions).toEqual([actions[0], own, actions[1]]);
    expect(done(going, [entry('/a')], { actions }, failure(own)).actions).toEqual(actions);
    expect(done(going, [entry('/a')], { actions: [actions[0]] }).actions).toEqual([actions[0]]);
  });
});

it('nothing changes where no records are kept', () => {
  expect(done(thing('Retain'), undefined, { actions: [PUT] }).actions).toEqual([PUT]);
});
