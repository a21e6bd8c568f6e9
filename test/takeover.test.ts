import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KINDS } from '../src/api/index.ts';
import type { Condition, KubeObject } from '../src/kube/types.ts';
import { Journal, type KubeCall } from './support/journal.ts';
import { type Legacy, readLegacy, restoreAzure, restoreKubernetes } from './support/takeover.ts';
import { Cluster, World } from './support/testbed.ts';

/**
 * An upgrade: what an earlier azid wrote, in its statuses and ledgers and in Azure, is taken over as it stands. It is
 * restored with the UIDs, principals and names it had, and today's azid starts on it an hour later.
 */

const RESYNC_MS = 600_000;
let cluster: Cluster;
let world: World;
let legacy: Legacy;
beforeAll(async () => {
  legacy = await readLegacy('left-by-90903af.yaml');
  cluster = await Cluster.start();
});
afterAll(async () => {
  await world?.dispose();
  await cluster?.stop();
});

interface Reported extends KubeObject {
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] };
}

/** `RoleGrant read`: those that are not Ready for the spec as it is. */
async function notReady(): Promise<readonly string[]> {
  const all = await Promise.all(KINDS.map(({ resource }) => cluster.list<Reported>(resource)));
  return all.flat().flatMap(({ kind, metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True' && status?.observedGeneration === metadata.generation) return [];
    return [`${kind} ${metadata.name}: ${ready?.reason} ${ready?.message}`];
  });
}

/** Of the object a call to the API server is about; `metadata.name` of one that is made. */
function nameOf({ request }: KubeCall): string {
  const { metadata } = (request.body ?? {}) as Partial<KubeObject>;
  return metadata?.name ?? request.path.split('/').at(-1) ?? '';
}

/** What stands in Azure, in words that an answer's order does not change. */
function inAzure() {
  const { control } = world.azure;
  return {
    identities: control.identities(),
    assignments: control.assignments(),
    credentials: legacy.azure.identities.map(({ id }) => control.credentials({ id })),
    hosts: control.hosts({}),
  };
}

describe('what azid of commit 90903af left behind', () => {
  it('has every kind of object in it', () => {
    const kinds = new Set(legacy.kubernetes.map(({ kind }) => kind));
    // Which came later.
    const later = ['EventSource', 'OrphanRecord', 'OrphanSweep'];
    const then = KINDS.map(({ resource }) => resource.kind).filter((kind) => !later.includes(kind));
    expect([...kinds].sort()).toEqual([...then, 'ConfigMap', 'Namespace'].sort());
  });

  it('is taken over without a write to Azure, and stays as it is over two resyncs', async () => {
    const now = Date.parse(legacy.taken.at) + 3_600_000;
    world = await World.create(cluster, {
      now,
      tenantId: legacy.azure.tenantId,
      operator: { clusterIssuer: 'https://issuer.example.org/cluster', resyncIntervalMs: RESYNC_MS },
    });
    await restoreKubernetes(legacy, cluster);
    await restoreAzure(legacy, world.azure);
    const before = inAzure();
    const since = world.azure.requests().length;
    const journal = new Journal();
    await world.start(journal);
    await world.pass(2.5 * RESYNC_MS);

    const calls = world.azure.requests(since).filter(({ caller }) => caller === 'controller');
    expect(
      calls.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`),
    ).toEqual([]);
    expect(inAzure()).toEqual(before);
    expect(await notReady()).toEqual([]);
    // The principals of identities go on record (docs/design/2026-11-28-principals-on-record.md), since when there are records of what is
    // retained, and what says `Retain` (docs/design/2026-11-29-retain-on-record.md); nothing else is written.
    const isRecord = (name: string) => /^azid-(principals-|retained)/.test(name);
    expect(journal.kubeWrites.map(nameOf).filter((name) => !isRecord(name))).toEqual([]);
    // It did look: each list once at the start and once for each resync.
    const lists = calls.filter(({ operation }) => operation === 'identities.listBySubscription');
    expect(lists.length).toBeGreaterThanOrEqual(3);
  });

  it('has everything on record then: another start writes nothing at all', async () => {
    for (const operator of world.operators) await world.stop(operator);
    const since = world.azure.requests().length;
    const journal = new Journal();
    await world.start(journal);
    await world.pass(60_000);
    expect(world.azure.requests(since).filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(journal.writes).toEqual([]);
    expect(await notReady()).toEqual([]);
  });
});
