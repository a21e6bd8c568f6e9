import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { KINDS } from '../src/api/index.ts';
import type { Condition, KubeObject } from '../src/kube/types.ts';
import { Journal, type KubeCall } from './support/journal.ts';
import { leaveOneOfEach } from './support/kinds/one-of-each.ts';
import { removeLeft, takeLegacy } from './support/leave.ts';
import { type Legacy, readLegacy, restoreAzure, restoreKubernetes } from './support/takeover.ts';
import { Cluster, World } from './support/testbed.ts';

/**
 * An upgrade: what an earlier azid wrote, in its statuses and ledgers and in Azure, is taken over as it stands. It is
 * restored with the UIDs, principals and names it had, and today's azid starts on it an hour later.
 */

const RESYNC_MS = 600_000;
const NAMESPACE = 'team-a';
const ISSUER = { clusterIssuer: 'https://issuer.example.org/cluster' };
let cluster: Cluster;
let world: World;
let legacy: Legacy;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(async () => {
  await world?.dispose();
  await cluster?.stop();
});

interface Reported extends KubeObject {
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] };
}

/** Stalled before, and after as well: its queue is of another cloud. */
const STALLED = 'EventSource elsewhere: OtherCloud';

/** `RoleGrant read`: those that are not Ready for the spec as it is. */
async function notReady(): Promise<readonly string[]> {
  const all = await Promise.all(KINDS.map(({ resource }) => cluster.list<Reported>(resource)));
  return all.flat().flatMap(({ kind, metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True' && status?.observedGeneration === metadata.generation) return [];
    const why = `${kind} ${metadata.name}: ${ready?.reason}`;
    return why === STALLED ? [] : [`${why} ${ready?.message}`];
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
    // Its claim on the installation aside.
    identities: control.identities().filter(({ id }) => !isClaim(id)),
    assignments: control.assignments(),
    credentials: legacy.azure.identities.map(({ id }) => control.credentials({ id })),
    hosts: control.hosts({}),
  };
}

const kindsIn = ({ kubernetes }: Legacy) => [...new Set(kubernetes.map(({ kind }) => kind))].sort();
const ALL_KINDS = KINDS.map(({ resource }) => resource.kind);

/** Today's azid on it, an hour later. */
async function takeOver(): Promise<Journal> {
  world = await World.create(cluster, {
    now: Date.parse(legacy.taken.at) + 3_600_000,
    tenantId: legacy.azure.tenantId,
    ...(legacy.azure.own && { own: ownOf(legacy.azure.own) }),
    operator: { ...ISSUER, resyncIntervalMs: RESYNC_MS },
  });
  await restoreKubernetes(legacy, cluster);
  await restoreAzure(legacy, world.azure);
  return new Journal();
}

const ownOf = ({ principalId, clientId, tags }: NonNullable<Legacy['azure']['own']>) => ({
  ...{ name: 'azid-controller', resourceGroup: 'azid-system', principalId, clientId, tags },
});

/** A cluster says every hour that the installation is its own, by a tag on azid's own identity: that is no change of anything that is kept. */
const isClaim = (path: string) => /\/userAssignedIdentities\/azid-controller(\?|$)/i.test(path);
/**
 * What is written all the same: where it counts its claims, the sweep `all` that says when it makes the next one and has an Event of it; and what was put on record of
 * principals and of `Retain` since an azid that knew of neither (docs/design/2026-11-28-principals-on-record.md, docs/design/2026-11-29-retain-on-record.md).
 */
const isRecord = (name: string) =>
  /^azid-(principals-|retained|installation$)|^all(\.[0-9a-f]+)?$/.test(name);

/** Takes it over, passes two resyncs, and finds nothing written but what is named above. */
async function expectTakenOver(): Promise<void> {
  const journal = await takeOver();
  const before = inAzure();
  const since = world.azure.requests().length;
  await world.start(journal);
  await world.pass(2.5 * RESYNC_MS);
  const calls = world.azure.requests(since).filter(({ caller }) => caller === 'controller');
  const writes = calls.filter(({ method, path }) => method !== 'GET' && !isClaim(path) && !isQuestion(path));
  expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  expect(inAzure()).toEqual(before);
  expect(await notReady()).toEqual([]);
  expect(journal.kubeWrites.map(nameOf).filter((name) => !isRecord(name))).toEqual([]);
  // It did look: each list once at the start and once for each resync.
  const lists = calls.filter(({ operation }) => operation === 'identities.listBySubscription');
  expect(lists.length).toBeGreaterThanOrEqual(3);
}

/** A POST that changes nothing: what a sweep asks. */
const isQuestion = (path: string) => /ResourceGraph\/resources|listAssociatedResources/.test(path);

async function expectNothingAtAll(): Promise<void> {
  for (const operator of world.operators) await world.stop(operator);
  const since = world.azure.requests().length;
  const journal = new Journal();
  await world.start(journal);
  await world.pass(60_000);
  const writes = world.azure
    .requests(since)
    .filter(({ method, path }) => method !== 'GET' && !isQuestion(path));
  expect(writes).toEqual([]);
  expect(journal.writes).toEqual([]);
  expect(await notReady()).toEqual([]);
}

async function leave(): Promise<void> {
  await world.dispose();
  await removeLeft(cluster, legacy, NAMESPACE);
}

// The newest last. Which kinds came later than the first ones.
describe.each([
  { commit: '90903af', later: ['EventSource', 'OrphanRecord', 'OrphanSweep'] },
  { commit: '67aed9e', later: [] as readonly string[] },
])('what azid of commit $commit left behind', ({ commit, later }) => {
  beforeAll(async () => {
    legacy = await readLegacy(`left-by-${commit}.yaml`);
  });
  afterAll(leave);

  it('has every kind of object in it that there was', () => {
    const then = ALL_KINDS.filter((kind) => !later.includes(kind));
    expect(kindsIn(legacy)).toEqual([...then, 'ConfigMap', 'Namespace'].sort());
  });

  it('is taken over without a write to Azure, and stays as it is over two resyncs', expectTakenOver);
  it('has everything on record then: another start writes nothing at all', expectNothingAtAll);
});

describe('what azid of today leaves behind', () => {
  beforeAll(async () => {
    world = await World.create(cluster, { operator: ISSUER });
    await leaveOneOfEach(cluster, world, NAMESPACE);
    legacy = await takeLegacy(cluster, world, NAMESPACE);
    // For those that come after it (CONTRIBUTING, "Release").
    if (process.env.AZID_LEAVE) await writeFile(process.env.AZID_LEAVE, stringify(legacy, { lineWidth: 0 }));
    await leave();
  }, 180_000);

  it('has every kind of object in it', () => {
    expect(kindsIn(legacy)).toEqual([...ALL_KINDS, 'ConfigMap', 'Namespace'].sort());
  });

  it('is taken over without a write to Azure, and stays as it is over two resyncs', expectTakenOver);
  it('has everything on record then: another start writes nothing at all', expectNothingAtAll);
});
