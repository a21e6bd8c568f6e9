/** The cluster of a sandbox: one started for it, or one that is there. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { JSONWebKeySet } from 'jose';
import { loadKubeEndpoint } from '../kube/access/config.ts';
import { KubeClient } from '../kube/client.ts';
import { KubeTransport } from '../kube/transport/transport.ts';
import type { Clock } from '../runtime/time/clock.ts';
import { getBinaries } from './apiserver/binaries/binaries.ts';
import type { Progress } from './apiserver/binaries/progress.ts';
import { startControlPlane } from './apiserver/control-plane.ts';
import { Kubectl } from './setup/kubectl.ts';

export interface Cluster extends AsyncDisposable {
  /** The administrator's, whoever that is. */
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly client: KubeClient;
  /** `iss` of its ServiceAccount tokens. */
  readonly issuer: string;
  /** Public keys of these tokens, asked for anew at each call. */
  keys(): Promise<JSONWebKeySet>;
  /** For the sandbox's own files; gone with the cluster's connection, and with azid's death in whatever way. */
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
