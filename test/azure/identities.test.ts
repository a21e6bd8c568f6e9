import { describe, expect, test } from 'vitest';
import type { AzureObserver } from '../../src/azure/arm/arm-calls.ts';
import { whoAmI } from '../../src/azure/arm/caller.ts';
import { classify } from '../../src/azure/arm/classify.ts';
import type { AzureIdentity } from '../../src/azure/azure-identity.ts';
import { sameId } from '../../src/azure/names/resource-id.ts';
import { startRig } from './rig.ts';

const edit = { priority: 'edit' } as const;
const web = { location: 'westeurope', tags: { team: 'a' } };

/** The error of a call that must fail. */
const failure = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('expected a failure'),
    (error: unknown) => error,
  );

function recorder() {
  const seen: unknown[] = [];
  const observer: AzureObserver<AzureIdentity> = {
    recordGet: (id, found) => seen.push(['get', id, found?.principalId]),
    recordWrite: (identity) => seen.push(['write', identity.id]),
    recordDelete: (id) => seen.push(['delete', id]),
    recordWriteAttempt: (id) => seen.push(['attempt', id]),
  };
  return { seen, observer };
}

describe('one identity', () => {
  test('is made, read, changed and deleted', async () => {
    await using rig = await startRig();
    const { identities, id, at } = rig;
    const made = await identities.put({ ...at('web'), ...web }, edit);
    expect(made).toMatchObject({
      created: true,
      identity: { name: 'web', location: 'westeurope', tags: { team: 'a' } },
    });
    expect(sameId(made.identity.id, id('web'))).toBe(true);
    expect(await identities.put({ ...at('web'), ...web }, edit)).toMatchObject({
      created: false,
      identity: made.identity,
    });
    expect(await identities.get(id('web'), edit)).toMatchObject({ found: true, identity: made.identity });
    const changed = await identities.patch(id('web'), { tags: { team: 'b' } }, edit);
    expect(changed.identity).toEqual({ ...made.identity, tags: { team: 'b' } });
    expect(await identities.delete(id('web'), edit)).toMatchObject({ result: 'deleted' });
    expect(await identities.delete(id('web'), edit)).toMatchObject({ result: 'absent' });
    expect(await identities.get(id('web'), edit)).toMatchObject({ found: false, missing: 'resource' });
  });

  test('in a group that does not exist is distinguished from a missing identity', async () => {
    await using rig = await startRig({ role: 'Owner' });
    expect(await rig.identities.get(rig.id('web', 'nowhere'), edit)).toMatchObject({
      found: false,
      missing: 'resourceGroup',
    });
    const error = await failure(rig.identities.put({ ...rig.at('web', 'nowhere'), ...web }, edit));
    expect(classify(error)).toMatchObject({ kind: 'notFound', what: 'resourceGroup' });
  });

  test('that may not be read is not an absent one', async () => {
    await using rig = await startRig({ role: undefined });
    expect(classify(await failure(rig.identities.get(rig.id('web'), edit)))).toMatchObject({
      kind: 'stalled',
      reason: 'AuthorizationFailed',
      error: { message: expect.stringContaining('Microsoft.ManagedIdentity/userAssignedIdentities/read') },
    });
  });

  test('under a lock stalls and names the lock', async () => {
    await using rig = await startRig();
    await rig.identities.put({ ...rig.at('web'), ...web }, edit);
    const scope = `/subscriptions/${rig.azure.subscriptionId}/resourceGroups/rg1`;
    await rig.azure.control.lock({ scope, level: 'CanNotDelete' });
    expect(classify(await failure(rig.identities.delete(rig.id('web'), edit)))).toMatchObject({
      kind: 'stalled',
      reason: 'ScopeLocked',
    });
  });

  test('each page of a list is a call, and ids come back in one key whatever their case', async () => {
    await using rig = await startRig();
    await rig.azure.control.setKnobs({ paging: { pageSize: 2 } });
    for (const name of ['a', 'b', 'c', 'd', 'e'].map((letter) => `id-${letter}`))
      await rig.azure.control.createIdentity({ name, resourceGroup: 'rg1' });
    const found: AzureIdentity[] = [];
    for await (const page of rig.identities.list(rig.azure.subscriptionId, edit))
      found.push(...page.identities);
    expect(found.map(({ name }) => name).toSorted()).toEqual(['id-a', 'id-b', 'id-c', 'id-d', 'id-e']);
    expect(rig.calls('GET')).toHaveLength(3);
    expect(found[0]?.key).toBe(found[0]?.id.toLowerCase());
  });
});

describe('the observer', () => {
  test('hears of reads, writes and deletions', async () => {
    await using rig = await startRig();
    const { seen, observer } = recorder();
    rig.identities.observedBy(observer);
    await rig.identities.get(rig.id('web'), edit);
    const { identity } = await rig.identities.put({ ...rig.at('web'), ...web }, edit);
    await rig.identities.get(rig.id('web'), edit);
    await rig.identities.delete(rig.id('web'), edit);
    expect(seen).toEqual([
      ['get', rig.id('web'), undefined],
      ['write', identity.id],
      ['get', rig.id('web'), identity.principalId],
      ['delete', rig.id('web')],
    ]);
  });

  test.each([
    ['a connection reset after the effect', { kind: 'reset', when: 'after' }],
    ['a 500 after the effect', { kind: 'status', status: 500, when: 'after' }],
    ['a truncated answer', { kind: 'truncate' }],
  ] as const)('hears of %s as an attempt of unknown effect', async (_, effect) => {
    await using rig = await startRig();
    const { seen, observer } = recorder();
    rig.identities.observedBy(observer);
    await rig.azure.control.addFault({ method: 'PUT', count: 1, effect });
    const found = classify(await failure(rig.identities.put({ ...rig.at('web'), ...web }, edit)));
    expect(found).toMatchObject({ kind: 'transient', error: { ambiguous: true } });
    expect(seen).toEqual([['attempt', rig.id('web')]]);
    expect(await rig.identities.get(rig.id('web'), edit)).toMatchObject({ found: true });
  });

  test('hears of a change that found nothing as it does of a read', async () => {
    await using rig = await startRig();
    const { seen, observer } = recorder();
    rig.identities.observedBy(observer);
    const found = classify(await failure(rig.identities.patch(rig.id('web'), { tags: {} }, edit)));
    expect(found).toMatchObject({ kind: 'notFound', what: 'resource' });
    expect(seen).toEqual([['get', rig.id('web'), undefined]]);
  });

  test('hears nothing of a write that Azure refused', async () => {
    await using rig = await startRig();
    const { seen, observer } = recorder();
    rig.identities.observedBy(observer);
    await rig.azure.control.addFault({ method: 'PUT', count: 1, effect: { kind: 'status', status: 409 } });
    await failure(rig.identities.put({ ...rig.at('web'), ...web }, edit));
    expect(seen).toEqual([]);
  });

  test('hears nothing of a read that failed', async () => {
    await using rig = await startRig();
    const { seen, observer } = recorder();
    rig.identities.observedBy(observer);
    await rig.azure.control.addFault({
      method: 'GET',
      count: 1,
      effect: { kind: 'status', status: 404, code: 'NotFound' },
    });
    await failure(rig.identities.get(rig.id('web'), edit));
    expect(seen).toEqual([]);
  });
});

test('a 429 with each kind of Retry-After is throttling with that time, and is not retried by the SDK', async () => {
  await using rig = await startRig();
  const told = async (effect: object) => {
    await rig.azure.control.addFault({
      method: 'PUT',
      count: 1,
      effect: { kind: 'status', status: 429, ...effect },
    });
    // A rate-limit scope of its own each time: the last one is held up.
    const { Identities } = await import('../../src/azure/identities.ts');
    const { RequestScheduler } = await import('../../src/azure/requests/request-scheduler.ts');
    const { systemClock: clock } = await import('../../src/runtime/time/clock.ts');
    const { access } = rig;
    const fresh = new Identities({
      access,
      clock,
      scheduler: new RequestScheduler({ clock }),
      tenantId: 't',
      credential: 'c',
    });
    return classify(await failure(fresh.put({ ...rig.at('web'), ...web }, edit)));
  };
  expect(await told({ retryAfterSeconds: 17 })).toMatchObject({ kind: 'throttled', retryAfterMs: 17_000 });
  expect(await told({ retryAfterMs: 250 })).toMatchObject({ kind: 'throttled', retryAfterMs: 250 });
  expect(await told({})).toMatchObject({ kind: 'throttled', retryAfterMs: 30_000 });
  const dated = await told({ retryAfterDateSeconds: 60 });
  expect(dated.kind === 'throttled' && dated.retryAfterMs > 55_000 && dated.retryAfterMs <= 60_000).toBe(
    true,
  );
  expect(rig.calls('PUT')).toHaveLength(4);
});

describe('rights', () => {
  test('are what the roles at and above the scope allow', async () => {
    await using rig = await startRig();
    const rights = await rig.permissions.at(`/subscriptions/${rig.azure.subscriptionId}`, edit);
    expect(rights.allows('Microsoft.ManagedIdentity/userAssignedIdentities/read')).toBe(true);
    expect(rights.allows('Microsoft.ManagedIdentity/userAssignedIdentities/assign/action')).toBe(false);
    expect(rights.allows('Microsoft.Compute/virtualMachines/write')).toBe(false);
  });

  test('of nobody are none', async () => {
    await using rig = await startRig({ role: undefined });
    const rights = await rig.permissions.at(`/subscriptions/${rig.azure.subscriptionId}`, edit);
    expect(rights.allows('Microsoft.ManagedIdentity/userAssignedIdentities/read')).toBe(false);
  });
});

test('azid learns from its token who it is', async () => {
  await using rig = await startRig();
  const me = await whoAmI(rig.access.credential, rig.cloud.armScope);
  expect(me).toMatchObject({ objectId: rig.objectId, tenantId: rig.azure.tenantId });
  expect(me.clientId).toMatch(/^[0-9a-f-]{36}$/);
});
