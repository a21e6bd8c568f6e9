/**
 * What many teams on many hosts cost, and how large their ledgers are: calls and sizes, not seconds, against a real
 * kube-apiserver and the simulated Azure. `node bench/many-hosts.ts --hosts 500`
 */
import { parseArgs } from 'node:util';
import { identityAttachment } from '../src/api/identity-attachment.ts';
import { conditionOf, HostStage, vmId } from '../test/support/kinds/hosts.ts';
import {
  CROWDED,
  declare,
  type ManyHosts,
  machine,
  makeInAzure,
  restore,
  sizeOf,
  teamsOn,
} from '../test/support/load/many-hosts.ts';
import { Cluster, World } from '../test/support/testbed.ts';

const { values } = parseArgs({ options: { hosts: { type: 'string', default: '500' } } });
const size: ManyHosts = { hosts: Number(values.hosts), teams: 20, onOne: 300 };
const LIMIT_MS = 20 * 60_000;
const HOUR_MS = 3_600_000;
const say = (line: string) => void process.stdout.write(`${line}\n`);

const cluster = await Cluster.start();
const world = await World.create(cluster, { operator: { workers: 16 } });
const stage = new HostStage(cluster, world, 'team-0');
world.azure.control.setKnobs({ latencyMs: { 'virtualMachines.update.operation': 10_000 } });
makeInAzure(world, size);
await declare(cluster, size);

const names = [CROWDED, ...Array.from({ length: size.hosts }, (_, at) => machine(at))];
const lacking = () =>
  names.some(
    (name, at) =>
      stage.host(vmId(name)).attached.length < (at === 0 ? size.onOne : teamsOn(at - 1, size).length),
  );
const ready = async () =>
  (await cluster.list(identityAttachment.resource)).every(
    (each) => conditionOf(each, 'Ready')?.status === 'True',
  );
const kubeWrites = () => [...cluster.writes.values()].reduce((sum, { ended }) => sum + ended, 0);

/** Calls of azid while `act` runs, as a line of text. */
async function counted(what: string, act: () => Promise<void>): Promise<void> {
  const [mark, before] = [stage.mark, kubeWrites()];
  await act();
  const requests = stage.requests(mark);
  const of = (...operations: string[]) =>
    requests.filter(({ operation }) => operations.includes(operation)).length;
  const perHost = new Map<string, number>();
  for (const write of stage.writes(mark)) perHost.set(write, (perHost.get(write) ?? 0) + 1);
  say(
    `${what}: PATCH ${of('virtualMachines.update')} (most on one of the ${size.hosts}: ${Math.max(0, ...[...perHost].filter(([key]) => !key.endsWith(CROWDED)).map(([, count]) => count))}; on the crowded one: ${perHost.get(`PATCH ${CROWDED}`) ?? 0}), GET of hosts ${of('virtualMachines.get')}, of identities ${of('identities.get')}, polls ${of('hostOperations.get')}, all calls ${requests.length}; Kubernetes writes ${kubeWrites() - before}`,
  );
}

try {
  await counted('attach', async () => {
    await world.start();
    await world.until('all to be attached', () => !lacking(), LIMIT_MS);
    await world.until('all to be Ready', ready, LIMIT_MS);
    await world.pass(60_000);
  });
  const largest = (all: readonly Parameters<typeof sizeOf>[0][]) => Math.max(...all.map(sizeOf));
  const crowded = await stage.ledger(vmId(CROWDED));
  const ledgers = (await stage.ledgers()).filter(({ metadata }) => metadata.name !== crowded?.metadata.name);
  say(
    `bytes of JSON: ledger of ${size.onOne} identities ${crowded && sizeOf(crowded)}, largest of the others ${largest(ledgers)}, largest attachment ${largest(await cluster.list(identityAttachment.resource))}`,
  );
  await counted('idle hour', () => world.pass(HOUR_MS));
  for (const operator of world.operators) await world.kill(operator);
  await restore(cluster);
  await counted('restored without status', async () => {
    await world.start();
    await world.until('all to be Ready again', ready, LIMIT_MS);
    await world.pass(60_000);
  });
} finally {
  await world.dispose();
  await cluster.stop();
}
