import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import { loadKubeEndpoint } from '../../src/kube/access/config.ts';
import { type ConfigMap, configMaps, namespaces } from '../../src/kube/builtin.ts';
import type { Interceptor } from '../../src/kube/transport/request.ts';
import { type KubeObject, keyOf } from '../../src/kube/types.ts';
import { type Bundle, readBundle, writeBundle } from '../../src/leaving/handover/bundle.ts';
import { exportBundle } from '../../src/leaving/handover/export.ts';
import { finish, revert } from '../../src/leaving/handover/finish.ts';
import { importBundle } from '../../src/leaving/handover/import.ts';
import type { Operator } from '../../src/operator/operator.ts';
import type { OperatorOptions } from '../../src/operator/options.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { Estate } from '../support/kinds/estate.ts';
import { SUB } from '../support/kinds/hosts.ts';
import { CALM_LEASE, Cluster, World } from '../support/testbed.ts';

/** `azid handover`: two clusters, one Azure. What azid has moves from one to the other, and Azure does not notice. */

const NAMESPACE = 'team';
const LEASE = 'azid-controller';
const RESYNC_MS = 600_000;
const TIMES = { timeoutMs: 180_000 };

let old: Cluster;
let fresh: Cluster;
let world: World;
let here: Estate;
let there: Estate;
beforeAll(async () => {
  [old, fresh] = await Promise.all([Cluster.start(), Cluster.start()]);
});
afterAll(async () => {
  await old?.stop();
  await fresh?.stop();
});
beforeEach(async () => {
  world = await World.create(old);
  here = new Estate(old, world, NAMESPACE);
  there = new Estate(fresh, world, NAMESPACE);
});
afterEach(async () => {
  await world?.dispose();
  for (const cluster of [old, fresh]) await empty(cluster);
});

async function empty(cluster: Cluster): Promise<void> {
  await cluster.clean();
  for (const { metadata } of await cluster.list<ConfigMap>(configMaps))
    if (metadata.namespace === 'azid-system' && metadata.name.startsWith('azid-'))
      await cluster.delete(configMaps, keyOf({ metadata }));
}

const onNew = (): Partial<OperatorOptions> => ({
  leaseName: LEASE,
  leaseTimes: CALM_LEASE,
  endpoint: loadKubeEndpoint({ clock: systemClock, kubeconfig: fresh.plane.kubeconfigPath }),
});

async function built(): Promise<Operator> {
  const operator = await world.start({ leaseName: LEASE, leaseTimes: CALM_LEASE });
  await here.build();
  await here.ready();
  // The principal is on record, and first lists were repeated.
  await world.pass(60_000);
  return operator;
}

const exported = () => here.outcome(exportBundle(here.deps(), { ...TIMES, withoutController: false }));
const imported = (bundle: Bundle, intercept?: Interceptor) =>
  there.outcome(importBundle(readBundle(writeBundle(bundle)), there.deps([], intercept)));
const finished = (intercept?: Interceptor) => here.outcome(finish(here.deps([], intercept), TIMES));

/** azid's writes to Azure, as `PUT app`: method and last part of the path. */
function writes(since: number): readonly string[] {
  return world.azure
    .requests(since)
    .filter(
      ({ caller, method, path }) => caller === 'controller' && method !== 'GET' && !path.includes('/token'),
    )
    .map(({ method, path }) => `${method} ${path.split('?')[0]?.split('/').at(-1)}`);
}

/** All that is in Azure but the one mark that names the object's uid. */
function azure() {
  const { control } = world.azure;
  const identities = control.identities({});
  return {
    identities: identities.map(({ tags: { 'azid-owner-uid': _, ...tags }, ...rest }) => ({ ...rest, tags })),
    credentials: identities.map(({ id }) => control.credentials({ id })),
    assignments: control.assignments(),
    hosts: control.hosts({}),
  };
}

interface Told extends KubeObject {
  readonly spec: object;
  readonly status?: object;
}

/** All that a cluster has of azid, without what each cluster gives itself. */
async function state(cluster: Cluster) {
  const lists = await Promise.all(KINDS.map(({ resource }) => cluster.list<Told>(resource)));
  const all = lists.flat();
  const names = new Map(all.map((object) => [object.metadata.uid, `uid of ${object.kind} ${keyOf(object)}`]));
  const maps = (await cluster.list<ConfigMap>(configMaps)).filter(
    ({ metadata: { namespace, name } }) => namespace === 'azid-system' && name.startsWith('azid-principals-'),
  );
  const plain = {
    objects: all
      .map(({ kind, metadata, spec, status }) => ({
        object: `${kind} ${keyOf({ metadata })}`,
        finalizers: metadata.finalizers,
        annotations: metadata.annotations,
        spec,
        status,
      }))
      .toSorted((a, b) => (a.object < b.object ? -1 : 1)),
    principals: maps.flatMap(({ data = {} }) => Object.entries(data)),
  };
  const text = [...names].reduce((each, [uid, name]) => each.replaceAll(uid, name), JSON.stringify(plain));
  return JSON.parse(text.replaceAll(/"observedGeneration":\d+/g, '"observedGeneration":1'));
}

const retainedIndex = (cluster: Cluster) => cluster.get<ConfigMap>(configMaps, 'azid-system/azid-retained');

describe('a handover', () => {
  it('moves everything to another cluster, and Azure sees one mark change; then that cluster is the one that works', async () => {
    const operator = await built();
    const before = azure();
    const asItWas = await state(old);
    const since = world.azure.requests().length;

    const bundle = await exported();
    expect(await world.ended(operator)).toMatchObject({ type: 'handedOver' });
    expect(bundle.objects.map(({ kind }) => kind)).toContain('HostIdentity');
    expect(await imported(bundle)).toEqual({ objects: bundle.objects.length, done: true });
    expect(await state(fresh)).toEqual(asItWas);
    // The records of what was retained go on there: they name themselves, and begin anew where they are a copy.
    const [wasThere, isThere] = await Promise.all([old, fresh].map(retainedIndex));
    expect(isThere?.data).toEqual({ ...wasThere?.data, uid: isThere?.metadata.uid });
    expect(writes(since)).toEqual([]);

    await world.start(onNew());
    await there.ready();
    await world.pass(2.5 * RESYNC_MS);
    await there.ready();
    expect(await finished()).toEqual([]);
    expect(await here.left()).toEqual([]);
    expect(azure()).toEqual(before);
    expect(writes(since)).toEqual([expect.stringMatching(/^P(UT|ATCH) app$/)]);
    const [identity] = here.inAzure().identities;
    const { uid } = (await there.stage.userIdentity('app'))?.metadata ?? {};
    expect(identity?.tags['azid-owner-uid']).toBe(uid);

    await there.stage.identity('app', { tags: { app: 'shop' } });
    await world.until('the edit to be in Azure', () => there.inAzure().identities[0]?.tags.app === 'shop');
    await there.stage.detach('vm1');
    await world.until('the attachment to be off', () => there.inAzure().attached === 0);
  });

  it('carries over an end that binds, with whose it is', async () => {
    await world.start({ leaseName: LEASE, leaseTimes: CALM_LEASE });
    await here.build();
    const at = `${new Date(world.clock.now() + 3_600_000).toISOString().slice(0, 19)}Z`;
    await here.grant('read', { expiresAt: at });
    await here.ready();
    const held = here.inAzure().assignments;
    const bundle = await exported();
    await imported(bundle);
    await world.start(onNew());
    await there.ready();
    await world.pass(2 * RESYNC_MS);
    expect(there.inAzure().assignments).toBe(held);
    await world.pass(3_600_000);
    expect(there.inAzure().assignments).toBe(held - 1);
  });

  it('leaves what is being deleted to the cluster where it was asked for', async () => {
    await built();
    world.azure.control.lock({ scope: SUB, level: 'ReadOnly' });
    await here.stage.detach('vm1');
    await expect(exported()).rejects.toThrow(/these are being deleted.*IdentityAttachment team\/vm1/);
    // Nothing was begun: azid still works there.
    expect(world.operators).toHaveLength(1);
  });

  it('goes back, if the new cluster cannot take over, and nothing was written', async () => {
    const operator = await built();
    const before = azure();
    const since = world.azure.requests().length;
    const bundle = await exported();
    await world.ended(operator);
    await expect(world.start({ leaseName: LEASE, leaseTimes: CALM_LEASE })).rejects.toThrow(
      'was handed over to another cluster',
    );
    await imported(bundle);
    await here.outcome(revert(here.deps()));
    await world.start({ leaseName: LEASE, leaseTimes: CALM_LEASE });
    await here.ready();
    await world.pass(2 * RESYNC_MS);
    await here.ready();
    expect(azure()).toEqual(before);
    expect(writes(since)).toEqual([]);
  });
});

/** Dies at the write of this number, before it leaves or before its answer comes. */
function dying(at: number, when: 'before' | 'after', counted: { writes: number }): Interceptor {
  return async (request, next) => {
    if (request.method === 'GET') return next(request);
    const isStruck = ++counted.writes === at;
    if (isStruck && when === 'before') throw new Error('killed');
    const answer = await next(request);
    if (isStruck) throw new Error('killed');
    return answer;
  };
}

const range = (most: number) => Array.from({ length: most }, (_, at) => at + 1);

describe('killed at any of its writes', () => {
  it('an import goes on from there, and no azid starts before its end', async () => {
    await built();
    const bundle = await exported();
    const counted = { writes: 0 };
    await imported(bundle, dying(0, 'before', counted));
    const reference = await state(fresh);
    const total = counted.writes;
    expect(total).toBeGreaterThan(15);
    // What stands after a write whose answer is lost is what stands before the next one.
    const strikes = [[1, 'before'] as const, ...range(total).map((at) => [at, 'after'] as const)];
    for (const [at, when] of strikes) {
      await empty(fresh);
      await expect(imported(bundle, dying(at, when, { writes: 0 }))).rejects.toThrow('killed');
      if (at === Math.floor(total / 2))
        await expect(world.start(onNew())).rejects.toThrow(
          'an import from another cluster has been under way',
        );
      await imported(bundle);
      expect(await state(fresh), `${when} write ${at} of ${total}`).toEqual(reference);
    }
    // Once more: nothing is left to do.
    const again = { writes: 0 };
    expect(await imported(bundle, dying(0, 'before', again))).toMatchObject({ done: false });
    expect(again.writes).toBe(0);
  });

  it('an export and the end on the cluster that is left go on from there', async () => {
    const operator = await built();
    const asItWas = await state(old);
    const dead = exportBundle(here.deps([], dying(1, 'after', { writes: 0 })), {
      ...TIMES,
      withoutController: false,
    });
    await expect(here.outcome(dead)).rejects.toThrow('killed');
    expect(await world.ended(operator)).toMatchObject({ type: 'handedOver' });
    const bundle = await exported();
    expect(await state(old)).toEqual(asItWas);
    await imported(bundle);
    for (let at = 1; ; at++) {
      const run = finished(dying(at, at % 2 === 0 ? 'before' : 'after', { writes: 0 }));
      const left = await run.catch((error: Error) => {
        expect(error.message).toBe('killed');
        return undefined;
      });
      if (left) break;
      expect(at).toBeLessThan(60);
    }
    expect(await here.left()).toEqual([]);
    const map = await old.get<ConfigMap>(configMaps, 'azid-system/azid-installation');
    expect(map?.data?.finishedAt).toBeDefined();
    await expect(here.outcome(revert(here.deps()))).rejects.toThrow('the handover was finished');
    await expect(world.start({ leaseName: LEASE, leaseTimes: CALM_LEASE })).rejects.toThrow(
      'was handed over',
    );
  });
});

it('what is there already is compared, and never overwritten', async () => {
  await built();
  const bundle = await exported();
  await fresh.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await there.stage.identity('app', { tags: { other: 'one' } });
  await expect(imported(bundle)).rejects.toThrow(
    /these exist here already, and differ: UserAssignedIdentity team\/app: spec\.tags: expected nothing/,
  );
  expect(await fresh.get(configMaps, 'azid-system/azid-installation')).toBeUndefined();
  await there.stage.identity('app', {});
  await imported(bundle);
  expect((await there.stage.userIdentity('app'))?.status?.id).toBeDefined();
  expect(await fresh.get(namespaces, NAMESPACE)).toBeDefined();
});
