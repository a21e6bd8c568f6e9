import { describe, expect, it } from 'vitest';
import { conditionOf, HostStage, VMS, vmId } from '../support/kinds/hosts.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** Machines, and right after them a selector that is to find them, in an Azure whose lists lag (docs/architecture.md section 2). */

const LAG = 30_000;
/** All who ask within a quarter of the lag share one list. */
const SETTLED = LAG * 1.25;
const MINUTE = 60_000;

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(
  async (own) => {
    ({ cluster, world } = own);
    world.azure.control.setKnobs({ propagation: { listLagMs: 20_000 } });
    stage = new HostStage(cluster, world);
    await stage.prepare();
  },
  { preset: 'honest', azureLagMs: LAG },
);

const choose = (name: string, role: string) =>
  stage.attach(name, { target: { selector: { subscriptionId: SUBSCRIPTION, type: VMS, tags: { role } } } });
const message = async (name: string) => {
  const object = await stage.attachment(name);
  const ready = object && conditionOf(object, 'Ready');
  return `${ready?.reason}: ${ready?.message}`;
};
const lists = (since: number) =>
  stage.requests(since).filter(({ method, path }) => method === 'GET' && /\/virtualMachines\?/i.test(path))
    .length;
/** The status says that nothing was found yet, and when that is certain. */
async function open(name: string): Promise<number> {
  await world.until('the selector to say until when it may miss some', async () =>
    /NothingSelected: .*until \d{4}-\S+Z resources that were made lately may be missing/.test(
      await message(name),
    ),
  );
  return Date.parse((await stage.attachment(name))?.status?.mayMissUntil ?? '');
}
async function attached(name: string): Promise<void> {
  await world.until('the machine to have it', () => stage.on(vmId(name)).length > 0, 60_000);
}

describe('a new selector', () => {
  it('has what was made just before it after Azure’s lag, by one list more, and says until when it may miss some', async () => {
    await world.start();
    await world.pass(MINUTE);
    const since = stage.mark;
    const before = world.clock.now();
    stage.createVm('vm1', { tags: { role: 'worker' } });
    await choose('fleet', 'worker');
    const until = await open('fleet');
    expect(until).toBeLessThan(before + SETTLED + MINUTE / 2);
    await attached('vm1');
    expect(world.clock.now()).toBeGreaterThanOrEqual(until - 1000);
    expect(world.clock.now()).toBeLessThan(before + 2 * MINUTE);
    await world.until('nothing to be open', async () => !(await message('fleet')).includes('may be missing'));
    expect((await stage.attachment('fleet'))?.status).not.toHaveProperty('mayMissUntil');
    await world.pass(4 * MINUTE);
    expect(lists(since)).toBe(2);
  });

  it('also where the type is listed for others, for one list', async () => {
    await choose('others', 'other');
    await world.start();
    await open('others');
    await world.pass(3 * MINUTE);
    const since = stage.mark;
    const before = world.clock.now();
    stage.createVm('vm1', { tags: { role: 'worker' } });
    await choose('fleet', 'worker');
    await choose('same', 'worker');
    await open('fleet');
    await attached('vm1');
    expect(world.clock.now()).toBeLessThan(before + 2 * MINUTE);
    expect(lists(since)).toBe(1);
    expect(await message('others')).not.toContain('may be missing');
  });

  it('says nothing again when azid starts again, and changes no status', async () => {
    await world.start();
    await choose('fleet', 'worker');
    await open('fleet');
    await world.until('nothing to be open', async () => !(await message('fleet')).includes('may be missing'));
    const { metadata } = (await stage.attachment('fleet')) ?? {};
    const [operator] = world.operators;
    if (operator) await world.stop(operator);
    await world.start();
    await world.pass(3 * MINUTE);
    expect((await stage.attachment('fleet'))?.metadata.resourceVersion).toBe(metadata?.resourceVersion);
  });
});
