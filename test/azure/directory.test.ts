import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { describe, expect, test } from 'vitest';
import type { SeenRequest } from '../../src/azure/arm/arm-policies.ts';
import { type AskedPrincipal, PrincipalStates } from '../../src/azure/graph/directory.ts';
import { DIRECTORY_OBJECTS, graphAccess } from '../../src/azure/graph/graph.ts';
import { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';
import { tokenCredential } from '../../src/simulator/sdk.fixture.ts';
import { NO_LIMIT_MS, passing, startRig } from './rig.ts';

const NOBODY = '99999999-0000-4000-8000-000000000000';

interface Given {
  readonly permissions?: readonly ('Directory.Read.All' | 'AuditLog.Read.All')[];
  /** In place of the answer, by the number of the request. */
  readonly instead?: (n: number, answer: PipelineResponse) => Partial<PipelineResponse> | undefined;
}

async function setup({ permissions = ['Directory.Read.All'], instead }: Given = {}) {
  const clock = new FakeClock();
  const rig = await startRig({ role: undefined, clock });
  const { azure, cloud, objectId } = rig;
  await azure.control.allowGraph({ principalId: objectId, permissions: [...permissions] });
  const asked: SeenRequest[] = [];
  const metrics: string[] = [];
  const access = graphAccess(DIRECTORY_OBJECTS, {
    cloud: { ...cloud, graphEndpoint: azure.origin },
    credential: await tokenCredential(azure, 'controller'),
    clock,
    version: 'test',
    beforeWrite: () => {
      throw new Error('not the leader');
    },
    metrics: { request: (_, { resource }) => void metrics.push(resource), remaining: () => {} },
    async intercept(request, next) {
      const n = asked.push(request);
      const answer = await next();
      return { ...answer, ...instead?.(n, answer) };
    },
    timeLimitMs: NO_LIMIT_MS,
  });
  const states = new PrincipalStates(access, clock);
  const of = (principals: Iterable<AskedPrincipal>) =>
    passing(clock, states.of(principals, new AbortController().signal));
  const make = async () => (await azure.control.createPrincipal({ displayName: 'p' })).objectId;
  const stateOf = async (id: string, createdAt?: number) => (await of([{ id, createdAt }])).get(id);
  return { ...rig, control: azure.control, clock, asked, metrics, of, make, stateOf };
}

test('present, soft-deleted, restored, purged: each is distinguished', async () => {
  await using it = await setup();
  const [living, deleted, purged] = [await it.make(), await it.make(), await it.make()];
  await it.control.deletePrincipal({ objectId: deleted });
  await it.control.deletePrincipal({ objectId: purged, purge: true });
  const states = await it.of([living, deleted, purged].map((id) => ({ id: id.toUpperCase() })));
  expect([living, deleted, purged].map((id) => states.get(id)?.state)).toEqual([
    'present',
    'softDeleted',
    'gone',
  ]);
  await it.control.restorePrincipal({ objectId: deleted });
  expect((await it.stateOf(deleted))?.state).toBe('present');
  await it.control.deletePrincipal({ objectId: deleted, purge: true });
  expect((await it.stateOf(deleted))?.state).toBe('gone');
  expect(new Set(it.metrics)).toEqual(new Set(['microsoft.graph/directoryobjects']));
});

test('2,500 ids are asked for in three requests, and of what is gone for good nothing more is asked', async () => {
  await using it = await setup();
  const ids = Array.from(
    { length: 2_499 },
    (_, n) => `99999999-0000-4000-8000-${String(n).padStart(12, '0')}`,
  );
  const living = await it.make();
  const few = ids.slice(0, 3);
  expect([...(await it.of(few.map((id) => ({ id })))).values()].map(({ state }) => state)).toEqual(
    Array(3).fill('gone'),
  );
  const before = it.asked.length;
  // By one question, three look-ups and the question once more.
  expect(before).toBe(5);
  expect((await it.of(few.map((id) => ({ id })))).get(few[0] ?? '')?.state).toBe('gone');
  expect(it.asked.length).toBe(before + 1);
  const states = await it.of([...ids, living].map((id) => ({ id })));
  const bulk = it.asked.slice(before + 1).filter(({ method }) => method === 'POST');
  expect(bulk.map(({ body }) => JSON.parse(body ?? '').ids.length)).toEqual([1000, 1000, 500, 1000]);
  expect(states.get(living)?.state).toBe('present');
  // A thousand are looked for in one go, the others the next time.
  expect(Map.groupBy(states.values(), ({ state }) => state).get('gone')).toHaveLength(1_003);
  expect(states.get(ids.at(-1) ?? '')).toEqual({
    state: 'unknown',
    why: 'only 1000 that are absent are looked for at once',
  });
});

test('what was made within the hour may not be shown yet', async () => {
  await using it = await setup();
  await it.control.setKnobs({ propagation: { directoryReplicationMs: 30 * 60_000 } });
  const id = await it.make();
  const createdAt = it.clock.now();
  expect(await it.stateOf(id, createdAt)).toMatchObject({
    state: 'unknown',
    why: expect.stringContaining('hour'),
  });
  it.clock.advance(30 * 60_000);
  expect((await it.stateOf(id, createdAt))?.state).toBe('present');
  expect(await it.stateOf(NOBODY, it.clock.now() - 3_599_000)).toMatchObject({ state: 'unknown' });
  expect(await it.stateOf(NOBODY, it.clock.now() - 3_600_000)).toEqual({ state: 'gone' });
});

test('one that is restored between the two questions is not gone', async () => {
  const own: { restore?: () => unknown } = {};
  await using it = await setup({
    instead: (n) => {
      if (n === 1) own.restore?.();
      return undefined;
    },
  });
  const id = await it.make();
  await it.control.deletePrincipal({ objectId: id });
  own.restore = () => it.control.restorePrincipal({ objectId: id });
  expect(await it.stateOf(id)).toEqual({ state: 'present' });
});

describe('what fails is unknown', () => {
  test('without the permission, said once with the remedy', async () => {
    await using it = await setup({ permissions: ['AuditLog.Read.All'] });
    const ids = Array.from(
      { length: 1_500 },
      (_, n) => `99999999-0000-4000-8000-${String(n).padStart(12, '0')}`,
    );
    const states = await it.of(ids.map((id) => ({ id })));
    expect(states.size).toBe(1_500);
    for (const state of states.values())
      expect(state).toEqual({
        state: 'unknown',
        why: 'azid may not read the directory: grant its service principal the application permission Directory.Read.All of Microsoft Graph',
      });
    expect(it.asked).toHaveLength(1);
  });

  test('a chunk that fails, and no other', async () => {
    await using it = await setup();
    const living = await it.make();
    const ids = Array.from(
      { length: 1_000 },
      (_, n) => `99999999-0000-4000-8000-${String(n).padStart(12, '0')}`,
    );
    await it.control.addFault({
      operation: 'graph.directoryObjects.getByIds',
      count: 1,
      effect: { kind: 'status', status: 503 },
    });
    const states = await it.of([...ids, living].map((id) => ({ id })));
    expect(states.get(ids[0] ?? '')).toMatchObject({
      state: 'unknown',
      why: expect.stringContaining('Microsoft Graph'),
    });
    expect(states.get(living)).toEqual({ state: 'present' });
  });

  test.each([
    ['a look among the deleted', 'graph.deletedItems.get', 0],
    ['the question at the end', 'graph.directoryObjects.getByIds', 1],
  ])('%s', async (_, operation, after) => {
    await using it = await setup();
    await it.control.addFault({ operation, after, effect: { kind: 'status', status: 500 } });
    expect(await it.stateOf(NOBODY)).toMatchObject({ state: 'unknown' });
    await it.control.clearFaults();
    expect(await it.stateOf(NOBODY)).toEqual({ state: 'gone' });
  });

  test('a 404 that is not of Graph', async () => {
    await using it = await setup({
      instead: (n) => (n === 2 ? { status: 404, bodyAsText: '<html></html>' } : undefined),
    });
    expect(await it.stateOf(NOBODY)).toMatchObject({ state: 'unknown' });
  });

  test.each([
    ['a part of the answer', { value: [], '@odata.nextLink': 'https://graph.example/more' }],
    ['something else', { value: 'none' }],
    ['nothing', {}],
  ])('%s', async (_, body) => {
    await using it = await setup({ instead: () => ({ bodyAsText: JSON.stringify(body) }) });
    expect(await it.stateOf(NOBODY)).toMatchObject({ state: 'unknown' });
  });

  test('what is no object id, and it does not spoil the others', async () => {
    await using it = await setup();
    const living = await it.make();
    const states = await it.of([{ id: 'nobody' }, { id: living }]);
    expect([states.get('nobody')?.state, states.get(living)?.state]).toEqual(['unknown', 'present']);
  });
});

test('what is throttled waits as long as Graph asked, and is asked again', async () => {
  await using it = await setup();
  const living = await it.make();
  await it.control.addFault({
    operation: 'graph.directoryObjects.getByIds',
    count: 2,
    effect: { kind: 'status', status: 429, retryAfterSeconds: 30 },
  });
  const since = it.clock.monotonic();
  expect((await it.stateOf(living))?.state).toBe('present');
  expect(it.clock.monotonic() - since).toBeGreaterThanOrEqual(60_000);
  expect(it.asked).toHaveLength(3);
});

test('who gives up gets no answer', async () => {
  await using it = await setup();
  const states = new PrincipalStates(it.access, it.clock);
  await expect(states.of([{ id: NOBODY }], AbortSignal.abort(new Error('stopped')))).rejects.toThrow(
    'stopped',
  );
});
