import { expect, it } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type NamedRole, RoleNames } from './names.ts';

const role = (roleName: string) => ({ roleName, type: 'BuiltInRole', guid: roleName }) as NamedRole;

it('one list serves all policies for half a day, and none is read for what is known', async () => {
  const clock = new FakeClock();
  let lists = 0;
  const definitions = {
    async *list() {
      lists++;
      yield { roles: [role('Reader') as never], requestedAt: clock.monotonic() };
    },
  };
  const { signal } = new AbortController();
  const names = new RoleNames(definitions, { held: () => [role('Owner') as never] }, clock, signal);
  expect(names.known().map(({ roleName }) => roleName)).toEqual(['Owner']);
  const context = { priority: 'event', signal } as const;
  const [first, second] = await Promise.all([
    names.all('/', context),
    names.all('/subscriptions/x', context),
  ]);
  expect(first.map(({ roleName }) => roleName)).toEqual(['Owner', 'Reader']);
  expect(second).toEqual(first);
  await names.all('/', context);
  expect(lists).toBe(1);
  expect(names.known()).toHaveLength(2);
  await clock.advance(13 * 3_600_000);
  await names.all('/', context);
  expect(lists).toBe(2);
});
