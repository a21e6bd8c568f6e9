/**
 * One team's edit and new object while another team has many identities to make (docs/benchmarks.md): simulated seconds until
 * the first call for the edit, and until the new object has its initial condition.
 *
 *     node bench/two-teams.ts [--many 200]
 */
import { parseArgs } from 'node:util';
import { twoTeams } from '../test/support/load/two-teams.ts';
import { WorkPace } from '../test/support/load/work-pace.ts';
import { Cluster, World } from '../test/support/testbed.ts';
import { circumstances, print } from './support.ts';

const { values } = parseArgs({ options: { many: { type: 'string', default: '200' } } });
const cluster = await Cluster.start();
const world = await World.create(cluster, { preset: 'honest', pace: (clock) => new WorkPace(clock) });
try {
  const seen = await twoTeams(cluster, world, Number(values.many));
  const seconds = (ms: number) => (ms / 1_000).toFixed(2);
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
  print([
    ['circumstances', await circumstances(cluster)],
    ['identities of the other team, made at the edit', `${values.many}, ${seen.madeAtEdit}`],
    ['calls for the other team before the first for the edit', String(seen.callsBeforeEdit)],
    ['simulated seconds until the first call for the edit', seconds(seen.editMs)],
    ['until its PATCH', seconds(seen.patchMs)],
    ['until the first condition of the new identity', seconds(seen.conditionMs)],
    ['until the new identity is Ready', seconds(seen.readyMs)],
    ['resident memory, simulator included, MiB', String(memory)],
  ]);
} finally {
  await world.dispose();
  await cluster.stop();
}
