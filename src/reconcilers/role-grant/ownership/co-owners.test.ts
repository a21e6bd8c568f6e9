import { beforeEach, describe, expect, it } from 'vitest';
import type { RoleGrantSpec } from '../../../api/role-grant.ts';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { AzureRoleDefinition, RoleLookup } from '../../../azure/role-definitions.ts';
import type { ObjectMeta } from '../../../kube/types.ts';
import { Elapsed } from '../../../runtime/time/elapsed.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import { HeldIdentities, noSystemProofs } from '../../proof/proofs.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../../stores.fixture.ts';
import type { Stores } from '../../stores.ts';
import {
  assignment,
  grant,
  INSTALLATION,
  NOW,
  PRINCIPAL,
  RECYCLED,
  reader,
  SCOPE,
  target,
} from '../facts.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import { named } from '../target/target.ts';
import { type Asked, type CoOwnerDeps, coOwnersOf } from './co-owners.ts';

/** Who else asks for an assignment. */

let stores: Stores;
let role: RoleLookup | Error;
/** Roles that were read before. */
let known: readonly AzureRoleDefinition[];
const found: AzureRoleDefinition = {
  id: reader.id,
  guid: reader.guid,
  roleName: reader.name,
  type: 'BuiltInRole',
  permissions: [],
  assignableScopes: ['/'],
};
const contributor = { ...found, guid: 'b24988ac-6180-42a0-ab88-20f7382dd24c', roleName: 'Contributor' };
beforeEach(() => {
  stores = emptyStores();
  known = [];
  role = { found: 'one', role: found };
  for (const namespace of ['team-a', 'team-b']) put(stores.namespaces, { metadata: clusterMeta(namespace) });
  put(stores.policies, {
    metadata: clusterMeta('team-a'),
    spec: {
      namespaces: { names: ['team-a'] },
      grants: [{ roles: ['Reader'], scopes: [SCOPE], principals: { ids: [PRINCIPAL] } }],
    },
  });
});

const byId = { principal: { id: PRINCIPAL, type: 'ServicePrincipal' } } as const;
function declare(
  name: string,
  spec: Partial<RoleGrantSpec> = {},
  status: RoleGrant['status'] = {},
  metadata: Partial<ObjectMeta> = {},
) {
  const object = grant({
    spec: { ...byId, ...spec },
    status,
    metadata: { name, uid: `uid-${name}`, ...metadata },
  });
  put(stores.grants, { metadata: object.metadata, spec: object.spec, status });
  return object;
}

const mark = (key: string, more = '') => `[azid ${INSTALLATION}: ${key}${more}]`;
/** As Azure shows it, with this written on it. */
const shownFor = (key: string, more = '') => assignment({ description: mark(key, more) });
/** The record of the assignment's end, which names these objects. */
function record(...owners: { namespace: string; name: string }[]) {
  put(stores.expiries, {
    metadata: meta(target.name, { namespace: 'azid-system' }),
    spec: { assignmentId: target.id, owners: owners.map((each) => ({ ...each, uid: `uid-${each.name}` })) },
  });
}

async function coOwners(id = target.id, shown?: Asked['shown']) {
  const answer = async () => {
    if (role instanceof Error) throw role;
    return role;
  };
  const clock = new FakeClock(NOW);
  const deps = {
    stores,
    proofs: new HeldIdentities().proofs(stores),
    systemProofs: noSystemProofs,
    clock,
    elapsed: new Elapsed(clock),
    installationId: INSTALLATION,
    firstSeen: new Map(),
    roles: { byName: answer, byId: answer, held: () => known },
  };
  const found = await coOwnersOf(
    grant(),
    { id, granted: target, ...(shown && { shown }) },
    { priority: 'event' } as never,
    deps as unknown as CoOwnerDeps,
  );
  return found.map(({ key, ...rest }) => [key, rest] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
const held = async (shown?: Asked['shown']) =>
  (await coOwners(target.id, shown)).filter(([, { holds }]) => holds).map(([key]) => key);
const keys = async (id?: string) => (await coOwners(id)).map(([key]) => key);

describe('a co-owner', () => {
  it('asks for the same, whatever it has of it yet', async () => {
    declare('other', { description: 'Theirs.' });
    expect(await coOwners()).toMatchObject([
      ['team-a/other', { allowed: true, holds: false, description: 'Theirs.' }],
    ]);
  });

  it('is known under whichever name the assignment stands', async () => {
    declare('other', {}, { ledger: [named(target, 1).id] });
    for (const id of target.ids)
      expect(await coOwners(id)).toMatchObject([['team-a/other', { holds: true }]]);
  });

  it('is not the object itself, nor one that goes, has ended, or asks for something else', async () => {
    declare('read');
    declare('going', {}, {}, { deletionTimestamp: '2026-11-23T09:59:00Z' });
    declare('over', { expiresAt: '2026-11-23T09:59:00Z' });
    declare('elsewhere', { scope: `${SCOPE}0` });
    declare('another', { principal: { id: RECYCLED, type: 'ServicePrincipal' } }, { ledger: [target.id] });
    expect(await keys()).toEqual([]);
  });

  it('that is suspended counts by what it holds alone, by its ledger or by the record of its end', async () => {
    declare('wishes', { suspend: true });
    declare('holds', { suspend: true }, { ledger: [target.id] });
    declare('recorded', { suspend: true });
    record({ namespace: 'team-a', name: 'recorded' });
    expect(await keys()).toEqual(['team-a/holds', 'team-a/recorded']);
  });

  it('that no policy allows it has nothing by its ledger alone, nor by the mark alone', async () => {
    const denied = { namespace: 'team-b' };
    declare('wishes', {}, {}, denied);
    declare('forged', {}, { ledger: [target.id], assignmentId: target.id }, denied);
    expect(await coOwners()).toMatchObject([
      ['team-b/forged', { allowed: false, holds: false }],
      ['team-b/wishes', { allowed: false, holds: false }],
    ]);
    expect(await held(shownFor('team-a/read'))).toEqual([]);
    expect(await held(shownFor('team-a/read', ' and 1 more'))).toEqual([]);
    expect(await held(shownFor('team-b/wishes'))).toEqual([]);
  });

  it('that no policy allows it any more has what mark and ledger, or the record, say that it was given', async () => {
    const denied = { namespace: 'team-b' };
    declare('given', {}, { ledger: [target.id] }, denied);
    declare('recorded', {}, {}, denied);
    expect(await held(shownFor('team-b/given'))).toEqual(['team-b/given']);
    expect(await held(shownFor('team-b/given', ' and 1 more'))).toEqual(['team-b/given']);
    expect(await held(assignment({ description: `[azid another: team-b/given]` }))).toEqual([]);
    record({ namespace: 'team-b', name: 'recorded' });
    expect(await held(shownFor('team-a/read'))).toEqual(['team-b/recorded']);
    record({ namespace: 'team-b', name: 'recorded' }, { namespace: 'team-b', name: 'given' });
    expect(await held(shownFor('team-a/read'))).toEqual(['team-b/given', 'team-b/recorded']);
  });

  it('in a namespace that was not seen yet may be allowed: its ledger counts', async () => {
    declare('unseen', {}, { ledger: [target.id] }, { namespace: 'team-c' });
    expect(await held(shownFor('team-a/read'))).toEqual(['team-c/unseen']);
  });

  it('whose status was emptied, or says that Azure refuses it, has what is marked for it and as it declares', async () => {
    const refusedNow = {
      conditions: [
        {
          type: 'Stalled',
          status: 'True' as const,
          reason: 'RejectedByAzure',
          message: '',
          lastTransitionTime: '',
          observedGeneration: 1,
        },
      ],
    };
    const at = async (name: string) => (await coOwners(target.id, shownFor(`team-a/${name}`)))[0]?.[1];
    declare('lost', { suspend: true });
    expect(await at('lost')).toMatchObject({ allowed: true, holds: true });
    stores = { ...stores, grants: emptyStores().grants };
    declare('told', {}, refusedNow);
    expect(await at('told')).toMatchObject({ allowed: true, holds: true });
    expect((await at('told'))?.refused).toBeUndefined();
    stores = { ...stores, grants: emptyStores().grants };
    // What it asks for does not stand, so it keeps nobody from having it otherwise.
    declare('other', { condition: { expression: 'x', version: '2.0' } }, refusedNow);
    expect(await at('other')).toMatchObject({ holds: false, refused: true });
  });

  it('that Azure refuses is reported as such, until it is edited', async () => {
    const stalled = (observedGeneration: number) => ({
      conditions: [
        {
          type: 'Stalled',
          status: 'True' as const,
          reason: 'RejectedByAzure',
          message: '',
          lastTransitionTime: '',
          observedGeneration,
        },
      ],
    });
    declare('refused', {}, stalled(1));
    declare('edited', {}, stalled(1), { generation: 2 });
    const found = await coOwners();
    expect(found.map(([key, { refused = false }]) => [key, refused]).toSorted()).toEqual([
      ['team-a/edited', false],
      ['team-a/refused', true],
    ]);
  });

  it('whose claim is not known just now has it if its ledger does; else it is awaited, as after a rename', async () => {
    declare('has', {}, { ledger: [target.id] });
    declare('says', {}, { assignmentId: target.id });
    declare('wishes');
    declare('suspended', { suspend: true });
    declare('denied', {}, {}, { namespace: 'team-b' });
    declare('elsewhere', { scope: `${SCOPE}0` });
    role = new AzureError({ status: 503, code: 'ServiceUnavailable', message: 'later' });
    expect(await coOwners()).toMatchObject([
      ['team-a/has', { allowed: false, holds: true }],
      ['team-a/says', { allowed: false, holds: false, awaited: true }],
      ['team-a/wishes', { allowed: false, holds: false, awaited: true }],
    ]);
    expect((await coOwners())[0]?.[1].awaited).toBeUndefined();
  });

  it('whose claim is not known does not count where no policy allows what the assignment grants', async () => {
    const had = { assignmentId: target.id, ledger: [target.id] };
    declare('denied', {}, had, { namespace: 'team-b' });
    declare('may', {}, had);
    role = new AzureError({ status: 503, code: 'ServiceUnavailable', message: 'later' });
    expect(await held(shownFor('team-a/read'))).toEqual(['team-a/may']);
    expect(await held(shownFor('team-b/denied'))).toEqual(['team-a/may', 'team-b/denied']);
    known = [{ ...contributor }, { ...found, guid: 'other' }];
    expect(await held(assignment({ roleGuid: contributor.guid }))).toEqual([]);
  });
});
