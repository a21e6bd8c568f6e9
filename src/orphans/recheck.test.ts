import { describe, expect, it } from 'vitest';
import { credentialName } from '../azure/names/credential-name.ts';
import { ownerMarks, retainedMarks, type Tags } from '../azure/names/identity-marks.ts';
import { armKey } from '../azure/names/resource-id.ts';
import type { LiveAssignment, LiveIdentity, LiveObservation, LiveThing } from './live.ts';
import { type Known, type KubeThing, PlainObjects } from './objects.fixture.ts';
import { ownerToRead, recheck } from './recheck.ts';
import type { Candidate } from './report.ts';
import {
  assignment,
  CREDENTIAL_NAME,
  credential,
  DAY,
  INSTALLATION,
  identity,
  idOf,
  MARKS,
  NOW,
  OTHER,
  PRINCIPAL,
  SCOPE,
  SELF,
  shownAssignment,
  spec,
  WEB,
} from './sweep.fixture.ts';

const due = (
  type: Candidate['type'],
  thing: { readonly id: string; readonly key: string; readonly instance: string },
  change: Partial<Candidate> = {},
): Candidate => ({
  type,
  id: thing.id,
  key: thing.key,
  scope: SCOPE,
  reason: 'OwnerGone',
  owner: 'shop/web',
  ...(type === 'Identity' && { ownerUid: WEB.uid }),
  instance: thing.instance,
  since: NOW - 30 * DAY,
  clearSince: NOW - 30 * DAY,
  verdict: { type: 'due' },
  ...change,
});

const around = (thing: LiveThing, change: Partial<LiveObservation> = {}): LiveObservation => ({
  now: NOW,
  installationId: INSTALLATION,
  self: SELF,
  spec: spec(),
  stops: [],
  area: { scope: SCOPE, state: 'complete' },
  owner: { state: 'absent' },
  tookMs: 0,
  left: 1,
  thing,
  ...change,
});

const objects = (things: readonly Partial<KubeThing>[] = [], change: Partial<Known> = {}) =>
  new PlainObjects({
    installationId: INSTALLATION,
    objects: things.map((each) => ({ kind: 'RoleGrant', namespace: 'shop', name: 'x', uid: 'x', ...each })),
    ...change,
  });

const FOREIGN_CREDENTIAL = { id: '/c', key: '/c', issuer: 'https://aks.example', subject: 's' };
const NONE = { state: 'read', items: [] } as const;
const KEY = armKey(idOf('web'));

function liveIdentity(
  change: Partial<LiveIdentity> & { readonly tags?: Tags; readonly principalId?: string } = {},
): LiveIdentity {
  const { tags = MARKS, principalId = PRINCIPAL, ...parts } = change;
  const shown = { key: KEY, principalId, clientId: 'client', tags };
  return {
    state: 'present',
    type: 'Identity',
    identity: shown,
    resources: NONE,
    assignments: NONE,
    credentials: NONE,
    ...parts,
  };
}

const ofIdentity = (thing: LiveThing, change?: Partial<LiveObservation>, known = objects()) =>
  recheck(due('Identity', identity()), around(thing, change), known);

describe('directly before an identity is deleted', () => {
  it('it goes when all is as it was judged', () => {
    expect(ofIdentity(liveIdentity())).toEqual({ type: 'delete' });
    expect(ofIdentity({ state: 'absent' })).toEqual({ type: 'absent' });
  });

  it.each<[string, Partial<LiveObservation>, string]>([
    ['the mode is Report by now', { spec: spec({ mode: 'Report' }) }, 'NotDue'],
    ['something stops the run', { stops: [{ reason: 'ClaimedElsewhere', message: 'm' }] }, 'Stopped'],
    ['azid does not know itself', { self: undefined }, 'Stopped'],
    [
      'its area is incomplete by now',
      { area: { scope: SCOPE, state: 'incomplete', why: '429' } },
      'AreaIncomplete',
    ],
    ['its area is loading', { area: { scope: SCOPE, state: 'loading' } }, 'AreaIncomplete'],
    ['another area is asked about', { area: { scope: `${SCOPE}2`, state: 'complete' } }, 'AreaIncomplete'],
    [
      'the API server has its object, which the stores have yet to show',
      { owner: { state: 'present' } },
      'OwnerLives',
    ],
    ['the API server does not answer', { owner: { state: 'unread', why: '503' } }, 'OwnerUnknown'],
    ['the API server was not asked', { owner: { state: 'notNamed' } }, 'OwnerUnknown'],
    ['its reads are half a minute old', { tookMs: 30_001 }, 'ReadsTooOld'],
    ['the run has none left', { left: 0 }, 'LimitReached'],
    ['it is azid itself', { self: { ...SELF, principalId: PRINCIPAL.toUpperCase() } }, 'AzidItself'],
    ['it is azid itself by its client id', { self: { ...SELF, clientId: 'CLIENT' } }, 'AzidItself'],
  ])('it is kept when %s', (_, change, because) => {
    expect(ofIdentity(liveIdentity(), change)).toMatchObject({ type: 'keep', because });
  });

  it.each<[string, Parameters<typeof liveIdentity>[0], string]>([
    ['was made again', { principalId: 'p2' }, 'InstanceChanged'],
    ['shows no principal', { principalId: '' }, 'InstanceChanged'],
    ['lost a mark', { tags: { ...MARKS, 'azid-owner-uid': '' } }, 'OwnerUnknown'],
    ['lost all marks', { tags: {} }, 'OwnerUnknown'],
    ['was retained', { tags: retainedMarks(WEB) }, 'Retained'],
    [
      'has another installation’s mark',
      { tags: ownerMarks({ ...WEB, installationId: OTHER }) },
      'OtherInstallation',
    ],
    ['names another owner that is gone', { tags: ownerMarks({ ...WEB, name: 'api' }) }, 'InstanceChanged'],
    [
      'names a newer object of the same name',
      { tags: { ...MARKS, 'azid-owner-uid': 'uid-2' } },
      'InstanceChanged',
    ],
    ['is attached', { resources: { state: 'read', items: ['/vm1'] } }, 'InUse'],
    ['may be attached', { resources: { state: 'unread', why: '500' } }, 'UseUnknown'],
    ['may have assignments', { assignments: { state: 'unread', why: '403' } }, 'UseUnknown'],
    ['may have credentials', { credentials: { state: 'unread', why: '429' } }, 'UseUnknown'],
    [
      'has a foreign assignment',
      { assignments: { state: 'read', items: [shownAssignment({ name: 'n' })] } },
      'InUse',
    ],
    [
      'has one of an unknown owner',
      { assignments: { state: 'read', items: [shownAssignment({ description: 'x' })] } },
      'InUse',
    ],
    [
      'has a foreign credential',
      { credentials: { state: 'read', items: [{ ...FOREIGN_CREDENTIAL, name: 'aks' }] } },
      'InUse',
    ],
    [
      'has another installation’s credential',
      {
        credentials: {
          state: 'read',
          items: [{ ...FOREIGN_CREDENTIAL, name: credentialName(OTHER, { namespace: 'shop', name: 'ci' }) }],
        },
      },
      'InUse',
    ],
  ])('it is kept when it %s', (_, change, because) => {
    expect(ofIdentity(liveIdentity(change))).toMatchObject({ type: 'keep', because });
  });

  it.each<[string, Partial<KubeThing>]>([
    ['its object is back', { kind: 'UserAssignedIdentity', name: 'web', uid: 'uid-2' }],
    ['another object wants its id', { kind: 'UserAssignedIdentity', ids: [idOf('web')] }],
    ['a host has it in its ledger', { kind: 'HostIdentity', ids: [idOf('web')] }],
    ['a grant waits for its object', { identityRef: 'web' }],
  ])('it is kept when %s', (_, thing) => {
    expect(ofIdentity(liveIdentity(), {}, objects([thing]))).toMatchObject({ because: 'OwnerLives' });
  });

  it('its own assignments go first, and a living or retained one keeps it', () => {
    const left = shownAssignment();
    const assignments = { state: 'read', items: [left] } as const;
    expect(ofIdentity(liveIdentity({ assignments }))).toEqual({
      type: 'first',
      candidates: [due('RoleAssignment', assignment(), { owner: 'shop/read' })],
    });
    const grant = { ids: [left.id] };
    expect(ofIdentity(liveIdentity({ assignments }), {}, objects([grant]))).toMatchObject({
      because: 'InUse',
    });
    const retained = objects([], { retained: new Map([[left.key, { owner: 'shop/read' }]]) });
    expect(ofIdentity(liveIdentity({ assignments }), {}, retained)).toMatchObject({ because: 'InUse' });
  });

  it('its own credentials go before it, and a living or retained one keeps it', () => {
    const { id, key, issuer, subject } = credential();
    const credentials = {
      state: 'read',
      items: [{ id, key, name: CREDENTIAL_NAME, issuer, subject }],
    } as const;
    expect(ofIdentity(liveIdentity({ credentials }))).toEqual({
      type: 'first',
      candidates: [due('FederatedIdentityCredential', credential(), { owner: 'shop/ci' })],
    });
    const object = { kind: 'FederatedIdentityCredential', name: 'ci' };
    expect(ofIdentity(liveIdentity({ credentials }), {}, objects([object]))).toMatchObject({
      because: 'InUse',
    });
    const retained = objects([], { retained: new Map([[key, { owner: 'shop/ci' }]]) });
    expect(ofIdentity(liveIdentity({ credentials }), {}, retained)).toMatchObject({ because: 'InUse' });
  });

  it('it is kept when it cannot be read, when something else was read, and when it was not due', () => {
    expect(ofIdentity({ state: 'unreadable', why: '500' })).toMatchObject({
      because: 'Unreadable',
      why: '500',
    });
    const waiting = due('Identity', identity(), { verdict: { type: 'waiting', until: NOW } });
    expect(recheck(waiting, around(liveIdentity()), objects())).toMatchObject({ because: 'NotDue' });
    const another = due('Identity', identity({ id: idOf('api') }));
    expect(recheck(another, around(liveIdentity()), objects())).toMatchObject({ because: 'InstanceChanged' });
    const ofOtherType = due('RoleAssignment', identity());
    expect(recheck(ofOtherType, around(liveIdentity()), objects())).toMatchObject({
      because: 'InstanceChanged',
    });
  });
});

describe('directly before an assignment is deleted', () => {
  const live = (change: Partial<LiveAssignment> = {}): LiveAssignment => ({
    state: 'present',
    type: 'RoleAssignment',
    assignment: shownAssignment(),
    principal: { state: 'present' },
    ...change,
  });
  const of = (
    thing: LiveThing,
    candidate: Partial<Candidate> = {},
    known = objects(),
    change: Partial<LiveObservation> = {},
  ) =>
    recheck(
      due('RoleAssignment', assignment(), { owner: 'shop/read', ...candidate }),
      around(thing, change),
      known,
    );

  it('it goes when all is as it was judged', () => {
    expect(of(live())).toEqual({ type: 'delete' });
    expect(of(live({ principal: { state: 'gone' } }), { reason: 'PrincipalGone' })).toEqual({
      type: 'delete',
    });
    expect(of(live({ endsAt: NOW, principal: { state: 'unknown', why: 'x' } }), { reason: 'Ended' })).toEqual(
      { type: 'delete' },
    );
  });

  it.each<[string, Partial<LiveAssignment>, Partial<Candidate>, string]>([
    ['was made again', { assignment: { ...shownAssignment(), createdOn: NOW - DAY } }, {}, 'InstanceChanged'],
    [
      'shows no time of creation',
      { assignment: { ...shownAssignment(), createdOn: Number.NaN } },
      {},
      'InstanceChanged',
    ],
    ['has a principal that can return', { principal: { state: 'softDeleted' } }, {}, 'PrincipalSoftDeleted'],
    [
      'has a principal of which nothing is known',
      { principal: { state: 'unknown', why: 'x' } },
      {},
      'PrincipalUnknown',
    ],
    ['lost its principal meanwhile', { principal: { state: 'gone' } }, {}, 'InstanceChanged'],
    ['has its principal back', {}, { reason: 'PrincipalGone' }, 'InstanceChanged'],
    ['has a later end', { endsAt: NOW + 1 }, { reason: 'Ended' }, 'EndMoved'],
    ['has no end any more', {}, { reason: 'Ended' }, 'EndMoved'],
    [
      'has another role',
      { assignment: { ...shownAssignment(), roleGuid: 'b24988ac-6180-42a0-ab88-20f7382dd24c' } },
      {},
      'NotProven',
    ],
    [
      'names another owner',
      { assignment: { ...shownAssignment(), description: `[azid ${INSTALLATION}: shop/api]` } },
      {},
      'InstanceChanged',
    ],
    ['names nobody', { assignment: { ...shownAssignment(), description: 'ours' } }, {}, 'OwnerUnknown'],
  ])('it is kept when it %s', (_, thing, candidate, because) => {
    expect(of(live(thing), candidate)).toMatchObject({ type: 'keep', because });
  });

  it('it is kept when somebody has it, when it was retained, and when it is what azid itself may do', () => {
    const back = objects([{ name: 'read' }]);
    expect(of(live(), {}, back)).toMatchObject({ because: 'OwnerLives' });
    expect(of(live({ endsAt: NOW }), { reason: 'Ended' }, back)).toMatchObject({ because: 'OwnerLives' });
    const retained = objects([], { retained: new Map([[shownAssignment().key, { owner: 'shop/read' }]]) });
    expect(of(live(), {}, retained)).toMatchObject({ because: 'Retained' });
    expect(of(live({ endsAt: NOW }), { reason: 'Ended' }, retained)).toEqual({ type: 'delete' });
    const self = { ...SELF, principalId: PRINCIPAL };
    expect(of(live(), {}, objects(), { self })).toMatchObject({ because: 'AzidItself' });
  });
});

describe('directly before a credential is deleted', () => {
  const { id, key, issuer, subject } = credential();
  const live = (change: object = {}, principalId = PRINCIPAL): LiveThing => ({
    state: 'present',
    type: 'FederatedIdentityCredential',
    credential: { key, name: CREDENTIAL_NAME, issuer, subject, ...change },
    identity: { principalId, clientId: 'client', madeBy: [SELF.principalId] },
  });
  const of = (thing: LiveThing, known = objects(), change: Partial<LiveObservation> = {}) =>
    recheck(
      due('FederatedIdentityCredential', credential(), { owner: 'shop/ci' }),
      around(thing, change),
      known,
    );

  it('it goes when all is as it was judged', () => {
    expect(of(live())).toEqual({ type: 'delete' });
    expect(id).toContain(CREDENTIAL_NAME);
  });

  it.each<[string, LiveThing, string]>([
    ['trusts another subject', live({ subject: 'x' }), 'InstanceChanged'],
    ['is of an identity that was made again', live({}, 'p2'), 'InstanceChanged'],
    ['has a name that proves nothing', live({ name: 'aks' }), 'NotProven'],
  ])('it is kept when it %s', (_, thing, because) => {
    expect(of(thing)).toMatchObject({ type: 'keep', because });
  });

  it('it goes without a word of the API server only where its name does not tell its object', () => {
    const untold = due('FederatedIdentityCredential', credential(), { owner: 'shop-ci' });
    expect(ownerToRead(untold)).toBeUndefined();
    const notNamed = around(live(), { owner: { state: 'notNamed' } });
    // What is evaluated is another name than the credential has, so it is not the same one.
    expect(recheck(untold, notNamed, objects())).toMatchObject({ because: 'InstanceChanged' });
    const told = due('FederatedIdentityCredential', credential(), { owner: 'shop/ci' });
    expect(ownerToRead(told)).toEqual({ kind: 'FederatedIdentityCredential', namespace: 'shop', name: 'ci' });
    expect(recheck(told, notNamed, objects())).toMatchObject({ because: 'OwnerUnknown' });
  });

  it('it is kept when its object is back, when it was retained, and when azid itself signs in by it', () => {
    const back = objects([{ kind: 'FederatedIdentityCredential', name: 'ci' }]);
    expect(of(live(), back)).toMatchObject({ because: 'OwnerLives' });
    const retained = objects([], { retained: new Map([[key, { owner: 'shop/ci' }]]) });
    expect(of(live(), retained)).toMatchObject({ because: 'Retained' });
    const self = { ...SELF, clientId: 'client' };
    expect(of(live(), objects(), { self })).toMatchObject({ because: 'AzidItself' });
  });
});
