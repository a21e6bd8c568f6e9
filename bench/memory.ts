/**
 * What the controller holds in memory, as it runs in a cluster: the bundle of `npm run build`, a process of its own, against a
 * real kube-apiserver and the simulated Azure. With nothing to do, and started on many objects that it left in order, which
 * it takes over without a write. `npm run build && node bench/memory.ts --objects 10000`
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createToken } from '../src/kube/builtin.ts';
import { sleep, systemClock } from '../src/runtime/time/clock.ts';
import { freePort } from '../src/sandbox/apiserver/process/port.ts';
import { temporaryFolder } from '../src/sandbox/apiserver/process/temporary-folder.ts';
import { seedAzure } from '../src/sandbox/setup/azure-seed.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { readLegacy, restoreAzure, restoreKubernetes } from '../test/support/takeover.ts';
import { Cluster, SUBSCRIPTION } from '../test/support/testbed.ts';
import { copyTeams } from './copies.ts';
import { circumstances } from './support.ts';

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '10000' },
    program: { type: 'string', default: 'dist/azid.mjs' },
    /** Of Node, in place of those of deploy/controller.yaml, such as `--flag=--max-semi-space-size=16`. */
    flag: { type: 'string', multiple: true, default: ['--max-semi-space-size=4'] },
    /** Of its environment, such as `--env MALLOC_ARENA_MAX=2`. */
    env: { type: 'string', multiple: true, default: [] },
    /** Only with objects. */
    'no-idle': { type: 'boolean', default: false },
    /** A folder to which the heap of the last state is written. */
    snapshot: { type: 'string' },
  },
});
const PER_TEAM = 23;
const objects = Number(values.objects);
const say = (line: string) => void process.stdout.write(`${line}\n`);
const pause = (ms: number) => sleep(systemClock, ms);

await using folder = await temporaryFolder();
const legacy = await readLegacy('left-by-90903af.yaml');
const cluster = await Cluster.start({ own: true });
const azure = await startSimulator({
  clock: systemClock,
  preset: 'fast',
  subscriptionId: SUBSCRIPTION,
  tenantId: legacy.azure.tenantId,
});
const issued = async (audiences: readonly string[]) => {
  const { signal } = new AbortController();
  return (await createToken(cluster.client, 'azid-system', 'azid-controller', { audiences }, signal)).token;
};
const keys = async () => {
  const accept = 'application/jwk-set+json';
  const request = { method: 'GET', path: '/openid/v1/jwks', accept } as const;
  return cluster.client.transport.request<{ keys: [] }>(request, new AbortController().signal);
};
const own = await seedAzure(azure, { issuer: cluster.plane.issuer, keys });
const file = (name: string) => join(folder.path, name);
await cluster.plane.writeKubeconfig(file('kubeconfig'), { token: await issued([]) });
await writeFile(file('azure.pem'), azure.caPem);
await writeFile(file('token'), await issued(['api://AzureADTokenExchange']));

interface Running {
  readonly process: ChildProcess;
  readonly observed: string;
}

async function start(name: string): Promise<Running> {
  const listen = `127.0.0.1:${await freePort()}`;
  const flags = {
    kubeconfig: file('kubeconfig'),
    'arm-endpoint': azure.origin,
    'authority-host': azure.origin,
    'ca-file': file('azure.pem'),
    'tenant-id': azure.tenantId,
    'client-id': own.clientId,
    'federated-token-file': file('token'),
    'cluster-issuer': 'https://issuer.example.org/cluster',
    'listen-address': listen,
  };
  const env = {
    PATH: process.env.PATH ?? '',
    ...Object.fromEntries(values.env.map((each) => each.split('='))),
  };
  const child = spawn(
    process.execPath,
    [
      ...values.flag,
      ...(values.snapshot === undefined
        ? []
        : ['--heapsnapshot-signal=SIGUSR2', `--diagnostic-dir=${values.snapshot}`]),
      values.program,
      'controller',
      ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env },
  );
  const log = createWriteStream(`/tmp/azid-memory-${name}.log`);
  child.stdout?.pipe(log);
  child.stderr?.pipe(log);
  return { process: child, observed: `http://${listen}` };
}

/** Ms of CPU it has used. */
async function cpu(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Ready, and for so long hardly any CPU: it has nothing left to do. */
async function settled({ process: child, observed }: Running): Promise<void> {
  const QUIET_S = 20;
  const pid = child.pid ?? 0;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the controller ended with exit code ${child.exitCode}`);
    const answer = await fetch(`${observed}/readyz`).catch(() => undefined);
    if (answer?.ok) {
      const before = await cpu(pid);
      await pause(QUIET_S * 1_000);
      if ((await cpu(pid)) - before < QUIET_S * 20) return;
    } else await pause(1_000);
  }
}

async function measure(what: string, { process: child, observed }: Running): Promise<void> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  const metrics = await (await fetch(`${observed}/metrics`)).text();
  const gauge = (name: string) =>
    [...metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
      (sum, [, value]) => sum + Number(value),
      0,
    );
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  const [rss, anonymous, peak] = [kib('VmRSS'), kib('RssAnon'), kib('VmHWM')].map((each) => each * 1_024);
  const total = gauge('nodejs_heap_size_total_bytes');
  const external = gauge('nodejs_external_memory_bytes');
  say(
    `${what}: resident ${mib(rss ?? 0)} MiB (highest ${mib(peak ?? 0)}), of which files ${mib((rss ?? 0) - (anonymous ?? 0))}, heap ${mib(total)} (used ${mib(gauge('nodejs_heap_size_used_bytes'))}), external ${mib(external)}, other native ${mib((anonymous ?? 0) - total - external)}; CPU ${((await cpu(child.pid ?? 0)) / 1_000).toFixed(1)} s; longest pause of the event loop ${gauge('nodejs_eventloop_lag_max_seconds').toFixed(2)} s`,
  );
}

async function stop({ process: child }: Running): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
}

async function withObjects(): Promise<void> {
  const many = copyTeams(legacy, Math.ceil(objects / PER_TEAM));
  for (let n = 0; n * PER_TEAM < objects; n++) azure.control.createResourceGroup({ name: `rg-${n}` });
  await restoreAzure(many, azure);
  await restoreKubernetes(many, cluster);
  say(`${many.kubernetes.length} objects are there`);
  for (const name of ['first', 'second']) {
    const since = azure.requests().length;
    const running = await start(name);
    await settled(running);
    await measure(`${objects} objects, ${name} start`, running);
    const calls = azure.requests(since).filter(({ caller }) => caller === 'controller');
    say(`  calls to Azure: ${calls.length}, writes ${calls.filter(({ method }) => method !== 'GET').length}`);
    if (name === 'second' && values.snapshot !== undefined) {
      running.process.kill('SIGUSR2');
      await pause(60_000);
    }
    await stop(running);
  }
}

try {
  say(await circumstances(cluster));
  if (!values['no-idle']) {
    const idle = await start('idle');
    await settled(idle);
    await measure('nothing to do', idle);
    await stop(idle);
  }

  if (objects > 0) await withObjects();
} finally {
  await azure.stop();
  await cluster.stop();
}
