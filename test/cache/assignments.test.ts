import { describe, expect, test } from 'vitest';
import { assignmentId } from '../../src/azure/azure-role-assignment.ts';
import { assignmentName } from '../../src/azure/names/assignment-name.ts';
import { areaOf } from '../../src/azure/names/scope.ts';
import { assignmentDefinition } from '../../src/cache/assignments.ts';
import { AzureCache } from '../../src/cache/azure-cache.ts';
import type { How } from '../../src/cache/store/entry.ts';
import type { ReconcileContext } from '../../src/reconcilers/kind.ts';
import { type LeftoverDeps, leftoversOf } from '../../src/reconcilers/role-grant/holds.ts';
import type { RigOptions } from '../azure/rig.ts';
import { minute, startStage, until } from './stage.ts';

const edit = { priority: 'edit' } as const;
const installation = '7a0b6d52-3c1e-4f7a-9a64-0c5be1f2a9d3';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const management = '/providers/Microsoft.Management/managementGroups/mg1';

/** A cache in which the subscription is in use and listed. */
async function setup(options: RigOptions = {}) {
  const stage = await startStage(options);
  const { clock, stopping, roleAssignments, permissions, subscription, azure } = stage;
  await azure.control.createManagementGroup({ name: 'mg1' });
  await azure.control.createSubscription({ id: stage.subscriptionId, managementGroup: 'mg1' });
  const { objectId: principalId } = await azure.control.createPrincipal({ displayName: 'app' });
  const definition = assignmentDefinition({ assignments: roleAssignments, permissions });
  const cache = new AzureCache(definition, {
    clock,
    signal: stopping.signal,
    random: () => 0.5,
  });
  const changes: [string, How][] = [];
  cache.onChange((key, how) => changes.push([key, how]));
  const use = async (scope: string) => {
    cache.use(areaOf(scope), [scope]);
    await cache.whenLoaded(scope);
    await stage.quiet();
  };
  const resync = async (scope = subscription) => {
    clock.advance(10 * minute);
    await until('the next list', () => (cache.age(scope) ?? Number.POSITIVE_INFINITY) < 10 * minute);
    await stage.quiet();
  };
  /** By the hand of someone else; gives the assignment's id. */
  const grant = async (scope: string, role = 'Reader') =>
    (await azure.control.grant({ principalId, role, scope })).id;
  const triple = (scope: string) => ({ scope, role: READER, principalId });
  const put = (scope: string, change = {}) =>
    roleAssignments.put(
      scope,
      assignmentName(installation, triple(scope)),
      { roleDefinitionId: READER, principalId, principalType: 'ServicePrincipal', ...change },
      edit,
    );
  const remove = async (id: string) => {
    const path = `${id}?api-version=2022-04-01`;
    expect(await azure.control.arm({ method: 'DELETE', path })).toMatchObject({ status: 200 });
  };
  const idAt = (scope: string) => assignmentId(scope, assignmentName(installation, triple(scope)));
  return {
    ...stage,
    cache,
    changes,
    principalId,
    use,
    resync,
    grant,
    triple,
    put,
    remove,
    idAt,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await cache.stop();
      await azure.stop();
    },
  };
}

describe('loading', () => {
  test('one list shows the subscription and all beneath it, found by id, principal and triple', async () => {
    await using it = await setup();
    const { id: resource } = await it.azure.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
    const scopes = [it.subscription, it.group, resource];
    const ids = await Promise.all(scopes.map((scope) => it.grant(scope)));
    expect(it.cache.observe(ids[0] ?? '')).toEqual({ state: 'unknown' });
    await it.azure.control.setKnobs({ paging: { pageSize: 2 } });
    await it.use(it.group.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions'));
    for (const [index, id] of ids.entries()) {
      expect(it.cache.observe(id.toUpperCase())).toMatchObject({ state: 'present', how: 'list' });
      const found = it.cache.byIndex('triple', {
        ...it.triple(scopes[index]?.toUpperCase() ?? ''),
        role: `/providers/Microsoft.Authorization/roleDefinitions/${READER.toUpperCase()}`,
      });
      expect(found.map((each) => each.key)).toEqual([id.toLowerCase()]);
    }
    expect(it.cache.byIndex('principal', it.principalId.toUpperCase())).toHaveLength(3);
    expect(it.cache.byIndex('triple', { ...it.triple(it.group), role: it.objectId })).toEqual([]);
    expect(it.cache.observe(it.idAt(it.group))).toEqual({ state: 'suspectAbsent' });
    expect(it.cache.completeness(it.group)).toMatchObject({ state: 'complete' });
  });

  test('what is inherited from above is known only by the list of its own scope', async () => {
    await using it = await setup();
    const ids = await Promise.all(['/', management].map((scope) => it.grant(scope)));
    await it.use(it.subscription);
    for (const id of ids) expect(it.cache.observe(id)).toEqual({ state: 'unknown' });
    await it.use('/');
    await it.use(management);
    for (const id of ids) expect(it.cache.observe(id)).toMatchObject({ state: 'present', how: 'list' });
    expect(it.cache.present(management)).toHaveLength(1);
    // Each ends with its own list.
    await it.remove(ids[1] ?? '');
    await it.resync(management);
    expect(it.cache.observe(ids[1] ?? '')).toEqual({ state: 'suspectAbsent' });
    expect(it.cache.observe(ids[0] ?? '')).toMatchObject({ state: 'present' });
    expect(it.cache.completeness(management)).toMatchObject({ state: 'complete' });
  });
});

test('somebody’s assignment at a scope that azid cannot read does not hide the others', async () => {
  await using it = await setup();
  const odd = await it.grant(`${it.group}/providers/Microsoft.Strange/things/50%25`);
  const id = await it.grant(it.group);
  await it.use(it.subscription);
  expect(it.cache.observe(id)).toMatchObject({ state: 'present' });
  expect(it.cache.present(it.subscription).map((each) => each.id)).not.toContain(odd);
  expect(it.cache.completeness(it.subscription)).toMatchObject({ state: 'complete' });
});

describe('at the resync', () => {
  test('what someone granted or took away is found and emitted once', async () => {
    await using it = await setup();
    const gone = await it.grant(it.group);
    await it.use(it.subscription);
    await it.remove(gone);
    const made = await it.grant(it.subscription, 'Contributor');
    it.changes.length = 0;
    await it.resync();
    await it.resync();
    expect(it.changes.toSorted()).toEqual(
      [
        [gone.toLowerCase(), 'list'],
        [made.toLowerCase(), 'list'],
      ].toSorted(),
    );
    expect(it.cache.observe(gone)).toEqual({ state: 'suspectAbsent' });
    expect(it.cache.byIndex('triple', it.triple(it.group))).toEqual([]);
    expect(await it.cache.refresh(gone, 'event')).toMatchObject({ state: 'absent', provenBy: 'get' });
  });

  test('a name that someone gave to another grant is no longer found by the old one', async () => {
    await using it = await setup();
    await it.use(it.subscription);
    await it.put(it.group);
    const id = it.idAt(it.group);
    await it.remove(id);
    const path = `${id}?api-version=2022-04-01`;
    const contributor =
      '/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c';
    const properties = {
      roleDefinitionId: contributor,
      principalId: it.objectId,
      principalType: 'ServicePrincipal',
    };
    expect(await it.azure.control.arm({ method: 'PUT', path, body: { properties } })).toMatchObject({
      status: 201,
    });
    await it.resync();
    expect(it.cache.byIndex('triple', it.triple(it.group))).toEqual([]);
    expect(it.cache.byIndex('principal', it.principalId)).toEqual([]);
    const other = { scope: it.group, role: contributor, principalId: it.objectId };
    expect(it.cache.byIndex('triple', other).map((each) => each.key)).toEqual([id.toLowerCase()]);
  });

  test('an idle hour costs no more than its lists', async () => {
    await using it = await setup();
    await it.grant(it.group);
    await it.use(it.subscription);
    const before = it.calls().length;
    for (let n = 0; n < 6; n++) await it.resync();
    // A list and the question for its rights.
    expect(it.calls().length - before).toBe(12);
    expect(it.calls().some(({ method }) => method !== 'GET')).toBe(false);
  });

  test('a change of description or condition is a change', async () => {
    await using it = await setup();
    await it.use(it.subscription);
    await it.put(it.group, { description: 'one' });
    it.changes.length = 0;
    const condition = "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'a'";
    await it.put(it.group, { description: 'one', condition, conditionVersion: '2.0' });
    await it.put(it.group, { description: 'two', condition, conditionVersion: '2.0' });
    await it.put(it.group, { description: 'two', condition, conditionVersion: '2.0' });
    expect(it.changes).toHaveLength(2);
  });
});

describe('completeness', () => {
  test('a list that is short for lack of rights proves nothing and stops deletions', async () => {
    await using it = await setup({ role: undefined });
    const all = await it.azure.control.grant({
      principalId: it.objectId,
      role: 'User Access Administrator',
      scope: it.subscription,
    });
    await it.use(it.subscription);
    await it.put(it.group);
    await it.resync();
    expect(it.cache.completeness(it.group)).toMatchObject({ state: 'complete' });
    await it.remove(all.id);
    await it.resync();
    expect(it.cache.completeness(it.group)).toMatchObject({ state: 'partial' });
    expect(it.cache.observe(it.idAt(it.group)).state).not.toBe('absent');
  });

  test('without the right to read the whole area a list is never complete', async () => {
    await using it = await setup({ role: undefined });
    await it.azure.control.grant({ principalId: it.objectId, role: 'Owner', scope: it.group });
    await it.use(it.subscription);
    expect(it.cache.completeness(it.subscription)).toEqual({
      state: 'partial',
      reason: expect.stringContaining('no right to Microsoft.Authorization/roleAssignments/read'),
    });
  });

  test('should Azure not show what lies below, the area is partial and nothing is called absent', async () => {
    await using it = await setup();
    await it.azure.control.setKnobs({ authorization: { unfilteredListsBelow: false } });
    await it.use(it.subscription);
    await it.put(it.group);
    await it.resync();
    expect(it.cache.completeness(it.group)).toEqual({
      state: 'partial',
      reason: expect.stringMatching(/the list lacks .*, which exists/),
    });
    expect(it.cache.observe(it.idAt(it.group))).toMatchObject({ state: 'present', how: 'get' });
  });

  test('a list that failed leaves what was known, and says so', async () => {
    await using it = await setup();
    const id = await it.grant(it.group);
    await it.use(it.subscription);
    await it.azure.control.addFault({ method: 'GET', effect: { kind: 'status', status: 503 } });
    it.clock.advance(10 * minute);
    await until('the failure', () => it.cache.completeness(it.group).state === 'partial');
    expect(it.cache.observe(id)).toMatchObject({ state: 'present' });
  });
});

describe('own writes', () => {
  test('are there at once, and a list that lags does not take them back', async () => {
    await using it = await setup();
    await it.use(it.subscription);
    await it.azure.control.setKnobs({ propagation: { listLagMs: 110_000, readAfterWriteMs: 60_000 } });
    await it.put(it.group);
    const id = it.idAt(it.group);
    expect(it.cache.observe(id)).toMatchObject({ state: 'present', how: 'write' });
    expect(it.cache.byIndex('triple', it.triple(it.group))).toHaveLength(1);
    // Reads lag writes: a 404 right after a 201 is no drift (docs/azure-facts.md section 5).
    expect(await it.cache.refresh(id, 'edit')).toMatchObject({ state: 'present', how: 'write' });
    it.clock.advance(minute);
    it.cache.resyncNow(it.group);
    await until('the list', () => it.cache.age(it.group) === 0);
    expect(it.cache.observe(id)).toMatchObject({ state: 'present' });
    await it.roleAssignments.delete(it.group, assignmentName(installation, it.triple(it.group)), edit);
    expect(it.cache.observe(id)).toMatchObject({ state: 'absent', provenBy: 'delete' });
    expect(it.cache.byIndex('principal', it.principalId)).toEqual([]);
    it.clock.advance(minute);
    it.cache.resyncNow(it.group);
    await until('the list', () => it.cache.age(it.group) === 0);
    expect(it.cache.observe(id)).toMatchObject({ state: 'absent', provenBy: 'delete' });
  });

  test('of unknown effect are read when the lag is over', async () => {
    await using it = await setup();
    await it.use(it.subscription);
    await it.azure.control.addFault({ method: 'PUT', count: 1, effect: { kind: 'reset', when: 'after' } });
    await expect(it.put(it.group)).rejects.toMatchObject({ ambiguous: true });
    expect(it.cache.observe(it.idAt(it.group))).toEqual({ state: 'suspectAbsent' });
    it.clock.advance(2 * minute);
    await until('the re-read', () => it.cache.observe(it.idAt(it.group)).state === 'present');
  });
});

test('a hint leads to a GET at once', async () => {
  await using it = await setup();
  await it.use(it.subscription);
  const id = await it.grant(it.group);
  it.cache.suspect(id);
  it.clock.advance(1);
  await until('the GET', () => it.cache.observe(id).state === 'present');
});

test('a released scope is forgotten and listed no more; the signal leaves no timer', async () => {
  await using it = await setup();
  const id = await it.grant(it.group);
  await it.use(it.subscription);
  await it.use(management);
  const before = it.calls().length;
  it.cache.use(areaOf(it.group), []);
  expect(it.cache.observe(id)).toEqual({ state: 'unknown' });
  expect(it.cache.byIndex('principal', it.principalId)).toEqual([]);
  it.cache.use(areaOf(management), []);
  it.clock.advance(60 * minute);
  await it.quiet();
  expect(it.calls()).toHaveLength(before);
  it.stopping.abort();
  await it.cache.stop();
  expect(it.clock.untilNext()).toBeUndefined();
});

describe('a deletion that is proven, while lists go on to show what was there (docs/architecture.md section 2)', () => {
  /** What is left of a principal, as the deletion of its identity asks: by a list of its own, beside the cache. */
  async function leaving() {
    const it = await setup();
    const { azure, roleAssignments: assignments, cache: assignmentCache, principalId } = it;
    // As long as an honest Azure's.
    azure.control.setKnobs({ propagation: { listLagMs: 20_000 } });
    const put = await it.put(it.group);
    if (put.result !== 'written') throw new Error(`expected it to be written, got ${put.result}`);
    it.clock.advance(minute);
    const stores = { grants: { byIndex: () => [] } };
    const parts = { stores, assignments, assignmentCache, installationId: installation };
    const context = { ...edit, key: 'shop/web' } as unknown as ReconcileContext;
    const leftovers = () =>
      leftoversOf(
        { id: it.id('web'), principalId, namespace: 'shop' },
        context,
        parts as unknown as LeftoverDeps,
      );
    const deleteIt = () =>
      assignments.delete(it.group, assignmentName(installation, it.triple(it.group)), edit);
    const calls = (method: string) =>
      it.calls(method).filter(({ path }) => path.toLowerCase().includes('/roleassignments/')).length;
    return { ...it, leftovers, deleteIt, calls };
  }

  test('one DELETE is enough, and no list brings it back', async () => {
    await using it = await leaving();
    for (let round = 0; round < 7; round++) {
      if ((await it.leftovers()).length > 0) await it.deleteIt();
      it.clock.advance(2000);
    }
    expect(it.calls('DELETE')).toBe(1);
    expect(it.calls('GET')).toBe(0);
  });

  test('nor where nobody lists the scope any more', async () => {
    await using it = await leaving();
    await it.use(it.group);
    expect(await it.leftovers()).toEqual([it.idAt(it.group)]);
    await it.deleteIt();
    it.cache.use(areaOf(it.group), []);
    expect(await it.leftovers()).toEqual([]);
  });

  test('what was made anew meanwhile is seen, as a GET shows it', async () => {
    await using it = await leaving();
    await it.deleteIt();
    it.clock.advance(30_000);
    const { subscriptionId, principalId, group } = it;
    const path = `${it.idAt(group)}?api-version=2022-04-01`;
    const roleDefinitionId = `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
    const body = { properties: { roleDefinitionId, principalId, principalType: 'ServicePrincipal' } };
    expect(await it.azure.control.arm({ method: 'PUT', path, body })).toMatchObject({ status: 201 });
    it.azure.control.settle();
    expect(await it.leftovers()).toEqual([it.idAt(group)]);
    expect(it.calls('GET')).toBe(1);
  });
});
