import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Clock } from '../../runtime/time/clock.ts';
import {
  type EndpointCredentials,
  type KubeEndpoint,
  type LoadPluginConfig,
  userCredentials,
} from './endpoint.ts';
import {
  type Kubeconfig,
  type KubeconfigCluster,
  type KubeconfigUser,
  readKubeconfig,
} from './kubeconfig.ts';

/** How long read files count as current. The kubelet renews a projected token at 80 % of its life, so a minute is early enough. */
export const CREDENTIAL_AGE_MS = 60_000;

/** What the kubelet mounts into every pod that has a ServiceAccount. */
const POD_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

interface EndpointOptions {
  readonly clock: Clock;
  /** Value of `--kubeconfig`; wins over everything. */
  readonly kubeconfig?: string;
  /** Context of the kubeconfig; the current one by default. */
  readonly context?: string;
}

/**
 * Finds the cluster: `--kubeconfig`, then `KUBECONFIG`, then the pod's own ServiceAccount, then `~/.kube/config`.
 * Throws an `Error` that says what was expected where; never falls back to `localhost:8080` as kubectl does.
 */
export function loadKubeEndpoint(options: EndpointOptions): KubeEndpoint {
  const { config, source } = loadConfig(options.kubeconfig);
  const wanted = options.context ?? config.currentContext;
  const context = config.contexts.find(({ name }) => name === wanted);
  if (!context)
    throw new Error(
      `Expected the context to be one of [${config.contexts.map(({ name }) => name).join(', ')}] of ${source}, got "${wanted ?? ''}"`,
    );
  const cluster = config.clusters.find(({ name }) => name === context.cluster);
  if (!cluster)
    throw new Error(
      `Expected context "${context.name}" of ${source} to name a cluster, got "${context.cluster}"`,
    );
  const user = config.users.find(({ name }) => name === context.user);
  if (!user)
    throw new Error(`Expected context "${context.name}" of ${source} to name a user, got "${context.user}"`);
  checkCluster(cluster, source);
  const endpoint = endpointOf(cluster, user, options.clock, () => loadForPlugin(cluster, user));
  return { ...endpoint, ...(context.namespace === undefined ? {} : { namespace: context.namespace }) };
}

function checkCluster({ name, server, proxyUrl }: KubeconfigCluster, source: string): void {
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:')
    throw new Error(
      `Expected the server of cluster "${name}" in ${source} to be an https URL, got "${server.replace(/\/+$/, '')}"`,
    );
  if (proxyUrl)
    throw new Error(
      `Expected cluster "${name}" in ${source} to have no proxy-url, got one; azid connects to the API server directly`,
    );
}

function endpointOf(
  cluster: KubeconfigCluster,
  user: KubeconfigUser,
  clock: Clock,
  loadPluginConfig: LoadPluginConfig,
): KubeEndpoint {
  let cached: { at: number; value: Promise<EndpointCredentials> } | undefined;
  const read = () => {
    const entry = { at: clock.monotonic(), value: userCredentials(cluster, user, loadPluginConfig) };
    cached = entry;
    // A failed read rejects for those who wait for it, and the next caller tries again.
    entry.value.catch(() => {
      if (cached === entry) cached = undefined;
    });
    return entry.value;
  };
  return {
    server: cluster.server.replace(/\/+$/, ''),
    credentials: () => (cached && clock.monotonic() - cached.at < CREDENTIAL_AGE_MS ? cached.value : read()),
    refresh: () => {
      cached = undefined;
    },
  };
}

/**
 * Imported here alone: 868 modules and 80 MiB that only exec plugins and OIDC need. It is given what was chosen and no files: it
 * refuses two that have a user of the same name, where kubectl takes the first.
 */
async function loadForPlugin(cluster: KubeconfigCluster, user: KubeconfigUser) {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const { name, exec, authProvider } = user;
  config.loadFromOptions({
    clusters: [
      { name: cluster.name, server: cluster.server, skipTLSVerify: cluster.insecure, ...tlsOf(cluster) },
    ],
    users: [{ name, exec, authProvider }],
    contexts: [{ name: 'chosen', cluster: cluster.name, user: name }],
    currentContext: 'chosen',
  });
  return config;
}

function tlsOf({ caFile, caData, tlsServerName }: KubeconfigCluster) {
  return {
    ...(caData === undefined ? caFile !== undefined && { caFile } : { caData }),
    ...(tlsServerName !== undefined && { tlsServerName }),
  };
}

interface Loaded {
  readonly config: Kubeconfig;
  readonly source: string;
}

function loadConfig(flag: string | undefined): Loaded {
  if (flag) return fromFiles([flag], '--kubeconfig', `--kubeconfig ${flag}`);
  const variable = process.env.KUBECONFIG;
  if (variable)
    return fromFiles(variable.split(delimiter).filter(Boolean), 'KUBECONFIG', `KUBECONFIG ${variable}`);
  const host = process.env.KUBERNETES_SERVICE_HOST;
  if (host && existsSync(join(POD_FOLDER, 'token'))) {
    const port = process.env.KUBERNETES_SERVICE_PORT ?? '443';
    return { config: podConfig(host, port), source: "the pod's ServiceAccount" };
  }
  const file = join(homedir(), '.kube', 'config');
  if (existsSync(file)) return fromFiles([file], '~/.kube/config', '~/.kube/config');
  throw new Error(
    'Expected a cluster to connect to, found none: give --kubeconfig, set KUBECONFIG, or run in a pod with a ServiceAccount',
  );
}

function fromFiles(files: readonly string[], setting: string, source: string): Loaded {
  return { config: readKubeconfig(files, setting), source };
}

/** An IPv6 address stands in brackets, as in any URL. */
function podConfig(host: string, port: string): Kubeconfig {
  const name = 'pod';
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const file = join(POD_FOLDER, 'namespace');
  const namespace = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return {
    currentContext: name,
    contexts: [{ name, cluster: name, user: name, ...(namespace === '' ? {} : { namespace }) }],
    clusters: [{ name, server, insecure: false, caFile: join(POD_FOLDER, 'ca.crt') }],
    users: [{ name, needsPlugin: false, tokenFile: join(POD_FOLDER, 'token') }],
  };
}
