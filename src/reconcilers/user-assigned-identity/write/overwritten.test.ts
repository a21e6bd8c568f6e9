import { describe, expect, it } from 'vitest';
import { ownerMarks } from '../../../azure/names/identity-marks.ts';
import type { Failure } from '../../decision.ts';
import { decide } from '../decide.ts';
import {
  absent,
  deleted,
  type FactsChange,
  facts,
  ID,
  ME,
  policy,
  seen,
  settled,
  uai,
} from '../facts.fixture.ts';
import type { Action, OwnStatus, UserAssignedIdentity } from '../facts.ts';

const failure: Failure = {
  kind: 'alreadyExists',
  reason: 'AlreadyExists',
  message: 'somebody was faster',
  ambiguous: false,
  error: undefined,
};
const spec = { tags: { env: 'prod' } };
const overwritten = seen({ env: 'prod', ...ownerMarks(ME) });
/** What was never shown as the object's own is not on record. */
const showing = (identity = overwritten): FactsChange => ({
  azure: { state: 'present', identity, live: true },
  recorded: undefined,
});
/** The intent as it stood when the PUT left. */
const intent = { tagKeys: ['env'], createStartedAt: '2026-11-23T09:59:00Z' };
const known = { ...intent, overwrittenPrincipalId: overwritten.principalId };

const names = (actions: readonly Action[]) => actions.map(({ type }) => type);
const saved = (actions: readonly Action[]): OwnStatus | undefined =>
  actions.find((action) => action.type === 'saveStatus')?.status;
const patched = (object: UserAssignedIdentity, change: FactsChange) =>
  decide(object, facts(change)).actions.find((action) => action.type === 'updateIdentity')?.tags;

describe('an identity that somebody made just before the PUT', () => {
  it('is remembered as not made here before the marks are taken back', () => {
    const create = decide(uai({ spec }), facts({ azure: absent })).actions.find(
      (action) => action.type === 'createIdentity',
    );
    if (!create) throw new Error('expected a creation');
    const raced = decide(uai({ spec, status: intent }), facts(showing()), { action: create, failure });
    expect(names(raced.actions)).toEqual(['saveStatus', 'updateIdentity']);
    expect(saved(raced.actions)?.overwrittenPrincipalId).toBe(overwritten.principalId);
    expect(raced.actions[1]).toMatchObject({ id: overwritten.id, tags: {} });
  });

  it('is not taken for proof at the next reconcile, when the PATCH had failed or the process died', () => {
    const next = decide(uai({ spec, status: known }), facts(showing()));
    expect(names(next.actions)).toEqual(['updateIdentity']);
    expect(patched(uai({ spec, status: known }), showing())).toEqual({});
  });

  it('is not taken for proof by the process that met it, whatever kept it from saying so at once', () => {
    const disputed = overwritten.principalId;
    const unread = decide(
      uai({ spec, status: intent }),
      facts({ disputed, azure: { state: 'unreadable', failure: { ...failure, kind: 'transient' } } }),
    );
    expect(unread).toMatchObject({ actions: [], status: { overwrittenPrincipalId: disputed } });
    const next = decide(uai({ spec, status: intent }), facts({ disputed, ...showing() }));
    expect(names(next.actions)).toEqual(['saveStatus', 'updateIdentity']);
    expect(saved(next.actions)?.overwrittenPrincipalId).toBe(disputed);
    const going = decide(deleted({ status: intent }), facts({ disputed, ...showing() }));
    expect(names(going.actions)).toEqual(['saveStatus', 'updateIdentity']);
  });

  it('is not deleted with the object', () => {
    // It never was this object's.
    const begun = { ...known, id: undefined, principalId: undefined };
    const next = decide(deleted({ status: begun }), facts(showing()));
    expect(names(next.actions)).toEqual(['updateIdentity']);
    const then = decide(deleted({ status: begun }), facts(showing(seen({}))));
    expect(names(then.actions)).not.toContain('deleteIdentity');
    expect(names(then.actions)).toContain('removeFinalizer');
  });

  it.each<[string, FactsChange, UserAssignedIdentity['status']]>([
    ['the status', {}, { overwrittenPrincipalId: 'principal-1', principalId: 'another' }],
    ['the answer to a PUT', { disputed: 'principal-1' }, {}],
  ])('is none that is on record as the object’s, whatever %s says', (_, change, status) => {
    const { actions } = decide(settled({ status }), facts({ ...change, recorded: 'principal-1' }));
    expect(names(actions)).not.toContain('updateIdentity');
    const going = decide(deleted({ status }), facts({ ...change, recorded: 'principal-1' }));
    expect(names(going.actions)).toEqual(['deleteIdentity']);
  });

  it('nor one that a PUT met which this process had last seen as the object’s: a GET had not shown it', () => {
    const create = decide(settled(), facts({ azure: absent })).actions.find(
      (action) => action.type === 'createIdentity',
    );
    if (!create) throw new Error('expected a creation');
    const raced = decide(settled(), facts({ disputed: 'principal-1', lastShown: 'principal-1' }), {
      action: create,
      failure,
    });
    expect(names(raced.actions)).not.toContain('updateIdentity');
  });

  it('stalls the object once the marks are off', () => {
    const after = decide(uai({ spec, status: known }), facts(showing(seen({}))));
    expect(after).toMatchObject({ actions: [], summary: { state: 'stalled', reason: 'AlreadyExists' } });
  });

  it('can be adopted like any other: that it was overwritten is forgotten before the marks are set', () => {
    const adopting = uai({ spec: { ...spec, adoption: 'Adopt' }, status: known });
    const policies = [policy({ adoption: { identityIds: [ID] } })];
    const adopted = decide(adopting, facts({ policies, ...showing(seen({})) }));
    expect(names(adopted.actions)).toEqual(['addFinalizer', 'saveStatus', 'updateIdentity']);
    expect(saved(adopted.actions)).toHaveProperty('overwrittenPrincipalId', undefined);
  });

  it('is another one once it was deleted and the object made its own', () => {
    const own = seen({ env: 'prod', ...ownerMarks(ME) }, { principalId: 'principal-2' });
    expect(names(decide(uai({ spec, status: known }), facts(showing(own))).actions)).not.toContain(
      'updateIdentity',
    );
  });
});
