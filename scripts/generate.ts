/**
 * Writes what is generated: `crds/`, parts of the Helm chart and `docs/reference/` from the sources, what Grafana and kube-state-metrics are given, the templates of deploy/azure/bicep, the reasons of `azid explain` from their page. With `--check` nothing is written and a
 * difference fails.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { argocdTests } from './generate/argocd.ts';
import { azureRightsReference } from './generate/azure-rights.ts';
import { bicepTemplates } from './generate/bicep.ts';
import { chartFiles } from './generate/chart/chart.ts';
import { runbookFiles } from './generate/chart/runbooks.ts';
import { crdFiles } from './generate/crds.ts';
import { dashboards } from './generate/dashboard.ts';
import { isGenerated } from './generate/file.ts';
import { flagsReference } from './generate/flags.ts';
import { kindsReference } from './generate/kinds.ts';
import { kubeStateMetrics } from './generate/kube-state-metrics.ts';
import { logsReference } from './generate/logs.ts';
import { metricsReference } from './generate/metrics.ts';
import { reasonsFile } from './generate/reasons.ts';
import { shardObjects } from './generate/shard.ts';
import { simulatorReference } from './generate/simulator.ts';

const root = dirname(import.meta.dirname);
const check = process.argv.includes('--check');
const wanted = [
  ...crdFiles(),
  ...(await chartFiles()),
  ...(await runbookFiles()),
  await shardObjects(),
  kindsReference(),
  flagsReference(),
  await azureRightsReference(),
  await metricsReference(),
  await simulatorReference(),
  await reasonsFile(),
  logsReference(),
  ...dashboards(),
  kubeStateMetrics(),
  ...bicepTemplates(),
  ...argocdTests(),
];

const stale: string[] = [];
for (const { path, text } of wanted) {
  const file = join(root, path);
  if ((await textOf(file)) === text) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
for (const folder of new Set(wanted.map(({ path }) => dirname(path)))) {
  for (const name of await readdir(join(root, folder)).catch(() => [])) {
    const path = `${folder}/${name}`;
    if (wanted.some((file) => file.path === path)) continue;
    if (!isGenerated((await textOf(join(root, path))) ?? '')) continue;
    stale.push(path);
    if (!check) await rm(join(root, path));
  }
}

if (check && stale.length > 0) {
  process.stderr.write(`not up to date: ${stale.join(', ')}; run 'npm run generate' and commit the result\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(
    stale.length > 0 ? `written: ${stale.join(', ')}\n` : 'generated files are up to date\n',
  );
}

function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
