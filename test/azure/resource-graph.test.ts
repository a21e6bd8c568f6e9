import { describe, expect, test } from 'vitest';
import type { Intercept } from '../../src/azure/arm/arm-policies.ts';
import { classify } from '../../src/azure/arm/classify.ts';
import { CallRefused } from '../../src/azure/arm/errors.ts';
import { AZURE_LIMITS } from '../../src/azure/limits.ts';
import { armKey } from '../../src/azure/names/resource-id.ts';
import { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';
import { NO_LIMIT_MS, passing, type RigOptions, startRig } from './rig.ts';

const RESYNC = { priority: 'resync' } as const;
const OTHER = '11111111-0000-4000-8000-000000000001';

/** azid with the right to read everything, and machines that each have an identity `shared`, and every second one `own-<n>` too. */
async function setup(machines: number, options: RigOptions = {}) {
  const rig = await startRig({ role: 'Reader', ...options });
  const { control } = rig.azure;
  const make = async (name: string) => (await control.createIdentity({ name, resourceGroup: 'rg1' })).id;
  const shared = await make('shared');
  const hosts: string[] = [];
  for (let n = 0; n < machines; n++) {
    const ids = n % 2 === 0 ? [shared, await make(`own-${n}`)] : [shared];
    const identity = {
      type: 'UserAssigned',
      userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])),
    };
    hosts.push((await control.createHost({ name: `vm${n}`, resourceGroup: 'rg1', identity })).id);
  }
  const attached = (subscriptions?: readonly string[]) =>
    rig.resourceGraph.attachedIdentities(RESYNC, subscriptions);
  const failure = () =>
    attached().then(
      () => expect.fail('expected a failure'),
      (thrown: unknown) => classify(thrown),
    );
  return { ...rig, control, shared, hosts, attached, failure };
}

describe('who has which identity', () => {
  test('is asked of all that azid may read, page by page, as reads that no write guard stands before', async () => {
    await using it = await setup(5, {
      beforeWrite: () => {
        throw new CallRefused('WriteRefused', 'not the leader');
      },
    });
    await it.control.setKnobs({ resourceGraph: { pageSize: 2 } });
    const found = await it.attached();
    expect(found.get(armKey(it.shared))).toEqual(it.hosts);
    expect(found.get(armKey(it.id('own-2')))).toEqual([it.hosts[2]]);
    expect(found.has(armKey(it.id('own-1')))).toBe(false);
    // Three pages of resources, one of policy assignments.
    expect(it.calls().map(({ operation }) => operation)).toEqual(Array(4).fill('resourceGraph.resources'));
  });

  test('policy assignments have them too', async () => {
    await using it = await setup(0);
    const scope = `/subscriptions/${it.azure.subscriptionId}`;
    const definition = `${scope}/providers/Microsoft.Authorization/policyDefinitions/d1`;
    const policyRule = Object.fromEntries([
      ['if', { field: 'type', equals: 'x' }],
      ['then', { effect: 'audit' }],
    ]);
    const put = (path: string, body: unknown) =>
      it.control.arm({ method: 'PUT', path: `${path}?api-version=2023-04-01`, body });
    await put(definition, { properties: { mode: 'All', policyType: 'Custom', policyRule } });
    const assignment = `${scope}/providers/Microsoft.Authorization/policyAssignments/p1`;
    await put(assignment, {
      identity: { type: 'UserAssigned', userAssignedIdentities: { [it.shared]: {} } },
      properties: { policyDefinitionId: definition },
    });
    expect((await it.attached()).get(armKey(it.shared))).toEqual([assignment]);
  });

  test('is known however many identities a resource has', async () => {
    await using it = await setup(0);
    const ids: string[] = [];
    for (let n = 0; n < 150; n++)
      ids.push((await it.control.createIdentity({ name: `many-${n}`, resourceGroup: 'rg1' })).id);
    const userAssignedIdentities = Object.fromEntries(ids.map((id) => [id, {}]));
    await it.control.createHost({
      name: 'vm1',
      resourceGroup: 'rg1',
      identity: { type: 'UserAssigned', userAssignedIdentities },
    });
    const found = await it.attached();
    expect(ids.filter((id) => !found.has(armKey(id)))).toEqual([]);
  });

  test('is answered for the subscriptions that are named, and of none that azid may not read', async () => {
    await using it = await setup(1);
    await it.control.createSubscription({ id: OTHER });
    await it.control.createResourceGroup({ name: 'rg2', subscriptionId: OTHER });
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [it.shared]: {} } };
    const { id: far } = await it.control.createHost({
      name: 'far',
      resourceGroup: 'rg2',
      subscriptionId: OTHER,
      identity,
    });
    expect((await it.attached()).get(armKey(it.shared))).toEqual(it.hosts);
    await it.control.grant({ principalId: it.objectId, role: 'Reader', scope: `/subscriptions/${OTHER}` });
    expect([...((await it.attached()).get(armKey(it.shared)) ?? [])].sort()).toEqual(
      [far, ...it.hosts].sort(),
    );
    expect((await it.attached([OTHER])).get(armKey(it.shared))).toEqual([far]);
  });
});

describe('what is not whole is no answer', () => {
  test('an answer that is cut off', async () => {
    await using it = await setup(3);
    await it.control.setKnobs({ resourceGraph: { pageSize: 2, paging: false } });
    expect((await it.failure()).error).toMatchObject({
      code: 'IncompleteAnswer',
      message: 'Resource Graph: expected all 3 rows, got 2 and no way to the others',
    });
  });

  test('a later page that fails', async () => {
    await using it = await setup(3);
    await it.control.setKnobs({ resourceGraph: { pageSize: 2 } });
    await it.control.addFault({
      operation: 'resourceGraph.resources',
      after: 1,
      effect: { kind: 'status', status: 503 },
    });
    expect(await it.failure()).toMatchObject({ kind: 'transient' });
    expect(it.calls()).toHaveLength(2);
  });

  test('a query that Azure does not take, with what was wrong with it', async () => {
    const details = [{ code: 'InvalidQuery', message: "there is no column 'identity'" }];
    const body = { error: { code: 'BadRequest', message: 'Please provide below info', details } };
    await using it = await setup(0, {
      intercept: async (_request, next) => ({
        ...(await next()),
        status: 400,
        bodyAsText: JSON.stringify(body),
      }),
    });
    expect(await it.failure()).toMatchObject({
      kind: 'stalled',
      error: { status: 400, code: 'BadRequest', message: "Resource Graph: there is no column 'identity'" },
    });
  });

  const whole = { totalRecords: 0, count: 0, data: [], resultTruncated: 'false' };
  test.each([
    ['fewer rows than it counts', { ...whole, totalRecords: 1 }, 'expected all 1 rows, got 0'],
    ['a token without rows', { ...whole, $skipToken: 't' }, 'expected rows beside a token'],
    ['cut off, as a boolean', { ...whole, resultTruncated: true }, 'no way to the others'],
    ['no word whether it was cut off', { totalRecords: 0, data: [] }, 'expected a page of rows'],
    ['no rows', { totalRecords: 0, resultTruncated: 'false' }, 'expected a page of rows'],
    [
      'a row without identities',
      { ...whole, totalRecords: 1, data: [{ id: '/x' }] },
      'rows with an id and identities',
    ],
  ])('%s', async (_, body, message) => {
    await using it = await setup(0, {
      intercept: async (_request, next) => ({ ...(await next()), bodyAsText: JSON.stringify(body) }),
    });
    expect((await it.failure()).error).toMatchObject({
      code: 'IncompleteAnswer',
      message: expect.stringContaining(message),
    });
  });

  test('more subscriptions than are searched', async () => {
    await using it = await setup(0, {
      intercept: async (_request, next) => {
        const answer = await next();
        answer.headers.set('x-ms-tenant-subscription-limit-hit', 'true');
        return answer;
      },
    });
    expect((await it.failure()).error.code).toBe('IncompleteAnswer');
  });
});

describe('the quota', () => {
  test('is kept by itself, whatever the headers say: thirty pages are read without a refusal', async () => {
    const clock = new FakeClock();
    const intercept: Intercept = async (_request, next) => {
      const answer = await next();
      answer.headers.delete('x-ms-user-quota-remaining');
      return answer;
    };
    await using it = await setup(29, { clock, intercept, limits: AZURE_LIMITS, timeLimitMs: NO_LIMIT_MS });
    await it.control.setKnobs({ resourceGraph: { pageSize: 1 }, throttling: { resourceGraph: true } });
    const found = await passing(clock, it.attached());
    expect(found.get(armKey(it.shared))).toHaveLength(29);
    expect(it.calls().map(({ status }) => status)).toEqual(Array(30).fill(200));
  });

  test('that others of the same caller use up is waited for as long as its headers say', async () => {
    const clock = new FakeClock();
    const intercept: Intercept = async (_request, next) => {
      const answer = await next();
      answer.headers.set('x-ms-user-quota-remaining', '0');
      answer.headers.set('x-ms-user-quota-resets-after', '00:01:05');
      return answer;
    };
    await using it = await setup(3, { clock, intercept, timeLimitMs: NO_LIMIT_MS });
    const since = clock.monotonic();
    await passing(clock, it.attached());
    // Between two queries; nobody waits behind the last one.
    expect(clock.monotonic() - since).toBe(65_000);
  });

  test('a refusal of it holds up nothing else that is asked at the tenant', async () => {
    const clock = new FakeClock();
    await using it = await setup(1, { clock });
    await it.control.addFault({
      operation: 'resourceGraph.resources',
      count: 1,
      effect: { kind: 'status', status: 429, retryAfterSeconds: 600 },
    });
    expect((await it.failure()).kind).toBe('throttled');
    await it.permissions.at('/', RESYNC);
    expect(clock.untilNext()).toBeUndefined();
  });
});

describe('what a principal may do', () => {
  test('is asked of all that azid may read, and by nothing but a GUID', async () => {
    await using it = await setup(0);
    const { principalId } = it.control.createIdentity({ name: 'app', resourceGroup: 'rg1' });
    const scope = `/subscriptions/${it.azure.subscriptionId}/resourceGroups/rg1`;
    const { id } = it.control.grant({ principalId, role: 'Reader', scope });
    it.control.grant({
      principalId: it.control.createIdentity({ name: 'b', resourceGroup: 'rg1' }).principalId,
      role: 'Reader',
      scope,
    });
    it.control.settle();
    expect(await it.resourceGraph.assignmentsOf(principalId.toUpperCase(), RESYNC)).toEqual([id]);
    await expect(it.resourceGraph.assignmentsOf("x' or true", RESYNC)).rejects.toThrow('expected the GUID');
  });
});
