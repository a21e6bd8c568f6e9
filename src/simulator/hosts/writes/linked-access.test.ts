/** Simulator rows 5, 6, 7, 18 and 19 as hosts show them: rights, dead and recycled identities, restrictions, locks. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, SCALE_SET, startHostStage, VM } from '../stage.fixture.ts';

let stage: HostStage;
let vm: string;
let id1: string;
let id2: string;
let objectId: string;

beforeEach(async () => {
  stage = await startHostStage();
  vm = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1' }).id;
  id1 = stage.identity('id1');
  id2 = stage.identity('id2');
  objectId = stage.control.createPrincipal({ displayName: 'team' }).objectId;
  stage.control.nameCaller({ objectId, name: 'team' });
});
afterEach(() => stage[Symbol.asyncDispose]());

type Map = Record<string, unknown>;
const patch = (userAssignedIdentities: Map, caller?: string, host = vm) =>
  stage.call('PATCH', host, {
    body: { identity: { type: 'UserAssigned', userAssignedIdentities } },
    ...(caller !== undefined && { caller }),
  });
const grant = (role: string, scope: string) => stage.control.grant({ principalId: objectId, role, scope });
const code = (answer: { readonly status: number; readonly body: { error?: { code: string } } }) => [
  answer.status,
  answer.body.error?.code,
];
const attached = () => stage.control.host({ id: vm }).attached;
const ASSIGN = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';

test('row 18: attaching needs write on the host and assign/action on each identity it adds, removing only the former', async () => {
  expect(code(await patch({ [id1]: {} }, 'team'))).toEqual([403, 'AuthorizationFailed']);
  grant('Virtual Machine Contributor', vm);
  grant('Managed Identity Operator', id1);
  const appId = /The client '([^']+)'/.exec((await patch({ [id2]: {} }, 'team')).body.error.message)?.[1];
  expect(await patch({ [id1]: {}, [id2]: {} }, 'team')).toMatchObject({
    status: 403,
    body: {
      error: {
        code: 'LinkedAuthorizationFailed',
        message: `The client '${appId}' with object id '${objectId}' has permission to perform action 'Microsoft.Compute/virtualMachines/write' on scope '${vm}'; however, it does not have permission to perform action(s) '${ASSIGN}' on the linked scope(s) '${id2}' (respectively) or the linked scope(s) are invalid.`,
      },
    },
  });
  expect((await patch({ [id1]: {} }, 'team')).status).toBe(200);
  stage.control.setHostIdentity({
    id: vm,
    identity: { type: 'UserAssigned', userAssignedIdentities: { [id1]: {}, [id2]: {} } },
  });
  // Named again without a right to assign it: by knob.
  expect((await patch({ [id2]: {} }, 'team')).status).toBe(200);
  stage.control.setKnobs({ hosts: { linkedAccess: 'named' } });
  expect(code(await patch({ [id2]: {} }, 'team'))).toEqual([403, 'LinkedAuthorizationFailed']);
  expect((await patch({ [id2]: null }, 'team')).status).toBe(200);
  expect(attached().map(({ id }) => id)).toEqual([id1]);
});

test('row 18: a deny assignment on assign/action beats a grant of it', async () => {
  grant('Contributor', stage.group);
  expect((await patch({ [id1]: {} }, 'team')).status).toBe(200);
  stage.control.deny({ principalId: objectId, scope: id2, actions: ['*/assign/action'] });
  expect(code(await patch({ [id2]: {} }, 'team'))).toEqual([403, 'LinkedAuthorizationFailed']);
});

test('row 18: one identity that does not exist fails the whole PATCH by name; its removal does not', async () => {
  const ghost = id1.replace('id1', 'ghost');
  const refused = await patch({ [id1]: {}, [ghost]: {} });
  expect(code(refused)).toEqual([403, 'LinkedAuthorizationFailed']);
  expect(refused.body.error.message).toContain(`linked scope(s) '${ghost}' (respectively)`);
  expect(attached()).toEqual([]);
  await patch({ [id1]: {}, [id2]: {} });
  stage.control.deleteIdentity({ id: id2 });
  expect(code(await patch({ [id2]: {} }))).toEqual([403, 'LinkedAuthorizationFailed']);
  const put = { [id1]: {}, [id2]: {} };
  const body = { location: 'westeurope', identity: { type: 'UserAssigned', userAssignedIdentities: put } };
  expect(code(await stage.call('PUT', vm, { body }))).toEqual([403, 'LinkedAuthorizationFailed']);
  expect((await patch({ [id2]: null })).status).toBe(200);
  expect(attached().map(({ id }) => id)).toEqual([id1]);
});

test('a dead entry that a PATCH does not name is in its way only by knob', async () => {
  await patch({ [id1]: {} });
  stage.control.deleteIdentity({ id: id1 });
  expect((await patch({ [id2]: {} })).status).toBe(200);
  stage.control.setKnobs({ hosts: { deadEntriesFail: 'held' } });
  expect(code(await patch({ [id2]: {} }))).toEqual([403, 'LinkedAuthorizationFailed']);
  expect((await patch({ [id1]: null })).status).toBe(200);
});

test('rows 5 and 6: a deleted or recycled identity leaves its entry with null ids until removed and added, in two writes', async () => {
  await patch({ [id1]: {} });
  const shown = async () => (await stage.call('GET', vm)).body.identity.userAssignedIdentities[id1];
  const before = await shown();
  stage.control.deleteIdentity({ id: id1 });
  expect(await shown()).toEqual({ principalId: null, clientId: null });
  const made = stage.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  expect(made.principalId).not.toBe(before.principalId);
  expect((await patch({ [id1]: {} })).status).toBe(200);
  expect(await shown()).toEqual({ principalId: null, clientId: null });
  stage.control.setKnobs({ hosts: { deadEntriesShow: 'old-ids' } });
  expect(await shown()).toEqual(before);
  stage.control.setKnobs({ hosts: { deadEntriesShow: 'nulls' } });
  await patch({ [id1]: null, [id2]: {} });
  await patch({ [id1]: {} });
  expect(await shown()).toEqual({ principalId: made.principalId, clientId: made.clientId });
});

test('row 6: an identity made again within the pending time is refused, with the text of the recycle race', async () => {
  stage.control.setKnobs({ hosts: { pendingDeleteMs: 150_000 } });
  stage.control.recycleIdentity({ id: id1 });
  const refused = await patch({ [id1]: {} });
  expect(code(refused)).toEqual([409, 'FailedIdentityOperation']);
  expect(refused.body.error.message).toContain(
    'is new, but resource already exists. This may be due to a pending delete operation, try again later',
  );
  stage.clock.advance(150_000);
  expect((await patch({ [id1]: {} })).status).toBe(200);
  // The same for the system-assigned identity of a host that was made again.
  stage.control.recycleHost({ id: vm });
  const system = { body: { identity: { type: 'SystemAssigned' } } };
  expect(code(await stage.call('PATCH', vm, system))).toEqual([409, 'FailedIdentityOperation']);
});

test('row 7: isolationScope and assignmentRestrictions are refused as FailedIdentityOperation', async () => {
  const body = { location: 'westeurope' };
  await stage.call('PUT', id1, {
    body: { ...body, properties: { isolationScope: 'Regional' } },
    version: '2026-05-31',
  });
  const providers = ['microsoft.storage/Accounts', 'MICROSOFT.COMPUTE'];
  const restricted = { ...body, properties: { assignmentRestrictions: { providers } } };
  await stage.call('PUT', id2, { body: restricted, version: '2026-05-31' });
  expect((await patch({ [id1]: {}, [id2]: {} })).status).toBe(200);
  const make = (type: string, name: string, location: string) =>
    stage.control.createHost({ type, name, resourceGroup: 'rg1', location }).id;
  const far = make(SCALE_SET, 'far', 'northeurope');
  expect(code(await patch({ [id1]: {} }, undefined, far))).toEqual([400, 'FailedIdentityOperation']);
  expect((await patch({ [id2]: {} }, undefined, far)).status).toBe(200);
  const app = make('Microsoft.Web/sites', 'app', 'westeurope');
  expect(code(await patch({ [id2]: {} }, undefined, app))).toEqual([400, 'FailedIdentityOperation']);
  const storage = make('Microsoft.Storage/storageAccounts', 'storage', 'westeurope');
  expect((await patch({ [id2]: {} }, undefined, storage)).status).toBe(200);
});

test('row 19: a ReadOnly lock above stops PATCH, PUT and DELETE of a host; CanNotDelete only the deletion', async () => {
  stage.control.lock({ scope: stage.group, level: 'CanNotDelete' });
  expect((await patch({ [id1]: {} })).status).toBe(200);
  expect(code(await stage.call('DELETE', vm))).toEqual([409, 'ScopeLocked']);
  stage.control.lock({ scope: stage.group, level: 'ReadOnly' });
  expect(code(await patch({ [id2]: {} }))).toEqual([409, 'ScopeLocked']);
  const put = await stage.call('PUT', vm, { body: { location: 'westeurope' } });
  expect(code(put)).toEqual([409, 'ScopeLocked']);
  expect((await stage.call('GET', vm)).status).toBe(200);
  stage.control.unlock({ scope: stage.group });
  expect((await patch({ [id2]: {} })).status).toBe(200);
});

test('row 7: listAssociatedResources and identities/default follow the hosts', async () => {
  await patch({ [id1]: {} });
  const associated = async () =>
    (await stage.call('POST', `${id1}/listAssociatedResources`, { version: '2021-09-30-preview' })).body
      .value;
  expect(await associated()).toMatchObject([
    { id: vm, name: 'vm1', type: VM.toLowerCase(), resourceGroup: 'rg1' },
  ]);
  await stage.call('PATCH', vm, { body: { identity: { type: 'SystemAssigned' } } });
  expect(await associated()).toEqual([]);
  const path = `${vm}/providers/Microsoft.ManagedIdentity/identities/default`;
  const { system } = stage.control.host({ id: vm });
  expect((await stage.call('GET', path)).body.properties).toMatchObject({ ...system });
  stage.control.deleteHost({ id: vm });
  expect((await stage.call('GET', path)).status).toBe(404);
  expect(stage.control.deletePrincipal({ objectId: system?.principalId ?? '' })).toEqual({ deleted: false });
});

test('deleting a group takes its hosts and their principals', async () => {
  stage.control.setHostIdentity({ id: vm, identity: { type: 'SystemAssigned' } });
  const { system } = stage.control.host({ id: vm });
  stage.control.deleteResourceGroup({ name: 'rg1' });
  expect(stage.control.hosts()).toEqual([]);
  expect(stage.control.deletePrincipal({ objectId: system?.principalId ?? '' })).toEqual({ deleted: false });
});

test('an identity of another tenant can be neither read nor attached, with any rights', async () => {
  const id = '99999999-2222-4333-8444-555555555555';
  const tenantId = '99999999-0000-4000-8000-000000000009';
  stage.control.createSubscription({ id, tenantId });
  stage.control.createResourceGroup({ name: 'rg1', subscriptionId: id });
  const theirs = stage.control.createIdentity({
    name: 'theirs',
    resourceGroup: 'rg1',
    subscriptionId: id,
  }).id;
  const refused = await patch({ [id1]: {}, [theirs]: {} });
  expect(code(refused)).toEqual([403, 'LinkedAuthorizationFailed']);
  expect(refused.body.error.message).toContain(`is not authorized to access linked subscription '${id}'`);
  const read = await stage.call('GET', theirs);
  expect(code(read)).toEqual([401, 'InvalidAuthenticationTokenTenant']);
});
