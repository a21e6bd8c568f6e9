/** The cluster of a sandbox: one started for it, or one that is there. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { JSONWebKeySet } from 'jose';
import { loadKubeEndpoint } from '../kube/access/config.ts';
import { KubeClient } from '../kube/client.ts';
import { KubeTransport } from '../kube/transport/transport.ts';
import type { Clock } from '../runtime/time/clock.ts';
import { getBinaries } from './apiserver/binaries/binaries.ts';
import type { Progress } from './apiserver/binaries/progress.ts';
import { startControlPlane } from './apiserver/control-plane.ts';

export interface Cluster extends AsyncDisposable {
  /** The administrator's. */
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly client: KubeClient;
  /** `iss` of its ServiceAccount tokens. */
  readonly issuer: string;
  /** Public keys of these tokens, asked for anew at each call. */
  keys(): Promise<JSONWebKeySet>;
  /** For the sandbox's own files; gone with the cluster's connection, and when azid ends in any way. */
  readonly folder: string;
}

interface ClusterOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Real etcd and kube-apiserver. Binaries that are missing are downloaded or built first, which may take minutes. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { clock, signal, progress } = options;
  await using stack = new AsyncDisposableStack();
  const { kubectl } = await getBinaries(['kubectl', 'etcd', 'kube-apiserver', 'kube-controller-manager'], {
    clock,
    signal,
    progress,
  });
  // With its controller manager: a newcomer deletes the namespace sooner or later, and it must go.
  const plane = stack.use(await startControlPlane({ clock, signal, log: progress, controllerManager: true }));
  // Below the control plane's folder, which its processes remove should azid be killed.
  const folder = join(plane.dataDir, 'sandbox');
  await mkdir(folder, { mode: 0o700 });
  return await connect(plane.kubeconfigPath, kubectl, folder, options, stack);
}

/** A cluster of the user's, by kubeconfig; its current context counts. */
export async function useCluster(kubeconfig: string, options: ClusterOptions): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const { kubectl } = await getBinaries(['kubectl'], options);
  const folder = await mkdtemp(join(tmpdir(), 'azid-sandbox-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  return await connect(resolve(kubeconfig), kubectl, folder, options, stack);
}

async function connect(
  kubeconfig: string,
  binary: string,
  folder: string,
  { clock, signal }: ClusterOptions,
  stack: AsyncDisposableStack,
): Promise<Cluster> {
  const endpoint = loadKubeEndpoint({ clock, kubeconfig });
  const transport = new KubeTransport({ endpoint, clock, userAgent: 'azid-sandbox' });
  const closing = new AbortController();
  stack.defer(async () => {
    closing.abort(new Error('the sandbox stops'));
    await transport.close();
  });
  // A managed cluster's issuer has another name than its API server, which publishes the keys all the same.
  const { issuer } = await transport.request<{ issuer: string }>(
    { method: 'GET', path: '/.well-known/openid-configuration' },
    signal,
  );
  const keysFor = (asked: AbortSignal) =>
    transport.request<JSONWebKeySet>(
      { method: 'GET', path: '/openid/v1/jwks', accept: 'application/jwk-set+json' },
      asked,
    );
  // Keys that cannot be read would show much later only, and as an error of Azure's.
  await keysFor(signal);
  const owned = stack.move();
  return {
    kubeconfig,
    kubectl: new Kubectl({ binary, kubeconfig, folder }),
    client: new KubeClient(transport),
    issuer,
    keys: () => keysFor(closing.signal),
    folder,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface KubectlOptions {
  /** Path of the program. */
  readonly binary: string;
  readonly kubeconfig: string;
  /** Holds what kubectl remembers of the server's kinds: not in the user's home, since servers here come and go. */
  readonly folder: string;
}

/** The field manager of what the sandbox applies; again and again it may change its own fields, and no others. */
const FIELD_MANAGER = 'azid-sandbox';

/** kubectl, for what a user would do by hand: everything else goes through azid's own client. */
export class Kubectl {
  readonly binary: string;
  readonly #options: KubectlOptions;

  constructor(options: KubectlOptions) {
    this.binary = options.binary;
    this.#options = options;
  }

  /** Standard output; throws with kubectl's own words. */
  async run(args: readonly string[], signal: AbortSignal): Promise<string> {
    const { binary, kubeconfig, folder } = this.#options;
    const given = ['--kubeconfig', kubeconfig, '--cache-dir', join(folder, 'kubectl-cache'), ...args];
    try {
      const { stdout } = await promisify(execFile)(binary, given, { signal, maxBuffer: 64 * 2 ** 20 });
      return stdout;
    } catch (error) {
      signal.throwIfAborted();
      const { stderr = '', message } = error as { stderr?: string; message: string };
      throw new Error(`kubectl ${args[0]}: ${stderr.trim() || message}`);
    }
  }

  /** Server-side apply of files and folders, in the order given. */
  async apply(paths: readonly string[], signal: AbortSignal): Promise<void> {
    const files = paths.flatMap((path) => ['-f', path]);
    await this.run(['apply', '--server-side', `--field-manager=${FIELD_MANAGER}`, ...files], signal);
  }
}
