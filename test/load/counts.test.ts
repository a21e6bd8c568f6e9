import { serialize } from 'node:v8';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import type { Applied } from '../../src/kube/client.ts';
import type { Condition, KubeObject } from '../../src/kube/types.ts';
import { Journal } from '../support/journal.ts';
import { countedByKind, groundOf, identitiesOf, makeMachines, objectsOf } from '../support/load/team.ts';
import { Cluster, World } from '../support/testbed.ts';

/**
 * What 100 objects of all kinds cost, so that it does not grow unnoticed: calls to Azure, writes to Kubernetes, and bytes of what
 * is kept. Counts, no times. Each bound is passed by one call, or one write, more for each object of a kind; the benchmarks
 * (docs/benchmarks.md) measure the same objects by the thousand.
 */

const TEAMS = [
  { namespace: 'team-a', resourceGroup: 'rg1' },
  { namespace: 'team-b', resourceGroup: 'rg2' },
];
const ISSUER = 'https://issuer.example.org/cluster';
const OBJECTS = TEAMS.flatMap(objectsOf);
const kinds = countedByKind(OBJECTS);
const IDENTITIES = kinds.UserAssignedIdentity ?? 0;
const CREDENTIALS = kinds.FederatedIdentityCredential ?? 0;
const GRANTS = kinds.RoleGrant ?? 0;
const ATTACHMENTS = kinds.IdentityAttachment ?? 0;
/** Machines with an identity, each with a ledger. */
const MACHINES = 14;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LIMIT_MS = 100_000;

let cluster: Cluster;
let world: World;
let journal: Journal;
beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster, { operator: { clusterIssuer: ISSUER, activityLog: true } });
  for (const team of TEAMS) makeMachines(world, team);
});
afterAll(async () => {
  await world?.dispose();
  await cluster?.clean();
  await cluster?.stop();
});

interface Reported extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
  };
}

const applyAll = (objects: readonly Applied[]) => Promise.all(objects.map((each) => cluster.apply(each)));

async function untilReady(count: number): Promise<void> {
  const isReady = ({ metadata, status }: Reported) =>
    status?.observedGeneration === metadata.generation &&
    status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  await world.until(
    `${count} objects to be Ready`,
    async () => {
      const all = await Promise.all(KINDS.map(({ resource }) => cluster.list<Reported>(resource)));
      return all.flat().filter(isReady).length >= count;
    },
    LIMIT_MS,
  );
}

/** Since a moment: calls to Azure by operation, writes to Kubernetes by what is written; Events are written on the side. */
function counter() {
  const [asked, wrote] = [world.azure.requests().length, journal.kubeWrites.length];
  return () => {
    const calls = world.azure.requests(asked).filter(({ caller }) => caller === 'controller');
    return {
      calls: tally(calls.map(({ operation }) => operation)),
      azureWrites: calls.filter(({ method }) => method !== 'GET').length,
      kubeWrites: tally(journal.kubeWrites.slice(wrote).map(({ request }) => writtenBy(request.path))),
    };
  };
}

function tally(names: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...Map.groupBy(names.toSorted(), (name) => name)].map(([name, { length }]) => [name, length]),
  );
}

/** `rolegrants`, or `rolegrants/status`. */
function writtenBy(path: string): string {
  const [, plural = '', , status = ''] =
    /^\/apis?\/(?:[^/]+\/)?v1[a-z0-9]*\/(?:namespaces\/[^/]+\/)?([^/]+)(\/[^/]+)?(\/status)?$/.exec(path) ??
    [];
  return `${plural}${status}`;
}

/** What does not grow with the objects: lists, azid's own rights, and the log of the one subscription, in so long. */
function lists(ms: number): Readonly<Record<string, number>> {
  const resyncs = Math.ceil(ms / (10 * MINUTE_MS)) + 3;
  return {
    'identities.listBySubscription': resyncs,
    'roleAssignments.list': resyncs,
    'virtualMachines.listBySubscription': resyncs,
    'roleDefinitions.list': resyncs,
    'permissions.list': 3 * resyncs,
    'activityLogs.list': 2 * Math.ceil(ms / (5 * MINUTE_MS) + 1),
  };
}

/** Fewer are as good; one more for each of `objects` is too many. */
const about = (objects: number, each: number) => objects * each + Math.floor(objects / 2);

function expectAtMost(
  counts: Readonly<Record<string, number>>,
  most: Readonly<Record<string, number>>,
): void {
  const over = Object.entries(counts).filter(([name, count]) => count > (most[name] ?? 0));
  expect(Object.fromEntries(over), `more than ${JSON.stringify(most)}`).toEqual({});
}

describe('100 objects of all kinds', () => {
  it('are made with one write to Azure each, and so many reads and Kubernetes writes', async () => {
    journal = new Journal();
    await world.start(journal);
    await applyAll(TEAMS.flatMap(groundOf).filter(({ kind }) => kind === 'Namespace'));
    await applyAll(TEAMS.flatMap(groundOf).filter(({ kind }) => kind !== 'Namespace'));
    const counts = counter();
    // In two steps: what refers to an identity that is not there yet is reconciled more often, and how often is chance.
    const first = TEAMS.flatMap(identitiesOf);
    await applyAll(first);
    await untilReady(TEAMS.length + first.length);
    await world.pass(MINUTE_MS);
    await applyAll(OBJECTS.filter(({ kind }) => kind !== 'UserAssignedIdentity'));
    await untilReady(TEAMS.length + OBJECTS.length + MACHINES);
    await world.pass(15 * MINUTE_MS);
    const { calls, azureWrites, kubeWrites } = counts();
    // A machine that several identities are attached to is written to once, or once more for whose turn came later.
    expect(azureWrites - (calls['virtualMachines.update'] ?? 0)).toBe(IDENTITIES + CREDENTIALS + GRANTS);
    expectAtMost(calls, {
      ...lists(18 * MINUTE_MS),
      'identities.createOrUpdate': IDENTITIES,
      // Before the PUT; and once more when the credentials and attachments ask whether it is still the same.
      'identities.get': about(IDENTITIES, 2),
      'federatedCredentials.createOrUpdate': CREDENTIALS,
      // Before the PUT, and once more since a first list may miss what was just made.
      'federatedCredentials.list': about(IDENTITIES, 2),
      'roleAssignments.create': GRANTS,
      'roleAssignments.get': about(GRANTS, 1),
      'virtualMachines.update': about(MACHINES, 1),
      // Before the PATCH, at its end, and once more as it is read back.
      'virtualMachines.get': about(MACHINES, 3),
      'hostOperations.get': about(MACHINES, 1),
    });
    expectAtMost(kubeWrites, {
      events: about(OBJECTS.length, 1),
      // What pods read, and the principals on record, each begun before the write to Azure and sure after it.
      configmaps: about(IDENTITIES, 2),
      // The namespace may come after the policy.
      'identitypolicies/status': 2 * TEAMS.length,
      // The finalizer; then the first conditions, what is begun, and what came of it.
      userassignedidentities: about(IDENTITIES, 1),
      'userassignedidentities/status': about(IDENTITIES, 3),
      federatedidentitycredentials: about(CREDENTIALS, 1),
      'federatedidentitycredentials/status': about(CREDENTIALS, 3),
      rolegrants: about(GRANTS, 1),
      // Ten minutes later it has propagated.
      'rolegrants/status': about(GRANTS, 4),
      identityattachments: about(ATTACHMENTS, 1),
      // One that selects tells of each machine in its turn, and how many are told together is chance.
      'identityattachments/status': about(ATTACHMENTS, 6),
      hostidentities: about(MACHINES, 2),
      'hostidentities/status': about(MACHINES, 5),
    });
  });

  it('hold so many bytes each, in the stores and in the caches', async () => {
    const [operator] = world.operators;
    const { stores, caches } = operator ?? {};
    if (!stores || !caches) throw new Error('azid does not work');
    const each = (all: Iterable<object>) => {
      const held = [...all];
      return Math.round(held.reduce((sum, one) => sum + serialize(one).byteLength, 0) / held.length);
    };
    const bytes = {
      identities: each(stores.identities.values()),
      credentials: each(stores.credentials.values()),
      grants: each(stores.grants.values()),
      attachments: each(stores.attachments.values()),
      hosts: each(stores.hosts.values()),
      'identities in Azure': each(caches.identities.present()),
      'credentials in Azure': each(caches.credentials.present()),
      'assignments in Azure': each(caches.assignments.present()),
      'hosts in Azure': each(caches.hosts.present()),
    };
    // A tenth more than it was when this was written.
    expectAtMost(bytes, {
      identities: 1_680,
      credentials: 2_240,
      grants: 2_380,
      attachments: 2_220,
      hosts: 1_990,
      'identities in Azure': 780,
      'credentials in Azure': 860,
      'assignments in Azure': 920,
      'hosts in Azure': 1_070,
    });
  });

  it('cost lists alone in an hour with nothing to do', async () => {
    const counts = counter();
    await world.pass(HOUR_MS);
    const { calls, azureWrites, kubeWrites } = counts();
    expect(azureWrites).toBe(0);
    expectAtMost(calls, {
      ...lists(HOUR_MS),
      // A round through all identities takes six hours.
      'federatedCredentials.list': Math.ceil(IDENTITIES / 6) + 1,
    });
    expect(kubeWrites).toEqual({});
  });

  it('cost lists, reads of credentials and of what the log holds, and no write when azid starts again', async () => {
    for (const operator of world.operators) await world.stop(operator);
    const counts = counter();
    await world.start(journal);
    await world.pass(5 * MINUTE_MS);
    const { calls, azureWrites, kubeWrites } = counts();
    expect(azureWrites).toBe(0);
    expectAtMost(calls, {
      ...lists(5 * MINUTE_MS),
      // Its first list of each, and its repetition.
      'federatedCredentials.list': about(IDENTITIES, 2),
      // The Activity Log tells of what a process before this one wrote: each is read, and once more after Azure's lag.
      'federatedCredentials.get': about(CREDENTIALS, 2),
      'identities.get': about(IDENTITIES, 2),
      'roleAssignments.get': about(GRANTS, 2),
    });
    expect(kubeWrites).toEqual({});
  });
});
