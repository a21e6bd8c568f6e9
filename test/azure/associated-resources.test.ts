import { describe, expect, test } from 'vitest';
import { classify } from '../../src/azure/arm/classify.ts';
import { CallRefused } from '../../src/azure/arm/errors.ts';
import { type RigOptions, startRig } from './rig.ts';

const RESYNC = { priority: 'resync' } as const;

/** azid with the right to ask, and an identity that so many machines have. */
async function setup(machines: number, options: RigOptions = {}) {
  const rig = await startRig({ role: undefined, ...options });
  const { azure, objectId } = rig;
  await azure.control.defineRole({
    roleName: 'asks',
    actions: ['Microsoft.ManagedIdentity/userAssignedIdentities/listAssociatedResources/action'],
  });
  const { id } = await azure.control.createIdentity({ name: 'app', resourceGroup: 'rg1' });
  const identity = { type: 'UserAssigned', userAssignedIdentities: { [id]: {} } };
  const hosts: string[] = [];
  for (let n = 0; n < machines; n++)
    hosts.push((await azure.control.createHost({ name: `vm${n}`, resourceGroup: 'rg1', identity })).id);
  const allow = () => azure.control.grant({ principalId: objectId, role: 'asks', scope: '/' });
  await allow();
  return { ...rig, id, hosts };
}

test('all pages are read, by POST, as reads that no write guard stands before', async () => {
  await using it = await setup(5, {
    beforeWrite: () => {
      throw new CallRefused('WriteRefused', 'not the leader');
    },
  });
  await it.azure.control.setKnobs({ paging: { pageSize: 2 } });
  const found = await it.associated.of(it.id, RESYNC);
  expect(found.map(({ id }) => id)).toEqual(it.hosts);
  expect(found[0]?.type).toBe('microsoft.compute/virtualmachines');
  expect(it.calls().map(({ method }) => method)).toEqual(['POST', 'POST', 'POST']);
});

test('an identity that nothing has gives none', async () => {
  await using it = await setup(0);
  expect(await it.associated.of(it.id, RESYNC)).toEqual([]);
});

describe('no answer is no absence', () => {
  test('a missing right', async () => {
    await using it = await setup(1);
    await it.azure.control.dropRights({ principalId: it.objectId });
    const failed = await it.associated.of(it.id, RESYNC).catch(classify);
    expect(failed).toMatchObject({ kind: 'stalled', reason: 'AuthorizationFailed' });
  });

  test('a page that fails', async () => {
    await using it = await setup(3);
    await it.azure.control.setKnobs({ paging: { pageSize: 2 } });
    await it.azure.control.addFault({ path: 'skiptoken=2', effect: { kind: 'status', status: 503 } });
    expect(await it.associated.of(it.id, RESYNC).catch(classify)).toMatchObject({ kind: 'transient' });
  });

  test('an identity that is not there', async () => {
    await using it = await setup(0);
    await it.azure.control.deleteIdentity({ id: it.id });
    expect(await it.associated.of(it.id, RESYNC).catch(classify)).toMatchObject({
      kind: 'notFound',
      what: 'resource',
    });
  });

  test.each([
    [
      'less than it counts',
      { totalCount: 2, value: [{ id: '/subscriptions/s/x' }] },
      'expected all 2, got 1',
    ],
    ['no count', { value: [] }, 'expected a page of them'],
    ['no list', { totalCount: 0 }, 'expected a page of them'],
    ['a row without an id', { totalCount: 1, value: [{ name: 'vm' }] }, 'expected a page of them'],
  ])('%s', async (_, body, message) => {
    await using it = await setup(0, {
      intercept: async (_request, next) => ({ ...(await next()), bodyAsText: JSON.stringify(body) }),
    });
    const failed = await it.associated.of(it.id, RESYNC).catch(classify);
    expect(failed).toMatchObject({
      error: { code: 'IncompleteAnswer', message: expect.stringContaining(message) },
    });
  });
});
