import { describe, expect, test } from 'vitest';
import { AzureCache } from '../../src/cache/azure-cache.ts';
import { identityDefinition } from '../../src/cache/identities.ts';
import type { How } from '../../src/cache/store/entry.ts';
import { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';
import { type RigOptions, startRig } from '../azure/rig.ts';

const edit = { priority: 'edit' } as const;
const minute = 60_000;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Waits on real sockets while the fake time stands still. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !holds(); await turn())
    if (performance.now() > end) throw new Error(`waited 10 s for: ${what}`);
}

/** A cache over a simulated Azure on one fake clock. */
async function setup(options: RigOptions & { manual?: boolean } = {}) {
  const clock = new FakeClock();
  const rig = await startRig({ ...options, clock });
  const { subscriptionId } = rig.azure;
  const stopping = new AbortController();
  const { identities, permissions } = rig;
  const cache = new AzureCache(identityDefinition({ identities, permissions }), {
    clock,
    signal: stopping.signal,
    random: () => 0.5,
  });
  const changes: [string, How][] = [];
  cache.onChange((key, how) => changes.push([key.split('/').at(-1) ?? '', how]));
  const lists = () => rig.calls('GET').filter(({ path }) => /userAssignedIdentities(\?|$)/i.test(path));
  const settled = () =>
    until(
      'the list to be judged',
      () => !cache.loading(subscriptionId) && rig.scheduler.stats().running === 0,
    );
  /** Ten minutes on: the next list, and what follows from it. */
  const resync = async () => {
    const before = cache.age(subscriptionId) ?? 0;
    clock.advance(10 * minute);
    await until(
      'the next list',
      () => (cache.age(subscriptionId) ?? Number.POSITIVE_INFINITY) < before + 10 * minute,
    );
    await settled();
    await turn();
  };
  if (!options.manual) {
    cache.use(subscriptionId, [subscriptionId]);
    await cache.whenLoaded(subscriptionId);
    await settled();
    await turn();
  }
  return {
    ...rig,
    clock,
    cache,
    changes,
    lists,
    resync,
    stopping,
    subscriptionId,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await cache.stop();
      await rig.azure.stop();
    },
  };
}

const make = (name: string, tags: Record<string, string> = {}) => ({ name, resourceGroup: 'rg1', tags });

describe('loading', () => {
  test('unknown before the first list, then present, and what is not listed is only suspected to be absent', async () => {
    await using it = await setup({ manual: true });
    await it.azure.control.createIdentity(make('web'));
    expect(it.cache.observe(it.id('web'))).toEqual({ state: 'unknown' });
    it.cache.use(it.subscriptionId, [it.subscriptionId]);
    expect(it.cache.loading(it.subscriptionId.toUpperCase())).toBe(true);
    await it.cache.whenLoaded(it.subscriptionId);
    expect(it.cache.loading(it.subscriptionId)).toBe(false);
    expect(it.cache.observe(it.id('WEB').toUpperCase())).toMatchObject({ state: 'present', how: 'list' });
    expect(it.cache.observe(it.id('other'))).toEqual({ state: 'suspectAbsent' });
    await until('completeness', () => it.cache.completeness(it.subscriptionId).state === 'complete');
  });

  test('a list that fails on its second page changes nothing, and is tried again', async () => {
    await using it = await setup({ manual: true });
    await it.azure.control.setKnobs({ paging: { pageSize: 2 } });
    for (const name of ['id1', 'id2', 'id3']) await it.azure.control.createIdentity(make(name));
    const effect = { kind: 'status', status: 500 } as const;
    await it.azure.control.addFault({ path: '$skiptoken', count: 1, effect });
    it.cache.use(it.subscriptionId, [it.subscriptionId]);
    await until('the failure', () => !it.cache.loading(it.subscriptionId));
    expect(it.cache.observe(it.id('id1'))).toEqual({ state: 'unknown' });
    expect(it.cache.completeness(it.subscriptionId)).toMatchObject({
      state: 'partial',
      reason: expect.stringContaining('the last list failed'),
    });
    expect(it.changes).toEqual([]);
    await turn();
    it.clock.advance(2000);
    await it.cache.whenLoaded(it.subscriptionId);
    expect(it.cache.present(it.subscriptionId)).toHaveLength(3);
  });

  test('waiting for the first list ends with the signal', async () => {
    await using it = await setup({ manual: true });
    await it.azure.control.addFault({ method: 'GET', effect: { kind: 'silence' } });
    it.cache.use(it.subscriptionId, [it.subscriptionId]);
    const given = new AbortController();
    const waiting = it.cache.whenLoaded(it.subscriptionId, given.signal);
    given.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('at the resync', () => {
  test('a change behind azid’s back is found and emitted once, what did not change is not', async () => {
    await using it = await setup();
    await it.azure.control.createIdentity(make('web', { team: 'a' }));
    await it.azure.control.createIdentity(make('api'));
    await it.resync();
    expect(it.changes.toSorted()).toEqual([
      ['api', 'list'],
      ['web', 'list'],
    ]);
    it.changes.length = 0;
    await it.azure.control.tagIdentity({ id: it.id('web'), tags: { team: 'b' } });
    await it.resync();
    await it.resync();
    expect(it.changes).toEqual([['web', 'list']]);
    expect(it.cache.observe(it.id('web'))).toMatchObject({
      state: 'present',
      resource: { tags: { team: 'b' } },
    });
  });

  test('a recycled identity is a change', async () => {
    await using it = await setup();
    await it.azure.control.createIdentity(make('web'));
    await it.resync();
    const before = it.cache.observe(it.id('web'));
    await it.azure.control.recycleIdentity({ id: it.id('web') });
    it.changes.length = 0;
    await it.resync();
    expect(it.changes).toEqual([['web', 'list']]);
    expect(it.cache.observe(it.id('web'))).not.toEqual(before);
  });

  test('what vanished is first a suspicion, and a GET makes it a fact', async () => {
    await using it = await setup();
    await it.azure.control.createIdentity(make('web'));
    await it.resync();
    await it.azure.control.deleteIdentity({ id: it.id('web') });
    it.changes.length = 0;
    await it.resync();
    expect(it.cache.observe(it.id('web'))).toEqual({ state: 'suspectAbsent' });
    expect(it.changes).toEqual([['web', 'list']]);
    expect(await it.cache.refresh(it.id('web'), 'event')).toMatchObject({
      state: 'absent',
      provenBy: 'get',
    });
  });

  test('a list that failed leaves what was known, and says so', async () => {
    await using it = await setup();
    await it.azure.control.createIdentity(make('web'));
    await it.resync();
    await it.azure.control.addFault({ method: 'GET', effect: { kind: 'reset', when: 'before' } });
    it.clock.advance(10 * minute);
    await until('the failure', () => it.cache.completeness(it.subscriptionId).state === 'partial');
    expect(it.cache.observe(it.id('web'))).toMatchObject({ state: 'present' });
  });

  test('two are never under way together', async () => {
    await using it = await setup();
    const before = it.lists().length;
    for (let n = 0; n < 20; n++) it.cache.resyncNow(it.subscriptionId);
    await until('a list', () => it.lists().length > before);
    for (let n = 0; n < 20; n++) it.cache.resyncNow(it.subscriptionId);
    await until('another list', () => it.lists().length === before + 2);
    await until(
      'quiet',
      () =>
        it.scheduler.stats().running === 0 && it.cache.completeness(it.subscriptionId).state === 'complete',
    );
    expect(it.lists()).toHaveLength(before + 2);
  });
});

describe('completeness', () => {
  test('a list that is short for lack of rights proves nothing and stops deletions', async () => {
    await using it = await setup();
    const group = `/subscriptions/${it.subscriptionId}/resourceGroups/rg1`;
    await it.azure.control.createResourceGroup({ name: 'rg2' });
    await it.azure.control.createIdentity(make('web'));
    await it.azure.control.createIdentity({ name: 'far', resourceGroup: 'rg2' });
    await it.resync();
    await it.cache.refresh(it.id('far', 'rg2'), 'event');
    expect(it.cache.completeness(it.subscriptionId).state).toBe('complete');
    await it.azure.control.dropRights({ principalId: it.objectId });
    await it.azure.control.grant({
      principalId: it.objectId,
      role: 'Managed Identity Contributor',
      scope: group,
    });
    await it.resync();
    expect(it.cache.observe(it.id('web'))).toMatchObject({ state: 'present' });
    expect(it.cache.observe(it.id('far', 'rg2')).state).not.toBe('absent');
    expect(it.cache.completeness(it.subscriptionId)).toMatchObject({ state: 'partial' });
  });

  test('without the right to read the subscription an empty list is not complete', async () => {
    await using it = await setup({ role: undefined });
    const group = `/subscriptions/${it.subscriptionId}/resourceGroups/rg1`;
    await it.azure.control.grant({
      principalId: it.objectId,
      role: 'Managed Identity Contributor',
      scope: group,
    });
    await it.resync();
    expect(it.cache.completeness(it.subscriptionId)).toMatchObject({
      state: 'partial',
      reason: expect.stringContaining('Microsoft.ManagedIdentity/userAssignedIdentities/read'),
    });
  });

  test('a witness that is really gone does not make a list partial', async () => {
    await using it = await setup();
    await it.azure.control.createIdentity(make('web'));
    await it.cache.refresh(it.id('web'), 'event');
    await it.resync();
    await it.azure.control.deleteIdentity({ id: it.id('web') });
    await it.resync();
    expect(it.cache.observe(it.id('web'))).toMatchObject({ state: 'absent', provenBy: 'get' });
    expect(it.cache.completeness(it.subscriptionId)).toMatchObject({ state: 'complete' });
  });
});

describe('own writes', () => {
  const put = { location: 'westeurope', tags: { 'azid-owner': 'ns/web', 'azid-owner-uid': 'u' } };

  test('are there at once, and a list that lags does not take them back', async () => {
    await using it = await setup();
    await it.azure.control.setKnobs({ propagation: { listLagMs: 110_000 } });
    await it.identities.put({ ...it.at('web'), ...put }, edit);
    expect(it.cache.observe(it.id('web'))).toMatchObject({ state: 'present', how: 'write' });
    it.clock.advance(minute);
    it.cache.resyncNow(it.subscriptionId);
    await until('the list', () => it.cache.age(it.subscriptionId) === 0);
    expect(it.cache.observe(it.id('web'))).toMatchObject({ state: 'present', how: 'write' });
    await it.identities.delete(it.id('web'), edit);
    expect(it.cache.observe(it.id('web'))).toMatchObject({ state: 'absent', provenBy: 'delete' });
    it.clock.advance(minute);
    it.cache.resyncNow(it.subscriptionId);
    await until('the list', () => it.cache.age(it.subscriptionId) === 0);
    expect(it.cache.observe(it.id('web'))).toMatchObject({ state: 'absent', provenBy: 'delete' });
  });

  test('a GET that misses what was just made is no proof, and Azure is asked again later', async () => {
    await using it = await setup();
    await it.azure.control.setKnobs({ propagation: { readAfterWriteMs: minute } });
    await it.identities.put({ ...it.at('web'), ...put }, edit);
    expect(await it.cache.refresh(it.id('web'), 'edit')).toMatchObject({ state: 'present', how: 'write' });
    it.clock.advance(2 * minute);
    await until('the re-read', () => {
      const seen = it.cache.observe(it.id('web'));
      return seen.state === 'present' && seen.how === 'get';
    });
  });

  test('one of unknown effect leaves the absence open until the lag is over', async () => {
    await using it = await setup();
    await it.cache.refresh(it.id('web'), 'edit');
    expect(it.cache.observe(it.id('web'))).toMatchObject({ state: 'absent' });
    await it.azure.control.addFault({ method: 'PUT', count: 1, effect: { kind: 'reset', when: 'before' } });
    await expect(it.identities.put({ ...it.at('web'), ...put }, edit)).rejects.toMatchObject({
      ambiguous: true,
    });
    expect(await it.cache.refresh(it.id('web'), 'edit')).toEqual({ state: 'suspectAbsent' });
    it.clock.advance(2 * minute);
    await until('the re-read', () => it.cache.observe(it.id('web')).state === 'absent');
  });

  test('marks lead back to the identity, in any case of their names, until it loses them', async () => {
    await using it = await setup();
    await it.identities.put({ ...it.at('web'), ...put }, edit);
    await it.identities.put(
      { ...it.at('api'), location: 'westeurope', tags: { 'azid-owner': 'ns/api' } },
      edit,
    );
    expect(it.cache.byIndex('marks', { 'AZID-owner': 'ns/web', 'azid-owner-uid': 'u' })[0]).toMatchObject({
      name: 'web',
    });
    expect(it.cache.byIndex('marks', { 'azid-owner': 'ns/api', 'azid-owner-uid': 'u' })[0]).toBeUndefined();
    await it.identities.patch(it.id('web'), { tags: {} }, edit);
    expect(it.cache.byIndex('marks', { 'azid-owner': 'ns/web' })[0]).toBeUndefined();
    expect(() => it.cache.byIndex('marks', { team: 'a' })[0]).toThrow(
      'Expected tags that begin with "azid-", got team',
    );
  });
});

describe('the door for events', () => {
  test('a hint leads to a GET at once, and a failing one is tried again', async () => {
    await using it = await setup();
    await it.azure.control.createIdentity(make('web'));
    await it.azure.control.addFault({ method: 'GET', count: 1, effect: { kind: 'status', status: 503 } });
    it.cache.suspect(it.id('web'));
    it.cache.suspect(it.id('WEB'));
    it.clock.advance(1);
    await until('the failure', () => it.calls('GET').some(({ status }) => status === 503));
    expect(it.cache.observe(it.id('web'))).toEqual({ state: 'suspectAbsent' });
    await until('quiet', () => it.scheduler.stats().running === 0);
    await turn();
    it.clock.advance(5000);
    await until('the GET', () => it.cache.observe(it.id('web')).state === 'present');
    expect(it.changes).toEqual([['web', 'get']]);
  });
});

describe('stopping', () => {
  test('a released subscription is forgotten and listed no more', async () => {
    await using it = await setup();
    await it.azure.control.createIdentity(make('web', { 'azid-owner': 'ns/web' }));
    await it.resync();
    const before = it.calls().length;
    it.cache.use(it.subscriptionId, []);
    expect(it.cache.observe(it.id('web'))).toEqual({ state: 'unknown' });
    expect(it.cache.byIndex('marks', { 'azid-owner': 'ns/web' })[0]).toBeUndefined();
    it.clock.advance(60 * minute);
    await turn();
    expect(it.calls()).toHaveLength(before);
  });

  test('the signal ends lists and re-reads and leaves no timer', async () => {
    await using it = await setup();
    it.cache.suspect(it.id('web'));
    it.stopping.abort();
    await it.cache.stop();
    await until('the calls to end', () => it.scheduler.stats().running === 0);
    expect(it.clock.untilNext()).toBeUndefined();
  });
});
