import { describe, expect, test } from 'vitest';
import type { AzureObserver } from '../../src/azure/arm/arm-calls.ts';
import { classify } from '../../src/azure/arm/classify.ts';
import { type AzureRoleAssignment, assignmentId } from '../../src/azure/azure-role-assignment.ts';
import { assignmentName, proveOwnership } from '../../src/azure/names/assignment-name.ts';
import type { AssignmentFilter } from '../../src/azure/role-assignments.ts';
import { type RigOptions, startRig } from './rig.ts';

const edit = { priority: 'edit' } as const;
const installation = '7a0b6d52-3c1e-4f7a-9a64-0c5be1f2a9d3';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const CONTRIBUTOR = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const management = '/providers/Microsoft.Management/managementGroups/mg1';

/** azid as Owner of the tenant, a principal to grant to, and scopes of every level. */
async function setup(options: RigOptions = {}) {
  const rig = await startRig({ role: 'Owner', roleScope: '/', ...options });
  const { control, subscriptionId } = rig.azure;
  await control.createManagementGroup({ name: 'mg1' });
  await control.createSubscription({ id: subscriptionId, managementGroup: 'mg1' });
  const { id: identity } = await control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  const { objectId: principalId } = await control.createPrincipal({ displayName: 'app' });
  const subscription = `/subscriptions/${subscriptionId}`;
  const scopes = {
    tenant: '/',
    management,
    subscription,
    group: `${subscription}/resourceGroups/rg1`,
    identity,
  };
  const put = { roleDefinitionId: READER, principalId, principalType: 'ServicePrincipal' };
  const nameAt = (scope: string, role = READER) => assignmentName(installation, { scope, role, principalId });
  const grant = (scope: string, change = {}) =>
    rig.roleAssignments.put(scope, nameAt(scope), { ...put, ...change }, edit);
  return { ...rig, scopes, principalId, put, nameAt, grant };
}

/** The error of a call that must fail. */
const failure = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('expected a failure'),
    (error: unknown) => error,
  );

function recorder() {
  const seen: unknown[] = [];
  const observer: AzureObserver<AzureRoleAssignment> = {
    recordGet: (id, found) => seen.push(['get', id, found?.roleGuid]),
    recordWrite: ({ id }) => seen.push(['write', id]),
    recordDelete: (id) => seen.push(['delete', id]),
    recordWriteAttempt: (id) => seen.push(['attempt', id]),
  };
  return { seen, observer };
}

describe('one assignment', () => {
  test.each(['tenant', 'management', 'subscription', 'group', 'identity'] as const)(
    'is made, read, owned, changed and deleted at %s scope',
    async (level) => {
      await using rig = await setup();
      const scope = rig.scopes[level];
      const name = rig.nameAt(scope);
      const made = await rig.grant(scope, { description: 'first' });
      if (made.result !== 'written') throw new Error('expected it to be written');
      expect(made.assignment).toMatchObject({ name, roleGuid: READER, description: 'first' });
      expect(made.assignment.scope.toLowerCase()).toBe(scope.toLowerCase());
      expect(proveOwnership(made.assignment, installation)).toBe(true);
      const read = await rig.roleAssignments.get(scope, name, edit);
      // A later read has another creation time than the answer of the creation (docs/azure-facts.md section 5).
      expect(read).toMatchObject({
        found: true,
        assignment: { ...made.assignment, createdOn: expect.any(Number) },
      });
      const changed = await rig.grant(scope);
      expect(changed).toMatchObject({ result: 'written' });
      expect(changed.result === 'written' && 'description' in changed.assignment).toBe(false);
      expect(await rig.roleAssignments.delete(scope, name, edit)).toMatchObject({ result: 'deleted' });
      expect(await rig.roleAssignments.delete(scope, name, edit)).toMatchObject({ result: 'absent' });
      expect(await rig.roleAssignments.get(scope, name, edit)).toMatchObject({
        found: false,
        missing: 'roleAssignment',
      });
      // The path is never doubled at its start, whatever the scope.
      expect(rig.calls().filter(({ path }) => path.startsWith('//'))).toEqual([]);
    },
  );

  test('keeps its condition, and a condition without version never leaves', async () => {
    await using rig = await setup();
    const { group } = rig.scopes;
    const condition = "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'a'";
    const made = await rig.grant(group, { condition, conditionVersion: '2.0' });
    expect(made).toMatchObject({ assignment: { condition, conditionVersion: '2.0' } });
    const before = rig.calls('PUT').length;
    await expect(rig.grant(group, { condition })).rejects.toThrow('Expected a condition with its version');
    await expect(rig.grant(group, { conditionVersion: '2.0' })).rejects.toThrow('got only the version');
    expect(rig.calls('PUT')).toHaveLength(before);
  });

  test('of another role under a taken name is refused, and stalls', async () => {
    await using rig = await setup();
    await rig.grant(rig.scopes.group);
    const error = await failure(rig.grant(rig.scopes.group, { roleDefinitionId: CONTRIBUTOR }));
    expect(classify(error)).toMatchObject({ kind: 'stalled', reason: 'RoleAssignmentUpdateNotPermitted' });
  });

  test('that exists under another name is returned as a value, with its id where Azure names it', async () => {
    await using rig = await setup();
    const { group } = rig.scopes;
    const foreign = '11111111-1111-4111-8111-000000000001';
    await rig.roleAssignments.put(group, foreign, rig.put, edit);
    const told = await rig.grant(group);
    expect(told).toMatchObject({ result: 'exists', existingId: assignmentId(group, foreign) });
    await rig.azure.control.setKnobs({ authorization: { existsMessage: 'without-id' } });
    const untold = await rig.grant(group);
    expect(untold).toMatchObject({ result: 'exists' });
    expect('existingId' in untold).toBe(false);
    expect(await rig.roleAssignments.get(group, foreign, edit)).toMatchObject({
      found: true,
      assignment: { roleGuid: READER, principalId: rig.principalId },
    });
  });

  test('is absent with its group, and a scope that azid cannot judge is not', async () => {
    await using rig = await setup();
    const { group, subscription } = rig.scopes;
    await rig.grant(group);
    await rig.azure.control.deleteResourceGroup({ name: 'rg1' });
    expect(await rig.roleAssignments.get(group, rig.nameAt(group), edit)).toMatchObject({
      found: false,
      missing: 'resourceGroup',
    });
    // Azure answers a deletion under a scope that is gone with 403 (docs/azure-facts.md section 5).
    const error = await failure(rig.roleAssignments.delete(group, rig.nameAt(group), edit));
    expect(classify(error)).toMatchObject({ kind: 'stalled', reason: 'AuthorizationFailed' });
    const unknown = subscription.replace(/.{4}$/, '0000');
    const unseen = await failure(rig.roleAssignments.get(unknown, rig.nameAt(group), edit));
    expect(classify(unseen)).toMatchObject({ kind: 'notFound', what: 'subscription' });
  });

  test('that azid may not make stalls and names the action', async () => {
    await using rig = await setup({ role: 'Reader' });
    expect(classify(await failure(rig.grant(rig.scopes.group)))).toMatchObject({
      kind: 'stalled',
      reason: 'AuthorizationFailed',
      error: { message: expect.stringContaining('Microsoft.Authorization/roleAssignments/write') },
    });
  });

  test('to a principal that the directory does not show yet is retried', async () => {
    await using rig = await setup();
    await rig.azure.control.setKnobs({
      propagation: { directoryReplicationMs: 30_000 },
      authorization: { principalNotFoundDespiteType: true },
    });
    const { objectId } = await rig.azure.control.createPrincipal({ displayName: 'new' });
    const error = await failure(rig.grant(rig.scopes.group, { principalId: objectId }));
    expect(classify(error)).toMatchObject({ kind: 'transient', reason: 'PrincipalNotFound' });
  });

  test.each([
    ['name', (it: Setup) => it.roleAssignments.put(it.scopes.group, 'x', it.put, edit)],
    ['role', (it: Setup) => it.grant(it.scopes.group, { roleDefinitionId: 'Reader' })],
    ['principal', (it: Setup) => it.grant(it.scopes.group, { principalId: 'me' })],
  ])('with a %s that is no GUID never leaves', async (_, call) => {
    await using rig = await setup();
    await expect(call(rig)).rejects.toThrow('to be a GUID, got');
    expect(rig.calls('PUT')).toEqual([]);
  });
});

type Setup = Awaited<ReturnType<typeof setup>>;

describe('a list', () => {
  const names = async (rig: Setup, scope: string, filter: AssignmentFilter) => {
    const found: AzureRoleAssignment[] = [];
    for await (const page of rig.roleAssignments.list(scope, filter, edit)) found.push(...page.assignments);
    const levels = Object.entries(rig.scopes);
    return found
      .filter(({ principalId }) => principalId === rig.principalId)
      .map(({ scope: at }) => levels.find(([, each]) => each.toLowerCase() === at.toLowerCase())?.[0])
      .toSorted();
  };

  test('shows by its filter what is at, above and below, page by page', async () => {
    await using rig = await setup();
    for (const scope of Object.values(rig.scopes)) await rig.grant(scope);
    await rig.azure.control.setKnobs({ paging: { pageSize: 2 } });
    const { principalId, scopes } = rig;
    const before = rig.calls('GET').length;
    expect(await names(rig, scopes.subscription, 'everything')).toEqual([
      'group',
      'identity',
      'management',
      'subscription',
      'tenant',
    ]);
    expect(rig.calls('GET').length - before).toBeGreaterThan(2);
    expect(await names(rig, scopes.subscription, 'atScope')).toEqual([
      'management',
      'subscription',
      'tenant',
    ]);
    expect(await names(rig, scopes.management, 'atScope')).toEqual(['management', 'tenant']);
    expect(await names(rig, scopes.tenant, 'atScope')).toEqual(['tenant']);
    expect(await names(rig, scopes.group, { principalId })).toHaveLength(5);
    expect(await names(rig, scopes.group, { principalId: rig.objectId })).toEqual([]);
  });

  test('gives one role GUID whatever the prefix of the role’s id', async () => {
    await using rig = await setup();
    await rig.grant(rig.scopes.group);
    for (const roleIdPrefix of ['subscription', 'none'] as const) {
      await rig.azure.control.setKnobs({ authorization: { roleIdPrefix } });
      const read = await rig.roleAssignments.get(rig.scopes.group, rig.nameAt(rig.scopes.group), edit);
      expect(read).toMatchObject({ found: true, assignment: { roleGuid: READER } });
    }
  });
});

describe('the observer', () => {
  test('hears of reads, writes and deletions, and of a write without an answer', async () => {
    await using rig = await setup();
    const { seen, observer } = recorder();
    rig.roleAssignments.observedBy(observer);
    const { group } = rig.scopes;
    const id = assignmentId(group, rig.nameAt(group));
    await rig.roleAssignments.get(group, rig.nameAt(group), edit);
    await rig.azure.control.addFault({ method: 'PUT', count: 1, effect: { kind: 'reset', when: 'after' } });
    await failure(rig.grant(group));
    await rig.grant(group);
    await rig.roleAssignments.get(group, rig.nameAt(group), edit);
    await rig.azure.control.addFault({ method: 'DELETE', count: 1, effect: { kind: 'truncate' } });
    await failure(rig.roleAssignments.delete(group, rig.nameAt(group), edit));
    await rig.roleAssignments.delete(group, rig.nameAt(group), edit);
    expect(seen).toEqual([
      ['get', id, undefined],
      ['attempt', id],
      ['write', id],
      ['get', id, READER],
      ['attempt', id],
      ['delete', id],
    ]);
  });

  test('hears nothing of what Azure refused or did not answer', async () => {
    await using rig = await setup();
    const { seen, observer } = recorder();
    rig.roleAssignments.observedBy(observer);
    const { group } = rig.scopes;
    const effect = { kind: 'status', status: 404, code: 'NotFound' } as const;
    await rig.azure.control.addFault({ method: 'GET', count: 1, effect });
    await failure(rig.roleAssignments.get(group, rig.nameAt(group), edit));
    await rig.azure.control.addFault({ method: 'PUT', count: 1, effect: { kind: 'status', status: 409 } });
    await failure(rig.grant(group));
    await rig.azure.control.addFault({ method: 'DELETE', count: 1, effect: { kind: 'status', status: 403 } });
    await failure(rig.roleAssignments.delete(group, rig.nameAt(group), edit));
    expect(seen).toEqual([]);
  });
});

test('rights are read at every level', async () => {
  await using rig = await setup();
  for (const scope of Object.values(rig.scopes)) {
    const rights = await rig.permissions.at(scope, edit);
    expect(rights.allows('Microsoft.Authorization/roleAssignments/write')).toBe(true);
  }
});
