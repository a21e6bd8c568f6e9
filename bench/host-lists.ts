/**
 * What watching hosts costs: calls to Azure for each resync, and the memory and computing of the cache, against the
 * simulated Azure. `node --expose-gc bench/host-lists.ts --vms 500 --sites 100 --page 100`
 */
import { parseArgs } from 'node:util';
import { Hosts } from '../src/azure/hosts/hosts.ts';
import { AzureCache } from '../src/cache/azure-cache.ts';
import { hostArea } from '../src/cache/hosts/area.ts';
import { hostDefinition } from '../src/cache/hosts/hosts.ts';
import { startStage, turn } from '../test/cache/stage.ts';

const { values } = parseArgs({
  options: {
    vms: { type: 'string', default: '500' },
    sites: { type: 'string', default: '100' },
    page: { type: 'string', default: '100' },
  },
});
const [vms, sites, pageSize] = [Number(values.vms), Number(values.sites), Number(values.page)];
const say = (line: string) => void process.stdout.write(`${line}\n`);

const stage = await startStage();
const { azure, access, scheduler, clock, permissions, stopping, subscriptionId } = stage;
const { control } = azure;
await control.setKnobs({ paging: { pageSize } });
const { id: identity } = await control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
const create = (type: string, name: string) =>
  control.createHost({
    type,
    name,
    resourceGroup: 'rg1',
    tags: { team: 'a', env: 'production' },
    identity: { type: 'UserAssigned', userAssignedIdentities: { [identity]: {} } },
  });
for (let n = 0; n < vms; n++) await create('Microsoft.Compute/virtualMachines', `vm${n}`);
for (let n = 0; n < sites; n++) {
  await create('Microsoft.Web/sites', `app${n}`);
  await create('Microsoft.Web/sites/slots', `app${n}/staging`);
}

const hosts = new Hosts({ access, scheduler, clock, tenantId: azure.tenantId, credential: 'azid' });
const { signal } = stopping;
const definition = hostDefinition({ hosts, permissions, clock, signal });
const cache = new AzureCache(definition, { clock, signal, random: () => 0.5 });
let changes = 0;
cache.onChange(() => void changes++);
/** Time moves on when nothing runs: more than Azure's bucket holds waits for its tokens. */
const until = async (holds: () => boolean): Promise<number> => {
  const from = clock.monotonic();
  for (; !holds(); await turn()) if (scheduler.stats().running === 0) clock.advance(10);
  await stage.quiet();
  return (clock.monotonic() - from) / 1000;
};
const heap = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

for (const type of ['Microsoft.Compute/virtualMachines', 'Microsoft.Web/sites/slots']) {
  const area = hostArea(subscriptionId, type);
  const before = heap();
  cache.use(area, [area]);
  await until(() => cache.age(area) !== undefined);
  const found = cache.present(area).length;
  say(
    `${type}: ${found} hosts, ${((heap() - before) / 1024 / found).toFixed(1)} KiB each, the simulator's log included`,
  );
  for (const recycled of [0, Math.floor(found / 10)]) {
    const some = cache.present(area).slice(0, recycled);
    for (const { id } of some) await control.recycleHost({ id });
    const calls = stage.calls().length;
    changes = 0;
    const cpu = process.cpuUsage();
    clock.advance(1000);
    const asked = clock.monotonic();
    cache.resyncNow(area);
    const seconds = await until(
      () => clock.monotonic() - (cache.age(area) ?? Number.POSITIVE_INFINITY) >= asked,
    );
    const { user, system } = process.cpuUsage(cpu);
    const ms = Math.round((user + system) / 1000);
    say(
      `  resync with ${recycled} recycled: ${stage.calls().length - calls} calls, ${changes} changes, ${seconds} s, ${ms} ms of CPU, the simulator's included`,
    );
  }
}
stopping.abort();
await cache.stop();
await azure.stop();
