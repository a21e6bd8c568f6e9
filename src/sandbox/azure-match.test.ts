import { describe, expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import type { Identity } from './azure/identities/identities.ts';
import { differences } from './azure-match.ts';

const ID =
  '/subscriptions/S/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shop';

const declared: UserAssignedIdentity = {
  apiVersion: 'azid.dev/v1alpha1',
  kind: 'UserAssignedIdentity',
  metadata: { name: 'shop', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  spec: { tags: { app: 'shop' } },
  status: { id: ID, principalId: 'p', clientId: 'c', tenantId: 't' },
};

const held: Identity = {
  id: ID.replace('resourceGroups', 'resourcegroups'),
  name: 'shop',
  subscriptionId: 'S',
  resourceGroup: 'rg',
  location: 'westeurope',
  tags: { App: 'shop', other: 'x' },
  tenantId: 't',
  principalId: 'p',
  clientId: 'c',
};

describe('what Azure has otherwise than an identity declares', () => {
  it('is nothing when all is as declared, foreign tags and the case of ids aside', () => {
    expect(differences(declared, [held])).toEqual([]);
  });

  it('is the identity when there is none, or none named yet', () => {
    expect(differences(declared, [])).toEqual([`no identity ${ID}`]);
    const { status: _, ...fresh } = declared;
    expect(differences(fresh, [held])).toEqual(['no identity named in the status']);
  });

  it.each<[string, Partial<Identity>, string]>([
    ['a recycled principal', { principalId: 'q' }, 'principalId: expected p, found q'],
    ['another client id', { clientId: 'd' }, 'clientId: expected c, found d'],
    ['another tenant', { tenantId: 'v' }, 'tenantId: expected t, found v'],
    ['another name', { name: 'shop2' }, 'name: expected shop, found shop2'],
    ['a tag that is missing', { tags: {} }, 'tag app: expected shop, found none'],
    ['a tag of another value', { tags: { app: 'x' } }, 'tag app: expected shop, found x'],
  ])('is %s', (_, change, difference) => {
    expect(differences(declared, [{ ...held, ...change }])).toEqual([difference]);
  });

  it('is a coordinate the spec names', () => {
    const named = {
      ...declared,
      spec: { resourceGroup: 'other', location: 'northeurope', isolationScope: 'Regional' as const },
    };
    expect(differences(named, [held])).toEqual([
      'resourceGroup: expected other, found rg',
      'location: expected northeurope, found westeurope',
      'isolationScope: expected Regional, found none',
    ]);
  });

  it('is undefined for kinds that have nothing of their own in Azure', () => {
    expect(differences({ ...declared, kind: 'IdentityPolicy' }, [])).toBeUndefined();
  });
});
