/**
 * A real Kubernetes control plane on this machine, for the sandbox and the tests: etcd and kube-apiserver, and
 * kube-controller-manager when asked for. Several may run at once: each has its own folder, keys and port.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Clock, sleep, systemClock } from '../../runtime/time/clock.ts';
import { createCertificateAuthority, createSigningKey } from '../../simulator/certificates.ts';
import { adminRequest, type KubeconfigAuth, kubeconfigText, writePrivateFile } from './access.ts';
import { ApiServer, exitError } from './api-server.ts';
import { getBinaries } from './binaries/binaries.ts';
import { type Progress, stderrProgress } from './binaries/progress.ts';
import { controllerManagerFlags, etcdFlags, filesIn } from './flags.ts';
import { TetheredProcess } from './tethered-process.ts';

export type { KubeconfigAuth } from './access.ts';

export interface ControlPlaneOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Ends a start that is under way; afterwards it means nothing, `stop` does. */
  readonly signal?: AbortSignal;
  /**
   * Also run kube-controller-manager: namespace deletion, owner references, `default` ServiceAccounts, aggregated
   * roles. Its garbage collector finds new kinds every 30 s only, so owner references between custom resources may
   * wait that long after their CRDs. Default: false.
   */
  readonly controllerManager?: boolean;
  /** Default: any free one. */
  readonly port?: number;
  /** Kept when given, and its objects are there again at the next start. Default: a temporary folder, removed. */
  readonly dataDir?: string;
  /**
   * How the administrator's kubeconfig proves who it is. A certificate (the default) is verified anew with every
   * request, an eighth of the API server's work under many small ones; a token is found in a table.
   */
  readonly admin?: 'certificate' | 'token';
  /** More flags for kube-apiserver. */
  readonly apiServerFlags?: readonly string[];
  /** Progress while binaries are downloaded or built. Default: lines to standard error. */
  readonly log?: Progress;
  /** A process ended without having been stopped. Default: a line to `log`. */
  readonly onUnexpectedExit?: (error: Error) => void;
}

export interface ControlPlane extends AsyncDisposable {
  /** The administrator's (system:masters). */
  readonly kubeconfigPath: string;
  /** https://127.0.0.1:port */
  readonly server: string;
  readonly caFile: string;
  readonly caPem: string;
  /** Of ServiceAccount tokens; its discovery document and keys are open to everybody, as on AKS. */
  readonly issuer: string;
  /** Also holds the logs, `<program>.log`. */
  readonly dataDir: string;
  kubectlPath(): Promise<string>;
  writeKubeconfig(path: string, auth: KubeconfigAuth): Promise<void>;
  /** Same port, same data. Watches break, as in an upgrade. */
  restartApiServer(): Promise<void>;
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  /** The API server falls silent: connections stay open, nothing answers. */
  freeze(): void;
  resume(): void;
  /** Ends every process and removes a temporary folder. May be called again. */
  stop(): Promise<void>;
}

const ADMIN = { user: 'azid-sandbox-admin', groups: ['system:masters'] } as const;
/** sun_path holds 104 bytes on macOS, 108 on Linux; the longest name in the folder is `/peer.sock`. */
const LONGEST_DATA_DIR = 90;
/** Loopback, and what a pod would call the API server. */
const API_SERVER_NAMES = [
  '127.0.0.1',
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
];
const CONTROLLERS_LIMIT_MS = 60_000;
const POLL_MS = 100;
/** A folder that is kept deserves an orderly end. */
const KEPT_GRACE_MS = 5_000;

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { clock = systemClock, log = stderrProgress, controllerManager = false } = options;
  const { onUnexpectedExit = (error: Error) => log(error.message) } = options;
  const closing = new AbortController();
  const startSignal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal;
  startSignal.throwIfAborted();
  expectPort(options.port);

  const binaryOptions = { clock, signal: options.signal, progress: log };
  const binaries = await getBinaries(['etcd', 'kube-apiserver'], binaryOptions);
  const manager = controllerManager
    ? (await getBinaries(['kube-controller-manager'], binaryOptions))['kube-controller-manager']
    : undefined;

  const dataDir = await prepareFolder(options.dataDir);
  const temporary = options.dataDir === undefined;
  const files = filesIn(dataDir);
  // Nothing of the caller's environment: etcd takes every flag from ETCD_* variables too, and secrets stay here.
  // These heaps are small: collecting them less often takes a sixth off each write, for some 100 MB.
  const env = { PATH: process.env.PATH, HOME: dataDir, TMPDIR: tmpdir(), GOGC: '300' };
  const children: TetheredProcess[] = [];
  let apiServer: ApiServer | undefined;
  let stopped: Promise<void> | undefined;
  const token = options.admin === 'token' ? randomBytes(32).toString('hex') : undefined;

  const startChild = async (name: string, command: string, args: readonly string[]) => {
    const child = await TetheredProcess.start({
      command,
      args,
      logFile: files.log(name),
      env,
      clock,
      ...(temporary ? { removeOnDeath: dataDir } : {}),
    });
    children.unshift(child); // The last one started goes first.
    void child.exited.then(async (code) => {
      if (!stopped) onUnexpectedExit(await exitError(name, code, child.logFile));
    });
    return child;
  };

  const stop = () => {
    stopped ??= (async () => {
      closing.abort(new Error('the control plane is being stopped'));
      const graceMs = temporary ? 0 : KEPT_GRACE_MS;
      for (const child of children.slice(0, -1)) await child.stop(graceMs);
      await apiServer?.stop(graceMs);
      await children.at(-1)?.stop(graceMs); // etcd, without which the others could not end in order.
      if (temporary) await rm(dataDir, { recursive: true, force: true });
    })();
    return stopped;
  };

  try {
    const [ca, signingKey] = await Promise.all([
      createCertificateAuthority('azid sandbox CA'),
      createSigningKey(),
    ]);
    const [serving, admin] = await Promise.all([
      ca.issueServer(API_SERVER_NAMES),
      ca.issueClient(ADMIN.user, ADMIN.groups),
    ]);
    await Promise.all([
      writeFile(files.caFile, ca.certificate),
      writeFile(files.serverCertificate, serving.certificate),
      writePrivateFile(files.serverKey, serving.key),
      writePrivateFile(files.signingKey, signingKey),
      ...(token === undefined ? [] : [writePrivateFile(files.tokens, tokenLine(token))]),
    ]);

    const etcd = await startChild('etcd', binaries.etcd, etcdFlags(files));
    const server = new ApiServer({
      binary: binaries['kube-apiserver'],
      files,
      access: { caPem: ca.certificate, client: admin },
      env,
      clock,
      port: options.port,
      flags: [
        ...(token === undefined ? [] : [`--token-auth-file=${files.tokens}`]),
        ...(options.apiServerFlags ?? []),
      ],
      onUnexpectedExit,
    });
    apiServer = server;
    await Promise.race([
      server.start(startSignal),
      etcd.exited.then(async (code) => Promise.reject(await exitError('etcd', code, etcd.logFile))),
    ]);
    await writePrivateFile(
      files.kubeconfig,
      kubeconfigText({ server: server.url, caPem: ca.certificate }, token === undefined ? admin : { token }),
    );
    await openIssuerDiscovery(server);
    if (manager !== undefined) {
      await startChild('kube-controller-manager', manager, controllerManagerFlags(files));
      await untilControllersWork(server, clock, startSignal);
    }

    return {
      kubeconfigPath: files.kubeconfig,
      server: server.url,
      caFile: files.caFile,
      caPem: ca.certificate,
      issuer: server.url,
      dataDir,
      kubectlPath: async () => (await getBinaries(['kubectl'], { clock, progress: log })).kubectl,
      async writeKubeconfig(path, auth) {
        const user = 'user' in auth ? await ca.issueClient(auth.user, auth.groups ?? []) : auth;
        await writePrivateFile(path, kubeconfigText({ server: server.url, caPem: ca.certificate }, user));
      },
      async restartApiServer() {
        await server.stop();
        await server.start(closing.signal);
      },
      stopApiServer: () => server.stop(),
      startApiServer: () => server.start(closing.signal),
      freeze: () => server.freeze(),
      resume: () => server.resume(),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** token,user,uid,"groups" */
function tokenLine(token: string): string {
  return `${token},${ADMIN.user},${ADMIN.user},"${ADMIN.groups.join()}"\n`;
}

function expectPort(port: number | undefined): void {
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw new Error(`expected port to be an integer from 1 to 65535, got ${port}`);
}

async function prepareFolder(given: string | undefined): Promise<string> {
  if (given === undefined) return await mkdtemp(join(tmpdir(), 'azid-control-plane-'));
  const folder = resolve(given);
  const bytes = Buffer.byteLength(folder);
  if (bytes > LONGEST_DATA_DIR)
    throw new Error(
      `expected dataDir to be at most ${LONGEST_DATA_DIR} bytes long, since it holds Unix sockets, got ${bytes}`,
    );
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
  return folder;
}

/** A token's checker has no credentials here; managed clusters publish these two documents in the same way. */
async function openIssuerDiscovery(server: ApiServer): Promise<void> {
  const { status, body } = await adminRequest(
    server.access,
    'POST',
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'azid-sandbox-issuer-discovery' },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'system:service-account-issuer-discovery',
      },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:unauthenticated' }],
    },
  );
  if (status !== 201 && status !== 409)
    throw new Error(`opening the issuer's discovery document: HTTP ${status} ${body}`);
}

async function untilControllersWork(server: ApiServer, clock: Clock, signal: AbortSignal): Promise<void> {
  const deadline = clock.monotonic() + CONTROLLERS_LIMIT_MS;
  const path = '/api/v1/namespaces/default/serviceaccounts/default';
  while ((await adminRequest(server.access, 'GET', path, undefined, signal)).status !== 200) {
    if (clock.monotonic() > deadline)
      throw new Error(
        `expected kube-controller-manager to make the ServiceAccount default/default within ` +
          `${CONTROLLERS_LIMIT_MS / 1000} s; its log is in the data folder`,
      );
    await sleep(clock, POLL_MS, signal);
  }
}
