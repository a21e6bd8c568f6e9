import { describe, expect, it } from 'vitest';
import type { IdentityAttachmentSpec } from '../../src/api/identity-attachment.ts';
import { isFull } from '../../src/runtime/volume.fixture.ts';
import { conditionOf, HostStage, hostIdOf, identityIdOf, VMS, vmId } from '../support/kinds/hosts.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** One attachment, many resources by a selector: what it costs, how fast it goes, and what stops it. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(
  async (own) => {
    ({ cluster, world } = own);
    stage = new HostStage(cluster, world);
    await stage.prepare();
  },
  { operator: { workers: 16 } },
);

const RESYNC = 11 * 60_000;
const SITES = 'Microsoft.Web/sites';

const workers = (tags: Readonly<Record<string, string>> = { role: 'worker' }) => ({
  selector: { subscriptionId: SUBSCRIPTION, type: VMS, tags },
});
const fleet = (spec: Partial<IdentityAttachmentSpec> = {}) =>
  stage.attach('fleet', { target: workers(), ...spec });
/** Machines of the large fleet: more than the hundred that a status lists. */
const SIZE = isFull ? 200 : 120;
/** Those of them that have not what they are to have. */
const LACKING = SIZE - 20;
const names = (count: number) => Array.from({ length: count }, (_, at) => `vm-${at}`);
const identities = (...of: string[]) => ({
  type: 'UserAssigned',
  userAssignedIdentities: Object.fromEntries(of.map((name) => [identityIdOf(name), {}])),
});

/** Machines of the fleet, each with these identities, attached by somebody else. */
function machines(all: readonly string[], ...attached: string[]): void {
  for (const name of all)
    stage.createVm(name, {
      tags: { role: 'worker' },
      ...(attached.length > 0 && { identity: identities(...attached) }),
    });
}

/** Starts azid; gives the most resources that it ever had under way at once. */
async function startCounting(): Promise<{ readonly most: number }> {
  const { control } = world.azure;
  const seen = { most: 0 };
  /** A site answers when its work is done, a machine when it has begun. */
  const asked = new Set<string>();
  const count = () => {
    const busy = control.hosts({}).flatMap((host) => (host.busy ? host.name : []));
    seen.most = Math.max(seen.most, new Set([...asked, ...busy]).size);
  };
  await world.start({
    interceptArm: async ({ method, url }, next) => {
      if (method === 'GET') return next();
      const name = new URL(url).pathname.split('/').at(-1) ?? '';
      asked.add(name);
      count();
      try {
        return await next();
      } finally {
        count();
        asked.delete(name);
      }
    },
  });
  return seen;
}

const appIsMade = () =>
  stage.reach(
    () => stage.userIdentity('app'),
    'app to be made',
    ({ status }) => status?.principalId !== undefined,
  );
const attachedOn = (count: number) =>
  stage.reach(
    () => stage.attachment('fleet'),
    `${count} to be attached`,
    ({ status }) => status?.attached === count,
    100_000,
  );

describe(`one more identity for a fleet of ${SIZE}`, () => {
  it('costs one PATCH for each machine that lacks it, and a stuck one delays no other', async () => {
    const { control } = world.azure;
    control.setKnobs({ latencyMs: { 'virtualMachines.update.operation': 3_000 } });
    control.createIdentity({ name: 'base', resourceGroup: 'rg1' });
    const seen = await startCounting();
    await appIsMade();
    const all = names(SIZE);
    machines(all.slice(0, LACKING), 'base');
    machines(all.slice(LACKING), 'base', 'app');
    control.holdOperations({ id: vmId('vm-7') });
    const before = world.clock.monotonic();
    await fleet();

    // A look at the object at each breath would take longer than all of azid's work.
    const having = () => control.hosts({}).filter(({ attached }) => attached.length === 2).length;
    await world.until(`${SIZE - 1} machines to have it`, () => having() === SIZE - 1, 100_000);
    const { status } = await attachedOn(SIZE - 1);
    // In turns of 20 machines: 3 s for each, and the time it takes to hear of its end.
    expect(world.clock.monotonic() - before).toBeLessThan((SIZE / 20) * 18_000);
    expect(status).toMatchObject({ matched: SIZE, pending: 1, failed: 0 });
    expect(status?.targets).toHaveLength(100);
    expect(status?.targets?.[0]).toMatchObject({ resourceId: vmId('vm-7'), state: 'Attaching' });
    const lacking = all
      .slice(0, LACKING)
      .map((name) => `PATCH ${name}`)
      .sort();
    expect(stage.writes().sort()).toEqual(lacking);
    expect(seen.most).toBeLessThanOrEqual(20);
    expect(seen.most).toBeGreaterThan(10);

    await world.pass(15 * 60_000);
    expect(stage.writes()).toHaveLength(LACKING);
    control.releaseOperations({});
    await stage.attached('fleet', (each) => each.status?.attached === SIZE);
    expect(stage.writes()).toHaveLength(LACKING);
    for (const name of all) expect(stage.on(vmId(name)), name).toEqual(['app', 'base']);
    // Nobody else's identity is named, nor anything that was read.
    const bodies = stage.requests().flatMap(({ method, body }) => (method === 'PATCH' ? [body] : []));
    const added = JSON.stringify({ identity: identities('app') }).toLowerCase();
    for (const body of bodies) expect(JSON.stringify(body).toLowerCase()).toBe(added);

    const mark = stage.mark;
    await world.pass(RESYNC);
    expect(stage.writes(mark)).toEqual([]);
  });
});

describe('rollout.maxConcurrent', () => {
  it('is never exceeded, and used', async () => {
    const { control } = world.azure;
    control.setKnobs({ latencyMs: { 'virtualMachines.update.operation': 5_000 } });
    machines(names(12));
    const seen = await startCounting();
    await fleet({ rollout: { maxConcurrent: 3 } });
    await stage.attached('fleet', (each) => each.status?.attached === 12);
    expect(seen.most).toBe(3);
    expect(stage.writes()).toHaveLength(12);
  });

  it('is 1 for apps, which restart', async () => {
    const { control } = world.azure;
    control.setKnobs({ latencyMs: { 'sites.update.operation': 2_000 } });
    const sites = names(5);
    for (const name of sites)
      control.createHost({
        type: SITES,
        kind: 'app',
        name,
        resourceGroup: 'rg1',
        tags: { role: 'worker' },
      });
    const seen = await startCounting();
    await fleet({
      target: { selector: { subscriptionId: SUBSCRIPTION, type: SITES, tags: { role: 'worker' } } },
    });
    await stage.attached('fleet', (each) => each.status?.attached === 5);
    expect(seen.most).toBe(1);
    expect(stage.writes().sort()).toEqual(sites.map((name) => `PATCH ${name}`));
    for (const name of sites) expect(stage.host(hostIdOf(SITES, name)).restarts, name).toBe(1);
    expect(await stage.event('fleet', 'RestartsOnAttach')).toContain('1 at a time');
  });

  it('holds for several attachments by the sum of their own', async () => {
    const { control } = world.azure;
    control.setKnobs({ latencyMs: { 'virtualMachines.update.operation': 5_000 } });
    await stage.identity('other');
    machines(names(6));
    const seen = await startCounting();
    await fleet({ rollout: { maxConcurrent: 1 } });
    await stage.attach('others', {
      identityRef: { name: 'other' },
      target: workers(),
      rollout: { maxConcurrent: 1 },
    });
    await stage.attached('fleet', (each) => each.status?.attached === 6);
    await stage.attached('others', (each) => each.status?.attached === 6);
    expect(seen.most).toBeLessThanOrEqual(2);
    for (const name of names(6)) expect(stage.on(vmId(name))).toEqual(['app', 'other']);
  });
});

describe('rollout.maxDetachShare', () => {
  it('stops a typing error, and lets it go when it is taken back', async () => {
    machines(names(10));
    await world.start();
    await fleet();
    await stage.attached('fleet', (each) => each.status?.attached === 10);
    const mark = stage.mark;
    await fleet({ target: workers({ role: 'wroker' }) });
    const message = await stage.stalled(() => stage.attachment('fleet'), 'DetachShareExceeded');
    expect(message).toContain('azid.dev/confirm-detach: "10"');
    await world.pass(RESYNC);
    expect(stage.writes(mark)).toEqual([]);
    await fleet();
    await stage.attached('fleet', (each) => each.status?.attached === 10);
    expect(stage.writes(mark)).toEqual([]);
    for (const name of names(10)) expect(stage.on(vmId(name))).toEqual(['app']);
  });

  it('lets go what annotation azid.dev/confirm-detach confirms by its number, and no other number', async () => {
    const { control } = world.azure;
    control.createIdentity({ name: 'base', resourceGroup: 'rg1' });
    machines(names(10), 'base');
    await world.start();
    await fleet();
    await stage.attached('fleet', (each) => each.status?.attached === 10);
    // azid looks at each machine once more after its write; then only the list shows what others do, and all at once.
    await world.pass(60_000);
    for (const name of names(4)) control.tagHost({ id: vmId(name), tags: { role: 'retired' } });
    const mark = stage.mark;
    await world.pass(RESYNC);
    await stage.stalled(() => stage.attachment('fleet'), 'DetachShareExceeded');
    await stage.annotate('fleet', { 'azid.dev/confirm-detach': '3' });
    await world.pass(60_000);
    expect(stage.writes(mark)).toEqual([]);
    await stage.annotate('fleet', { 'azid.dev/confirm-detach': '4' });
    await stage.attached('fleet', ({ status }) => status?.attached === 6 && status.detaching === 0);
    expect(stage.writes(mark).sort()).toEqual(names(4).map((name) => `PATCH ${name}`));
    for (const name of names(10))
      expect(stage.on(vmId(name)), name).toEqual(Number(name.slice(3)) < 4 ? ['base'] : ['app', 'base']);

    // What was confirmed is done: the next four need a word of their own, though the annotation still says 4.
    await world.pass(60_000);
    for (const name of names(8).slice(4)) control.tagHost({ id: vmId(name), tags: {} });
    const later = stage.mark;
    await world.pass(RESYNC);
    await stage.stalled(() => stage.attachment('fleet'), 'DetachShareExceeded');
    expect(stage.writes(later)).toEqual([]);
  });
});

describe('a restart in the middle', () => {
  it('sends no second PATCH: the next process asks the same operations for their end', async () => {
    const { control } = world.azure;
    machines(names(12));
    control.holdOperations({});
    const first = await world.start();
    await fleet();
    const operations = async () =>
      (await stage.ledgers()).flatMap(({ status }) => status?.operation?.url ?? []);
    await world.until('all operations to be in the ledgers', async () => (await operations()).length === 12);
    const urls = await operations();
    // What the hosts go by stands in the API server: the next process finds it there.
    const slots = async () => (await stage.attachment('fleet'))?.status?.rolloutSlots;
    expect((await slots())?.attach).toEqual(
      names(12)
        .map((name) => vmId(name))
        .sort(),
    );
    await world.kill(first);

    const mark = stage.mark;
    await world.start();
    const polled = () =>
      new Set(
        stage
          .requests(mark)
          .filter(({ operation }) => operation === 'hostOperations.get')
          .map(({ path }) => path),
      );
    await world.until('each of them to be asked', () => polled().size >= 12);
    expect([...polled()].sort()).toEqual(urls.map((url) => url.slice(world.azure.origin.length)).sort());
    control.releaseOperations({});
    const object = await stage.attached('fleet', (each) => each.status?.attached === 12);
    expect(conditionOf(object, 'Ready')?.message).toContain('all 12 resources');
    expect(await slots()).toBeUndefined();
    expect(stage.writes().sort()).toEqual(
      names(12)
        .map((name) => `PATCH ${name}`)
        .sort(),
    );
  });
});
