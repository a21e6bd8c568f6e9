import { describe, expect, test } from 'vitest';
import type { AzureObserver } from '../../src/azure/arm/arm-calls.ts';
import { classify } from '../../src/azure/arm/classify.ts';
import { AzureError } from '../../src/azure/arm/errors.ts';
import {
  capabilityOf,
  genericCapability,
  HOST_CAPABILITIES,
  hostTypeOf,
} from '../../src/azure/hosts/capabilities.ts';
import type { AzureHost, HostOperation, IdentityWish, OperationState } from '../../src/azure/hosts/host.ts';
import { Hosts, type HostVersion } from '../../src/azure/hosts/hosts.ts';
import { linkedScopes, namedIdentities } from '../../src/azure/hosts/read/named-identities.ts';
import { identityDelta } from '../../src/azure/hosts/write/delta.ts';
import { hiddenSecrets, replaceBody } from '../../src/azure/hosts/write/replace.ts';
import { sameId } from '../../src/azure/names/resource-id.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { type RigOptions, startRig } from './rig.ts';

const edit = { priority: 'edit' } as const;
const VM = 'Microsoft.Compute/virtualMachines';
const NAMES = ['mine', 'theirs', 'other'] as const;

/** The error of a call that must fail. */
const failure = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('expected a failure'),
    (error: unknown) => error,
  );

async function setup(options: RigOptions = {}) {
  const rig = await startRig({ role: 'Owner', ...options });
  const { azure, access, scheduler } = rig;
  const hosts = new Hosts({
    access,
    scheduler,
    clock: systemClock,
    tenantId: azure.tenantId,
    credential: 'azid',
  });
  for (const name of NAMES) await azure.control.createIdentity({ name, resourceGroup: 'rg1' });
  const [mine, theirs, other] = NAMES.map((name) => rig.id(name)) as [string, string, string];

  type Given = Parameters<typeof azure.control.createHost>[0];
  /** With the identity of somebody else and one of its own, where a host can have both. */
  const create = async (
    type: string,
    given: Partial<Given> = {},
    name = type.endsWith('/slots') ? 'app/staging' : 'h1',
  ) => {
    if (type.endsWith('/slots'))
      await azure.control.createHost({ type: 'Microsoft.Web/sites', name: 'app', resourceGroup: 'rg1' });
    return (await azure.control.createHost({ type, name, resourceGroup: 'rg1', ...given })).id;
  };
  const get = async (id: string, version: HostVersion = {}) => {
    const got = await hosts.get(id, edit, version);
    if (!got.found) throw new Error(`${id} is not there`);
    return got;
  };
  /** Polls without a pause: each poll is a round trip. */
  const ended = async (
    operation: HostOperation | undefined,
    id: string,
  ): Promise<OperationState | undefined> => {
    if (!operation) return undefined;
    for (;;) {
      const state = await hosts.poll(operation, id, edit);
      if (state.state !== 'running') return state;
    }
  };
  /** What a reconciler does: read, decide, write, wait, until nothing differs. Gives the bodies that went out. */
  const reach = async (id: string, part: Partial<IdentityWish>, version: HostVersion = {}) => {
    const wish = { add: [], remove: [], system: 'keep', ...part } as const;
    const sent: unknown[] = [];
    for (;;) {
      const { host, model } = await get(id, version);
      const capability = capabilityOf(host.type) ?? genericCapability(host.type, version.apiVersion ?? '');
      const delta = identityDelta(capability, host.variant, host.identity, wish);
      if (delta.kind !== 'write') return { delta, host, sent };
      expect(sent.length).toBeLessThan(5);
      sent.push(delta.identity);
      const options = { ...version, ifMatch: host.etag };
      const written =
        capability.write === 'patch'
          ? await hosts.patchIdentity(host, delta.identity, edit, options)
          : await hosts.replace(host, replaceBody(capability, model, delta.identity), edit, options);
      expect([undefined, { state: 'succeeded' }]).toContainEqual(await ended(written.operation, id));
    }
  };
  return { ...rig, hosts, mine, theirs, other, create, get, ended, reach };
}

const has = (host: AzureHost, ...ids: string[]) =>
  ids.every((id) => host.identity.userAssigned.some((each) => sameId(each.id, id) && each.principalId));

/** What each type is made with; where it cannot have both kinds, without an own one. */
const TYPES: readonly (readonly [string, { kind?: string; properties?: Record<string, unknown> }])[] = [
  [VM, {}],
  ['Microsoft.Compute/virtualMachineScaleSets', {}],
  ['Microsoft.Web/sites', { kind: 'app' }],
  ['Microsoft.Web/sites', { kind: 'functionapp' }],
  ['Microsoft.Web/sites', { kind: 'functionapp,workflowapp' }],
  ['Microsoft.Web/sites/slots', { kind: 'app' }],
  ['Microsoft.ContainerInstance/containerGroups', {}],
  ['Microsoft.App/containerApps', {}],
  ['Microsoft.Storage/storageAccounts', {}],
  ['Microsoft.DataFactory/factories', {}],
  ['Microsoft.ApiManagement/service', {}],
  ['Microsoft.Automation/automationAccounts', {}],
];

describe.each(TYPES)('%s %j', (type, given) => {
  test('takes an identity beside its own and somebody else’s, and gives it back', async () => {
    await using rig = await setup();
    const { mine, theirs, reach } = rig;
    const identity = { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [theirs]: {} } };
    const id = await rig.create(type, { ...given, identity });
    const before = (await rig.get(id)).host;
    expect(before).toMatchObject({ type, identity: { system: true } });
    expect(hostTypeOf(before.id)).toBe(type);

    const added = await reach(id, { add: [mine] });
    expect(added.sent).toEqual([
      { type: capabilityOf(type)?.combined, userAssignedIdentities: { [mine]: {} } },
    ]);
    expect(has(added.host, mine, theirs)).toBe(true);
    expect(added.host.identity.principalId).toBe(before.identity.principalId);

    const removed = await reach(id, { remove: [mine] });
    expect(removed.host.identity.userAssigned.map((each) => sameId(each.id, theirs))).toEqual([true]);
    expect(removed.host.identity.principalId).toBe(before.identity.principalId);
    expect(removed.host.instance).toBe(before.instance);
  });

  test('has an identity of its own turned on and off beside somebody else’s', async () => {
    await using rig = await setup();
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [rig.theirs]: {} } };
    const id = await rig.create(type, { ...given, identity });
    const on = (await rig.reach(id, { system: 'on' })).host;
    expect(on.identity.system && has(on, rig.theirs)).toBe(true);
    expect(await rig.hosts.systemIdentity(id, edit)).toMatchObject({
      principalId: on.identity.principalId,
      clientId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      tenantId: rig.azure.tenantId,
    });
    const off = (await rig.reach(id, { system: 'off' })).host;
    expect(off.identity.system).toBe(false);
    expect(has(off, rig.theirs)).toBe(true);
    expect(await rig.hosts.systemIdentity(id, edit)).toBeUndefined();
  });

  test('is listed with its identity and tags', async () => {
    await using rig = await setup();
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [rig.mine]: {} } };
    const id = await rig.create(type, { ...given, identity, tags: { team: 'a' } });
    const listed: AzureHost[] = [];
    const pages = type.endsWith('/slots')
      ? rig.hosts.listSlots(id.replace(/\/slots\/.*$/, ''), edit)
      : rig.hosts.list(rig.azure.subscriptionId, type, edit);
    for await (const { hosts } of pages) listed.push(...hosts);
    expect(listed).toHaveLength(1);
    const { host } = await rig.get(id);
    expect(listed[0]).toMatchObject({
      key: host.key,
      tags: { team: 'a' },
      ...(host.instance && { instance: host.instance }),
    });
    expect(listed.every((each) => has(each, rig.mine))).toBe(true);
  });

  test('made again under its name is another one', async () => {
    await using rig = await setup();
    const id = await rig.create(type, { ...given, identity: { type: 'SystemAssigned' } });
    const before = (await rig.get(id)).host;
    await rig.azure.control.recycleHost({ id, identity: { type: 'SystemAssigned' } });
    expect((await rig.get(id)).host.identity.principalId).not.toBe(before.identity.principalId);
  });
});

test.each(HOST_CAPABILITIES.map(({ type }) => type))(
  '%s takes and gives an identity also where Azure insists on its own spelling and on nothing read-only',
  async (type) => {
    await using rig = await setup();
    const all = HOST_CAPABILITIES.map((each) => each.type);
    await rig.azure.control.setKnobs({
      hosts: {
        keyCase: Object.fromEntries(all.map((each) => [each, 'lower'])),
        strictKeyCase: all,
        refusesReadOnly: all,
        linkedAccess: 'named',
        identityShows: 'at-start',
      },
    });
    const single = capabilityOf(type)?.userAssigned === 'one';
    const first = single ? rig.mine : rig.theirs;
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [first]: {} } };
    const id = await rig.create(type, { identity });
    const added = await rig.reach(id, { add: [rig.other], remove: single ? [rig.mine] : [] });
    expect(has(added.host, rig.other, ...(single ? [] : [rig.theirs]))).toBe(true);
    if (single) return; // A cluster without any identity is none.
    const removed = await rig.reach(id, { remove: [rig.other] });
    expect(removed.host.identity.userAssigned.map(({ id: left }) => left)).toEqual([
      rig.theirs.toLowerCase(),
    ]);
  },
);

describe('Microsoft.Logic/workflows', () => {
  const type = 'Microsoft.Logic/workflows';

  test('takes an identity by PUT, keeping its definition and somebody else’s', async () => {
    await using rig = await setup();
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [rig.theirs]: {} } };
    const properties = { definition: { actions: { Wait: { type: 'Wait' } } } };
    const id = await rig.create(type, { identity, properties, tags: { team: 'a' } });
    const { host } = await rig.reach(id, { add: [rig.mine] });
    expect(has(host, rig.mine, rig.theirs)).toBe(true);
    expect(await rig.azure.control.host({ id })).toMatchObject({ properties, tags: { team: 'a' } });
    const removed = await rig.reach(id, { remove: [rig.mine, rig.theirs], system: 'on' });
    expect(removed.sent).toEqual([{ type: 'SystemAssigned', userAssignedIdentities: null }]);
    expect(removed.host.identity).toMatchObject({ system: true, userAssigned: [] });
  });

  test('is refused both kinds before any call', async () => {
    await using rig = await setup();
    const id = await rig.create(type, { identity: { type: 'SystemAssigned' } });
    const { delta, sent } = await rig.reach(id, { add: [rig.mine] });
    expect(delta).toMatchObject({ kind: 'refused', reason: 'CombinedNotSupported' });
    expect(sent).toEqual([]);
  });
});

describe('Microsoft.ContainerService/managedClusters', () => {
  const type = 'Microsoft.ContainerService/managedClusters';

  test('takes one identity in place of another by PUT, and is refused a second', async () => {
    await using rig = await setup();
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [rig.mine]: {} } };
    const id = await rig.create(type, { identity });
    const { host, sent } = await rig.reach(id, { add: [rig.other], remove: [rig.mine] });
    expect(sent).toHaveLength(1);
    expect(host.etag).toBeDefined();
    expect(has(host, rig.other)).toBe(true);
    const { delta } = await rig.reach(id, { add: [rig.mine] });
    expect(delta).toMatchObject({ kind: 'refused', reason: 'TooManyIdentities' });
  });
});

test('a flexible scale set takes identities and is refused one of its own', async () => {
  await using rig = await setup();
  const properties = { orchestrationMode: 'Flexible' };
  const id = await rig.create('Microsoft.Compute/virtualMachineScaleSets', { properties });
  expect(has((await rig.reach(id, { add: [rig.mine] })).host, rig.mine)).toBe(true);
  const { delta } = await rig.reach(id, { system: 'on' });
  expect(delta).toMatchObject({ kind: 'refused', reason: 'SystemAssignedNotSupported' });
});

test('containers on Windows are refused', async () => {
  await using rig = await setup();
  const id = await rig.create('Microsoft.ContainerInstance/containerGroups', {
    properties: { osType: 'Windows' },
  });
  const { delta } = await rig.reach(id, { add: [rig.mine] });
  expect(delta).toMatchObject({ kind: 'refused', reason: 'IdentityNotSupportedOnWindows' });
});

test('an unlisted type works by the version that is given, and not without one', async () => {
  await using rig = await setup();
  const type = 'Microsoft.CognitiveServices/accounts';
  const id = await rig.create(type, { apiVersions: ['2024-10-01'] });
  const version = { apiVersion: '2024-10-01' };
  expect(has((await rig.reach(id, { add: [rig.mine] }, version)).host, rig.mine)).toBe(true);
  await expect(rig.hosts.get(id, edit)).rejects.toThrow(
    'Expected an API version for Microsoft.CognitiveServices/accounts',
  );
  const listed: AzureHost[] = [];
  for await (const { hosts } of rig.hosts.list(rig.azure.subscriptionId, type, edit, version))
    listed.push(...hosts);
  expect(listed).toHaveLength(1);
  const wrong = await failure(rig.hosts.get(id, edit, { apiVersion: '1999-01-01' }));
  expect(classify(wrong)).toMatchObject({ kind: 'stalled', reason: 'ApiVersionNotSupported' });
});

test('API Management keeps what was removed in spite of success: only a read says so', async () => {
  await using rig = await setup();
  const identity = { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [rig.mine]: {} } };
  const id = await rig.create('Microsoft.ApiManagement/service', { identity });
  const { host } = await rig.get(id);
  const body = { type: 'SystemAssigned', userAssignedIdentities: null };
  const { operation } = await rig.hosts.patchIdentity(host, body, edit);
  expect(await rig.ended(operation, id)).toEqual({ state: 'succeeded' });
  expect(has((await rig.get(id)).host, rig.mine)).toBe(true);
});

test('what a GET hides is found before a PUT would lose it', async () => {
  await using rig = await setup();
  const environmentVariables = [
    { name: 'KEY', secureValue: 'secret' },
    { name: 'A', value: '1' },
  ];
  const containers = [{ name: 'c', properties: { image: 'i', environmentVariables } }];
  const id = await rig.create('Microsoft.ContainerInstance/containerGroups', { properties: { containers } });
  const { host, model } = await rig.get(id);
  expect(hiddenSecrets(host.type, model)).toEqual([
    'properties.containers[0].properties.environmentVariables[0].secureValue',
  ]);
});

describe('a write', () => {
  test('of a virtual machine is an operation that is polled from its URL alone, and attached when it ends', async () => {
    await using rig = await setup();
    const id = await rig.create(VM);
    await rig.azure.control.holdOperations({ id });
    const body = { type: 'UserAssigned', userAssignedIdentities: { [rig.mine]: {} } };
    const written = await rig.hosts.patchIdentity({ id }, body, edit);
    expect(written).toMatchObject({
      host: { provisioningState: 'Updating' },
      operation: { style: 'asyncOperation' },
      correlationId: expect.any(String),
    });
    expect(written.operation?.url.length).toBeGreaterThan(4096);
    const stored = JSON.parse(JSON.stringify(written.operation)) as HostOperation;
    expect(await rig.hosts.poll(stored, id, edit)).toMatchObject({ state: 'running' });
    expect(has((await rig.get(id)).host, rig.mine)).toBe(false);
    const busy = await failure(rig.hosts.patchIdentity({ id }, body, edit));
    expect(classify(busy)).toMatchObject({ kind: 'transient', reason: 'OperationInProgress' });
    await rig.azure.control.releaseOperations({ id });
    expect(await rig.ended(stored, id)).toEqual({ state: 'succeeded' });
    expect(has((await rig.get(id)).host, rig.mine)).toBe(true);
    await rig.azure.control.forgetOperations({ id });
    expect(await rig.hosts.poll(stored, id, edit)).toEqual({ state: 'unknown' });
  });

  test.each([VM, 'Microsoft.ApiManagement/service'])(
    'of %s whose operation fails says so in Azure’s words',
    async (type) => {
      await using rig = await setup();
      const id = await rig.create(type);
      const message = 'The resource is being deallocated.';
      await rig.azure.control.failNextOperation({ id, code: 'OperationNotAllowed', message });
      const body = { type: 'UserAssigned', userAssignedIdentities: { [rig.mine]: {} } };
      const { operation } = await rig.hosts.patchIdentity({ id }, body, edit);
      expect(await rig.ended(operation, id)).toMatchObject({
        state: 'failed',
        code: 'OperationNotAllowed',
        message,
      });
    },
  );

  test('that a site takes with 202 and no header is not done, and nothing shows when it is', async () => {
    await using rig = await setup();
    await rig.azure.control.setKnobs({ hosts: { siteWriteStatus: 202 } });
    const id = await rig.create('Microsoft.Web/sites');
    const attempts: string[] = [];
    const done = () => expect.fail('expected an attempt');
    rig.hosts.observedBy({
      recordGet: () => {},
      recordWrite: done,
      recordDelete: done,
      recordWriteAttempt: (at) => attempts.push(at),
    });
    const written = await rig.hosts.patchIdentity({ id }, { type: 'SystemAssigned' }, edit);
    expect(written).toMatchObject({ done: false });
    expect(written.operation).toBeUndefined();
    expect(attempts).toEqual([id]);
  });

  test('that was decided from an older read is refused by its etag, and nothing is lost', async () => {
    await using rig = await setup();
    const id = await rig.create(VM, {
      identity: { type: 'UserAssigned', userAssignedIdentities: { [rig.mine]: {} } },
    });
    const { host } = await rig.get(id);
    const added = { type: 'UserAssigned', userAssignedIdentities: { [rig.theirs]: {} } };
    await rig.azure.control.setHostIdentity({ id, merge: true, identity: added });
    const error = await failure(
      rig.hosts.patchIdentity(host, { type: 'None' }, edit, { ifMatch: host.etag }),
    );
    expect(classify(error)).toMatchObject({ kind: 'transient', reason: 'ChangedMeanwhile' });
    expect(has((await rig.get(id)).host, rig.mine, rig.theirs)).toBe(true);
  });

  test('that names a dead identity fails as a whole, and its text names it', async () => {
    await using rig = await setup();
    const [id, gone] = [await rig.create(VM), rig.id('gone')];
    const body = { type: 'UserAssigned', userAssignedIdentities: { [rig.mine]: {}, [gone]: {} } };
    const found = classify(await failure(rig.hosts.patchIdentity({ id }, body, edit)));
    expect(found).toMatchObject({ kind: 'stalled', reason: 'LinkedAuthorizationFailed' });
    expect(namedIdentities(found.error).map((each) => sameId(each, gone))).toEqual([true]);
    expect(linkedScopes(found.error).map((each) => sameId(each, gone))).toEqual([true]);
  });

  test('of the wrong kind never leaves: a PATCH that would be ignored, a PUT where a PATCH does', async () => {
    await using rig = await setup();
    const groups = await rig.create('Microsoft.ContainerInstance/containerGroups');
    const patch = rig.hosts.patchIdentity({ id: groups }, { type: 'SystemAssigned' }, edit);
    await expect(patch).rejects.toThrow('Expected a PUT for the identity of a Microsoft.ContainerInstance/');
    const put = rig.hosts.replace({ id: rig.mine }, {}, edit);
    await expect(put).rejects.toThrow('Expected a PATCH for the identity of');
    expect(rig.calls()).toEqual([]);
  });

  test('under a lock, and of a host that is gone, is distinguished', async () => {
    await using rig = await setup();
    const id = await rig.create(VM);
    await rig.azure.control.lock({ scope: id, level: 'ReadOnly' });
    const body = { type: 'SystemAssigned' };
    expect(classify(await failure(rig.hosts.patchIdentity({ id }, body, edit)))).toMatchObject({
      reason: 'ScopeLocked',
    });
    const none = id.replace('/h1', '/none');
    expect(classify(await failure(rig.hosts.patchIdentity({ id: none }, body, edit)))).toMatchObject({
      kind: 'notFound',
    });
  });
});

test('a recycled identity is dead on its host until it is removed and added in two writes', async () => {
  await using rig = await setup();
  const identity = {
    type: 'SystemAssigned, UserAssigned',
    userAssignedIdentities: { [rig.mine]: {}, [rig.theirs]: {} },
  };
  const id = await rig.create(VM, { identity });
  await rig.azure.control.recycleIdentity({ id: rig.mine });
  const dead = (await rig.get(id)).host;
  expect(has(dead, rig.mine)).toBe(false);
  expect(dead.identity.userAssigned).toHaveLength(2);
  expect((await rig.reach(id, { add: [rig.mine] })).sent).toEqual([]);
  const { sent, host } = await rig.reach(id, { add: [rig.mine], remove: [rig.mine] });
  expect(sent).toHaveLength(2);
  expect(has(host, rig.mine, rig.theirs)).toBe(true);
  expect(host.identity.principalId).toBe(dead.identity.principalId);
});

test('a host that is gone is absent, and one that may not be read is not', async () => {
  await using rig = await setup();
  const id = await rig.create(VM);
  expect(await rig.hosts.get(id.replace('/h1', '/none'), edit)).toMatchObject({
    found: false,
    missing: 'resource',
  });
  expect(await rig.hosts.get(id.replace('/rg1', '/rg2').replace('rg1', 'rg2'), edit)).toMatchObject({
    found: false,
    missing: 'resourceGroup',
  });
  await using weak = await setup({ role: undefined });
  const hidden = await weak.create(VM);
  expect(classify(await failure(weak.hosts.get(hidden, edit)))).toMatchObject({
    reason: 'AuthorizationFailed',
  });
});

describe('an operation’s URL', () => {
  test('of another host or subscription is never asked', async () => {
    await using rig = await setup();
    const id = await rig.create(VM);
    const before = rig.calls().length;
    for (const url of [
      'https://evil.example/subscriptions/x',
      `${rig.cloud.armEndpoint}/subscriptions/other/x`,
    ]) {
      const error = await failure(rig.hosts.poll({ url, style: 'location' }, id, edit));
      expect(error).toBeInstanceOf(AzureError);
      expect(classify(error)).toMatchObject({ kind: 'stalled', reason: 'ForeignOrigin' });
    }
    expect(rig.calls()).toHaveLength(before);
  });

  test('that is throttled is throttling, with the time that Azure asked for', async () => {
    await using rig = await setup();
    const id = await rig.create(VM);
    await rig.azure.control.holdOperations({ id });
    const { operation } = await rig.hosts.patchIdentity({ id }, { type: 'SystemAssigned' }, edit);
    const effect = { kind: 'status', status: 429, retryAfterSeconds: 7 } as const;
    await rig.azure.control.addFault({ method: 'GET', count: 1, effect });
    const error = operation && (await failure(rig.hosts.poll(operation, id, edit)));
    expect(classify(error)).toMatchObject({ kind: 'throttled', retryAfterMs: 7000 });
  });
});

test('each page of a list is a call, and follows its link', async () => {
  await using rig = await setup();
  for (const name of ['a1', 'b1', 'c1', 'd1', 'e1']) await rig.create(VM, {}, name);
  await rig.azure.control.setKnobs({ paging: { pageSize: 2 } });
  const sizes: number[] = [];
  for await (const { hosts } of rig.hosts.list(rig.azure.subscriptionId, VM, edit)) sizes.push(hosts.length);
  expect(sizes).toEqual([2, 2, 1]);
  expect(rig.calls('GET')).toHaveLength(3);
  expect(() => rig.hosts.list(rig.azure.subscriptionId, 'Microsoft.Web/sites/slots', edit)).toThrow(
    'beneath each parent',
  );
});

test('the observer hears of reads, of writes that are done, and of those that are not as attempts', async () => {
  await using rig = await setup();
  const seen: unknown[] = [];
  const observer: AzureObserver<AzureHost> = {
    recordGet: (id, found) => seen.push(['get', id, found?.identity.system]),
    recordWrite: ({ id, identity }) => seen.push(['write', id, identity.system]),
    recordDelete: (id) => seen.push(['delete', id]),
    recordWriteAttempt: (id) => seen.push(['attempt', id]),
  };
  const vm = await rig.create(VM);
  const account = await rig.create('Microsoft.Storage/storageAccounts');
  rig.hosts.observedBy(observer);
  const on = { type: 'SystemAssigned' };
  await rig.hosts.get(vm, edit);
  const { operation } = await rig.hosts.patchIdentity({ id: vm }, on, edit);
  await rig.ended(operation, vm);
  await rig.hosts.patchIdentity({ id: account }, on, edit);
  await rig.azure.control.addFault({ method: 'PATCH', count: 1, effect: { kind: 'reset', when: 'after' } });
  await failure(rig.hosts.patchIdentity({ id: account }, on, edit));
  await rig.azure.control.addFault({ method: 'PATCH', count: 1, effect: { kind: 'truncate' } });
  await failure(rig.hosts.patchIdentity({ id: account }, on, edit));
  await rig.azure.control.addFault({ method: 'PATCH', count: 1, effect: { kind: 'status', status: 409 } });
  await failure(rig.hosts.patchIdentity({ id: account }, on, edit));
  await rig.azure.control.deleteHost({ id: account });
  await failure(rig.hosts.patchIdentity({ id: account }, on, edit));
  await rig.hosts.get(account, edit);
  expect(seen).toEqual([
    ['get', vm, false],
    ['attempt', vm],
    ['write', account, true],
    ['attempt', account],
    ['attempt', account],
    ['get', account, undefined],
  ]);
});

test('writes to one host go one at a time, and those of another do not wait', async () => {
  let [running, most] = [0, 0];
  await using rig = await setup({
    intercept: async ({ method, url }, next) => {
      if (method !== 'PATCH' || !url.includes('/h1')) return await next();
      most = Math.max(most, ++running);
      const answer = await next();
      running--;
      return answer;
    },
  });
  const type = 'Microsoft.Storage/storageAccounts';
  const [one, two] = [await rig.create(type), await rig.create(type, {}, 'h2')];
  const on = { type: 'SystemAssigned' };
  const all = [one, one, one.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions'), two];
  await Promise.all(all.map((id) => rig.hosts.patchIdentity({ id }, on, edit)));
  expect(most).toBe(1);
});
