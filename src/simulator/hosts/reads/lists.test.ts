/** Simulator row 26a: the providers' own lists, and the generic one. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, SCALE_SET, startHostStage, VM } from '../stage.fixture.ts';

let stage: HostStage;
let subscription: string;

beforeEach(async () => {
  stage = await startHostStage();
  subscription = `/subscriptions/${stage.simulator.subscriptionId}`;
});
afterEach(() => stage[Symbol.asyncDispose]());

const make = (name: string, type = VM, tags: Record<string, string> = {}) =>
  stage.control.createHost({ type, name, resourceGroup: 'rg1', tags }).id;
const list = async (path: string, caller?: string) =>
  (await stage.call('GET', path, caller === undefined ? {} : { caller })).body.value;
const names = async (path: string, caller?: string) =>
  (await list(path, caller)).map(({ name }: { name: string }) => name);
const resources = (filter?: string, more = '') =>
  `${subscription}/resources?api-version=2021-04-01${filter === undefined ? '' : `&$filter=${encodeURIComponent(filter)}`}${more}`;

test('lists lag behind writes, GET does not', async () => {
  stage.control.setKnobs({ propagation: { listLagMs: 60_000 } });
  const vm = make('vm1');
  const path = `${subscription}/providers/${VM}`;
  expect(await list(path)).toEqual([]);
  expect((await stage.call('GET', vm)).status).toBe(200);
  stage.clock.advance(60_000);
  stage.control.setHostIdentity({ id: vm, identity: { type: 'SystemAssigned' } });
  expect(await list(path)).toMatchObject([{ name: 'vm1' }]);
  expect((await list(path))[0]).not.toHaveProperty('identity');
  stage.control.settle();
  expect(await list(path)).toMatchObject([{ identity: { type: 'SystemAssigned' } }]);
  stage.clock.advance(1);
  stage.control.deleteHost({ id: vm });
  expect(await names(path)).toEqual(['vm1']);
  stage.clock.advance(60_000);
  expect(await names(path)).toEqual([]);
});

test('a fresh creation may be missed by a GET for a moment', async () => {
  stage.control.setKnobs({ propagation: { readAfterWriteMs: 3_000 } });
  const vm = make('vm1');
  expect((await stage.call('GET', vm)).status).toBe(404);
  stage.clock.advance(3_000);
  expect((await stage.call('GET', vm)).status).toBe(200);
});

test('a list holds what the caller may read, of its own type and area, without an error for the rest', async () => {
  stage.control.createResourceGroup({ name: 'rg2' });
  stage.control.createHost({ name: 'other', resourceGroup: 'rg2' });
  make('vm1');
  const own = make('vm2');
  make('set', SCALE_SET);
  const { objectId } = stage.control.createPrincipal({ displayName: 'team' });
  stage.control.nameCaller({ objectId, name: 'team' });
  const path = `${subscription}/providers/${VM}`;
  expect(await names(path)).toEqual(['other', 'vm1', 'vm2']);
  expect(await names(`${stage.group}/providers/${VM}`)).toEqual(['vm1', 'vm2']);
  expect(await names(path, 'team')).toEqual([]);
  stage.control.grant({ principalId: objectId, role: 'Reader', scope: own });
  expect(await names(path, 'team')).toEqual(['vm2']);
  expect(await names(resources(), 'team')).toEqual(['vm2']);
});

test('slots are listed by their site; the sites’ list does not hold them', async () => {
  const site = make('app', 'Microsoft.Web/sites');
  make('app/staging', 'Microsoft.Web/sites/slots');
  make('application', 'Microsoft.Web/sites');
  expect(await names(`${site}/slots`)).toEqual(['app/staging']);
  expect(await names(`${subscription}/providers/Microsoft.Web/sites`)).toEqual(['app', 'application']);
  expect(await names(resources("resourceType eq 'Microsoft.Web/sites/slots'"))).toEqual(['app/staging']);
  expect(stage.control.deleteHost({ id: site })).toEqual({ deleted: true });
  expect(stage.control.hosts().map(({ name }) => name)).toEqual(['application']);
});

test('a slot needs its site', async () => {
  const slot = stage.id('Microsoft.Web/sites/slots', 'app/staging');
  const put = () => stage.call('PUT', slot, { body: { location: 'westeurope' } });
  expect(await put()).toMatchObject({ status: 404, body: { error: { code: 'ParentResourceNotFound' } } });
  make('app', 'Microsoft.Web/sites');
  expect((await put()).status).toBe(200);
  await stage.call('PATCH', slot, { body: { identity: { type: 'SystemAssigned' } } });
  const { system } = stage.control.host({ id: slot });
  const { accessToken } = await stage.control.token({ objectId: system?.principalId });
  await stage.call('GET', slot, { headers: { authorization: `Bearer ${accessToken}` } });
  // Its service principal's name in the directory.
  expect(stage.simulator.requests().at(-1)).toMatchObject({ caller: 'app/slots/staging', status: 403 });
});

test('lists may spell the group in another case, and a provider may leave identity out', async () => {
  const vm = make('vm1');
  stage.control.setHostIdentity({ id: vm, identity: { type: 'SystemAssigned' } });
  stage.control.setKnobs({ hosts: { upperCaseGroupsInLists: true, listsWithoutIdentity: [VM] } });
  const [item] = await list(`${subscription}/providers/${VM}`);
  expect(item.id).toBe(vm.replace('/rg1/', '/RG1/'));
  expect(item).not.toHaveProperty('identity');
  expect((await stage.call('GET', item.id)).body).toMatchObject({
    id: vm,
    identity: { type: 'SystemAssigned' },
  });
});

test('the generic list filters by type, expands times, and shows identities by knob', async () => {
  const vm = make('vm1', VM, { team: 'a' });
  make('set', SCALE_SET);
  stage.identity('id1');
  stage.control.setHostIdentity({ id: vm, identity: { type: 'SystemAssigned' } });
  const path = resources(`resourceType eq '${VM}'`, '&$expand=createdTime,changedTime,provisioningState');
  expect(await list(path)).toEqual([
    {
      id: vm,
      name: 'vm1',
      type: VM,
      location: 'westeurope',
      tags: { team: 'a' },
      identity: expect.objectContaining({ type: 'SystemAssigned' }),
      createdTime: '2026-11-23T10:00:00.000Z',
      changedTime: '2026-11-23T10:00:00.000Z',
      provisioningState: 'Succeeded',
    },
  ]);
  stage.control.setKnobs({ hosts: { genericListIdentity: false } });
  expect((await list(path))[0]).not.toHaveProperty('identity');
  expect(await names(resources())).toEqual(['vm1', 'set', 'id1']);
  const either = `resourceType eq '${VM}' or resourceType eq '${SCALE_SET}' and name eq 'set'`;
  expect(await names(resources(either))).toEqual(['vm1', 'set']);
});

test('filtered by tag the tags are left out; tags beside other fields and unknown fields are refused', async () => {
  make('vm1', VM, { team: 'a' });
  make('vm2', VM, { team: 'b' });
  const found = await list(resources("tagName eq 'team' and tagValue eq 'a'"));
  expect(found).toMatchObject([{ name: 'vm1' }]);
  expect(found[0]).not.toHaveProperty('tags');
  for (const filter of [`resourceType eq '${VM}' and tagName eq 'team'`, "colour eq 'red'", "name ne 'a'"])
    expect(await stage.call('GET', resources(filter))).toMatchObject({
      status: 400,
      body: { error: { code: 'InvalidFilterInQueryString' } },
    });
});

test('the generic list finds a resource by the principal of its system-assigned identity, in pages', async () => {
  const vm = make('vm1');
  for (const name of ['vm2', 'vm3']) make(name);
  stage.control.setHostIdentity({ id: vm, identity: { type: 'SystemAssigned' } });
  const principalId = stage.control.host({ id: vm }).system?.principalId ?? '';
  expect(await names(resources(`identity/principalId eq '${principalId}'`))).toEqual(['vm1']);
  const first = await stage.call('GET', resources(undefined, '&$top=2'));
  expect(first.body.value).toHaveLength(2);
  expect(await names(first.body.nextLink)).toEqual(['vm3']);
});
