import { describe, expect, test } from 'vitest';
import type { OrphanRecord, OrphanRecordSpec } from '../api/orphan-record.ts';
import type { AzureIdentity } from '../azure/azure-identity.ts';
import { assignmentNames } from '../azure/names/assignment-name.ts';
import {
  assignmentRefused,
  identityOf,
  planAssignments,
  planCredentials,
  planIdentity,
  putOf,
  recordsOf,
} from './plan.ts';

const INSTALLATION = '11111111-0000-4000-8000-000000000001';
const ID =
  '/subscriptions/s/resourcegroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app';
const [OLD, NEW] = ['22222222-0000-4000-8000-000000000001', '22222222-0000-4000-8000-000000000002'];
const MARKS = {
  'azid-installation': INSTALLATION,
  'azid-owner': 'team/app',
  'azid-owner-uid': 'u1',
};
const RETAINED = { 'azid-installation': INSTALLATION, 'azid-retained': 'team/app' };

function recordOf(identity: object = {}, spec: Partial<OrphanRecordSpec> = {}): OrphanRecord {
  const was = {
    location: 'westeurope',
    tags: { ...MARKS, team: 'a' },
    principalId: OLD,
    clientId: 'c1',
    tenantId: 't',
  };
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'OrphanRecord',
    metadata: { name: 'r', namespace: 'azid-system', uid: 'u', creationTimestamp: '', resourceVersion: '1' },
    spec: {
      type: 'Identity',
      id: ID,
      reason: 'OwnerGone',
      installationId: INSTALLATION,
      recordedAt: '2026-11-29T00:00:00Z',
      identity: { ...was, ...identity },
      ...spec,
    },
  } as OrphanRecord;
}

const found = (identity: Partial<AzureIdentity>) =>
  ({ found: true, identity: { id: ID, tags: {}, principalId: NEW, ...identity } as AzureIdentity }) as const;

describe('an identity', () => {
  test('that is gone is made with its own tags, and marks that say that it is kept for its object', () => {
    expect(planIdentity(recordOf(), { found: false, missing: 'resource' })).toEqual({
      type: 'make',
      put: {
        subscriptionId: 's',
        resourceGroup: 'rg1',
        name: 'app',
        location: 'westeurope',
        tags: { team: 'a', ...RETAINED },
      },
    });
  });

  test.each([
    ['Regional', { isolationScope: 'Regional' }],
    ['None', {}],
    ['Other', {}],
  ])('with isolation scope %s', (isolationScope, wanted) => {
    const plan = planIdentity(recordOf({ isolationScope }), { found: false, missing: 'resource' });
    expect(plan.type === 'make' && plan.put).toMatchObject({ location: 'westeurope', ...wanted });
    if (Object.keys(wanted).length === 0) expect(plan).not.toHaveProperty('put.isolationScope');
  });

  test('whose marks did not name its object is kept for the owner that the sweep named, else for none', () => {
    const tagsOf = (spec: Partial<OrphanRecordSpec>) => {
      const plan = planIdentity(recordOf({ tags: {} }, spec), { found: false, missing: 'resource' });
      return plan.type === 'make' ? plan.put.tags['azid-retained'] : undefined;
    };
    expect(tagsOf({ owner: 'team/other' })).toBe('team/other');
    expect(tagsOf({})).toBe('restored');
  });

  test.each([
    ['was never deleted', { principalId: OLD.toUpperCase(), tags: MARKS }],
    ['was made by an earlier run', { tags: { ...RETAINED, team: 'b' } }],
  ])('that %s is left', (_, identity) => {
    expect(planIdentity(recordOf(), found(identity)).type).toBe('there');
  });

  test.each([
    ['of an object', { tags: MARKS }, 'belongs to UserAssignedIdentity team/app now'],
    ['of no owner', { tags: {} }, 'is not the one of the record'],
    [
      'kept for another',
      { tags: { ...RETAINED, 'azid-retained': 'team/other' } },
      'is not the one of the record',
    ],
    [
      'of another installation',
      { tags: { ...RETAINED, 'azid-installation': 'x' } },
      'is not the one of the record',
    ],
  ])('in whose place stands one %s is refused', (_, identity, why) => {
    expect(planIdentity(recordOf(), found(identity))).toEqual({
      type: 'refuse',
      why: expect.stringContaining(why),
    });
  });

  test('whose group is gone, and one that the record does not tell, are refused with the remedy', () => {
    expect(planIdentity(recordOf(), { found: false, missing: 'resourceGroup' })).toMatchObject({
      why: expect.stringContaining('az group create --name rg1 --location westeurope'),
    });
    const { identity: _, ...spec } = recordOf().spec;
    const bare = { ...recordOf(), spec };
    expect(planIdentity(bare, { found: false, missing: 'resource' }).type).toBe('refuse');
  });
});

describe('credentials', () => {
  const cred = (name: string, more: object = {}) => ({
    id: `${ID}/federatedIdentityCredentials/${name}`,
    name,
    issuer: 'https://i.example',
    subject: name,
    audiences: ['a'],
    ...more,
  });
  const shown = (name: string, more: object = {}) => ({ ...cred(name, more), key: '', identityId: ID });

  test('are made, left where the same is there under any name, and not made where another has the name', () => {
    const recorded = [cred('new'), cred('same'), cred('renamed'), cred('taken')];
    const plan = planCredentials(recorded, [
      shown('same'),
      shown('other', { subject: 'renamed' }),
      shown('TAKEN', { subject: 'else' }),
    ]);
    expect(plan.make).toEqual([{ name: 'new', issuer: 'https://i.example', subject: 'new', audience: 'a' }]);
    expect(plan.there).toEqual(['same', 'other']);
    expect(plan.not).toEqual([
      expect.stringContaining('federated credential taken: one of that name stands there'),
    ]);
  });

  test.each([
    ['two audiences', { audiences: ['a', 'b'] }],
    ['none', { audiences: [] }],
    ['an expression', { subject: '' }],
  ])('with %s are told', (_, more) => {
    const plan = planCredentials([cred('c1', more)], []);
    expect([plan.make.length, plan.not.length]).toEqual([0, 1]);
  });
});

describe('assignments', () => {
  const role =
    '/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7';
  const recorded = (more: object = {}) => ({
    id: '/x',
    scope: '/subscriptions/s',
    roleDefinitionId: role,
    principalId: OLD,
    ...more,
  });
  const principal = { installationId: INSTALLATION, was: OLD.toUpperCase(), principalId: NEW };

  test('are made for the new principal, by the names that azid gives them', () => {
    const { make } = planAssignments([recorded({ condition: 'c', conditionVersion: '2.0' })], principal);
    expect(make).toEqual([
      {
        scope: '/subscriptions/s',
        names: assignmentNames(INSTALLATION, { scope: '/subscriptions/s', role, principalId: NEW }),
        put: {
          roleDefinitionId: role,
          principalId: NEW,
          principalType: 'ServicePrincipal',
          condition: 'c',
          conditionVersion: '2.0',
        },
      },
    ]);
  });

  test('that had an end are reported, and not given for good', () => {
    const { make, not } = planAssignments([recorded({ endsAt: '2026-12-24T00:00:00Z' })], principal);
    expect([make, not]).toEqual([
      [],
      [expect.stringContaining('given until 2026-12-24T00:00:00Z: declare a RoleGrant')],
    ]);
  });

  test.each([
    ['OwnerGone', {}, undefined],
    ['OwnerGone', { endsAt: '2026-12-24T00:00:00Z' }, 'it was given until 2026-12-24T00:00:00Z'],
    ['Ended', {}, 'until a time that has passed'],
    ['PrincipalGone', {}, 'its principal is gone'],
    ['OwnerGone', undefined, 'does not say what it was'],
  ])('deleted by itself as %s, %j', (reason, more, wanted) => {
    const assignments = more === undefined ? [] : [recorded(more)];
    const why = assignmentRefused(recordOf({}, { type: 'RoleAssignment', reason, assignments }));
    if (wanted === undefined) expect(why).toBeUndefined();
    else expect(why).toContain(wanted);
  });

  test('that went before their identity are found by its principal, credentials by its id', () => {
    const other = (uid: string, spec: Partial<OrphanRecordSpec>) => {
      const { identity: _, ...rest } = recordOf({}, spec).spec;
      const { metadata, ...object } = recordOf();
      return { ...object, metadata: { ...metadata, uid }, spec: rest } as OrphanRecord;
    };
    const grant = (uid: string, more: object, spec: Partial<OrphanRecordSpec> = {}) =>
      other(uid, {
        type: 'RoleAssignment',
        id: `/${uid}`,
        assignments: [recorded({ id: `/${uid}`, ...more })],
        ...spec,
      });
    const credential = other('c', {
      type: 'FederatedIdentityCredential',
      id: `${ID.toUpperCase()}/federatedIdentityCredentials/c1`,
    });
    const record = recordOf({}, { assignments: [recorded({ id: '/A' })] });
    const found = recordsOf(record, [
      record,
      grant('a', {}),
      grant('b', { principalId: OLD.toUpperCase() }),
      grant('of-another', { principalId: NEW }),
      grant('ended', {}, { reason: 'Ended' }),
      grant('elsewhere', {}, { installationId: 'x' }),
      credential,
      other('d', { type: 'FederatedIdentityCredential', id: `${ID}2/federatedIdentityCredentials/c1` }),
    ]);
    expect(found.assignments.map(({ id }) => id)).toEqual(['/A', '/b']);
    expect(found.credentials).toEqual([credential]);
    expect(identityOf(OLD.toUpperCase(), [grant('a', {}), record])).toBe(record);
    expect(identityOf(NEW, [record])).toBeUndefined();
  });

  test('of another principal are reported', () => {
    expect(planAssignments([recorded({ principalId: NEW })], principal)).toEqual({
      make: [],
      not: [expect.stringContaining(NEW)],
    });
  });

  test.each([
    ['for the shop [azid i: team/read]', 'for the shop'],
    ['[azid i: team/read and 2 more]', undefined],
    ['a text', 'a text'],
    [undefined, undefined],
  ])('whose description is %s', (description, wanted) => {
    expect(putOf(recorded({ description }), NEW).description).toBe(wanted);
  });
});
