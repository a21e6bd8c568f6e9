import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEFAULT_WORKERS } from '../../src/cli/controller/controller-flags.ts';
import { GrantStage, SUB } from '../support/kinds/grants.ts';
import { WorkPace } from '../support/load/work-pace.ts';
import { Cluster, World } from '../support/testbed.ts';

/** What the benchmark measures at length (docs/benchmarks.md), counted here in little. */
const GRANTS = 60;
/** 9 writes a second, azid's share of Azure's bucket, times the 4.9 s that one takes (docs/azure-facts.md sections 5 and 9). */
const FILLS_THE_BUCKET = 45;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.stop());

it('many grants at once keep as many writes under way as Azure has room for, by default', async () => {
  let open = 0;
  let most = 0;
  const world = await World.create(cluster, {
    preset: 'honest',
    pace: (clock) => new WorkPace(clock),
    operator: {
      workers: DEFAULT_WORKERS,
      interceptArm: async ({ method, url }, next) => {
        const counts = method === 'PUT' && /roleassignments/i.test(url);
        if (counts) most = Math.max(most, ++open);
        try {
          return await next();
        } finally {
          if (counts) open--;
        }
      },
    },
  });
  try {
    const stage = new GrantStage(cluster, world);
    const names = Array.from({ length: GRANTS }, (_, i) => `g-${i}`);
    for (const name of names) world.azure.control.createResourceGroup({ name });
    await stage.prepare();
    for (const name of names) await stage.declare(name, { scope: `${SUB}/resourceGroups/${name}` });
    await world.start();
    for (const name of names) await stage.ready(name);
    expect(most).toBeGreaterThanOrEqual(FILLS_THE_BUCKET);
    expect(stage.writes()).toEqual(Array.from({ length: GRANTS }, () => 'PUT 201'));
  } finally {
    await world.dispose();
  }
});
