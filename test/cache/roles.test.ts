import { describe, expect, test } from 'vitest';
import { RoleCatalog } from '../../src/cache/roles/catalog.ts';
import { LAG_MS } from '../../src/cache/store/store.ts';
import { CacheHints, type HintedCache } from '../../src/hints/caches/cache-hints.ts';
import type { RigOptions } from '../azure/rig.ts';
import { minute, startStage, until } from './stage.ts';

const edit = { priority: 'edit' } as const;
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';

async function setup(options: RigOptions = {}) {
  const stage = await startStage({ role: 'Reader', ...options });
  const { clock, stopping, roleDefinitions: definitions, azure, subscription } = stage;
  const catalog = new RoleCatalog({ definitions, clock, signal: stopping.signal, random: () => 0.5 });
  const changes: string[] = [];
  catalog.onChange((guid) => changes.push(guid));
  /** Makes a custom role, or changes the one of that GUID; gives its GUID. */
  const define = async (roleName: string, scope = subscription, actions = ['*/read'], guid?: string) => {
    if (guid === undefined) {
      const { id } = await azure.control.defineRole({
        roleName,
        actions,
        notActions: [],
        dataActions: [],
        notDataActions: [],
        assignableScopes: [scope],
      });
      return id.split('/').at(-1) ?? '';
    }
    const path = `${scope}/providers/Microsoft.Authorization/roleDefinitions/${guid}?api-version=2022-04-01`;
    const properties = { roleName, assignableScopes: [scope], permissions: [{ actions }] };
    expect(await azure.control.arm({ method: 'PUT', path, body: { properties } })).toMatchObject({
      status: 201,
    });
    return guid;
  };
  const use = async () => {
    catalog.cache.use('test', [subscription]);
    await catalog.cache.whenLoaded(subscription);
    await stage.quiet();
  };
  const resync = async () => {
    const before = stage.calls().length;
    clock.advance(60 * minute);
    await until('the next list', () => stage.calls().length > before);
    await stage.quiet();
  };
  return {
    ...stage,
    catalog,
    changes,
    define,
    use,
    resync,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await catalog.cache.stop();
      await azure.stop();
    },
  };
}

describe('somebody who asks how it is now', () => {
  test('has Azure’s answer, which whoever asks after that has, too', async () => {
    await using it = await setup();
    const custom = await it.define('Ours');
    await it.use();
    const since = () => it.clock.monotonic();
    it.clock.advance(minute);
    const before = it.calls().length;
    expect(await it.catalog.byId(it.group, custom, edit, since())).toMatchObject({ found: 'one' });
    expect(await it.catalog.byName(it.group, 'Ours', edit, since())).toMatchObject({ found: 'one' });
    expect(it.calls()).toHaveLength(before + 1); // The second is as live as the first: no time has passed.

    await it.define('Theirs', it.subscription, ['*/read'], custom);
    it.clock.advance(minute);
    expect(await it.catalog.byName(it.group, 'Ours', edit)).toMatchObject({ found: 'one' });
    expect(await it.catalog.byName(it.group, 'Ours', edit, since())).toEqual({ found: 'none' });
    expect(it.changes).toEqual([custom]);
    expect(await it.catalog.byName(it.group, 'Ours', edit)).toEqual({ found: 'none' });
    expect(await it.catalog.byId(it.group, custom, edit)).toMatchObject({ role: { roleName: 'Theirs' } });
  });

  test('is not put off with what was unknown a moment ago', async () => {
    await using it = await setup();
    await it.use();
    expect(await it.catalog.byName(it.group, 'Ours', edit)).toEqual({ found: 'none' });
    it.clock.advance(1_000);
    const guid = await it.define('Ours');
    expect(await it.catalog.byName(it.group, 'Ours', edit)).toEqual({ found: 'none' });
    expect(await it.catalog.byName(it.group, 'Ours', edit, it.clock.monotonic())).toMatchObject({
      role: { guid },
    });
  });
});

describe('a catalog in use', () => {
  test('answers names and ids without another call, whoever asks', async () => {
    await using it = await setup();
    const custom = await it.define('Ours');
    await it.use();
    const before = it.calls().length;
    expect(await it.catalog.byName(it.group, 'reader', edit)).toMatchObject({
      found: 'one',
      role: { guid: READER },
    });
    expect(await it.catalog.byName(it.group, 'OURS', edit)).toMatchObject({
      found: 'one',
      role: { guid: custom },
    });
    const full = `/providers/Microsoft.Authorization/roleDefinitions/${READER.toUpperCase()}`;
    expect(await it.catalog.byId(it.group, full, edit)).toMatchObject({
      found: 'one',
      role: { roleName: 'Reader' },
    });
    expect(it.catalog.known(it.group, READER)).toMatchObject({ roleName: 'Reader' });
    expect(it.calls()).toHaveLength(before);
    expect(it.changes).toEqual([]);
    // Azure does not trim: a name with a blank is another role's, if anybody's.
    expect(await it.catalog.byName(it.group, ' reader', edit)).toEqual({ found: 'none' });
  });

  test('asks Azure for a name it does not hold, and believes the no for a minute', async () => {
    await using it = await setup();
    await it.use();
    const before = it.calls().length;
    const asked = Array.from({ length: 10 }, () => it.catalog.byName(it.group, 'Ours', edit));
    expect(new Set((await Promise.all(asked)).map(({ found }) => found))).toEqual(new Set(['none']));
    expect(it.calls()).toHaveLength(before + 1);
    const guid = await it.define('Ours');
    expect(await it.catalog.byName(it.group, 'Ours', edit)).toEqual({ found: 'none' });
    it.clock.advance(minute);
    expect(await it.catalog.byName(it.group, 'ours', edit)).toMatchObject({ found: 'one', role: { guid } });
    expect(await it.catalog.byName(it.group, 'ours', edit)).toMatchObject({ found: 'one' });
    expect(await it.catalog.byId(it.group, guid, edit)).toMatchObject({ found: 'one' });
    expect(it.calls()).toHaveLength(before + 2);
  });

  test('does not give a role where it cannot be assigned', async () => {
    await using it = await setup();
    await it.azure.control.createResourceGroup({ name: 'rg10' });
    await it.define('Only there', `${it.subscription}/resourceGroups/rg10`);
    await it.use();
    expect(await it.catalog.byName(it.group, 'Only there', edit)).toEqual({ found: 'none' });
    expect(await it.catalog.byName(`${it.group}0`, 'Only there', edit)).toMatchObject({ found: 'one' });
  });

  test('notices each hour what was edited, renamed, made and deleted, and emits each once', async () => {
    await using it = await setup();
    const [edited, renamed, gone] = [
      await it.define('Edited'),
      await it.define('Renamed'),
      await it.define('Gone'),
    ];
    await it.use();
    await it.define('Edited', it.subscription, ['*'], edited);
    await it.define('New name', it.subscription, ['*/read'], renamed);
    const path = `${it.subscription}/providers/Microsoft.Authorization/roleDefinitions/${gone}?api-version=2022-04-01`;
    await it.azure.control.arm({ method: 'DELETE', path });
    const made = await it.define('Made');
    await it.resync();
    expect(it.changes.toSorted()).toEqual([edited, renamed, gone, made].toSorted());
    await it.resync();
    expect(it.changes).toHaveLength(4);
    expect(await it.catalog.byName(it.group, 'Renamed', edit)).toEqual({ found: 'none' });
    expect(await it.catalog.byName(it.group, 'New name', edit)).toMatchObject({
      found: 'one',
      role: { guid: renamed },
    });
    expect(await it.catalog.byId(it.group, edited, edit)).toMatchObject({
      role: { permissions: [{ actions: ['*'] }] },
    });
    expect(await it.catalog.byId(it.group, gone, edit)).toEqual({ found: 'none' });
  });

  test('believes nothing for longer than two hours, and asks again when its lists fail', async () => {
    await using it = await setup();
    await it.use();
    await it.azure.control.addFault({ path: 'atScopeAndBelow', effect: { kind: 'status', status: 503 } });
    it.clock.advance(2 * 60 * minute);
    await it.quiet();
    expect(it.catalog.known(it.group, READER)).toBeUndefined();
    expect(await it.catalog.byId(it.group, READER, edit)).toMatchObject({ found: 'one' });
    expect(it.catalog.known(it.group, READER)).toMatchObject({ roleName: 'Reader' });
  });
});

test('above subscriptions, and before a list, roles are resolved by need', async () => {
  await using it = await setup();
  for (const scope of ['/', it.group]) {
    expect(await it.catalog.byName(scope, 'Reader', edit)).toMatchObject({
      found: 'one',
      role: { guid: READER },
    });
    expect(await it.catalog.byName(scope, 'reader', edit)).toMatchObject({ found: 'one' });
  }
  expect(it.calls()).toHaveLength(2);
});

test('a failed query is thrown, and is no answer', async () => {
  await using it = await setup();
  await it.azure.control.addFault({ method: 'GET', count: 1, effect: { kind: 'status', status: 503 } });
  await expect(it.catalog.byName(it.group, 'Reader', edit)).rejects.toMatchObject({ status: 503 });
  expect(await it.catalog.byName(it.group, 'Reader', edit)).toMatchObject({ found: 'one' });
});

test('a released scope is forgotten and listed no more; the signal leaves no timer', async () => {
  await using it = await setup();
  await it.use();
  it.catalog.cache.use('test', []);
  expect(it.catalog.known(it.group, READER)).toBeUndefined();
  const before = it.calls().length;
  it.clock.advance(24 * 60 * minute);
  await it.quiet();
  expect(it.calls()).toHaveLength(before);
  it.stopping.abort();
  await it.catalog.cache.stop();
  expect(it.clock.untilNext()).toBeUndefined();
});

test('what is resolved outside the scopes in use is not kept for ever', async () => {
  await using it = await setup();
  const custom = await it.define('Ours');
  await it.catalog.byId(it.group, READER, edit);
  await it.catalog.byId('/', READER, edit);
  expect(it.catalog.cache.sizes.held).toBe(2);
  it.clock.advance(121 * minute);
  await it.catalog.byId(it.group, custom, edit);
  expect(it.catalog.cache.sizes.held).toBe(1);
});

describe('a hint of a custom role', () => {
  const B = '/subscriptions/22222222-0000-4000-8000-00000000000b';
  const unused: HintedCache = {
    inUse: { has: () => false, names: [] },
    suspect: () => {},
    isSuspected: () => false,
    observe: () => ({ state: 'unknown' }),
    present: () => [],
    resyncNow: () => {},
    ask: () => {},
  };

  /** A role that can be assigned in two subscriptions, and whose edit by its path in the first azid is told of. */
  async function spanning(areas: (a: string) => string[], options: RigOptions = {}) {
    const it = await setup({ role: 'Owner', roleScope: '/', ...options });
    const { azure, subscription: a, catalog, clock, stopping } = it;
    await azure.control.createSubscription({ id: B.slice('/subscriptions/'.length) });
    const defined = {
      roleName: 'Ours',
      actions: ['*/read'],
      notActions: [],
      dataActions: [],
      notDataActions: [],
    };
    const { id } = await azure.control.defineRole({ ...defined, assignableScopes: [a, B] });
    const guid = id.slice(-36);
    catalog.cache.use('test', areas(a));
    await Promise.all(areas(a).map((area) => catalog.cache.whenLoaded(area)));
    await it.quiet();
    const others = { identities: unused, credentials: unused, assignments: unused, hosts: unused };
    const caches = { ...others, roles: catalog.cache };
    const hints = new CacheHints({ caches, ownCalls: { has: () => false }, clock, signal: stopping.signal });
    const path = `${a}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
    const permissions = [{ actions: ['*'] }];
    const properties = { roleName: 'Ours', assignableScopes: [a, B], permissions };
    const edit = () =>
      azure.control.arm({ method: 'PUT', path: `${path}?api-version=2022-04-01`, body: { properties } });
    const tell = () =>
      hints.take({ source: 'event', id: path, operation: 'x', change: 'write', result: 'Succeeded', at: 0 });
    const actions = (area: string) => catalog.known(area, guid)?.permissions[0]?.actions;
    return { ...it, guid, edit, tell, actions, hints };
  }

  test('is heard wherever it is used, by one read there', async () => {
    await using it = await spanning((a) => [a, B]);
    const before = it.calls().length;
    await it.edit();
    expect(it.tell()).toBe('list');
    it.clock.advance(0);
    await until('both to know it', () => [it.subscription, B].every((area) => it.actions(area)?.[0] === '*'));
    expect(it.changes).toEqual([it.guid, it.guid]);
    const calls = it.calls().slice(before);
    expect(calls.map(({ path }) => path.replace(/\?.*/, '')).filter((path) => path.startsWith(B))).toEqual([
      expect.stringMatching(new RegExp(`/roleDefinitions/${it.guid}$`, 'i')),
    ]);
    await it.hints.stop();
  });

  test('is heard where nobody uses the subscription that it was written at', async () => {
    await using it = await spanning(() => [B]);
    await it.edit();
    expect(it.tell()).toBe('read');
    it.clock.advance(0);
    await until('it to be known', () => it.actions(B)?.[0] === '*');
    expect(it.changes).toEqual([it.guid]);
    await it.hints.stop();
  });

  test('is read once more where Azure does not show it yet', async () => {
    await using it = await spanning(() => [B]);
    it.tell();
    it.clock.advance(0);
    await it.quiet();
    expect(it.actions(B)).toEqual(['*/read']);
    await it.edit();
    it.clock.advance(LAG_MS);
    await until('it to be known', () => it.actions(B)?.[0] === '*');
    await it.hints.stop();
  });

  test('that is gone makes it unknown', async () => {
    await using it = await spanning(() => [B]);
    const path = `${it.subscription}/providers/Microsoft.Authorization/roleDefinitions/${it.guid}`;
    await it.azure.control.arm({ method: 'DELETE', path: `${path}?api-version=2022-04-01` });
    it.tell();
    it.clock.advance(0);
    await until('it to be unknown', () => it.actions(B) === undefined);
    expect(it.changes).toEqual([it.guid]);
    await it.hints.stop();
  });
});
