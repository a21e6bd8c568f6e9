/** The controller as in a cluster: its ServiceAccount's rights, and an Azure token in exchange for that one's token. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { createToken } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { freePort, writePrivateFile } from '../apiserver/access.ts';
import type { Cluster } from '../cluster.ts';
import { NAMESPACE, SERVICE_ACCOUNT, TOKEN_EXCHANGE_AUDIENCE } from '../names.ts';
import type { OwnIdentity } from '../setup/azure-seed.ts';
import { ControllerProcess } from './controller-process.ts';

interface ControllerLaunch {
  readonly cluster: Cluster;
  readonly simulator: Simulator;
  /** Path of the simulator's CA. */
  readonly caFile: string;
  readonly own: OwnIdentity;
  readonly fast: boolean;
  /** Path of the product's bundle. */
  readonly program: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

export interface LaunchedController {
  readonly process: ControllerProcess;
  readonly logFile: string;
  /** URL of the page. */
  readonly metrics: string;
}

/**
 * The default of 2 min is for Azure's worst day. The honest simulator lags by 20 s at most (src/simulator/knobs/knobs.ts), the kind one not
 * at all, and in a sandbox deletions and repairs are to show soon.
 */
const AZURE_LAG = { honest: '30s', fast: '1s' } as const;

/** As in `deploy/kustomize/base/controller.yaml`: the young generation alone would be 128 MiB by default. */
const NODE_FLAGS = ['--max-semi-space-size=2'];

/** Starts it; everything to be ended goes on the stack. `process.untilReady` resolves when it works. */
export async function startController(
  launch: ControllerLaunch,
  stack: AsyncDisposableStack,
): Promise<LaunchedController> {
  const { cluster, clock, signal, say } = launch;
  const { client, folder } = cluster;
  const file = (name: string) => join(folder, name);
  const common = { client, clock, namespace: NAMESPACE, serviceAccount: SERVICE_ACCOUNT, onTrouble: say };
  const [tokenFile, federatedTokenFile, kubeconfig] = [
    file('controller-token'),
    file('controller-federated-token'),
    file('controller-kubeconfig'),
  ];
  stack.use(await keepToken({ ...common, path: tokenFile }, signal));
  const federated = { ...common, path: federatedTokenFile, audience: TOKEN_EXCHANGE_AUDIENCE };
  stack.use(await keepToken(federated, signal));
  await writeControllerKubeconfig(cluster, kubeconfig, tokenFile, signal);

  const listenAddress = `127.0.0.1:${await freePort()}`;
  const observed = `http://${listenAddress}`;
  const logFile = file('controller.log');
  const process = await ControllerProcess.start({
    clock,
    args: [
      ...NODE_FLAGS,
      launch.program,
      'controller',
      ...flags(launch, { kubeconfig, federatedTokenFile, listenAddress }),
    ],
    observed,
    folder,
    logFile,
    onDeath: say,
    onSlow: say,
  });
  stack.use(process);
  return { process, logFile, metrics: `${observed}/metrics` };
}

function flags(
  { cluster, simulator, own, caFile, fast }: ControllerLaunch,
  given: { readonly kubeconfig: string; readonly federatedTokenFile: string; readonly listenAddress: string },
): string[] {
  const values: Readonly<Record<string, string>> = {
    kubeconfig: given.kubeconfig,
    'arm-endpoint': simulator.origin,
    'authority-host': simulator.origin,
    // By name: a TLS client says no address to whom it wants to speak, and Node warns of it.
    'service-bus-endpoint': simulator.serviceBus.endpoint.replace('127.0.0.1', 'localhost'),
    'graph-endpoint': simulator.origin,
    'sign-ins': 'true',
    directory: 'true',
    'ca-file': caFile,
    'tenant-id': simulator.tenantId,
    'client-id': own.clientId,
    'federated-token-file': given.federatedTokenFile,
    // On the loopback, where no Entra gets to; the simulated one has the keys from its seed (azure-seed.ts).
    'cluster-issuer': cluster.issuer,
    'azure-lag': fast ? AZURE_LAG.fast : AZURE_LAG.honest,
    'listen-address': given.listenAddress,
    'log-format': 'text',
  };
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
}

/** The administrator's way to the server, and nothing of the administrator's rights. JSON is YAML. */
async function writeControllerKubeconfig(
  { kubectl }: Cluster,
  path: string,
  tokenFile: string,
  signal: AbortSignal,
): Promise<void> {
  const text = await kubectl.run(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'], signal);
  const { clusters } = JSON.parse(text) as { clusters: readonly { cluster: object }[] };
  const name = 'azid';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: clusters.slice(0, 1).map(({ cluster }) => ({ name, cluster })),
    users: [{ name, user: { tokenFile } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  await writePrivateFile(path, JSON.stringify(config, null, 2));
}

interface TokenFileOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Absent: the API server's own. */
  readonly audience?: string;
  readonly path: string;
  /** Hears of each renewal that failed. */
  readonly onTrouble: (message: string) => void;
}

const LIFETIME_S = 3600;
/** The kubelet renews at 80 % of the lifetime (kubernetes.io, "Configure Service Accounts for Pods"). */
const RENEW_AT = 0.8;
const RETRY_MS = 10_000;

/**
 * Keeps a ServiceAccount token in a file and renews it in time, as the kubelet does for a pod's projected volume. Resolves when the file holds a
 * token, readable by its owner only. Disposing ends the renewal.
 */
export async function keepToken(options: TokenFileOptions, signal: AbortSignal): Promise<Disposable> {
  const { clock, path, onTrouble } = options;
  const closing = new AbortController();
  let timer: Disposable | undefined;
  const arm = (ms: number) => {
    if (!closing.signal.aborted) timer = clock.timer(ms, () => void renew());
  };
  const renew = async () => {
    try {
      arm((await writeToken(options, closing.signal)) * RENEW_AT);
    } catch (error) {
      if (closing.signal.aborted) return;
      onTrouble(`renewing the token in ${path}: ${(error as Error).message}; again in ${RETRY_MS / 1000} s`);
      arm(RETRY_MS);
    }
  };
  arm((await writeToken(options, signal)) * RENEW_AT);
  return {
    [Symbol.dispose]() {
      closing.abort(new Error('the token is no longer renewed'));
      timer?.[Symbol.dispose]();
    },
  };
}

/** Returns the token's lifetime in ms, which the server may have shortened. By its own claims: clocks may differ. */
async function writeToken(options: TokenFileOptions, signal: AbortSignal): Promise<number> {
  const { client, namespace, serviceAccount, audience, path } = options;
  const audiences = audience === undefined ? [] : [audience];
  const wanted = { audiences, expirationSeconds: LIFETIME_S };
  const { token } = await createToken(client, namespace, serviceAccount, wanted, signal);
  // A reader gets the old token or the new one, never half of one.
  await writePrivateFile(`${path}.new`, token);
  await rename(`${path}.new`, path);
  const { iat = 0, exp = iat + LIFETIME_S } = decodeJwt(token);
  return (exp - iat) * 1000;
}
