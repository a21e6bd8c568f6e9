import { describe, expect, test } from 'vitest';
import { Hosts } from '../../src/azure/hosts/hosts.ts';
import { armKey } from '../../src/azure/names/resource-id.ts';
import { AzureCache } from '../../src/cache/azure-cache.ts';
import { areaOfHost, hostArea } from '../../src/cache/hosts/area.ts';
import { hostDefinition } from '../../src/cache/hosts/hosts.ts';
import type { How } from '../../src/cache/store/entry.ts';
import type { RigOptions } from '../azure/rig.ts';
import { minute, startStage, until } from './stage.ts';

const VMS = 'Microsoft.Compute/virtualMachines';
const SITES = 'Microsoft.Web/sites';
const SLOTS = `${SITES}/slots`;
const ODD = 'Contoso.Things/boxes';

/** A cache over azid's own `Hosts`, which ask the simulated Azure. */
async function setup(options: RigOptions = {}) {
  const stage = await startStage(options);
  const { azure, access, scheduler, clock, permissions, stopping, subscriptionId, group } = stage;
  const hosts = new Hosts({ access, scheduler, clock, tenantId: azure.tenantId, credential: 'azid' });
  const { signal } = stopping;
  const definition = hostDefinition({
    hosts,
    permissions,
    clock,
    signal,
    apiVersionOf: (type) => (type === ODD.toLowerCase() ? '2024-10-01' : undefined),
  });
  const cache = new AzureCache(definition, { clock, signal, random: () => 0.5 });
  const changes: [string, How][] = [];
  cache.onChange((key, how) => changes.push([key.split('/').at(-1) ?? '', how]));
  const use = async (area: string) => {
    cache.use(area, [area]);
    await cache.whenLoaded(area);
    await stage.quiet();
  };
  const resync = async (area: string) => {
    clock.advance(10 * minute);
    await until('the next list', () => (cache.age(area) ?? Number.POSITIVE_INFINITY) < 10 * minute);
    await stage.quiet();
  };
  const create = async (type: string, name: string, more = {}) => {
    await azure.control.createHost({ type, name, resourceGroup: 'rg1', ...more });
    const [namespace, ...types] = type.split('/');
    const names = name.split('/');
    return `${group}/providers/${namespace}/${types.map((each, n) => `${each}/${names[n]}`).join('/')}`;
  };
  /** Paths of calls since the last drain, without the questions for rights. */
  let drained = 0;
  const drain = () => {
    const all = stage.calls();
    const fresh = all.slice(drained).map(({ method, path }) => `${method} ${path}`.toLowerCase());
    drained = all.length;
    return fresh.filter((call) => !call.includes('/permissions'));
  };
  return {
    ...stage,
    cache,
    hosts,
    changes,
    use,
    resync,
    create,
    drain,
    area: (type: string) => hostArea(subscriptionId, type),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await cache.stop();
      await azure.stop();
    },
  };
}

/** One of each type that has a list by subscription. */
const LISTED = [
  VMS,
  'Microsoft.Compute/virtualMachineScaleSets',
  SITES,
  'Microsoft.Logic/workflows',
  'Microsoft.ContainerInstance/containerGroups',
  'Microsoft.App/containerApps',
  'Microsoft.ContainerService/managedClusters',
  'Microsoft.Storage/storageAccounts',
  'Microsoft.DataFactory/factories',
  'Microsoft.ApiManagement/service',
  'Microsoft.Automation/automationAccounts',
];

/** Nothing in these says that they were made again, but the principal of their own identity; as the simulator answers. */
const SILENT = [
  SITES,
  'Microsoft.ContainerInstance/containerGroups',
  'Microsoft.App/containerApps',
  'Microsoft.ContainerService/managedClusters',
];

test.each(LISTED)('%s: recycled, its new principal is noticed by one list', async (type) => {
  await using it = await setup();
  const identity = { type: 'SystemAssigned' };
  const id = await it.create(type, 'host1', { identity, tags: { team: 'a' } });
  await it.create(type, 'host2', { identity });
  await it.use(it.area(type));
  expect(it.cache.completeness(it.area(type))).toMatchObject({ state: 'complete' });
  const [host] = it.cache.present(hostArea(it.subscriptionId, type.toUpperCase()));
  expect(host).toMatchObject({ tags: { team: 'a' }, type });
  // A GET says the same as the list.
  it.changes.length = 0;
  await it.cache.refresh(id, 'edit');
  expect(it.changes).toEqual([]);
  await it.azure.control.recycleHost({ id, identity });
  it.drain();
  await it.resync(it.area(type));
  expect(it.changes).toEqual([['host1', 'list']]);
  expect(it.drain()).toHaveLength(1);
  expect(it.cache.byIndex('principal', host?.identity.principalId ?? '')).toEqual([]);
});

test.each(LISTED.filter((type) => !SILENT.includes(type)))(
  '%s: recycled with the same identity, it is noticed by one list',
  async (type) => {
    await using it = await setup();
    const { id: identityId } = await it.azure.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [identityId]: {} } };
    const id = await it.create(type, 'host1', { identity });
    await it.use(it.area(type));
    expect(it.cache.byIndex('identity', armKey(identityId))).toHaveLength(1);
    it.changes.length = 0;
    it.clock.advance(minute);
    await it.azure.control.recycleHost({ id, identity });
    await it.resync(it.area(type));
    expect(it.changes).toEqual([['host1', 'list']]);
  },
);

test('a recycled identity leaves dead entries on its hosts, which the list shows', async () => {
  await using it = await setup();
  const { id: identityId } = await it.azure.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  const identity = { type: 'UserAssigned', userAssignedIdentities: { [identityId]: {} } };
  const id = await it.create(VMS, 'vm1', { identity });
  await it.use(it.area(VMS));
  it.changes.length = 0;
  await it.azure.control.recycleIdentity({ id: identityId });
  await it.resync(it.area(VMS));
  expect(it.changes).toEqual([['vm1', 'list']]);
  const [host] = it.cache.byIndex('identity', armKey(identityId));
  expect(host?.key).toBe(armKey(id));
  expect(host?.identity.userAssigned[0]).not.toHaveProperty('principalId');
});

test('500 VMs cost their pages and one question for rights with each resync, whatever changes', async () => {
  await using it = await setup();
  await it.azure.control.setKnobs({ paging: { pageSize: 100 } });
  for (let n = 0; n < 500; n++) await it.create(VMS, `vm${n}`);
  await it.use(it.area(VMS));
  expect(it.calls()).toHaveLength(6);
  for (let n = 0; n < 500; n += 10)
    await it.azure.control.recycleHost({ id: `${it.group}/providers/${VMS}/vm${n}` });
  it.changes.length = 0;
  await it.resync(it.area(VMS));
  expect(it.changes).toHaveLength(50);
  for (let n = 0; n < 3; n++) await it.resync(it.area(VMS));
  expect(it.calls()).toHaveLength(30);
  expect(it.changes).toHaveLength(50);
});

describe('slots', () => {
  test('are listed for the sites in use, one call each, and for all with the list of sites', async () => {
    await using it = await setup();
    for (const site of ['app1', 'app2', 'app3']) {
      await it.create(SITES, site);
      await it.create(SLOTS, `${site}/staging`);
    }
    const named = areaOfHost(`${it.group}/providers/${SITES}/app1/slots/staging`);
    it.drain();
    await it.use(named);
    expect(it.drain()).toEqual([expect.stringContaining('/sites/app1/slots')]);
    expect(it.cache.present(hostArea(it.subscriptionId, SLOTS))).toHaveLength(1);
    await it.use(it.area(SLOTS));
    // The list of sites, and the two that were not in use.
    expect(it.drain()).toHaveLength(3);
    expect(it.cache.present(hostArea(it.subscriptionId, SLOTS))).toHaveLength(3);
    expect(it.cache.completeness(it.area(SLOTS))).toMatchObject({ state: 'complete' });
  });

  test('of a site that does not exist yet are found when it comes', async () => {
    await using it = await setup();
    const id = `${it.group}/providers/${SITES}/app1/slots/staging`;
    const area = areaOfHost(id);
    await it.use(area);
    expect(it.cache.observe(id)).toEqual({ state: 'suspectAbsent' });
    await it.create(SITES, 'app1');
    await it.create(SLOTS, 'app1/staging');
    await it.resync(area);
    expect(it.cache.observe(id)).toMatchObject({ state: 'present', how: 'list' });
  });
});

describe('completeness', () => {
  test('a caller without rights gets a short list without an error, which is partial', async () => {
    await using it = await setup({ role: undefined });
    await it.create(VMS, 'vm1');
    await it.use(it.area(VMS));
    expect(it.cache.present(hostArea(it.subscriptionId, VMS))).toEqual([]);
    expect(it.cache.completeness(it.area(VMS))).toEqual({
      state: 'partial',
      reason: expect.stringContaining(`no right to ${VMS}/read`),
    });
  });

  test('a list without identities takes none away', async () => {
    await using it = await setup();
    await it.azure.control.setKnobs({ hosts: { listsWithoutIdentity: [VMS] } });
    const { id: identityId } = await it.azure.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [identityId]: {} } };
    const id = await it.create(VMS, 'vm1', { identity });
    await it.use(it.area(VMS));
    expect(it.cache.byIndex('identity', armKey(identityId))).toEqual([]);
    await it.cache.refresh(id, 'edit');
    it.changes.length = 0;
    await it.resync(it.area(VMS));
    await it.resync(it.area(VMS));
    expect(it.changes).toEqual([]);
    expect(it.cache.byIndex('identity', armKey(identityId))).toHaveLength(1);
  });
});

test('a type that azid does not know is listed with the version its objects give', async () => {
  await using it = await setup();
  const id = await it.create(ODD, 'box1', { apiVersions: ['2024-10-01'] });
  await it.use(it.area(ODD));
  expect(it.cache.observe(id)).toMatchObject({ state: 'present', how: 'list' });
  expect(await it.cache.refresh(id, 'edit')).toMatchObject({ state: 'present', how: 'get' });
});

test('a host whose list has it in another case is one host', async () => {
  await using it = await setup();
  await it.azure.control.setKnobs({ hosts: { upperCaseGroupsInLists: true } });
  const id = await it.create(VMS, 'vm1');
  await it.use(it.area(VMS));
  await it.cache.refresh(id, 'edit');
  expect(it.cache.present(hostArea(it.subscriptionId, VMS))).toHaveLength(1);
});

test('a write that is under way is read when the lag is over', async () => {
  await using it = await setup();
  const { id: identityId } = await it.azure.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  const id = await it.create(VMS, 'vm1');
  await it.use(it.area(VMS));
  const seen = it.cache.observe(id);
  if (seen.state !== 'present') throw new Error('expected the VM to be there');
  const body = { type: 'UserAssigned', userAssignedIdentities: { [identityId]: {} } };
  await it.hosts.patchIdentity(seen.resource, body, { priority: 'edit' });
  it.clock.advance(2 * minute);
  await until('the re-read', () => it.cache.byIndex('identity', armKey(identityId)).length === 1);
});
