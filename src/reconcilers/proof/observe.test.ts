import { describe, expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { withoutMarks } from '../../azure/names/identity-marks.ts';
import { meta } from '../stores.fixture.ts';
import { observeIdentity, STALE_MS } from './observe.ts';
import { HeldIdentities, INSTALLATION, identityAt, marksOf } from './proofs.fixture.ts';

const SUB = '00000000-0000-4000-8000-00000000000a';
const idOf = (name: string, group = 'rg1', subscription = SUB) =>
  `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const WEB = idOf('web');
const owner = meta('web');
const marks = marksOf(owner);
const coordinates = { subscriptionId: SUB, resourceGroup: 'rg1', location: 'westeurope', name: 'web' };
const settled = { id: WEB, principalId: 'p1', coordinates };

function object(status?: object, spec: UserAssignedIdentity['spec'] = {}): UserAssignedIdentity {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'UserAssignedIdentity',
    metadata: owner,
    spec,
    ...(status && { status }),
  };
}

function world(...identities: readonly ReturnType<typeof identityAt>[]) {
  const held = new HeldIdentities();
  for (const each of identities) held.put(each);
  const disputed = new Map<string, string>();
  const recorded = new Map<string, string>();
  const searched = new Set<string>();
  const principals = { lastOf: (uid: string) => recorded.get(uid) };
  const look = (of = object(settled), isAnothers?: () => boolean) =>
    observeIdentity(of, {
      isAnothers,
      identityCache: held,
      installationId: INSTALLATION,
      disputed,
      principals,
      searched,
    });
  return { held, disputed, recorded, searched, look };
}

const own = identityAt(WEB, 'p1', marks);
const strange = identityAt(WEB, 'p2', { by: 'hand' });

describe('an identity is an object’s if Azure shows it with that object’s marks,', () => {
  it.each<[string, UserAssignedIdentity]>([
    ['the status as it should be', object(settled)],
    ['no status at all', object()],
    ['another principal in the status', object({ ...settled, principalId: 'p2' })],
    ['another id in the status', object({ ...settled, id: idOf('stranger') })],
    ['no id in Azure’s form', object({ ...settled, id: '/x' })],
    [
      'another place in the status',
      object({ ...settled, coordinates: { ...coordinates, resourceGroup: 'rg2' } }),
    ],
    [
      'another subscription in the status',
      object({ ...settled, coordinates: { ...coordinates, subscriptionId: 'x' } }),
    ],
    ['its own principal told as overwritten', object({ ...settled, overwrittenPrincipalId: 'p1' })],
  ])('with %s', (_, of) => {
    const { look, recorded } = world(own, identityAt(idOf('stranger'), 'p2'));
    recorded.set(owner.uid, 'p1');
    expect(look(of)).toMatchObject({ state: 'owned', identity: { id: WEB, principalId: 'p1' } });
  });

  it('under whatever principal: made again with its marks, it is the object’s', () => {
    const { look } = world(identityAt(WEB, 'p9', marks));
    expect(look()).toMatchObject({ state: 'owned', identity: { principalId: 'p9' } });
  });
});

describe('it is not the object’s,', () => {
  it.each([
    ['made anew without marks', strange],
    ['stripped of its marks', identityAt(WEB, 'p1', withoutMarks(marks))],
    ['marked for another object', identityAt(WEB, 'p1', marksOf(meta('mail')))],
    [
      'marked for an object of the same name that lived before',
      identityAt(WEB, 'p1', marksOf({ ...owner, uid: 'earlier' })),
    ],
    ['marked by another installation', identityAt(WEB, 'p1', marksOf(owner, 'elsewhere'))],
    ['retained', identityAt(WEB, 'p1', { ...marks, 'azid-retained': 'shop/web' })],
  ])('%s, although the status names it', (_, shown) => {
    const { look } = world(shown);
    expect(look(object({ ...settled, principalId: shown.principalId }))).toMatchObject({
      state: 'none',
      shown: { id: WEB },
    });
  });

  it('with marks that azid set by mistake, as this process knows or the status does', () => {
    const { look, disputed } = world(own);
    const before = { coordinates, overwrittenPrincipalId: 'p1' };
    expect(look(object(before))).toMatchObject({ state: 'none' });
    expect(look()).toMatchObject({ state: 'owned' });
    disputed.set(owner.uid, 'p1');
    expect(look()).toMatchObject({ state: 'none' });
  });

  it('anywhere but where its spec says', () => {
    const { look } = world(identityAt(idOf('web', 'rg2'), 'p1', marks));
    expect(look(object(undefined, { resourceGroup: 'rg2' }))).toMatchObject({ state: 'owned' });
    expect(look(object(undefined, { resourceGroup: 'rg1' }))).toMatchObject({ state: 'none' });
    expect(look(object(settled, { name: 'other' }))).toMatchObject({ state: 'unknown', id: idOf('other') });
  });

  it('once it is proven gone', () => {
    const { look, held } = world();
    held.hold(WEB, { state: 'absent', provenBy: 'get', ageMs: 0 });
    expect(look()).toEqual({ state: 'none', id: WEB });
    expect(look(object())).toEqual({ state: 'none' });
  });
});

describe('what the cache does not show is unknown, not absent:', () => {
  it('never read, missing from a list, without ids, or seen too long ago', () => {
    const { look, held } = world();
    expect(look()).toEqual({ state: 'unknown', id: WEB });
    held.hold(WEB, { state: 'suspectAbsent' });
    expect(look()).toEqual({ state: 'unknown', id: WEB });
    held.put(identityAt(WEB, '', marks));
    expect(look()).toEqual({ state: 'unknown', id: WEB });
    held.put(own, { ageMs: STALE_MS + 1 });
    expect(look()).toEqual({ state: 'unknown', id: WEB });
  });
});

describe('a copy of an identity that carries its tags, outside of where the spec says,', () => {
  const COPY = idOf('web', 'rg2');
  const copy = identityAt(COPY, 'p2', marks);
  /** Its own is on record. */
  function recorded(...identities: readonly ReturnType<typeof identityAt>[]) {
    const it = world(...identities);
    it.recorded.set(owner.uid, 'p1');
    return it;
  }
  const pointed = object({ ...settled, id: COPY, coordinates: { ...coordinates, resourceGroup: 'rg2' } });

  it('is not the object’s once its own is gone, nor while what is held of that is not certain', () => {
    const { look, held } = recorded(copy);
    held.hold(WEB, { state: 'absent', provenBy: 'get', ageMs: 0 });
    expect(look()).toEqual({ state: 'none', id: WEB });
    held.hold(WEB, { state: 'suspectAbsent' });
    expect(look()).toEqual({ state: 'unknown', id: WEB });
    expect(look(object())).toEqual({ state: 'none' });
  });

  it('is not the object’s beside its own, wherever the status points', () => {
    const { look, searched } = recorded(own, copy);
    for (const over of [false, true]) {
      if (over) searched.add(owner.uid);
      for (const of of [object(settled), object(), pointed])
        expect(look(of)).toMatchObject({ state: 'owned', identity: { id: WEB } });
    }
  });

  it('is undecided where the status points to it, until the recorded one was searched for', () => {
    const { look, searched } = recorded(copy);
    expect(look(pointed)).toEqual({ state: 'unknown', id: COPY, undecided: true });
    searched.add(owner.uid);
    // Made again where it was, by somebody or by a process that died before it was on record.
    expect(look(pointed)).toMatchObject({ state: 'owned', identity: { principalId: 'p2' } });
  });

  it('counts at once where the spec says: there it was made again', () => {
    const { look } = recorded(copy);
    const declared = object(undefined, { subscriptionId: SUB, resourceGroup: 'rg2' });
    expect(look(declared)).toMatchObject({ state: 'owned', identity: { principalId: 'p2' } });
  });

  it('without a record, as earlier versions left it, a single one counts, and of two neither', () => {
    const { look, held } = world(copy);
    expect(look(object())).toMatchObject({ state: 'owned', identity: { id: COPY } });
    expect(look()).toEqual({ state: 'unknown', id: WEB });
    held.hold(WEB, { state: 'absent', provenBy: 'get', ageMs: 0 });
    expect(look()).toMatchObject({ state: 'owned', identity: { id: COPY } });
    held.put(identityAt(idOf('web', 'rg3'), 'p3', marks));
    expect(look(object())).toEqual({ state: 'none' });
    expect(look()).toEqual({ state: 'none', id: WEB });
  });

  it('and what is on record is the object’s, whatever a status or an answer to a PUT says of it', () => {
    const { look, disputed } = recorded(own);
    disputed.set(owner.uid, 'p1');
    const forged = object({ ...settled, principalId: 'p2', overwrittenPrincipalId: 'p1' });
    expect(look(forged)).toMatchObject({ state: 'owned', identity: { principalId: 'p1' } });
  });
});

describe('of an object that another process reconciles', () => {
  const anothers = () => true;

  it('the marks count together with the principal in the status that it writes', () => {
    const { look } = world(own);
    expect(look(object(settled), anothers)).toMatchObject({
      state: 'owned',
      identity: { principalId: 'p1' },
    });
  });

  it.each<[string, UserAssignedIdentity]>([
    ['it has not written one yet', object({ coordinates })],
    ['it was lost', object()],
  ])('nothing is its identity as long as %s', (_, of) => {
    const { look } = world(own);
    expect(look(of, anothers)).toEqual({ state: 'none' });
  });

  it('a status alone proves nothing, and marks on another principal are to be read', () => {
    expect(world(strange).look(object({ ...settled, principalId: 'p2' }), anothers)).toMatchObject({
      state: 'none',
      shown: { principalId: 'p2' },
    });
    expect(world(own).look(object({ ...settled, principalId: 'p0' }), anothers)).toMatchObject({
      state: 'unknown',
      undecided: true,
    });
  });

  it('what this process has on record of it counts no more', () => {
    const { look, recorded } = world(own);
    recorded.set(owner.uid, 'p0');
    expect(look(object(settled), anothers)).toMatchObject({ state: 'owned' });
    recorded.set(owner.uid, 'p1');
    expect(look(object({ coordinates }), anothers)).toEqual({ state: 'none' });
  });
});
