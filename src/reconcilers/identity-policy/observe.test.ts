import { expect, it } from 'vitest';
import type { IdentityPolicy } from '../../api/identity-policy.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import type { ReconcileContext } from '../kind.ts';
import { clusterMeta, emptyStores, put } from '../stores.fixture.ts';
import { type ObserveDeps, observe } from './index.ts';

/** What a policy is evaluated by. */

const SCOPE = '/subscriptions/11111111-2222-4333-8444-555555555555';
const READER = { roleName: 'Reader', guid: 'acdd72a7-3385-48ef-bd42-f606fba81ae7', type: 'BuiltInRole' };
const policy = (...roles: string[]) =>
  ({
    metadata: clusterMeta('teams'),
    spec: { namespaces: { names: ['shop'] }, grants: [{ scopes: [SCOPE], roles }] },
  }) as unknown as IdentityPolicy;

function world(all: () => Promise<unknown> = async () => [READER]) {
  const stores = emptyStores();
  const asked: string[] = [];
  const roleNames = {
    known: () => [READER],
    all: (scope: string) => {
      asked.push(scope);
      return all();
    },
  } as unknown as ObserveDeps['roleNames'];
  return {
    asked,
    stores,
    seen: (given: IdentityPolicy) => observe(given, {} as ReconcileContext, { stores, roleNames }),
  };
}

it('every policy and namespace that the stores have', async () => {
  const { stores, seen } = world();
  put(stores.policies, policy('Reader'));
  put(stores.namespaces, { metadata: { ...clusterMeta('shop'), labels: { team: 'a' } } } as never);
  const facts = await seen(policy('Reader'));
  expect(facts.policies).toHaveLength(1);
  expect(facts.namespaces).toMatchObject([{ name: 'shop', labels: { team: 'a' } }]);
});

it('asks Azure for no roles while all names are known', async () => {
  const { asked, seen } = world();
  expect(await seen(policy('Reader'))).toMatchObject({ roles: [READER] });
  expect(asked).toEqual([]);
});

it('asks at the scope of its first rule for a name that is not known', async () => {
  const custom = { roleName: 'ours', guid: 'x', type: 'CustomRole' };
  const { asked, seen } = world(async () => [READER, custom]);
  expect(await seen(policy('Reader', 'ours'))).toMatchObject({ roles: [READER, custom] });
  expect(asked).toEqual([SCOPE]);
});

it('says why roles could not be read, and throws a defect', async () => {
  const refused = world(async () => {
    throw new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no right' });
  });
  const { rolesUnread, roles } = await refused.seen(policy('ours'));
  expect([roles, rolesUnread]).toEqual([
    undefined,
    expect.stringMatching(/^the roles at .* cannot be read: /),
  ]);
  const broken = world(async () => {
    throw new RangeError('a defect');
  });
  await expect(broken.seen(policy('ours'))).rejects.toThrow('a defect');
});
