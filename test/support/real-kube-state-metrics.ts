import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createToken } from '../../src/kube/builtin.ts';
import { freePort } from '../../src/sandbox/apiserver/access.ts';
import { samplesOfPage } from './prometheus.ts';
import { type Cluster, until } from './testbed.ts';

/** A kube-state-metrics that somebody has built; `npm test` has none: see `kube-state-metrics.ts` beside this. */
export const REAL_KUBE_STATE_METRICS = process.env.AZID_KUBE_STATE_METRICS;

const OBSERVABILITY = new URL('../../deploy/observability/', import.meta.url);
const NAMESPACE = 'monitoring';
const NAME = 'kube-state-metrics';

/**
 * azid's page of a real kube-state-metrics, started with the configuration of `deploy/observability` and with the rights there and no others.
 * `series` says how many lines to wait for, since it lists kind after kind.
 */
export async function realKubeStateMetrics(
  cluster: Cluster,
  program: string,
  series: number,
): Promise<string> {
  const signal = AbortSignal.timeout(60_000);
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  const metadata = { name: NAME, namespace: NAMESPACE };
  await cluster.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await cluster.applyYaml(await readFile(new URL('kube-state-metrics-rbac.yaml', OBSERVABILITY), 'utf8'));
  const { token } = await createToken(cluster.client, NAMESPACE, NAME, { audiences: [] }, signal);
  const kubeconfig = join(cluster.plane.dataDir, 'kube-state-metrics.kubeconfig');
  await cluster.plane.writeKubeconfig(kubeconfig, { token });
  const [port, ownPort] = [await freePort(), await freePort()];
  const child = spawn(
    program,
    [
      `--kubeconfig=${kubeconfig}`,
      '--custom-resource-state-only=true',
      `--custom-resource-state-config-file=${fileURLToPath(new URL('kube-state-metrics.yaml', OBSERVABILITY))}`,
      '--host=127.0.0.1',
      `--port=${port}`,
      '--telemetry-host=127.0.0.1',
      `--telemetry-port=${ownPort}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = once(child, 'close');
  try {
    let page = '';
    const complete = async () => {
      if (child.exitCode !== null) throw new Error('kube-state-metrics ended');
      page = await fetch(`http://127.0.0.1:${port}/metrics`).then(
        (answer) => answer.text(),
        () => '',
      );
      return comparable(page).length >= series;
    };
    await until(`${series} series of kube-state-metrics`, complete, 60_000).catch(({ message }: Error) => {
      throw new Error(`${message}; its page:\n${page}\nits log:\n${log}`);
    });
    return page;
  } finally {
    child.kill();
    await ended;
  }
}

/** azid's samples of a page as `name{label="value",…} number`, in order, so that two programs' pages compare. */
export function comparable(page: string): readonly string[] {
  return samplesOfPage(page)
    .filter(({ name }) => name.startsWith('azid_'))
    .map(({ name, labels, value }) => {
      const inside = labels.map(([label, of]) => `${label}="${of}"`).sort();
      return `${name}{${inside.join()}} ${Number(value)}`;
    })
    .sort();
}
