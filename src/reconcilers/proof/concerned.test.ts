import { describe, expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import { ownerValue } from '../../azure/names/identity-marks.ts';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import { identitiesConcerned } from './places.ts';

const S = '11111111-2222-4333-8444-555555555555';
const T = '99999999-2222-4333-8444-555555555555';
const PRINCIPAL = 'AAAAAAAA-0000-4000-8000-000000000001';
const idOf = (subscription: string, group: string, name: string) =>
  `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const at = (subscriptionId: string, resourceGroup: string, name = 'web') => ({
  coordinates: { subscriptionId, resourceGroup, name, location: 'westeurope' },
});

function concerned(
  objects: readonly Partial<Pick<UserAssignedIdentity, 'spec' | 'status'>>[],
  id: string,
  tags?: { readonly before?: Record<string, string>; readonly after?: Record<string, string> },
  /** Uids of those that had the principal, as azid has it on record. */
  recorded: readonly string[] = [],
): readonly string[] {
  const stores = emptyStores();
  for (const [n, { spec = {}, status }] of objects.entries())
    stores.identities.take({
      type: 'apply',
      object: {
        apiVersion: 'azid.dev/v1alpha1',
        kind: 'UserAssignedIdentity',
        metadata: {
          namespace: `team-${n}`,
          name: 'web',
          uid: `UID-${n}`,
          creationTimestamp: '2026-11-23T10:00:00Z',
          generation: 1,
          resourceVersion: '1',
        },
        spec,
        ...(status && { status }),
      },
    });
  const shown = (given?: Record<string, string>) =>
    given && ({ tags: given, principalId: PRINCIPAL } as unknown as AzureIdentity);
  const change = { before: shown(tags?.before), after: shown(tags?.after) };
  return identitiesConcerned(id.toLowerCase(), change, { stores, principals: { holdersOf: () => recorded } });
}

describe('a change of an identity concerns', () => {
  it.each<[string, readonly Partial<Pick<UserAssignedIdentity, 'spec' | 'status'>>[], readonly number[]]>([
    ['the one whose status remembers the place', [{ status: at(S, 'rg1') }, { status: at(S, 'rg2') }], [0]],
    ['in any spelling', [{ status: at(S, 'RG1', 'WEB') }], [0]],
    ['the one whose status has its id', [{ status: { ...at(S, 'rg2'), id: idOf(S, 'RG1', 'web') } }], [0]],
    [
      'the one whose spec says so, whatever the status remembers',
      [{ spec: { subscriptionId: S, resourceGroup: 'rg1' }, status: at(T, 'rg2') }],
      [0],
    ],
    [
      'the one whose spec and status say it together',
      [
        { spec: { resourceGroup: 'rg1' }, status: at(S, 'rg2') },
        { spec: { resourceGroup: 'rg2' }, status: at(S, 'rg1') },
      ],
      [0],
    ],
    [
      'those whose place a policy may say, unless their spec says another',
      [{}, { spec: { resourceGroup: 'rg2' } }, { spec: { name: 'api' } }, { spec: { subscriptionId: S } }],
      [0, 3],
    ],
    ['nobody of another name', [{ spec: { name: 'api' }, status: at(S, 'rg1', 'api') }], []],
  ])('%s', (_, objects, expected) => {
    expect(concerned(objects, idOf(S, 'rg1', 'web'))).toEqual(expected.map((n) => `team-${n}/web`));
  });

  it.each([
    ['by name', { 'azid-owner': 'team-1/web' }],
    ['by uid', { 'AZID-OWNER-UID': 'uid-1' }],
    ['as whose it was left', { 'azid-retained': 'team-1/web' }],
  ])('whom its marks name, %s, wherever its status is, before and after', (_, tags) => {
    const objects = [{ status: at(T, 'rg9', 'a') }, { status: at(T, 'rg9', 'b') }];
    expect(concerned(objects, idOf(S, 'rg1', 'web'), { after: tags })).toEqual(['team-1/web']);
    expect(concerned(objects, idOf(S, 'rg1', 'web'), { before: tags, after: {} })).toEqual(['team-1/web']);
  });

  it('whose principal it has, wherever it was moved to', () => {
    const objects = [{ status: { ...at(T, 'rg9', 'a'), principalId: PRINCIPAL.toLowerCase() } }, {}];
    expect(concerned(objects, idOf(S, 'rg1', 'b'), { after: {} })).toEqual(['team-0/web']);
  });

  it('whose principal it is on record, though its marks were taken off and the status says another place', () => {
    const objects = [{ status: at(T, 'rg9', 'a') }, { status: at(T, 'rg9', 'b') }];
    expect(concerned(objects, idOf(S, 'rg1', 'web'), { after: {} }, ['UID-1'])).toEqual(['team-1/web']);
  });

  it('one whose name is too long for a mark, by what stands there in its place', () => {
    const stores = emptyStores();
    const name = 'n'.repeat(253);
    put(stores.identities, {
      metadata: { ...meta(name), namespace: 'shop' },
      spec: {},
      status: at(T, 'rg9'),
    } as unknown as UserAssignedIdentity);
    const after = {
      id: idOf(S, 'rg1', 'web'),
      principalId: PRINCIPAL,
      tags: { 'azid-owner': ownerValue({ namespace: 'shop', name }) },
    } as unknown as AzureIdentity;
    const deps = { stores, principals: { holdersOf: () => [] } };
    expect(identitiesConcerned(after.id, { before: undefined, after }, deps)).toEqual([`shop/${name}`]);
  });

  it('nobody who is not there', () => {
    expect(concerned([], idOf(S, 'rg1', 'web'), { after: { 'azid-owner': 'team-7/web' } })).toEqual([]);
  });
});
