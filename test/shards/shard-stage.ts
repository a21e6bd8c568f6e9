import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { IdentityPolicySpec } from '../../src/api/identity-policy.ts';
import { HOME_SHARD, SHARD_LABEL } from '../../src/api/schema/shard.ts';
import { configMaps, leases, namespaces } from '../../src/kube/builtin.ts';
import { isShardLease, shardLeaseName } from '../../src/kube/lease/shard-lease.ts';
import { keyOf } from '../../src/kube/types.ts';
import type { Operator } from '../../src/operator/operator.ts';
import type { OperatorOptions } from '../../src/operator/options.ts';
import { HostStage } from '../support/kinds/hosts.ts';
import { CALM_LEASE, Cluster, SUBSCRIPTION, World } from '../support/testbed.ts';

/** Two shards on one API server and one Azure: `default` has namespace `team-home`, `blue` has `team-blue`. */

export const LEASE = 'azid-controller';
export const BLUE = 'blue';
export const INSTALLATION = 'azid-system/azid-installation';
const TEAMS = ['team-home', 'team-blue'] as const;

export interface Shards {
  readonly cluster: Cluster;
  readonly world: World;
  /** The namespace of the shard `default`; what it has is in rg1. */
  readonly home: HostStage;
  /** The namespace of the shard `blue`; what it has is in rg2. */
  readonly blue: HostStage;
  /** azid's writes to Azure, as `blue: PUT app`, in the order in which they left. */
  readonly writes: readonly string[];
  /** Writes from now on. */
  since(): () => readonly string[];
  start(shard: string, overrides?: Partial<OperatorOptions>, as?: { follower?: boolean }): Promise<Operator>;
  /** Both, one after the other. */
  both(): Promise<{ readonly home: Operator; readonly blue: Operator }>;
  move(namespace: string, shard: string | null): Promise<void>;
}

export const options = (shard: string): Partial<OperatorOptions> => ({
  instance: shard,
  leaseName: shardLeaseName(LEASE, shard),
  leaseTimes: CALM_LEASE,
  shard: { name: shard, count: 2, leaseName: LEASE },
});

/** Registers the hooks; call once at the top of a file. What it gives may be used inside tests only. */
export function useShards(): Shards {
  let cluster: Cluster;
  let world: World;
  let stages: readonly HostStage[] = [];
  let writes: string[] = [];
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    world = await World.create(cluster);
    stages = TEAMS.map((name) => new HostStage(cluster, world, name));
    writes = [];
    const [home, blue] = stages;
    await home?.prepare();
    await blue?.prepare(policyIn('rg2'));
    await move('team-blue', BLUE);
  });
  afterEach(async () => {
    await world?.dispose();
    await cluster?.clean(...TEAMS);
    for (const { metadata } of (await cluster?.list(leases)) ?? [])
      if (metadata.namespace === 'azid-system' && isShardLease(metadata.name, LEASE))
        await cluster.delete(leases, keyOf({ metadata }));
    // Other files find an installation without shards.
    if (await cluster?.get(configMaps, INSTALLATION))
      await cluster.patch(configMaps, INSTALLATION, { data: { sharded: null } });
  });
  const move = async (namespace: string, shard: string | null) => {
    await cluster.patch(namespaces, namespace, { metadata: { labels: { [SHARD_LABEL]: shard } } });
  };
  const start: Shards['start'] = (shard, overrides = {}, as = {}) =>
    world.start(
      {
        ...options(shard),
        ...overrides,
        interceptArm: async (request, next) => {
          const { pathname } = new URL(request.url);
          if (request.method !== 'GET' && !/token|listAssociatedResources/i.test(pathname))
            writes.push(`${overrides.instance ?? shard}: ${request.method} ${pathname.split('/').at(-1)}`);
          return overrides.interceptArm ? overrides.interceptArm(request, next) : next();
        },
      },
      as,
    );
  return {
    get cluster() {
      return cluster;
    },
    get world() {
      return world;
    },
    get home() {
      return stages[0] as HostStage;
    },
    get blue() {
      return stages[1] as HostStage;
    },
    get writes() {
      return writes;
    },
    since() {
      const begun = writes.length;
      return () => writes.slice(begun);
    },
    start,
    both: async () => ({ home: await start(HOME_SHARD), blue: await start(BLUE) }),
    move,
  };
}

/** What the policy of a namespace says whose identities are in this group. */
export function policyIn(resourceGroup: string): Partial<IdentityPolicySpec> {
  return {
    identities: { scopes: [`/subscriptions/${SUBSCRIPTION}/resourceGroups/${resourceGroup}`] },
    defaults: { subscriptionId: SUBSCRIPTION, resourceGroup, location: 'westeurope' },
    federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }],
  };
}
