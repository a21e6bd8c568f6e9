/** The command lines of the control plane. Values that differ from the programs' defaults carry their reason. */
import { join } from 'node:path';

/** Where everything of one control plane lies. */
export interface ControlPlaneFiles {
  readonly etcdData: string;
  readonly etcdSocket: string;
  readonly etcdPeerSocket: string;
  readonly caFile: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  readonly signingKey: string;
  /** Static tokens, where the administrator has one. */
  readonly tokens: string;
  readonly kubeconfig: string;
  log(name: string): string;
}

export function filesIn(dataDir: string): ControlPlaneFiles {
  return {
    etcdData: join(dataDir, 'etcd'),
    etcdSocket: join(dataDir, 'etcd.sock'),
    etcdPeerSocket: join(dataDir, 'peer.sock'),
    caFile: join(dataDir, 'ca.pem'),
    serverCertificate: join(dataDir, 'server.pem'),
    serverKey: join(dataDir, 'server-key.pem'),
    signingKey: join(dataDir, 'service-account-key.pem'),
    tokens: join(dataDir, 'tokens.csv'),
    kubeconfig: join(dataDir, 'admin.kubeconfig'),
    log: (name) => join(dataDir, `${name}.log`),
  };
}

/** Unix sockets: no port to collide on, and only a process that may enter the folder can reach them. */
export function etcdFlags(files: ControlPlaneFiles): string[] {
  const client = `unix://${files.etcdSocket}`;
  const peer = `unix://${files.etcdPeerSocket}`;
  return [
    '--name=azid',
    `--data-dir=${files.etcdData}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=azid=${peer}`,
    '--unsafe-no-fsync', // Nobody needs this data after a power cut.
    '--log-level=warn',
  ];
}

/** Given twice, its values would add up. */
const NO_ADMISSION = '--disable-admission-plugins=';

export function apiServerFlags(files: ControlPlaneFiles, port: number, more: readonly string[]): string[] {
  const issuer = issuerOf(port);
  return [
    `--etcd-servers=unix://${files.etcdSocket}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    '--endpoint-reconciler-type=none', // 1.37 refuses to write a loopback address into the Endpoints object.
    `--tls-cert-file=${files.serverCertificate}`,
    `--tls-private-key-file=${files.serverKey}`,
    `--client-ca-file=${files.caFile}`,
    '--authorization-mode=Node,RBAC',
    `--service-account-issuer=${issuer}`,
    `--service-account-jwks-uri=${issuer}/openid/v1/jwks`,
    `--api-audiences=${issuer}`,
    `--service-account-key-file=${files.signingKey}`,
    `--service-account-signing-key-file=${files.signingKey}`,
    // A token asked for ten minutes lasts ten minutes, not a year (--service-account-extend-token-expiration).
    '--service-account-extend-token-expiration=false',
    '--service-cluster-ip-range=10.0.0.0/24',
    // It would refuse pods until a controller had made the namespace's default ServiceAccount.
    ...(more.some((flag) => flag.startsWith(NO_ADMISSION)) ? [] : [`${NO_ADMISSION}ServiceAccount`]),
    // Few clients, which trust each other: sharing out seats is a sixth of what a start of azid costs the API server.
    '--enable-priority-and-fairness=false',
    '--max-requests-inflight=2000',
    '--max-mutating-requests-inflight=1000',
    '--profiling=false',
    // With the default, 0, a SIGTERM waits a minute for watches that no client ends.
    '--shutdown-watch-termination-grace-period=1s',
    ...more,
  ];
}

/** The API server is its own issuer: tokens can be checked against `<issuer>/openid/v1/jwks`. */
export function issuerOf(port: number): string {
  return `https://127.0.0.1:${port}`;
}

/**
 * Only what azid's tests meet: namespace deletion, owner references, `default` ServiceAccounts and aggregated roles.
 */
export function controllerManagerFlags(files: ControlPlaneFiles): string[] {
  const controllers = [
    'namespace-controller',
    'garbage-collector-controller',
    'serviceaccount-controller',
    'clusterrole-aggregation-controller',
  ];
  return [
    `--kubeconfig=${files.kubeconfig}`,
    `--controllers=${controllers.join(',')}`,
    '--leader-elect=false',
    '--secure-port=0', // No port of its own; it is ready when it has made the first ServiceAccount.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ];
}
