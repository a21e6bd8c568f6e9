import { describe, expect, it } from 'vitest';
import { conditionOf, HostStage, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** Others at work on the same resources: an adversary (docs/guarantees.md G14, 4.5), and every provisioning state (G15). */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

const MINUTE = 60_000;
const HOUR = 3_600_000;
const RESYNC = 11 * MINUTE;
const VM1 = vmId('vm1');
const azure = () => world.azure.control;
/** How many PATCHes azid sent. */
const patches = (since = 0) => stage.requests(since).filter(({ method }) => method === 'PATCH').length;

describe('G14: an actor that takes away whatever azid attaches', () => {
  /** An hour of it, seen every two minutes. */
  async function contest(type: string): Promise<{ readonly id: string; readonly sent: number }> {
    const { id } = stage.createHost(type, 'contested', { identity: { type: 'SystemAssigned' } });
    const operator = await world.start({ resyncIntervalMs: 2 * MINUTE });
    await stage.attach('contested', { target: { resourceId: id } });
    await stage.attached('contested');
    const since = stage.mark;
    for (let minute = 0; minute < 60; minute += 2) {
      azure().setHostIdentity({ id, identity: { type: 'SystemAssigned' } });
      await world.pass(2 * MINUTE);
    }
    const object = await stage.reach(
      () => stage.attachment('contested'),
      'Contested',
      (each) => conditionOf(each, 'Contested')?.status === 'True',
    );
    expect(conditionOf(object, 'Contested')?.message).toContain('contested');
    expect(await stage.event('contested', 'Contested')).toContain('growing pauses');
    const ledger = await stage.ledger(id);
    expect(ledger && conditionOf(ledger, 'Contested')?.message).toContain('app');
    expect(stage.host(id).system).not.toBeNull();
    await world.stop(operator);
    return { id, sent: patches(since) };
  }

  it('of a virtual machine is met with growing pauses and is named; when it stops, all recovers by itself', async () => {
    const { id, sent } = await contest('Microsoft.Compute/virtualMachines');
    // Twice at once, then after 1, 2, 4, 8, 16 and 32 min.
    expect(sent).toBeGreaterThan(4);
    expect(sent).toBeLessThanOrEqual(8);
    // What was counted is in the ledger: another process goes on with it.
    await world.start();
    await world.pass(HOUR);
    await stage.attached('contested');
    await world.pass(2 * HOUR);
    const calm = await stage.attached('contested');
    expect(conditionOf(calm, 'Contested')).toMatchObject({ status: 'False', reason: 'Settled' });
    // Forgiven: the next loss is the first again.
    azure().setHostIdentity({ id, identity: { type: 'SystemAssigned' } });
    const later = stage.mark;
    await world.pass(RESYNC);
    expect(patches(later)).toBe(1);
  });

  it('of an app restarts it a few times in an hour, not each time', async () => {
    const { id, sent } = await contest('Microsoft.Web/sites');
    expect(sent).toBeLessThanOrEqual(8);
    expect(stage.host(id).restarts).toBeLessThanOrEqual(9);
  });

  it('of a system-assigned identity likewise', async () => {
    stage.createVm('vm1');
    await world.start({ resyncIntervalMs: 2 * MINUTE });
    await stage.system('vm1');
    await stage.systemReady('vm1');
    const since = stage.mark;
    for (let minute = 0; minute < 30; minute += 2) {
      azure().setHostIdentity({ id: VM1, identity: { type: 'None' } });
      await world.pass(2 * MINUTE);
    }
    expect(patches(since)).toBeLessThanOrEqual(7);
    const object = await stage.reach(
      () => stage.systemIdentity('vm1'),
      'Contested',
      (each) => conditionOf(each, 'Contested')?.status === 'True',
    );
    expect(conditionOf(object, 'Ready')).toMatchObject({ status: 'False', reason: 'Contested' });
    await world.pass(HOUR);
    await stage.systemReady('vm1');
  });
});

describe('G15: by the state the resource is in', () => {
  /** As every answer about the resource shows it, whatever Azure does. */
  const showing = (state: () => string | undefined) =>
    ({
      interceptArm: async ({ url }, next) => {
        const answer = await next();
        const shown = state();
        if (shown === undefined || !url.includes('/virtualMachines')) return answer;
        const word = `"provisioningState":"${shown}"`;
        return {
          ...answer,
          bodyAsText: answer.bodyAsText?.replaceAll(/"provisioningState":"\w+"/g, word) ?? null,
        };
      },
    }) satisfies Parameters<World['start']>[0];

  it.each(['Succeeded', 'Failed', 'Canceled'])('%s: it is written to at once', async (state) => {
    stage.createVm('vm1');
    await world.start(showing(() => state));
    await stage.attach('vm1');
    const { status } = await stage.attached('vm1');
    expect(status?.attached).toBe(1);
    expect(stage.writes()).toEqual(['PATCH vm1']);
  });

  it.each(['Updating', 'Creating', 'Migrating'])(
    '%s: it is waited for, and written to when it shows no end for 5 minutes',
    async (state) => {
      stage.createVm('vm1');
      await world.start(showing(() => state));
      await stage.attach('vm1');
      await world.pass(4 * MINUTE);
      expect(stage.writes()).toEqual([]);
      expect(conditionOf(await stage.present('vm1'), 'Ready')?.status).toBe('False');
      await world.pass(3 * MINUTE);
      await stage.attached('vm1');
      expect(stage.writes()).toEqual(['PATCH vm1']);
    },
  );

  it('Updating, by the operation of somebody else: it is written to when that has ended', async () => {
    stage.createVm('vm1');
    azure().holdOperations({ id: VM1 });
    const path = `${VM1}?api-version=2024-07-01`;
    await azure().arm({ method: 'PATCH', path, body: { tags: { theirs: 'yes' } } });
    await world.start();
    await stage.attach('vm1');
    await world.pass(20 * MINUTE);
    // Past the 5 minutes it is tried, with growing pauses: Azure refuses while the other operation runs.
    expect(stage.writes().length).toBeLessThanOrEqual(12);
    azure().releaseOperations({});
    await world.pass(16 * MINUTE);
    await stage.attached('vm1');
    expect(stage.host(VM1).tags).toEqual({ theirs: 'yes' });
  });

  it('Deleting: nothing is written, and what comes after it is attached to anew', async () => {
    stage.createVm('vm1');
    azure().holdOperations({ id: VM1 });
    await azure().arm({ method: 'DELETE', path: `${VM1}?api-version=2024-07-01` });
    await world.start();
    await stage.attach('vm1');
    await stage.waiting(() => stage.attachment('vm1'), 'being deleted');
    await world.pass(20 * MINUTE);
    expect(stage.writes()).toEqual([]);
    azure().releaseOperations({});
    await world.pass(RESYNC);
    await stage.waiting(() => stage.attachment('vm1'), 'does not exist');
    stage.createVm('vm1');
    await world.pass(RESYNC);
    await stage.attached('vm1');
    expect(stage.writes()).toEqual(['PATCH vm1']);
  });

  it('Failed, and Azure refuses the change: tried once, then reported, with growing pauses', async () => {
    stage.createVm('vm1');
    azure().addFault({
      method: 'PATCH',
      path: '/vm1',
      effect: { kind: 'status', status: 400, code: 'VMStartTimedOut', message: 'The VM did not start.' },
    });
    let state: string | undefined = 'Failed';
    await world.start(showing(() => state));
    await stage.attach('vm1');
    const message = await stage.stalled(() => stage.attachment('vm1'), 'HostFailed');
    expect(message).toContain('repair the resource');
    expect(stage.writes()).toEqual(['PATCH vm1']);
    await world.pass(30 * MINUTE);
    expect(stage.writes().length).toBeLessThanOrEqual(8);
    azure().clearFaults({});
    state = undefined;
    await world.pass(RESYNC);
    await stage.attached('vm1');
  });
});
