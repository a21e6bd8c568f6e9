import { afterAll, beforeAll, expect, it } from 'vitest';
import { AZURE_LIMITS } from '../../src/azure/limits.ts';
import { DEFAULT_WORKERS } from '../../src/cli/controller/controller.ts';
import type { OperatorOptions } from '../../src/operator/options.ts';
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

/** Grants of one namespace from cold; each is Ready when this ends. */
async function fromCold(operator: Partial<OperatorOptions>, judge: (world: World) => void) {
  const world = await World.create(cluster, {
    preset: 'honest',
    pace: (clock) => new WorkPace(clock),
    operator: { workers: DEFAULT_WORKERS, ...operator },
  });
  try {
    const stage = new GrantStage(cluster, world);
    const names = Array.from({ length: GRANTS }, (_, i) => `g-${i}`);
    for (const name of names) world.azure.control.createResourceGroup({ name });
    await stage.prepare();
    for (const name of names) await stage.declare(name, { scope: `${SUB}/resourceGroups/${name}` });
    await world.start();
    for (const name of names) await stage.ready(name);
    expect(stage.writes()).toEqual(Array.from({ length: GRANTS }, () => 'PUT 201'));
    judge(world);
  } finally {
    await world.dispose();
    await cluster.clean();
  }
}

it('many grants at once keep as many writes under way as Azure has room for, by default', async () => {
  let open = 0;
  let most = 0;
  const interceptArm: OperatorOptions['interceptArm'] = async ({ method, url }, next) => {
    const counts = method === 'PUT' && /roleassignments/i.test(url);
    if (counts) most = Math.max(most, ++open);
    try {
      return await next();
    } finally {
      if (counts) open--;
    }
  };
  await fromCold({ interceptArm }, () => expect(most).toBeGreaterThanOrEqual(FILLS_THE_BUCKET));
});

it('many grants that wait for Azure to take their writes are each read once, when the write can follow', async () => {
  const write = { capacity: 5, perSecond: 1 };
  const limits = { ...AZURE_LIMITS, share: 1, arm: { ...AZURE_LIMITS.arm, write } };
  await fromCold({ limits }, (world) => {
    const calls = world.azure.requests().filter(({ caller }) => caller === 'controller');
    const reads = calls.filter(({ operation }) => operation === 'roleAssignments.get');
    expect(reads).toHaveLength(GRANTS);
  });
});
