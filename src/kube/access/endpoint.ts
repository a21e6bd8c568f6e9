/** What the transport must know of a cluster, and how that is read for a user of a kubeconfig. */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeconfigCluster, KubeconfigUser } from './kubeconfig.ts';

/** What the transport must know of a cluster, and no more: each source of credentials makes one. */
export interface KubeEndpoint {
  /** `https://host:port`, with a path prefix where a proxy serves several clusters; no trailing slash. */
  readonly server: string;
  /** The namespace of the kubeconfig's context or of the pod, where there is one. */
  readonly namespace?: string;
  /** Current headers and TLS material. Cheap: files are read again about once a minute. */
  credentials(): Promise<EndpointCredentials>;
  /** Reads everything again on the next call; the transport asks for it after a 401. */
  refresh(): void;
}

export interface EndpointCredentials {
  /** `authorization` and the impersonation headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

/** PEM text. A change of any member makes the transport build a new Agent. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name to verify the server's certificate against, where it differs from the host. */
  readonly servername?: string;
  /** `insecure-skip-tls-verify` of the kubeconfig. */
  readonly insecure?: boolean;
}

/** The chosen cluster and user as client-node wants them. Called only for exec plugins and OIDC. */
export type LoadPluginConfig = () => Promise<KubeConfig>;

/**
 * Reads what a kubeconfig user needs to be let in, files included, each time it is called. Files and plain values are
 * read here, without blocking the loop; exec plugins and OIDC are left to client-node, which caches their tokens.
 */
export async function userCredentials(
  cluster: KubeconfigCluster,
  user: KubeconfigUser,
  loadPluginConfig: LoadPluginConfig,
): Promise<EndpointCredentials> {
  const [ca, cert, key, token] = await Promise.all([
    pem(cluster.caFile, cluster.caData),
    pem(user.certFile, user.certData),
    pem(user.keyFile, user.keyData),
    tokenOf(user),
  ]);
  const plugin =
    user.needsPlugin && !user.tokenFile ? await pluginCredentials(await loadPluginConfig()) : undefined;
  const authorization =
    plugin?.authorization ??
    (token ? `Bearer ${token}` : user.username ? basic(user.username, user.password) : undefined);
  const tls: TlsMaterial = {
    ...(ca === undefined ? {} : { ca }),
    ...given('cert', plugin?.cert ?? cert),
    ...given('key', plugin?.key ?? key),
    ...given('servername', cluster.tlsServerName),
    ...(cluster.insecure ? { insecure: true } : {}),
  };
  const headers = {
    ...given('authorization', authorization),
    ...given('impersonate-user', user.impersonateUser),
  };
  return { headers, tls };
}

const given = <K extends string>(key: K, value: string | undefined) =>
  (value ? { [key]: value } : {}) as Partial<Record<K, string>> as Record<K, string>;

async function pem(file: string | undefined, data: string | undefined): Promise<string | undefined> {
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  return file ? readFile(file, 'utf8') : undefined;
}

async function tokenOf({ tokenFile, token }: KubeconfigUser): Promise<string | undefined> {
  // A token file commonly ends in a newline, which no HTTP header may hold.
  const text = tokenFile ? await readFile(tokenFile, 'utf8') : token;
  return text?.trim() || undefined;
}

async function pluginCredentials(config: KubeConfig) {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const authorization = new Headers(options.headers as Record<string, string> | undefined).get(
    'authorization',
  );
  return {
    authorization: authorization ?? undefined,
    cert: options.cert?.toString(),
    key: options.key?.toString(),
  };
}

const basic = (name: string, password: string | undefined) =>
  `Basic ${Buffer.from(`${name}:${password ?? ''}`).toString('base64')}`;
