/**
 * azid's informer and queue beside controller-runtime's, on the same API server, the same ConfigMaps and the same edits, each
 * in a process of its own behind a network that can be cut. Needs Go, and fetches controller-runtime once:
 * `node bench/informers.ts --objects 10000`. Without Go: `--only azid`.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { type ConfigMap, configMaps, namespaces } from '../src/kube/builtin.ts';
import { sleep, systemClock } from '../src/runtime/time/clock.ts';
import { temporaryFolder } from '../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { Cluster } from '../test/support/testbed.ts';
import { circumstances } from './circumstances.ts';
import { Side } from './informers/side.ts';
import { openWire, type Wire } from './informers/wire.ts';

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '10000' },
    edits: { type: 'string', default: '1000' },
    /** `azid` or `controller-runtime`; both by default. */
    only: { type: 'string' },
  },
});
const objects = Number(values.objects);
const edits = Number(values.edits);
const NAMESPACE = 'bench';
const SETTLE_MS = 10_000;
const LONGEST_MS = 300_000;
const run = promisify(execFile);
const here = fileURLToPath(new URL('informers', import.meta.url));
const { signal } = new AbortController();
const pause = (ms: number) => sleep(systemClock, ms);

await using folder = await temporaryFolder();
const cluster = await Cluster.start({ own: true });
const { client } = cluster;

async function builtAzid(): Promise<string> {
  const { build } = await import('rolldown');
  // In chunks, as the product is built: what is loaded when it is needed stays out.
  await build({
    input: join(here, 'azid-side.ts'),
    platform: 'node',
    logLevel: 'warn',
    output: { format: 'esm', dir: folder.path, entryFileNames: 'azid-side.mjs', comments: false },
  });
  return join(folder.path, 'azid-side.mjs');
}

async function builtControllerRuntime(): Promise<string> {
  const file = join(folder.path, 'controller-runtime');
  await run('go', ['build', '-o', file, '.'], { cwd: join(here, 'controller-runtime') });
  return file;
}

/** Of the size of azid's objects, applied as they are, so that the API server has the managers of their fields to tell. */
function configMap(at: number): Parameters<Cluster['apply']>[0] {
  const data = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`key-${n}`, `${n}`.repeat(120)]));
  const metadata = {
    name: `object-${at}`,
    namespace: NAMESPACE,
    labels: { 'app.kubernetes.io/name': 'bench' },
  };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as Parameters<Cluster['apply']>[0];
}

async function fill(): Promise<void> {
  await client.create(namespaces, { metadata: { name: NAMESPACE } } as never, signal);
  const AT_ONCE = 20;
  for (let at = 0; at < objects; at += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, objects - at) }, (_, n) => cluster.apply(configMap(at + n))),
    );
}

let edition = 0;
async function edit(name: string): Promise<ConfigMap> {
  edition += 1;
  return client.mergePatch(configMaps, `${NAMESPACE}/${name}`, { data: { edition: `${edition}` } }, signal);
}

/** Ms from an edit's acceptance to its reconcile. */
async function latency(side: Side, name: string, limitMs = 60_000): Promise<number> {
  const { metadata } = await edit(name);
  const accepted = performance.now();
  return (await side.reconciled(name, metadata.resourceVersion ?? '', limitMs)) - accepted;
}

/** Ms from now until an edit is reconciled again. One edit: nothing else would wake what sleeps. */
async function untilHeard(side: Side, limitMs: number): Promise<number> {
  const since = performance.now();
  const { metadata } = await edit('object-0');
  return (await side.reconciled('object-0', metadata.resourceVersion ?? '', limitMs)) - since;
}

async function measure(start: (wire: Wire) => Promise<Side>): Promise<Record<string, string>> {
  await using wire = await openWire(Number(new URL(cluster.plane.server).port));
  const since = performance.now();
  await using side = await start(wire);
  await side.synced;
  const synced = (performance.now() - since) / 1_000;
  const atSync = await side.used();
  await pause(SETTLE_MS);
  const settled = await side.used();

  const latencies: number[] = [];
  for (let at = 0; at < edits; at++) latencies.push(await latency(side, `object-${at % objects}`));
  latencies.sort((a, b) => a - b);
  const edited = await side.used();
  const quantile = (share: number) => latencies[Math.floor(share * (latencies.length - 1))]?.toFixed(2);

  wire.cut();
  const cut = await untilHeard(side, LONGEST_MS);
  await cluster.plane.stopApiServer();
  await pause(20_000);
  await cluster.plane.startApiServer();
  const back = await untilHeard(side, LONGEST_MS);
  await pause(SETTLE_MS);
  wire.silence();
  const silence = await untilHeard(side, LONGEST_MS);
  return {
    'until all are reconciled once, s': synced.toFixed(2),
    'CPU until then, s': atSync.cpu.toFixed(2),
    'resident after 10 s, MiB (highest)': `${settled.resident.toFixed(0)} (${settled.most.toFixed(0)})`,
    [`CPU for ${edits} edits, s`]: (edited.cpu - settled.cpu).toFixed(2),
    'from acceptance of an edit to its reconcile, median and 99 of 100, ms': `${quantile(0.5)}, ${quantile(0.99)}`,
    'connections cut: until an edit is reconciled, s': (cut / 1_000).toFixed(2),
    'API server back after 20 s: until an edit is reconciled, s': (back / 1_000).toFixed(2),
    'connections silent: until an edit is reconciled, s': (silence / 1_000).toFixed(2),
  };
}

async function behind(wire: Wire): Promise<string> {
  const own = await readFile(cluster.plane.kubeconfigPath, 'utf8');
  const file = join(folder.path, `kubeconfig-${wire.port}`);
  await writeFile(file, own.replaceAll(cluster.plane.server, `https://127.0.0.1:${wire.port}`));
  return file;
}

/** One line per row, columns aligned. */
function print(rows: readonly (readonly [string, string])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
}

try {
  const { only } = values;
  const program = await builtAzid();
  const other = only === 'azid' ? undefined : await builtControllerRuntime();
  await fill();
  const sides: Record<string, (wire: Wire) => Promise<Side>> = {
    azid: async (wire) =>
      new Side('azid', process.execPath, [
        '--max-semi-space-size=2',
        program,
        await behind(wire),
        NAMESPACE,
        `${objects}`,
      ]),
    ...(other !== undefined && {
      'controller-runtime': async (wire) =>
        new Side('controller-runtime', other, [
          `-kubeconfig-file=${await behind(wire)}`,
          `-namespace=${NAMESPACE}`,
          `-objects=${objects}`,
        ]),
    }),
  };
  process.stdout.write(`${await circumstances()}; ${objects} ConfigMaps\n`);
  for (const [name, start] of Object.entries(sides)) {
    if (only !== undefined && only !== name) continue;
    process.stdout.write(`\n${name}\n`);
    print(Object.entries(await measure(start)));
  }
} finally {
  await cluster.stop();
}
