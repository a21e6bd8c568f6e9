import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Condition } from '../../src/kube/types.ts';
import { EventStage } from '../support/kinds/events.ts';
import { HostStage, hostIdOf, VMS, vmId } from '../support/kinds/hosts.ts';
import { Cluster, SUBSCRIPTION, until, World } from '../support/testbed.ts';

/**
 * What others do to resources that carry identities, by Resource Manager: made again, new under a selector, grown, robbed. It reaches
 * azid through Event Grid and the queue, and where every event is lost by the next list; by either all is whole again, by the same writes.
 */

interface Shown {
  readonly status?:
    | {
        readonly conditions?: readonly Condition[] | undefined;
        readonly principalId?: string | undefined;
        readonly matched?: number | undefined;
        readonly attached?: number | undefined;
      }
    | undefined;
}
const isReady = (object: Shown | undefined) =>
  object?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

const WORKER = { role: 'worker' };
const VMSS = 'Microsoft.Compute/virtualMachineScaleSets';
const SET = hostIdOf(VMSS, 'set');
const SITE = hostIdOf('Microsoft.Web/sites', 'web');
const SLOT = hostIdOf('Microsoft.Web/sites/slots', 'web/staging');
const LISTS =
  /^GET .*\/(virtualMachines|virtualMachineScaleSets|sites|slots|userAssignedIdentities|roleAssignments)$/i;

describe.each([
  { how: 'by its events, without a list', lossShare: 0, resyncIntervalMs: 24 * 3_600_000 },
  { how: 'by the next list where every event is lost', lossShare: 1, resyncIntervalMs: 5_000 },
])('$how', ({ lossShare, resyncIntervalMs }) => {
  let cluster: Cluster;
  let world: World;
  let events: EventStage;
  let stage: HostStage;

  beforeAll(async () => {
    cluster = await Cluster.start();
    world = await World.create(cluster);
    events = new EventStage(cluster, world);
    stage = new HostStage(cluster, world);
    await stage.prepare();
    for (const name of ['vm1', 'worker1']) stage.createVm(name, name === 'vm1' ? {} : { tags: WORKER });
    stage.createHost(VMSS, 'set', { properties: { orchestrationMode: 'Uniform' }, sku: { capacity: 1 } });
    stage.createHost('Microsoft.Web/sites', 'web', { kind: 'app' });
    stage.createHost('Microsoft.Web/sites/slots', 'web/staging', { kind: 'app' });
    world.azure.control.setKnobs({ events: { lossShare } });
    await events.declare('main');
    await world.start({ ...(await events.operator()), resyncIntervalMs });
    await events.reason('main', 'Ready', 'Receiving');
    await stage.system('vm1');
    await stage.grantSystem('vm1');
    await stage.attach('vm1');
    await stage.attach('fleet', {
      target: { selector: { subscriptionId: SUBSCRIPTION, type: VMS, tags: WORKER } },
    });
    await stage.attach('set', { target: { resourceId: SET } });
    await stage.attach('staging', { target: { resourceId: SLOT } });
    for (const name of ['vm1', 'fleet', 'set', 'staging'])
      await until(`${name} to be attached`, async () => isReady(await stage.attachment(name)), 60_000);
    await until('the grant to be there', async () => isReady(await stage.grant('vm1')), 60_000);
  }, 180_000);
  afterAll(async () => {
    await world?.dispose();
    await cluster?.clean();
    await cluster?.stop();
  });

  let since: number;
  /** Every event was received, and nothing that it led to is under way. */
  beforeEach(async () => {
    await until('azid to rest', async () => {
      const { ready, locked } = world.azure.control.queue({ id: events.queue });
      return ready === 0 && locked === 0 && world.quiet;
    });
    since = events.mark;
  });

  async function byOthers(method: 'PUT' | 'PATCH' | 'DELETE', id: string, body?: object) {
    const path = `${id}?api-version=${/Web/.test(id) ? '2024-04-01' : '2024-07-01'}`;
    const { status, body: answer } = await world.azure.control.arm({ method, path, ...(body && { body }) });
    expect(status, JSON.stringify(answer)).toBeLessThan(300);
    world.azure.control.settle();
  }

  /** azid's writes since, as `PATCH vm1`; by events it has listed nothing. */
  function writes(): string[] {
    const calls = events.calls(since);
    if (lossShare === 0) expect(calls.filter((call) => LISTS.test(call))).toEqual([]);
    return calls
      .filter((call) => !call.startsWith('GET'))
      .map((call) =>
        /roleAssignments/i.test(call) ? `${call.split(' ')[0]} grant` : call.replace(/ .*\//, ' '),
      );
  }
  const principal = () => stage.host(vmId('vm1')).system?.principalId;
  const granted = (id: string | undefined) =>
    world.azure.control.assignments().filter(({ principalId }) => principalId === id).length;

  it('a machine that is made again has its identities again, and what was granted to it', async () => {
    const before = principal();
    await byOthers('DELETE', vmId('vm1'));
    await byOthers('PUT', vmId('vm1'), { location: 'westeurope', properties: {} });
    await until(
      'it to be whole',
      async () => {
        const now = principal();
        const grant = await stage.grant('vm1');
        return (
          stage.on(vmId('vm1')).join() === 'app' &&
          now !== undefined &&
          now !== before &&
          granted(now) === 1 &&
          granted(before) === 0 &&
          grant?.status?.principalId === now &&
          isReady(grant) &&
          isReady(await stage.attachment('vm1'))
        );
      },
      60_000,
    );
    expect(writes().sort()).toEqual(['DELETE grant', 'PATCH vm1', 'PUT grant']);
  });

  it('a machine that appears under a selector has the identity, one that loses the tag has it no more', async () => {
    const vm = { location: 'westeurope', properties: {} };
    await byOthers('PUT', vmId('worker2'), { ...vm, tags: WORKER });
    await byOthers('PUT', vmId('idle'), vm);
    await until(
      'the new one to have it',
      async () => {
        const fleet = await stage.attachment('fleet');
        return stage.on(vmId('worker2')).join() === 'app' && fleet?.status?.attached === 2 && isReady(fleet);
      },
      60_000,
    );
    await byOthers('PATCH', vmId('worker1'), { tags: {} });
    await until(
      'the other to have it no more',
      async () => {
        const fleet = await stage.attachment('fleet');
        return stage.on(vmId('worker1')).length === 0 && fleet?.status?.matched === 1 && isReady(fleet);
      },
      60_000,
    );
    expect(writes()).toEqual(['PATCH worker2', 'PATCH worker1']);
    expect(stage.on(vmId('idle'))).toEqual([]);
  });

  it('a scale set that grows keeps its identity without a write; robbed of it, it has it again', async () => {
    await byOthers('PATCH', SET, { sku: { name: 'Standard_D2s_v5', capacity: 5 } });
    await byOthers('PATCH', SET, { identity: { type: 'None' } });
    await until('it to have the identity', async () => stage.on(SET).join() === 'app', 60_000);
    expect(writes()).toEqual(['PATCH set']);
  });

  it('a slot that is made again has its identity again, and its site none', async () => {
    await byOthers('DELETE', SLOT);
    await byOthers('PUT', SLOT, { location: 'westeurope', kind: 'app', properties: {} });
    await until('it to have the identity', async () => stage.on(SLOT).join() === 'app', 60_000);
    await until('it to be told', async () => isReady(await stage.attachment('staging')), 60_000);
    expect(stage.on(SITE)).toEqual([]);
    expect(writes()).toEqual(['PATCH staging']);
  });
});
