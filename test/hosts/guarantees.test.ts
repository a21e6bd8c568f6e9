import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { HostStage, identityIdOf, SUB, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** Guarantees about hosts, each met by what would break it: docs/guarantees.md G6, G7 and G21. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

const MINUTE = 60_000;
const RESYNC = 11 * MINUTE;
const VM1 = vmId('vm1');
const azure = () => world.azure.control;
const foreign = (name: string) => azure().createIdentity({ name, resourceGroup: 'rg1' }).id;
const gone = (name: string) => stage.gone(() => stage.attachment(name), `attachment ${name}`);
/** Identities by their ids, and those of the namespace. */
const byId = (...ids: string[]) =>
  stage.policy({
    attachments: [{ types: ['*'], scopes: [SUB], adopt: true, selectors: true, identities: { ids } }],
  });
/** How many identities each of azid's PATCHes names. */
const named = (since = 0) =>
  stage.requests(since).flatMap(({ method, body, status }) => {
    const { identity } = (body ?? {}) as { identity?: { userAssignedIdentities?: object } };
    if (method !== 'PATCH') return [];
    return [{ status, names: Object.keys(identity?.userAssignedIdentities ?? {}).length }];
  });

describe('G6: what cannot be detached, or read, keeps its entry and its finalizer', () => {
  const code = 'AuthorizationFailed';
  const message =
    "The client has no authorization to perform action 'Microsoft.Compute/virtualMachines/write'.";
  it.each<[string, Fault['effect']]>([
    ['a 403', { kind: 'status', status: 403, code, message }],
    ['a 500', { kind: 'status', status: 500 }],
    ['no answer', { kind: 'silence', when: 'before' }],
  ])('%s to the PATCH, then to the read as well', async (_, effect) => {
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1');
    await stage.attached('vm1');
    const still = async () => {
      const object = await stage.present('vm1');
      expect(object.metadata.finalizers).toContain('azid.dev/finalizer');
      expect((await stage.ledger(VM1))?.status?.entries).toMatchObject([{ owned: true }]);
      expect(stage.on(VM1)).toEqual(['app']);
    };
    azure().addFault({ method: 'PATCH', path: '/vm1', effect });
    await stage.detach('vm1');
    await world.elapse(2 * MINUTE);
    await still();
    azure().addFault({ method: 'GET', path: '/vm1', effect });
    await world.elapse(2 * MINUTE);
    await still();
    azure().clearFaults({});
    await gone('vm1');
    expect(stage.on(VM1)).toEqual([]);
  });

  it('a 404 that proves nothing does not end it, and one that does, does', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1');
    await stage.attached('vm1');
    const proxy = { kind: 'status', status: 404, code: 'NotFound', message: 'nothing here' } as const;
    azure().addFault({ path: '/vm1', effect: proxy });
    await stage.detach('vm1');
    await world.pass(5 * MINUTE);
    expect((await stage.ledger(VM1))?.status?.entries).toMatchObject([{ owned: true }]);
    azure().clearFaults({});
    azure().deleteHost({ id: VM1 });
    await gone('vm1');
    await world.until('the ledger to go', async () => (await stage.ledger(VM1)) === undefined);
  });
});

/** Somebody else's operation runs on the VM: all have asked by the time azid may write. */
async function keepBusy(): Promise<void> {
  azure().holdOperations({ id: VM1 });
  await azure().arm({ method: 'PATCH', path: `${VM1}?api-version=2024-07-01`, body: { tags: {} } });
}

describe('G7: one identity that is no good fails alone', () => {
  it('1 dead of 40: 39 are attached, the dead one is named and follows when it is there', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => foreign(`id-${i}`));
    const dead = ids[17] ?? '';
    azure().deleteIdentity({ id: dead });
    await byId(...ids);
    stage.createVm('vm1');
    const target = { resourceId: VM1 };
    await Promise.all(ids.map((identityId, i) => stage.attach(`a-${i}`, { identityId, target })));
    await world.start();
    await world.until('39 to be attached', () => stage.on(VM1).length === 39);
    await stage.waiting(() => stage.attachment('a-17'), dead);
    await stage.attached('a-39');
    expect(stage.on(VM1).every((name) => !name.endsWith('!'))).toBe(true);
    foreign('id-17');
    await world.pass(RESYNC);
    await stage.attached('a-17');
    expect(stage.on(VM1)).toHaveLength(40);
  });

  it('1 of 40 that Azure refuses without a name is found by halves, and the others go through', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => foreign(`id-${i}`));
    await byId(...ids);
    stage.createVm('vm1');
    const target = { resourceId: VM1 };
    await Promise.all(ids.map((identityId, i) => stage.attach(`a-${i}`, { identityId, target })));
    await keepBusy();
    const message = 'One of the identities cannot be used here.';
    const effect = { kind: 'status', status: 400, code: 'InvalidParameter', message } as const;
    let poisoned = true;
    await world.start({
      interceptArm: ({ method, body = '' }, next) => {
        if (poisoned && method === 'PATCH' && body.includes('/id-17"'))
          azure().addFault({ method: 'PATCH', path: '/vm1', count: 1, effect });
        return next();
      },
    });
    await world.pass(MINUTE);
    azure().releaseOperations({});
    await world.until('39 to be attached', () => stage.on(VM1).length === 39);
    expect(await stage.stalled(() => stage.attachment('a-17'), 'RejectedByAzure')).toContain(message);
    // Halves of halves: 40, 20, 10, 5, 2 and 1, and the others between them; and a few more where some asked a moment later.
    expect(named().length).toBeLessThanOrEqual(24);
    poisoned = false;
    await world.pass(3 * MINUTE);
    await stage.attached('a-17');
  });

  it('160 wanted on one host are two requests; one in the first that is forbidden fails alone, and stops neither', async () => {
    const ids = Array.from({ length: 160 }, (_, i) => foreign(`id-${i}`));
    const actions = ['Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'];
    azure().deny({ principalId: self().principalId, scope: ids[5] ?? '', actions });
    azure().settle();
    const rule = (some: string[]) => ({ types: ['*'], scopes: [SUB], identities: { ids: some } });
    await stage.policy({ attachments: [rule(ids.slice(0, 100)), rule(ids.slice(100))] });
    stage.createVm('vm1');
    await keepBusy();
    const target = { resourceId: VM1 };
    for (let at = 0; at < ids.length; at += 32)
      await Promise.all(
        ids.slice(at, at + 32).map((identityId, i) => stage.attach(`a-${at + i}`, { identityId, target })),
      );
    await world.start();
    await world.pass(2 * MINUTE);
    expect(named()).toEqual([]);
    azure().releaseOperations({});
    await world.until('159 to be attached', () => stage.on(VM1).length === 159, 60_000);
    expect(await stage.stalled(() => stage.attachment('a-5'), 'MissingAssignRight')).toContain('/id-5');
    const sent = named();
    expect(sent.filter(({ status }) => status === 200).map(({ names }) => names)).toEqual([150, 9]);
  }, 90_000);
});

describe('G21: azid’s own identity', () => {
  it('is attached to nothing, and the refusal names it', async () => {
    const { id } = self();
    await byId(id);
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1', { identityId: id });
    const message = await stage.stalled(() => stage.attachment('vm1'), 'ReservedIdentity');
    expect(message).toContain('azid');
    await world.pass(20 * MINUTE);
    expect(stage.writes()).toEqual([]);
    // Another one instead, and it is over.
    await stage.attach('vm1');
    await stage.attached('vm1');
    expect(stage.on(VM1)).toEqual(['app']);
  });

  it('is not taken over and not detached where it is attached, whoever asks', async () => {
    const { id } = self();
    await byId(id);
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [id]: {} } };
    stage.createVm('vm1', { identity });
    await world.start();
    await stage.attach('vm1', { identityId: id, adoption: 'Adopt' });
    await stage.stalled(() => stage.attachment('vm1'), 'ReservedIdentity');
    await stage.detach('vm1');
    await gone('vm1');
    expect(stage.on(VM1)).toEqual(['azid-controller']);
    expect(stage.writes()).toEqual([]);
  });
});

it('an identity that is kept to its region is named where it is asked for in another, and attached in its own', async () => {
  await stage.identity('app', { isolationScope: 'Regional' });
  stage.createVm('vm1', { location: 'northeurope' });
  await world.start();
  await stage.attach('vm1');
  const message = await stage.stalled(() => stage.attachment('vm1'), 'IdentityOperationFailed');
  expect(message).toContain(identityIdOf('app').split('/').at(-1));
  expect(message).toContain("isolation scope 'Regional'");
  await world.pass(20 * MINUTE);
  expect(stage.writes().filter((each) => each === 'PATCH vm1').length).toBeLessThanOrEqual(6);
  stage.createVm('vm1', { location: 'westeurope' });
  await world.pass(20 * MINUTE);
  await stage.attached('vm1');
});

function self() {
  const found = azure()
    .identities({})
    .find(({ name }) => name === 'azid-controller');
  if (!found) throw new Error('azid has no identity here');
  return found;
}
