import { expect, it } from 'vitest';
import { identityAttachment } from '../../src/api/identity-attachment.ts';
import type { Intercept } from '../../src/azure/arm/arm-policies.ts';
import type { FaultEffect } from '../../src/simulator/faults.ts';
import { conditionOf, HostStage, hostIdOf, identityIdOf, SUB, VMS, vmId } from '../support/kinds/hosts.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** The mistakes of prior systems (docs/guarantees.md) that concern attachments: what azid does in their place. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

const RESYNC = 11 * 60_000;
const MINUTE = 60_000;
const VM1 = vmId('vm1');
const BOTH = 'SystemAssigned, UserAssigned';
const SCALE_SETS = 'Microsoft.Compute/virtualMachineScaleSets';
const azure = () => world.azure.control;
const foreign = (name: string, resourceGroup = 'rg1') => azure().createIdentity({ name, resourceGroup }).id;
const withIdentities = (...ids: string[]) => ({
  type: 'UserAssigned',
  userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])),
});
const byId = (...ids: string[]) =>
  stage.policy({ attachments: [{ types: ['*'], scopes: [SUB], identities: { ids } }] });
const gone = (name: string) => stage.gone(() => stage.attachment(name), `attachment ${name}`);
const patches = (name: string, since = 0) => stage.writes(since).filter((each) => each === `PATCH ${name}`);
const bodies = (since = 0) =>
  stage.requests(since).flatMap(({ method, body }) => (method === 'PATCH' ? [JSON.stringify(body)] : []));
/** Of the first PATCH that is about to leave. */
function once(act: () => void): Intercept {
  let done = false;
  return ({ method }, next) => {
    if (method === 'PATCH' && !done) {
      done = true;
      act();
    }
    return next();
  };
}

it.each(['SystemAssigned', BOTH])(
  'mistake 1: removing what is not there any more sends nothing, and the system-assigned identity of a host with %s stays',
  async (type) => {
    const others = type === BOTH ? { userAssignedIdentities: { [foreign('theirs')]: {} } } : {};
    stage.createVm('vm1', { identity: { type, ...others } });
    const { system, attached } = stage.host(VM1);
    await world.start();
    await stage.attach('vm1');
    await stage.attached('vm1');
    azure().setHostIdentity({
      id: VM1,
      identity: { type, userAssignedIdentities: { [identityIdOf('app')]: null } },
      merge: true,
    });
    azure().setHostIdentity({ id: VM1, identity: { type, ...others } });
    const since = stage.mark;
    await stage.detach('vm1');
    await gone('vm1');
    expect(stage.writes(since)).toEqual([]);
    expect(stage.host(VM1)).toMatchObject({ system, attached });
  },
);

it('mistake 2: a type that azid cannot read is refused by name, nothing is written, and it goes on when it can', async () => {
  let word: string | undefined = 'SystemAssigned, QuantumAssigned';
  stage.createVm('vm1', { identity: { type: 'SystemAssigned' } });
  const { system } = stage.host(VM1);
  await world.start({
    interceptArm: async ({ url }, next) => {
      const answer = await next();
      if (word === undefined || !url.includes('/virtualMachines')) return answer;
      const bodyAsText = answer.bodyAsText?.replaceAll('"type":"SystemAssigned"', `"type":"${word}"`) ?? null;
      return { ...answer, bodyAsText };
    },
  });
  await stage.attach('vm1');
  const message = await stage.stalled(() => stage.attachment('vm1'), 'UnknownIdentityType');
  expect(message).toContain('QuantumAssigned');
  expect(stage.writes()).toEqual([]);
  word = undefined;
  await world.pass(RESYNC);
  await stage.attached('vm1');
  expect(stage.host(VM1)).toMatchObject({ system });
});

it('mistake 3: an identity that somebody adds between the read and the last removal is not wiped by None', async () => {
  const theirs = foreign('theirs');
  stage.createVm('vm1');
  let armed = false;
  await world.start({
    interceptArm: ({ method }, next) => {
      if (armed && method === 'PATCH') {
        armed = false;
        azure().setHostIdentity({ id: VM1, identity: withIdentities(theirs), merge: true });
      }
      return next();
    },
  });
  await stage.attach('vm1');
  await stage.attached('vm1');
  armed = true;
  const since = stage.mark;
  await stage.detach('vm1');
  await gone('vm1');
  expect(stage.on(VM1)).toEqual(['theirs']);
  const sent = stage.requests(since).filter(({ method }) => method === 'PATCH');
  expect(sent.map(({ status }) => status)).toEqual([412, 200]);
  expect(sent.map(({ body }) => (body as { identity: { type: string } }).identity.type)).toEqual([
    'None',
    'UserAssigned',
  ]);
});

it('mistake 3: nor is one that is added between the read and an addition, with If-Match or without', async () => {
  const theirs = foreign('theirs');
  const site = hostIdOf('Microsoft.Web/sites', 'shop');
  stage.createVm('vm1');
  stage.createHost('Microsoft.Web/sites', 'shop');
  const add = (id: string) => azure().setHostIdentity({ id, identity: withIdentities(theirs), merge: true });
  await world.start({
    interceptArm: once(() => {
      add(VM1);
      add(site);
    }),
  });
  await stage.attach('vm1');
  await stage.attached('vm1');
  await stage.attach('shop', { target: { resourceId: site } });
  await stage.attached('shop');
  expect([stage.on(VM1), stage.on(site)]).toEqual([
    ['app', 'theirs'],
    ['app', 'theirs'],
  ]);
});

it('mistake 4: two of one name in two namespaces, and one id in two spellings, are two that want one identity', async () => {
  const shared = foreign('shared');
  const other = new HostStage(cluster, world, 'team-b');
  await other.prepare();
  for (const each of [stage, other])
    await each.policy({ attachments: [{ types: ['*'], scopes: [SUB], identities: { ids: [shared] } }] });
  stage.createVm('vm1');
  await world.start();
  await stage.attach('web-0', { identityId: shared, target: { resourceId: VM1 } });
  const spelt = shared.replace('/resourceGroups/', '/resourcegroups/').replace('shared', 'Shared');
  const target = { resourceId: VM1.replace('vm1', 'VM1') };
  await other.attach('web-0', { identityId: spelt, target });
  await stage.attached('web-0');
  await other.attached('web-0');
  expect(await stage.ledgers()).toHaveLength(1);
  expect(stage.writes()).toEqual(['PATCH vm1']);
  await stage.detach('web-0');
  await gone('web-0');
  await world.pass(RESYNC);
  expect(stage.on(VM1).join().toLowerCase()).toBe('shared');
  await other.detach('web-0');
  await other.gone(() => other.attachment('web-0'), 'the other');
  expect(stage.on(VM1)).toEqual([]);
  expect(stage.writes()).toEqual(['PATCH vm1', 'PATCH vm1']);
});

it('mistake 5: what azid did not attach is never named in a write, however it is spelt', async () => {
  const kubelet = foreign('kubelet');
  stage.createVm('vm1', {
    identity: withIdentities(kubelet.replace('rg1', 'RG1').replace('kubelet', 'Kubelet')),
  });
  await byId(kubelet);
  await world.start();
  await stage.attach('mine');
  await stage.attach('vm1', { identityId: kubelet });
  await stage.attach('vm1-app', { target: { resourceId: VM1 } });
  expect(conditionOf(await stage.attached('vm1'), 'Ready')?.reason).toBe('ExistsUnmanaged');
  await stage.attached('vm1-app');
  for (const name of ['vm1', 'vm1-app', 'mine']) {
    await stage.detach(name);
    await gone(name);
  }
  expect(stage.on(VM1)).toEqual(['Kubelet']);
  expect(bodies().filter((body) => /kubelet/i.test(body))).toEqual([]);
});

it('mistake 7: an identity whose PATCH went out before the crash is detached though nothing says it was attached', async () => {
  stage.createVm('vm1');
  const operator = await world.start({
    interceptArm: async ({ method }, next) => {
      const answer = await next();
      if (method !== 'PATCH') return answer;
      operator.kill();
      throw new Error('killed');
    },
  });
  await stage.attach('vm1');
  await world.until('the PATCH to act', () => stage.on(VM1).length > 0);
  await world.kill(operator);
  expect((await stage.ledger(VM1))?.status?.entries).toMatchObject([{ state: 'Attaching', owned: true }]);
  await stage.detach('vm1');
  await world.start();
  await gone('vm1');
  expect(stage.on(VM1)).toEqual([]);
});

it.each([
  { deletionPolicy: 'Delete', left: [] },
  { deletionPolicy: 'Retain', left: ['app'] },
] as const)(
  'mistake 8: the ledger alone knows where to detach, once the object is gone without a word ($deletionPolicy)',
  async ({ deletionPolicy, left }) => {
    const id = hostIdOf(SCALE_SETS, 'nodes');
    stage.createHost(SCALE_SETS, 'nodes');
    const operator = await world.start();
    await stage.attach('nodes', { target: { resourceId: id }, deletionPolicy });
    await stage.attached('nodes');
    await world.kill(operator);
    const key = `${stage.namespace}/nodes`;
    await cluster.patch(identityAttachment.resource, key, { metadata: { finalizers: [] } });
    await stage.detach('nodes');
    await gone('nodes');
    await world.start();
    await world.until('the ledger to go', async () => (await stage.ledger(id)) === undefined);
    expect(stage.on(id)).toEqual(left);
  },
);

it('mistake 9: a resource is its whole id: namesakes elsewhere are not touched', async () => {
  const ELSEWHERE = SUBSCRIPTION.replace(/^1/, '9');
  world.addSubscription(ELSEWHERE);
  const id = hostIdOf(SCALE_SETS, 'nodes', `${SUB}/resourceGroups/rg2`);
  const rest = [
    stage.createHost(SCALE_SETS, 'nodes').id,
    stage.createVm('nodes', { resourceGroup: 'rg2' }).id,
    stage.createHost(SCALE_SETS, 'nodes', { subscriptionId: ELSEWHERE }).id,
  ];
  stage.createHost(SCALE_SETS, 'nodes', { resourceGroup: 'rg2' });
  await world.start();
  await stage.attach('nodes', { target: { resourceId: id } });
  await stage.attached('nodes');
  expect(stage.on(id)).toEqual(['app']);
  expect(rest.map((each) => stage.on(each))).toEqual([[], [], []]);
  expect(stage.requests().filter(({ path }) => path.includes(ELSEWHERE))).toEqual([]);
});

it('mistake 10: a resource that fails has a back-off of its own: others’ events do not hurry it, and silence does not hold it', async () => {
  stage.createVm('vm1');
  stage.createVm('vm2');
  azure().addFault({ method: 'PATCH', path: '/vm1', effect: { kind: 'status', status: 500 } });
  await world.start();
  await stage.attach('vm1');
  for (let minute = 0; minute < 30; minute++) {
    await stage.label('vm1', { minute: `${minute}` });
    azure().setHostIdentity({ id: vmId('vm2'), identity: { type: minute % 2 ? 'None' : 'SystemAssigned' } });
    await world.pass(MINUTE);
  }
  expect(patches('vm1').length).toBeGreaterThan(3);
  expect(patches('vm1').length).toBeLessThanOrEqual(14);
  azure().clearFaults({});
  await world.pass(16 * MINUTE);
  expect(stage.on(VM1)).toEqual(['app']);
});

it('mistake 11: a PATCH that takes its time holds no worker, and delays no other', async () => {
  stage.createVm('vm1');
  stage.createVm('vm2');
  azure().holdOperations({ id: VM1 });
  await world.start({ workers: 1 });
  await stage.attach('vm1');
  await world.until('the PATCH of vm1', () => stage.host(VM1).busy);
  await stage.attach('vm2');
  await stage.attached('vm2');
  await world.pass(16 * MINUTE);
  expect(conditionOf(await stage.present('vm1'), 'Ready')?.status).toBe('False');
  azure().releaseOperations({});
  await stage.attached('vm1');
  expect(patches('vm1')).toHaveLength(1);
});

it.each<[string, FaultEffect | undefined]>([
  ['by the status', { kind: 'status', status: 429, retryAfterSeconds: 120 }],
  ['by the text of the operation alone', undefined],
])(
  'mistake 12: throttled %s, one resource is left alone as long as Azure says; another subscription is not',
  async (_, effect) => {
    const ELSEWHERE = SUBSCRIPTION.replace(/^1/, '9');
    world.addSubscription(ELSEWHERE);
    const far = hostIdOf(VMS, 'vm9', `/subscriptions/${ELSEWHERE}/resourceGroups/rg1`);
    stage.createVm('vm1');
    stage.createVm('vm9', { subscriptionId: ELSEWHERE });
    await stage.policy({ attachments: [{ types: ['*'], scopes: [SUB, `/subscriptions/${ELSEWHERE}`] }] });
    if (effect) azure().addFault({ method: 'PATCH', path: '/vm1', count: 1, effect });
    const message = 'The number of requests for this resource has been exceeded. Retry after 120 seconds.';
    if (!effect) azure().failNextOperation({ id: VM1, code: 'OperationNotAllowed', message });
    await world.start();
    await stage.attach('vm1');
    await stage.reach(
      () => stage.attachment('vm1'),
      'vm1 to be tried',
      () => patches('vm1').length === 1 && !stage.host(VM1).busy,
    );
    await stage.attach('vm9', { target: { resourceId: far } });
    await stage.attached('vm9');
    await world.elapse(100_000);
    expect(patches('vm1')).toHaveLength(1);
    await world.elapse(2 * MINUTE);
    await stage.attached('vm1');
    expect(patches('vm1')).toHaveLength(2);
  },
);

it('mistake 13: an identity that may not be attached is found in Azure’s text whatever its group is called, and fails alone', async () => {
  azure().createResourceGroup({ name: 'rg.(x)_y' });
  const odd = foreign('odd', 'rg.(x)_y');
  const dead = odd.replace(/odd$/, 'dead');
  const principalId =
    azure()
      .identities({})
      .find(({ name }) => name === 'azid-controller')?.principalId ?? '';
  const actions = ['Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'];
  azure().deny({ principalId, scope: odd, actions });
  azure().settle();
  stage.createVm('vm1');
  const target = { resourceId: VM1 };
  for (const [name, identityId] of Object.entries({ odd, dead }))
    await stage.attach(name, { identityId, target });
  await byId(odd, dead);
  await stage.attach('app', { target });
  await world.start();
  await stage.attached('app');
  const message = await stage.stalled(() => stage.attachment('odd'), 'MissingAssignRight');
  expect(message).toContain(odd);
  expect(message).toContain('Managed Identity Operator (f1a07417-d97a-45cb-824c-7a7467783830)');
  await stage.waiting(() => stage.attachment('dead'), dead);
  expect(stage.on(VM1)).toEqual(['app']);
  // What is not there is never sent; what is forbidden is tried again with pauses.
  expect(bodies().filter((body) => body.includes('/dead'))).toEqual([]);
  await world.pass(20 * MINUTE);
  expect(bodies().filter((body) => body.includes('/odd')).length).toBeLessThanOrEqual(7);
  foreign('dead', 'rg.(x)_y');
  await world.pass(RESYNC);
  await stage.attached('dead');
  expect(stage.on(VM1)).toEqual(['app', 'dead']);
});

it('mistake 15: an edit that changes nothing of the spec asks Azure nothing', async () => {
  stage.createVm('vm1');
  await world.start();
  await stage.attach('vm1');
  await stage.attached('vm1');
  await world.pass(MINUTE);
  const since = stage.mark;
  await stage.label('vm1', { team: 'blue' });
  await world.pass(MINUTE);
  expect(stage.requests(since)).toEqual([]);
});

it('mistake 16: a list that lags behind azid’s own writes undoes and repeats nothing', async () => {
  azure().setKnobs({ propagation: { listLagMs: 4 * MINUTE, readAfterWriteMs: 0 } });
  stage.createVm('vm1');
  azure().settle();
  await stage.identity('other');
  await world.start({ resyncIntervalMs: MINUTE, azureLagMs: 5 * MINUTE });
  await stage.attach('vm1');
  await stage.attached('vm1');
  await stage.attach('other', { target: { resourceId: VM1 }, identityRef: { name: 'other' } });
  await stage.attached('other');
  await world.pass(10 * MINUTE);
  expect(stage.on(VM1)).toEqual(['app', 'other']);
  expect(stage.writes()).toEqual(['PATCH vm1', 'PATCH vm1']);
  const objects = [await stage.present('vm1'), await stage.present('other')];
  expect(objects.map((each) => conditionOf(each, 'Ready')?.status)).toEqual(['True', 'True']);
});

it('mistake 17: a resource that is gone, and one that cannot be read, keep no drift of the others unseen', async () => {
  const names = ['vm1', 'vm2', 'vm3'];
  for (const name of names) stage.createVm(name);
  await world.start();
  for (const name of names) await stage.attach(name);
  for (const name of names) await stage.attached(name);
  await world.pass(MINUTE);
  azure().deleteHost({ id: VM1 });
  azure().addFault({ method: 'GET', path: '/vm2', effect: { kind: 'status', status: 500 } });
  for (const name of ['vm2', 'vm3']) azure().setHostIdentity({ id: vmId(name), identity: { type: 'None' } });
  const since = stage.mark;
  await world.pass(RESYNC);
  await world.until('vm3 to be repaired', () => stage.on(vmId('vm3')).join() === 'app');
  expect(stage.writes(since)).toEqual(['PATCH vm3']);
  await stage.waiting(() => stage.attachment('vm1'), VM1);
  azure().clearFaults({});
  await world.pass(16 * MINUTE);
  expect(stage.on(vmId('vm2'))).toEqual(['app']);
});
