import { beforeEach, describe, expect, it } from 'vitest';
import type { RoleGrantSpec } from '../../../api/role-grant.ts';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { RoleLookup } from '../../../azure/role-definitions.ts';
import type { ObjectMeta } from '../../../kube/types.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.ts';
import { HeldIdentities, noSystemProofs } from '../../proof/proofs.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../../stores.fixture.ts';
import type { Stores } from '../../stores.ts';
import { grant, INSTALLATION, NOW, PRINCIPAL, RECYCLED, reader, SCOPE, target } from '../facts.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import { named } from '../target/target.ts';
import { type Asked, type CoOwnerDeps, coOwnersOf } from './co-owners.ts';

/** Who else asks for an assignment. */

let stores: Stores;
let role: RoleLookup | Error;
beforeEach(() => {
  stores = emptyStores();
  role = {
    found: 'one',
    role: {
      id: reader.id,
      guid: reader.guid,
      roleName: reader.name,
      type: 'BuiltInRole',
      permissions: [],
      assignableScopes: ['/'],
    },
  };
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

async function coOwners(id = target.id, granted: Asked['granted'] = target) {
  const answer = async () => {
    if (role instanceof Error) throw role;
    return role;
  };
  const deps = {
    stores,
    proofs: new HeldIdentities().proofs(stores),
    systemProofs: noSystemProofs,
    clock: new FakeClock(NOW),
    installationId: INSTALLATION,
    firstSeen: new Map(),
    roles: { byName: answer, byId: answer },
  };
  const found = await coOwnersOf(
    grant(),
    { id, granted },
    { priority: 'event' },
    deps as unknown as CoOwnerDeps,
  );
  return found.map(({ key, ...rest }) => [key, rest] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
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
    put(stores.expiries, {
      metadata: meta(target.name, { namespace: 'azid-system' }),
      spec: {
        assignmentId: target.id,
        owners: [{ namespace: 'team-a', name: 'recorded', uid: 'uid-recorded' }],
      },
    });
    expect(await keys()).toEqual(['team-a/holds', 'team-a/recorded']);
  });

  it('that no policy allows it counts by what it holds alone', async () => {
    declare('wishes', {}, {}, { namespace: 'team-b' });
    declare('holds', {}, { ledger: [target.id] }, { namespace: 'team-b' });
    expect(await coOwners()).toMatchObject([
      ['team-b/holds', { allowed: false, holds: true }],
      ['team-b/wishes', { allowed: false, holds: false }],
    ]);
  });

  it('that Azure refuses is told as such, until it is edited', async () => {
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

  it('of which it cannot be told just now counts if its status has the assignment', async () => {
    declare('has', {}, { assignmentId: target.id });
    declare('wishes');
    role = new AzureError({ status: 503, code: 'ServiceUnavailable', message: 'later' });
    expect(await coOwners()).toMatchObject([['team-a/has', { allowed: false }]]);
  });
});
