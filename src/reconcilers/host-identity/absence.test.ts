import { describe, expect, it } from 'vitest';
import { FINALIZER } from '../../api/schema/common.ts';
import type { Line } from '../hosts/ledger/lines.ts';
import { decide } from './decide.ts';
import {
  attached,
  entry,
  facts,
  fresh,
  host,
  idOf,
  keyOf,
  object,
  owner,
  releases,
  seen,
  VM,
  wants,
} from './facts.fixture.ts';
import type { Action, Facts, HostDecision } from './facts.ts';

const OLD = VM.replace('/rg1/', '/rg0/');
const NEW = VM.replace('/rg1/', '/rg2/');
const absent = { state: 'absent', live: true, conclusive: true, conclusiveInMs: 0 } as const;
const types = ({ actions }: HostDecision) => actions.map(({ type }) => type);
const reasonsOf = ({ actions }: HostDecision) =>
  actions.flatMap((action: Action) => (action.type === 'recordEvent' ? action.event.reason : []));
const gone = (change: Partial<Facts> = {}) => facts({ host: absent, ...change });

describe('a resource that is gone from its id', () => {
  it('is searched for before its ledger ends', () => {
    const decision = decide(object(), gone({ searching: true }));
    expect(decision.actions).toEqual([]);
    expect(decision.status.entries).toHaveLength(1);
    expect(decision.summary).toMatchObject({ state: 'progressing', reason: 'ConfirmingAbsence' });
  });

  it('and is there under another: its ledger waits for that one to take it over', () => {
    const decision = decide(
      object(),
      gone({ elsewhere: { id: NEW, known: false, tookOver: false }, claims: [] }),
    );
    expect(types(decision)).toEqual(['saveStatus', 'ensureHeir']);
    expect(decision.status).toMatchObject({ movedTo: NEW, entries: [{ identityId: idOf('app') }] });
    const waiting = decide(
      object({ ...decision.status }),
      gone({ elsewhere: { id: NEW, known: true, tookOver: false }, claims: [] }),
    );
    expect(waiting.actions).toEqual([]);
    expect(waiting.summary).toMatchObject({ reason: 'HandingOver' });
  });

  it('ends when it is taken over, and no loss is reported', () => {
    const taken = gone({ elsewhere: { id: NEW, known: true, tookOver: true } });
    const decision = decide(object({ movedTo: NEW }), taken);
    expect(reasonsOf(decision)).toEqual([]);
    expect(decision.status.entries).toEqual([]);
    expect(decision.status.movedTo).toBeUndefined();
  });

  it('and nowhere else ends as ever', () => {
    const { actions } = decide(object(), gone());
    expect(actions.flatMap((each) => (each.type === 'recordEvent' ? each.event : []))).toMatchObject([
      { reason: 'HostGone', drift: { id: VM, how: 'removed' } },
    ]);
  });
});

describe('a resource that was moved to this id', () => {
  const line = entry('app', { owners: [owner('attach-app')] }) as Line;
  const formerLedgers = [{ from: OLD, lines: new Map([[keyOf('app'), line]]) }];
  const here = (change: Partial<Facts> = {}) =>
    facts({ host: seen(host([attached('app')])), formerLedgers, ...change });
  const unclear = { state: 'unclear', owner: owner('attach-app'), why: 'by its former id' } as const;

  it('has its ledger here, from one status on, and holds the object', () => {
    const decision = decide(fresh(), here({ claims: [unclear] }));
    expect(decision.status).toMatchObject({
      movedFrom: OLD,
      entries: [{ identityId: idOf('app'), state: 'Attached', owned: true }],
    });
    expect(types(decision)).toEqual(['saveStatus', 'recordEvent', 'addFinalizer']);
    expect(reasonsOf(decision)).toEqual(['HostMoved']);
  });

  it('makes azid the owner of what it reported as somebody else’s', () => {
    const before = object({ entries: [entry('app', { owned: false, owners: [owner('b')] })] });
    const decision = decide(before, here({ claims: [wants('app', {}, 'b'), unclear] }));
    expect(decision.status.entries).toMatchObject([
      { owned: true, owners: [{ name: 'b' }, { name: 'attach-app' }] },
    ]);
  });

  it('takes nothing over twice', () => {
    const before = object({ movedFrom: OLD, entries: [] }, { finalizers: [FINALIZER] });
    const decision = decide(
      before,
      here({ host: seen(host()), claims: [wants('other', { hasSlot: false })] }),
    );
    expect(decision.status.entries?.map(({ identityId }) => identityId)).not.toContain(idOf('app'));
  });

  it('keeps what an object has that names its former id, and lets it go with that object', () => {
    const taken = object({ movedFrom: OLD });
    expect(decide(taken, here({ claims: [unclear] })).actions).toEqual([]);
    const decision = decide(taken, here({ claims: [releases('attach-app')] }));
    expect(types(decision)).toContain('writeIdentity');
  });

  it('does not end before it has taken over', () => {
    expect(types(decide(fresh(), here({ claims: [] })))).not.toContain('deleteSelf');
  });
});
