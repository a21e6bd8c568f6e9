import { createSecureContext, type SecureContext } from 'node:tls';

/** What the transport must know of a cluster, and no more: the door through which any source of credentials enters. */
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

export const CONNECT_TIMEOUT_MS = 10_000;

/** Another one for other material: what was opened with one is not used with another. */
export function textOf({ ca, cert, key, servername, insecure }: TlsMaterial): string {
  return JSON.stringify([ca, cert, key, servername, insecure]);
}

export function contextOf({ ca, cert, key }: TlsMaterial): SecureContext {
  return createSecureContext({
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
}
