import { expect, it } from 'vitest';
import type { AzureRoleDefinition } from '../../azure/role-definitions.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { AzureCache } from '../azure-cache.ts';
import { roleDefinition } from './roles.ts';

const GUID = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const [one, two] = ['/subscriptions/one', '/subscriptions/two'];

it('keeps a role that several subscriptions show once, and apart where they show another content', async () => {
  const { signal } = new AbortController();
  const clock = new FakeClock();
  const actions = new Map([
    [one, '*/read'],
    [two, '*/read'],
  ]);
  const definitions = {
    get: () => Promise.reject(new Error('nobody asks')),
    async *list(area: string) {
      const role: AzureRoleDefinition = {
        id: `${area}/providers/Microsoft.Authorization/roleDefinitions/${GUID}`,
        guid: GUID,
        roleName: 'Reader',
        type: 'BuiltInRole',
        permissions: [
          { actions: [actions.get(area) ?? ''], notActions: [], dataActions: [], notDataActions: [] },
        ],
        assignableScopes: ['/'],
      };
      yield { roles: [role], requestedAt: clock.monotonic() };
    },
  };
  const cache = new AzureCache(roleDefinition(definitions, 3600_000, clock), { clock, signal });
  cache.use('test', [one, two]);
  await Promise.all([one, two].map((area) => cache.whenLoaded(area)));
  const roleAt = (area: string) => cache.present(area).map(({ role }) => role)[0];
  expect(roleAt(one)).toMatchObject({ roleName: 'Reader' });
  expect(roleAt(one)).toBe(roleAt(two));
  actions.set(two, '*');
  await cache.relist(two, 'edit');
  expect(roleAt(one)?.permissions[0]?.actions).toEqual(['*/read']);
  expect(roleAt(two)?.permissions[0]?.actions).toEqual(['*']);
  await cache.stop();
});
