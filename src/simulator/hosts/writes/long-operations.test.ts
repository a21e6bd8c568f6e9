/** Simulator rows 23, 24 and 25: operations, their URLs, busy hosts, preconditions and the limit of updates. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, SCALE_SET, startHostStage, VM } from '../stage.fixture.ts';

let stage: HostStage;
let vm: string;
let id1: string;

beforeEach(async () => {
  stage = await startHostStage();
  vm = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1' }).id;
  id1 = stage.identity('id1');
});
afterEach(() => stage[Symbol.asyncDispose]());

const attach = (host = vm, headers: Record<string, string> = {}) =>
  stage.call('PATCH', host, {
    body: { identity: { type: 'UserAssigned', userAssignedIdentities: { [id1]: {} } } },
    headers,
  });
const takes = (ms: number, area = 'virtualMachines') =>
  stage.control.setKnobs({ latencyMs: { [`${area}.update.operation`]: ms } });
const poll = (answer: { headers: Readonly<Record<string, string | undefined>> }) =>
  stage.call('GET', answer.headers['azure-asyncoperation'] ?? answer.headers.location ?? '');
const attached = (id = vm) => stage.control.host({ id }).attached.length;

test('row 23: while one operation runs a further write is 409 on this host and not on another', async () => {
  takes(15_000);
  await attach();
  expect(await attach()).toMatchObject({
    status: 409,
    body: { error: { code: 'AnotherOperationInProgress' } },
  });
  const other = stage.control.createHost({ name: 'vm2', resourceGroup: 'rg1' }).id;
  expect((await attach(other)).status).toBe(200);
  stage.clock.advance(15_000);
  expect((await attach()).status).toBe(200);
});

test('row 24: a failed operation reports code and message, and has had no effect', async () => {
  stage.control.failNextOperation({ id: vm, code: 'VMExtensionProvisioningError', message: 'no luck' });
  expect((await poll(await attach())).body).toMatchObject({
    status: 'Failed',
    error: { code: 'VMExtensionProvisioningError', message: 'no luck' },
  });
  expect(stage.control.host({ id: vm })).toMatchObject({
    attached: [],
    provisioningState: 'Failed',
    busy: false,
  });
  expect((await poll(await attach())).body.status).toBe('Succeeded');
  expect(attached()).toBe(1);
});

test('row 24: an operation may be cancelled, or never end until it is released', async () => {
  stage.control.holdOperations({ id: vm });
  takes(15_000);
  const first = await attach();
  stage.clock.advance(16 * 60_000);
  expect((await poll(first)).body.status).toBe('InProgress');
  expect(stage.control.cancelOperation({ id: vm })).toEqual({ canceled: true });
  expect((await poll(first)).body).toMatchObject({
    status: 'Canceled',
    error: { code: 'OperationCanceled' },
  });
  const second = await attach();
  stage.clock.advance(15_000);
  expect(attached()).toBe(0);
  stage.control.releaseOperations();
  expect((await poll(second)).body.status).toBe('Succeeded');
  expect(attached()).toBe(1);
});

test('what runs on a host ends with it, and does not reach the one made again under its id', async () => {
  takes(15_000);
  const first = await attach();
  stage.control.recycleHost({ id: vm });
  expect((await poll(first)).body.status).toBe('Canceled');
  expect(stage.control.host({ id: vm })).toMatchObject({ busy: false, attached: [] });
  await attach();
  stage.clock.advance(14_999);
  expect(attached()).toBe(0);
  stage.clock.advance(1);
  expect(attached()).toBe(1);
});

test('row 24: Location answers 202 while it runs and then the resource, or the error; Retry-After by knob', async () => {
  stage.control.setKnobs({ hosts: { pollSeconds: 15 } });
  takes(20_000, 'containerApps');
  const type = 'Microsoft.App/containerApps';
  const app = stage.control.createHost({ type, name: 'app', resourceGroup: 'rg1' }).id;
  const started = await attach(app);
  expect(started).toMatchObject({ status: 202, body: undefined, headers: { 'retry-after': '15' } });
  const running = await poll(started);
  expect(running).toMatchObject({ status: 202, headers: { 'retry-after': '15' } });
  expect(running.headers.location).toBe(started.headers.location);
  stage.clock.advance(20_000);
  expect(await poll(started)).toMatchObject({
    status: 200,
    body: { id: app, identity: { type: 'UserAssigned' } },
  });
  stage.control.failNextOperation({ id: app, code: 'ContainerAppOperationError' });
  const failing = await attach(app);
  stage.clock.advance(20_000);
  expect(await poll(failing)).toMatchObject({
    status: 500,
    body: { error: { code: 'ContainerAppOperationError' } },
  });
});

test('an operation is found by its whole URL only, and not for ever', async () => {
  const url = (await attach()).headers['azure-asyncoperation'] ?? '';
  expect((await stage.call('GET', url.replace(/&c=[^&]*/, ''))).status).toBe(404);
  expect((await stage.call('GET', url)).status).toBe(200);
  expect(stage.control.forgetOperations({ id: vm })).toEqual({ forgotten: 1 });
  expect(await stage.call('GET', url)).toMatchObject({
    status: 404,
    body: { error: { code: 'OperationNotFound' } },
  });
});

test('whether answers and GET show the new state from the start is a knob', async () => {
  takes(15_000);
  stage.control.setKnobs({ hosts: { identityShows: 'at-end' } });
  const answer = await attach();
  expect(answer.body.properties.provisioningState).toBe('Updating');
  expect(answer.body).not.toHaveProperty('identity');
  expect((await stage.call('GET', vm)).body).not.toHaveProperty('identity');
});

test('what a failed write leaves is a knob: what was there, or the new state', async () => {
  const system = { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [id1]: {} } };
  const write = () => stage.call('PATCH', vm, { body: { identity: system } });
  stage.control.failNextOperation({ id: vm });
  const { principalId } = (await write()).body.identity;
  expect(stage.control.host({ id: vm })).toMatchObject({ system: null, attached: [] });
  // Its principal went with the write that would have brought it.
  expect(stage.control.restorePrincipal({ objectId: principalId }).restored).toBe(true);
  stage.control.setKnobs({ hosts: { failedWriteLeaves: 'new' } });
  stage.control.failNextOperation({ id: vm });
  const shown = (await write()).body.identity.principalId;
  expect(stage.control.host({ id: vm })).toMatchObject({
    system: { principalId: shown },
    attached: [{ id: id1 }],
    provisioningState: 'Failed',
  });
  stage.control.failNextOperation({ id: vm });
  await stage.call('DELETE', vm);
  expect((await stage.call('GET', vm)).status).toBe(200);
});

test('a write that answers when it is done keeps its host busy meanwhile', async () => {
  takes(3_000, 'sites');
  const app = stage.control.createHost({ type: 'Microsoft.Web/sites', name: 'app', resourceGroup: 'rg1' }).id;
  const first = attach(app);
  while (!stage.control.host({ id: app }).busy) await new Promise(setImmediate);
  expect(await attach(app)).toMatchObject({ status: 409, body: { error: { code: 'Conflict' } } });
  stage.clock.advance(3_000);
  expect(await first).toMatchObject({ status: 200, body: { identity: { type: 'UserAssigned' } } });
});

test('a deletion runs as long as it takes, goes before what runs, and leaves no host', async () => {
  stage.control.setKnobs({ latencyMs: { 'virtualMachines.delete.operation': 30_000 } });
  takes(15_000);
  const running = await attach();
  const answer = await stage.call('DELETE', vm);
  expect(answer.status).toBe(202);
  expect((await poll(running)).body.status).toBe('Canceled');
  expect((await stage.call('GET', vm)).body.properties.provisioningState).toBe('Deleting');
  stage.clock.advance(30_000);
  expect((await poll(answer)).body.status).toBe('Succeeded');
  expect((await stage.call('GET', vm)).status).toBe(404);
});

test.each([VM, SCALE_SET, 'Microsoft.ContainerService/managedClusters'])(
  'row 22: %s has an etag, and If-Match of an older one is 412',
  async (type) => {
    const host = stage.control.createHost({ type, name: 'h', resourceGroup: 'rg1' }).id;
    const { body, headers } = await stage.call('GET', host);
    const cluster = type.endsWith('managedClusters');
    const etagOf = (given: { etag?: string; eTag?: string }) => (cluster ? given.eTag : given.etag) ?? '';
    const etag = etagOf(body);
    expect([etag !== '', headers.etag]).toEqual([true, cluster ? undefined : etag]);
    const write = (etag: string) =>
      stage.call('PUT', host, {
        body: { location: 'westeurope', identity: { type: 'SystemAssigned' } },
        headers: { 'if-match': etag },
      });
    stage.control.tagHost({ id: host, tags: { by: 'someone' } });
    expect(await write(etag)).toMatchObject({
      status: 412,
      body: { error: { code: 'PreconditionFailed' } },
    });
    expect(stage.control.host({ id: host }).system).toBeNull();
    expect((await write(etagOf((await stage.call('GET', host)).body))).status).toBeLessThan(300);
    const none = { body: { location: 'westeurope' }, headers: { 'if-none-match': '*' } };
    expect((await stage.call('PUT', host, none)).status).toBe(412);
  },
);

test('row 23: about 12 updates per machine and window, reported in a header; the 13th is 429', async () => {
  stage.control.setKnobs({ throttling: { compute: true } });
  const header = 'x-ms-ratelimit-remaining-resource';
  expect((await attach()).headers[header]).toBe('Microsoft.Compute/UpdateVMResource;11');
  for (let n = 0; n < 11; n++) await attach();
  const refused = await attach();
  expect([refused.status, Number(refused.headers['retry-after']) > 0]).toEqual([429, true]);
  const other = stage.control.createHost({ name: 'vm2', resourceGroup: 'rg1' }).id;
  expect((await attach(other)).status).toBe(200);
  stage.clock.advance(15_000);
  expect((await attach()).status).toBe(200);
});

test('row 25: writes of hosts come out of the subscription’s bucket', async () => {
  stage.control.setKnobs({ throttling: { arm: true } });
  expect((await attach()).headers['x-ms-ratelimit-remaining-subscription-writes']).toBe('199');
});

test('the honest preset takes the times that were recorded', async () => {
  stage.control.usePreset({ preset: 'honest' });
  const started = attach();
  while (!stage.control.host({ id: vm }).busy) {
    stage.clock.advance(200);
    await new Promise(setImmediate);
  }
  const answer = await started;
  expect(answer.headers['retry-after']).toBe('15');
  stage.clock.advance(9_000);
  expect(attached()).toBe(0);
  stage.clock.advance(11_000);
  expect(attached()).toBe(1);
});
