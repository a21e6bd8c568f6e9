import { afterAll, beforeAll, expect, it } from 'vitest';
import { volume } from '../../src/runtime/volume.fixture.ts';
import { grantsFollowing } from '../scenarios/grants.ts';
import { attaching, recycling } from '../scenarios/hosts.ts';
import { compare } from '../support/crash/matrix.ts';
import { run } from '../support/crash/run.ts';
import { Cluster } from '../support/testbed.ts';

/**
 * Two controllers on one API server, one of which leads: it dies at moments drawn by chance, some with a write to Azure under way that lands when
 * the other one has taken over, and a new one takes the place of the one that waited. `AZID_KILLS=50 AZID_SEED=7 systest test/crash/failover`.
 */

const KILLS = volume('AZID_KILLS', { everyday: 10, full: 50 });
const SEED = Number(process.env.AZID_SEED ?? 1);
const MOST_IN_A_RUN = 4;
/** From the death of a leader: its Lease, and what a process on a loaded machine needs to begin. */
const LONGEST_MS = 15_000 + 2_000;

const scenarios = [
  ...recycling,
  ...attaching,
  ...grantsFollowing.filter(({ name }) => name === 'a grant follows a recycled identity'),
];

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.stop());

const failovers: number[] = [];
afterAll(() => {
  const sorted = failovers.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1];
  process.stdout.write(
    `failover: ${sorted.length} leaders killed; ms until another one works: ${at(0.5)} median, ${at(1)} at most\n`,
  );
});

it.each(scenarios)(
  '$name: ends the same, with the same effects in Azure, however often the leader dies',
  {
    timeout: 900_000,
  },
  async (scenario) => {
    const reference = await run(cluster, scenario, SEED);
    const wanted = Math.ceil(KILLS / scenarios.length);
    for (let kills = 0, round = 1; kills < wanted; round++) {
      const seed = SEED * 1_000 + round;
      const got = await run(cluster, scenario, seed, {
        kind: 'random-kills',
        seed,
        most: Math.min(MOST_IN_A_RUN, wanted - kills),
      });
      expect([...compare(reference, got), ...got.faults].join('\n'), `seed ${seed}`).toBe('');
      expect(Math.max(0, ...got.failovers), `seed ${seed}`).toBeLessThanOrEqual(LONGEST_MS);
      failovers.push(...got.failovers);
      kills += got.kills;
      expect(round, 'runs without a kill').toBeLessThan(10 * wanted);
    }
  },
);
