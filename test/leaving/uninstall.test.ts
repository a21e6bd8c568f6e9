import { afterEach, describe, expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import { FINALIZER } from '../../src/api/schema/common.ts';
import { type ConfigMap, configMaps } from '../../src/kube/builtin.ts';
import type { KubeRequest } from '../../src/kube/transport/request.ts';
import { list } from '../../src/leaving/uninstall/listing.ts';
import { type UninstallOptions, uninstall } from '../../src/leaving/uninstall/uninstall.ts';
import { LEFT_BEHIND_CONFIG_MAP } from '../../src/reconcilers/own-config-maps.ts';
import { Estate } from '../support/kinds/estate.ts';
import { RG1, SUB } from '../support/kinds/hosts.ts';
import { sampleOf } from '../support/sample.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** `azid uninstall`: nothing of azid is left in the cluster, and of Azure what was asked for. */

let cluster: Cluster;
let world: World;
let estate: Estate;
let tests = 0;
useWorld(async (ground) => {
  ({ cluster, world } = ground);
  estate = new Estate(cluster, world, `leave-${++tests}`);
});

const LEASE = 'azid-controller';
const OPTIONS: UninstallOptions = {
  policy: 'Delete',
  overrideRetain: false,
  forceRelease: false,
  withoutController: false,
  giveUpEnds: false,
  timeoutMs: 30 * 60_000,
};
const NOTHING = { identities: [], credentials: [], assignments: 0, attached: 0, system: false };

async function built(): Promise<void> {
  await world.start({ leaseName: LEASE });
  await estate.build();
  await estate.ready();
}

async function ownMaps(): Promise<readonly string[]> {
  const all = await cluster.list<ConfigMap>(configMaps);
  return all
    .filter(({ metadata }) => metadata.namespace === 'azid-system' && metadata.name.startsWith('azid-'))
    .map(({ metadata }) => metadata.name);
}

/** Those that a person would find later, of azid alone. */
async function removeMaps(): Promise<void> {
  for (const name of await ownMaps()) await cluster.delete(configMaps, `azid-system/${name}`);
}

afterEach(removeMaps);

describe('azid uninstall', () => {
  it('lists what there is, with what it has in Azure', async () => {
    await built();
    const listing = await estate.outcome(list(estate.deps()));
    const grants = listing.kinds.find(({ kind }) => kind === 'RoleGrant');
    expect(grants).toMatchObject({ objects: 2, withFinalizer: 2, retained: 0, deleting: 0 });
    expect(grants?.inAzure).toHaveLength(2);
    expect(listing.kinds.find(({ kind }) => kind === 'HostIdentity')?.inAzure).toHaveLength(2);
    expect(listing.configMaps).toContain('azid-installation');
    expect(listing.reappliedBy).toEqual([]);
  });

  it('deletes everything that azid made, and leaves no object and no ConfigMap of azid', async () => {
    await built();
    const said: string[] = [];
    const done = await estate.outcome(uninstall(estate.deps(said), { ...OPTIONS, overrideRetain: true }));
    expect(done.hanging).toEqual([]);
    expect(done.leftBehind).toEqual([]);
    expect(await estate.left()).toEqual([]);
    expect(await ownMaps()).toEqual([]);
    expect(estate.inAzure()).toEqual(NOTHING);
    // In this order.
    const waves = said.flatMap((line) => /^(.*): \d+ left$/.exec(line)?.[1] ?? []);
    expect([...new Set(waves)]).toEqual([
      'grants, credentials and attachments',
      'system-assigned identities',
      ...(waves.includes('ledgers of resources') ? ['ledgers of resources'] : []),
      'user-assigned identities',
      'policies',
    ]);
  });

  it('keeps in Azure what objects say is to be kept', async () => {
    await built();
    await estate.grant('read', { deletionPolicy: 'Retain' });
    await estate.stage.identity('app', { deletionPolicy: 'Retain' });
    await estate.outcome(uninstall(estate.deps(), OPTIONS));
    expect(await estate.left()).toEqual([]);
    // A SystemAssignedIdentity says Retain unless somebody says otherwise.
    expect(estate.inAzure()).toMatchObject({ assignments: 1, credentials: [], attached: 0, system: true });
    expect(estate.inAzure().identities).toMatchObject([
      { tags: { 'azid-retained': `${estate.stage.namespace}/app` } },
    ]);
  });

  it('retains everything, whatever the objects say, and writes to Azure nothing but the marks', async () => {
    await built();
    const before = estate.inAzure();
    const since = world.azure.requests().length;
    await estate.outcome(uninstall(estate.deps(), { ...OPTIONS, policy: 'Retain' }));
    expect(await estate.left()).toEqual([]);
    const after = estate.inAzure();
    expect({ ...after, identities: [] }).toEqual({ ...before, identities: [] });
    expect(after.identities).toMatchObject([{ tags: { 'azid-retained': `${estate.stage.namespace}/app` } }]);
    const writes = world.azure.requests(since).filter(({ method }) => method !== 'GET');
    expect(writes.map(({ method, path }) => `${method} ${path.split('?')[0]?.split('/').at(-1)}`)).toEqual([
      expect.stringMatching(/^P(UT|ATCH) app$/),
    ]);
  });

  it('finds what somebody makes meanwhile', async () => {
    await built();
    const { namespace } = estate.stage;
    let made = false;
    const deps = estate.deps([], async (request, next) => {
      const answer = await next(request);
      // As soon as the first identity is deleted, one more grant of it is there.
      if (!made && request.method === 'DELETE' && request.path.includes('/userassignedidentities/')) {
        made = true;
        await estate.grant('late');
      }
      return answer;
    });
    await estate.outcome(uninstall(deps, { ...OPTIONS, overrideRetain: true }));
    expect(made).toBe(true);
    expect(await cluster.get(roleGrant.resource, `${namespace}/late`)).toBeUndefined();
    expect(await estate.left()).toEqual([]);
    expect(estate.inAzure()).toEqual(NOTHING);
  });

  it('says what hangs and why, and goes on from there once that is mended', async () => {
    await built();
    world.azure.control.lock({ scope: RG1, level: 'CanNotDelete' });
    const said: string[] = [];
    const first = await estate.outcome(
      uninstall(estate.deps(said), { ...OPTIONS, overrideRetain: true, timeoutMs: 120_000 }),
    );
    expect(first.hanging.length).toBeGreaterThan(0);
    expect(first.hanging.map(({ held }) => held.why).join()).toContain('ScopeLocked');
    expect(said.join('\n')).toContain('azid release rolegrant ');
    world.azure.control.unlock({ scope: RG1 });
    const second = await estate.outcome(uninstall(estate.deps(), { ...OPTIONS, overrideRetain: true }));
    expect(second.hanging).toEqual([]);
    expect(await estate.left()).toEqual([]);
    expect(estate.inAzure()).toEqual(NOTHING);
  });

  it('with --force-release lets go of what Azure refuses, and writes down what stays', async () => {
    await built();
    world.azure.control.lock({ scope: SUB, level: 'ReadOnly' });
    const done = await estate.outcome(
      uninstall(estate.deps(), { ...OPTIONS, overrideRetain: true, forceRelease: true }),
    );
    expect(await estate.left()).toEqual([]);
    const map = await cluster.get<ConfigMap>(configMaps, `azid-system/${LEFT_BEHIND_CONFIG_MAP}`);
    const entries = Object.values(map?.data ?? {}).map((text) => JSON.parse(text));
    expect(entries.map(({ kind }) => kind)).toContain('UserAssignedIdentity');
    expect(entries.map(({ kind }) => kind)).toContain('RoleGrant');
    expect(done.leftBehind.flatMap(({ azure }) => azure).map((id) => id.toLowerCase())).toContain(
      `${RG1}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`.toLowerCase(),
    );
    expect(estate.inAzure().identities).toHaveLength(1);
    expect(await ownMaps()).toEqual([LEFT_BEHIND_CONFIG_MAP]);
  });

  it('does nothing where no controller works, unless asked to take the finalizers off', async () => {
    await built();
    const [operator] = world.operators;
    if (operator) await world.kill(operator);
    await expect(estate.outcome(uninstall(estate.deps(), OPTIONS))).rejects.toThrow(
      /is not renewed any more: .*--force-release/,
    );
    expect((await estate.left()).length).toBeGreaterThan(5);
    const before = estate.inAzure();
    const done = await estate.outcome(uninstall(estate.deps(), { ...OPTIONS, forceRelease: true }));
    expect(await estate.left()).toEqual([]);
    expect(estate.inAzure()).toEqual(before);
    const told = done.leftBehind.map(({ kind }) => kind);
    for (const kind of ['UserAssignedIdentity', 'RoleGrant', 'FederatedIdentityCredential', 'HostIdentity'])
      expect(told).toContain(kind);
  });

  it('does not lose an end that binds: it waits for it, or is asked to give it up', async () => {
    await world.start({ leaseName: LEASE });
    await estate.build();
    await estate.stage.policy({
      grants: [{ roles: ['Reader'], scopes: [SUB] }],
      federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }],
    });
    const at = `${new Date(world.clock.now() + 7 * 86_400_000).toISOString().slice(0, 19)}Z`;
    await estate.grant('read', { expiresAt: at });
    await estate.ready();
    const first = await estate.outcome(uninstall(estate.deps(), { ...OPTIONS, policy: 'Retain' }));
    expect(first.hanging).toMatchObject([{ held: { until: at } }]);
    expect(await estate.left()).toEqual([expect.stringContaining('AssignmentExpiry azid-system/')]);
    const second = await estate.outcome(
      uninstall(estate.deps(), { ...OPTIONS, policy: 'Retain', giveUpEnds: true }),
    );
    expect(second.leftBehind).toMatchObject([{ kind: 'AssignmentExpiry', why: expect.stringContaining(at) }]);
    expect(await estate.left()).toEqual([]);
    expect(estate.inAzure().assignments).toBe(2);
  });

  it('says whose finalizer it is that keeps an object azid is done with', async () => {
    await built();
    const key = `${estate.stage.namespace}/read`;
    const finalizers = [FINALIZER, 'example.org/hold'];
    await cluster.patch(roleGrant.resource, key, { metadata: { finalizers } });
    const said: string[] = [];
    const done = await estate.outcome(
      uninstall(estate.deps(said), { ...OPTIONS, overrideRetain: true, timeoutMs: 60_000 }),
    );
    expect(done.hanging).toMatchObject([
      { object: `RoleGrant ${key}`, held: { why: expect.stringContaining('example.org/hold') } },
    ]);
    await cluster.patch(roleGrant.resource, key, { metadata: { finalizers: [] } });
  });
});

describe('killed at any of its writes, azid uninstall goes on from there', () => {
  /** What it writes, in order; strikes at the write of this number, before or after it. */
  async function run(strike?: { readonly at: number; readonly when: 'before' | 'after' }): Promise<number> {
    await built();
    let writes = 0;
    const deps = estate.deps([], async (request: KubeRequest, next) => {
      if (request.method === 'GET') return next(request);
      const isStruck = ++writes === strike?.at;
      if (isStruck && strike?.when === 'before') throw new Error('killed');
      const answer = await next(request);
      if (isStruck) throw new Error('killed');
      return answer;
    });
    const options = { ...OPTIONS, overrideRetain: true };
    const first = estate.outcome(uninstall(deps, options));
    if (strike) await expect(first).rejects.toThrow('killed');
    else await first;
    if (strike) await estate.outcome(uninstall(estate.deps(), options));
    expect(await estate.left()).toEqual([]);
    expect(await ownMaps()).toEqual([]);
    expect(estate.inAzure()).toEqual(NOTHING);
    return writes;
  }

  // The number of its writes hangs on how far the controller is at each look, so a few are struck, spread over all.
  const strikes = [1, 2, 4, 6, 8, 9, 10].flatMap((at) =>
    (['before', 'after'] as const).map((when) => ({ at, when })),
  );
  it.each(sampleOf(strikes, 6, 'killed in azid uninstall'))('$when write $at', async (strike) => {
    await run(strike);
  });

  it('those are among the writes it makes', async () => {
    expect(await run()).toBeGreaterThanOrEqual(10);
  });
});
