import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { type Cluster, findHomeDir, KubeConfig, type User } from '@kubernetes/client-node';
import { parse } from 'yaml';
import type { Clock } from '../runtime/clock.ts';
import { userCredentials } from './credentials.ts';
import type { EndpointCredentials, KubeEndpoint } from './endpoint.ts';

/** How long read files count as current. The kubelet renews a projected token at 80 % of its life, so a minute is early enough. */
export const CREDENTIAL_AGE_MS = 60_000;

const POD_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export interface EndpointOptions {
  readonly clock: Clock;
  /** Value of `--kubeconfig`; wins over everything. */
  readonly kubeconfig?: string;
  /** Context of the kubeconfig; the current one by default. */
  readonly context?: string;
}

/**
 * Finds the cluster: `--kubeconfig`, then `KUBECONFIG`, then the pod's own ServiceAccount, then `~/.kube/config`.
 * Throws an `Error` that says what was expected where; never falls back to `localhost:8080` as client-node does.
 */
export function loadKubeEndpoint(options: EndpointOptions): KubeEndpoint {
  const { config, source } = loadConfig(options.kubeconfig);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const context = config.getContextObject(config.getCurrentContext());
  const contexts = config.getContexts().map((each) => each.name);
  if (!context)
    throw new Error(
      `Expected the context to be one of [${contexts.join(', ')}] of ${source}, got "${config.getCurrentContext() ?? ''}"`,
    );
  const cluster = config.getCurrentCluster();
  if (!cluster)
    throw new Error(
      `Expected context "${context.name}" of ${source} to name a cluster, got "${context.cluster}"`,
    );
  const user = config.getCurrentUser();
  if (!user)
    throw new Error(
      `Expected context "${context.name}" of ${source} to name a user, got "${context.user ?? ''}"`,
    );
  return endpointOf(config, cluster, user, context.namespace, options.clock, source);
}

function endpointOf(
  config: KubeConfig,
  cluster: Cluster,
  user: User,
  namespace: string | undefined,
  clock: Clock,
  source: string,
): KubeEndpoint {
  const server = cluster.server.replace(/\/+$/, '');
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:')
    throw new Error(
      `Expected the server of cluster "${cluster.name}" in ${source} to be an https URL, got "${server}"`,
    );
  if (cluster.proxyUrl)
    throw new Error(
      `Expected cluster "${cluster.name}" in ${source} to have no proxy-url, got one; azid connects to the API server directly`,
    );
  let cached: { at: number; value: Promise<EndpointCredentials> } | undefined;
  const read = () => {
    const entry = { at: clock.monotonic(), value: userCredentials(config, cluster, user) };
    cached = entry;
    // A failed read is told to whoever waits for it, and tried again by the next caller.
    entry.value.catch(() => {
      if (cached === entry) cached = undefined;
    });
    return entry.value;
  };
  return {
    server,
    ...(namespace ? { namespace } : {}),
    credentials: () => (cached && clock.monotonic() - cached.at < CREDENTIAL_AGE_MS ? cached.value : read()),
    refresh: () => {
      cached = undefined;
    },
  };
}

function loadConfig(flag: string | undefined): { config: KubeConfig; source: string } {
  if (flag) return { config: loadFiles([flag], '--kubeconfig'), source: `--kubeconfig ${flag}` };
  const variable = process.env.KUBECONFIG;
  if (variable) {
    const files = variable.split(delimiter).filter(Boolean);
    return { config: loadFiles(files, 'KUBECONFIG'), source: `KUBECONFIG ${variable}` };
  }
  if (process.env.KUBERNETES_SERVICE_HOST && existsSync(POD_TOKEN)) {
    const config = new KubeConfig();
    config.loadFromCluster();
    return { config, source: "the pod's ServiceAccount" };
  }
  const file = join(findHomeDir() ?? '', '.kube', 'config');
  if (existsSync(file)) return { config: loadFiles([file], '~/.kube/config'), source: '~/.kube/config' };
  throw new Error(
    'Expected a cluster to connect to, found none: give --kubeconfig, set KUBECONFIG, or run in a pod with a ServiceAccount',
  );
}

function loadFiles(files: readonly string[], source: string): KubeConfig {
  const merged = new KubeConfig();
  for (const file of files) {
    try {
      const one = new KubeConfig();
      one.loadFromFile(file);
      addTokenFiles(one, file);
      merged.mergeConfig(one, merged.getCurrentContext() !== undefined);
    } catch (error) {
      // Only the first line: a YAML error goes on with a piece of the file, which may hold a token.
      const why = error instanceof Error ? error.message.split('\n')[0] : 'unreadable';
      throw new Error(`Expected ${source} to be a readable kubeconfig file, got ${file}: ${why}`);
    }
  }
  return merged;
}

/** kubectl spells it `tokenFile`, relative to the kubeconfig; client-node 2.0.1 looks for `token-file` and reads it once. */
function addTokenFiles(config: KubeConfig, file: string): void {
  const document = parse(readFileSync(file, 'utf8')) as {
    users?: readonly { name?: string; user?: { tokenFile?: unknown } | null }[];
  };
  for (const entry of document.users ?? []) {
    const tokenFile = entry.user?.tokenFile;
    const index = config.users.findIndex((user) => user.name === entry.name);
    const user = config.users[index];
    if (typeof tokenFile !== 'string' || !user) continue;
    const path = isAbsolute(tokenFile) ? tokenFile : join(dirname(file), tokenFile);
    const { token: _, ...rest } = user;
    config.users[index] = { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile: path } } };
  }
}
