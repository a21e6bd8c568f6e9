/**
 * 2,000 grants from cold (docs/benchmarks.md): how many simulated seconds from azid's start until the last of them is
 * Ready, whether Azure ever answers 429, and what the same grants cost afterwards: an idle hour, and a restart.
 *
 *     node bench/grants-from-cold.ts [--grants 2000] [--workers N]
 */
import { parseArgs } from 'node:util';
import { roleGrant } from '../src/api/role-grant.ts';
import { userAssignedIdentity } from '../src/api/user-assigned-identity.ts';
import { DEFAULT_WORKERS } from '../src/cli/controller-flags.ts';
import type { Applied } from '../src/kube/client.ts';
import type { Condition } from '../src/kube/types.ts';
import { Cluster, SUBSCRIPTION } from '../test/support/testbed.ts';
import { applyAll, type Bench, type Counts, circumstances, createBench, listed, print } from './support.ts';

const NAMESPACES = Array.from({ length: 10 }, (_, i) => `bench-${i}`);
const IDENTITIES_EACH = 10;
const GROUPS = ['app', 'data', 'logs', 'keys'];
const ROLES = [
  'Reader',
  'Storage Blob Data Reader',
  'Key Vault Secrets User',
  'AcrPull',
  'Monitoring Reader',
];
const API = { apiVersion: 'azid.dev/v1alpha1' };
const SUB = `/subscriptions/${SUBSCRIPTION}`;
const MINUTE = 60_000;

/** Azure's write bucket per subscription and caller: 200 at once, then 10 a second (docs/azure-facts.md section 9). */
const boundSeconds = (grants: number) => Math.max(0, (grants - 200) / 10);

const { values } = parseArgs({
  options: {
    grants: { type: 'string', default: '2000' },
    workers: { type: 'string', default: String(DEFAULT_WORKERS) },
  },
});
const wanted = wholeNumber(
  '--grants',
  values.grants,
  NAMESPACES.length * IDENTITIES_EACH * GROUPS.length * ROLES.length,
);
const workers = wholeNumber('--workers', values.workers, 256);

const cluster = await Cluster.start();
try {
  await measure();
} finally {
  await cluster.stop();
}

async function measure(): Promise<void> {
  const bench = await createBench(cluster, { workers });
  const { world } = bench;
  try {
    for (const name of GROUPS) world.azure.control.createResourceGroup({ name });
    await applyAll(
      cluster,
      NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    );
    await applyAll(cluster, [policy()]);
    await applyAll(cluster, identities());
    await identitiesReady(bench);

    await applyAll(cluster, grants());
    const cold = bench.mark();
    const startedAt = bench.seconds();
    await bench.start();
    await allReady(bench);
    const tookSeconds = bench.seconds(startedAt);
    const during = bench.counts(cold);

    // Propagated is told ten minutes after a grant: that is no idle time yet.
    await bench.pass(15 * MINUTE);
    const settled = bench.mark();
    await bench.pass(60 * MINUTE);
    const idle = bench.counts(settled);

    await stopAll(bench);
    const stopped = bench.mark();
    await bench.start();
    await bench.pass(5 * MINUTE);
    const restart = bench.counts(stopped);
    await checked();

    const bound = boundSeconds(wanted);
    print([
      ['circumstances', await circumstances(cluster)],
      ['grants, workers per kind', `${wanted}, ${workers}`],
      ['simulated seconds until the last is Ready', tookSeconds.toFixed(1)],
      [
        'bound of the write bucket, seconds',
        bound > 0
          ? `${bound}; it took ${(tookSeconds / bound).toFixed(2)} x as long`
          : 'none: all fit in the bucket',
      ],
      ...rows('from cold', during),
      ...rows('idle hour', idle),
      ...rows('restart and 5 minutes', restart),
    ]);
  } finally {
    await world.dispose();
  }
}

function rows(name: string, counts: Counts): [string, string][] {
  return [
    [`${name}: Azure reads, writes, 429`, `${counts.armReads}, ${counts.armWrites}, ${counts.throttled}`],
    [`${name}: calls to Azure`, listed(counts.arm)],
    [`${name}: refused by Azure`, listed(counts.refused)],
    [`${name}: Kubernetes writes, Events`, `${counts.kubeWrites}, ${counts.kubeEvents}`],
  ];
}

/** The identities are there before: their own limit, 2 writes a second, would be measured else. */
async function identitiesReady(bench: Bench): Promise<void> {
  const operator = await bench.start();
  const keys = identities().map(keyOfApplied);
  await bench.until('the identities to be Ready', () =>
    keys.every((key) => isReady(operator.stores?.identities.get(key))),
  );
  await stopAll(bench);
  // Buckets are full again, the directory knows every principal.
  await bench.pass(20 * MINUTE);
}

async function allReady({ until, world }: Bench): Promise<void> {
  const waiting = grants().map(keyOfApplied);
  await until(`${wanted} grants to be Ready`, () => {
    const stores = world.operators[0]?.stores;
    for (let last = waiting.at(-1); last !== undefined; last = waiting.at(-1)) {
      if (!isReady(stores?.grants.get(last))) return false;
      waiting.pop();
    }
    return true;
  });
}

async function stopAll({ world }: Bench): Promise<void> {
  for (const operator of world.operators) await world.stop(operator);
}

/** The API server says so too. */
async function checked(): Promise<void> {
  for (const [resource, count] of [
    [roleGrant.resource, wanted],
    [userAssignedIdentity.resource, NAMESPACES.length * IDENTITIES_EACH],
  ] as const) {
    const ready = (await cluster.list(resource)).filter(isReady).length;
    if (ready !== count) throw new Error(`expected ${count} ${resource.plural} to be Ready, got ${ready}`);
  }
}

function isReady(object: object | undefined): boolean {
  const { status } = (object ?? {}) as { status?: { conditions?: readonly Condition[] } };
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

function policy(): Applied {
  return {
    ...API,
    kind: 'IdentityPolicy',
    metadata: { name: 'bench' },
    spec: {
      namespaces: { names: NAMESPACES },
      identities: { scopes: [`${SUB}/resourceGroups/rg1`] },
      defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' },
      grants: [{ roles: ROLES, scopes: GROUPS.map((group) => `${SUB}/resourceGroups/${group}`) }],
    },
  };
}

function identities(): Applied[] {
  return NAMESPACES.flatMap((namespace) =>
    Array.from({ length: IDENTITIES_EACH }, (_, i) => ({
      ...API,
      kind: 'UserAssignedIdentity',
      metadata: { namespace, name: `app-${i}` },
      spec: { name: `${namespace}-app-${i}` },
    })),
  );
}

/** Each identity gets each role on each group, the first `wanted` of them. */
function grants(): Applied[] {
  return identities()
    .flatMap(({ metadata: { namespace, name } }) =>
      GROUPS.flatMap((group) =>
        ROLES.map((role, i) => ({
          ...API,
          kind: 'RoleGrant',
          metadata: { ...(namespace !== undefined && { namespace }), name: `${name}-${group}-${i}` },
          spec: {
            principal: { identityRef: { name } },
            role: { name: role },
            scope: `${SUB}/resourceGroups/${group}`,
          },
        })),
      ),
    )
    .slice(0, wanted);
}

function keyOfApplied({ metadata: { namespace, name } }: Applied): string {
  return `${namespace}/${name}`;
}

function wholeNumber(flag: string, given: string, most: number): number {
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new Error(`expected ${flag} to be a whole number from 1 to ${most}, got ${JSON.stringify(given)}`);
  return number;
}
