/** The issuer of this cluster's ServiceAccount tokens, and whether Entra could fetch its keys. */
import { BlockList, isIP } from 'node:net';
import type { Clock } from '../../runtime/time/clock.ts';
import type { KubeClient } from '../client.ts';
import { KubeError } from '../errors.ts';

export type ObservedIssuer =
  | { readonly state: 'known'; readonly issuer: string }
  /** Tokens of this issuer could never be exchanged: Entra fetches the keys over the Internet. */
  | { readonly state: 'unreachable'; readonly issuer: string; readonly why: string }
  /** The API server did not answer. */
  | { readonly state: 'unknown'; readonly error: KubeError };

interface ClusterIssuerOptions {
  readonly client: Pick<KubeClient, 'transport'>;
  readonly clock: Clock;
  /**
   * `--cluster-issuer`: used as it is, for a cluster whose discovery document is not readable or does not say what its
   * tokens say, and for a private network that Entra reaches all the same.
   */
  readonly given?: string | undefined;
}

/** The issuer hardly ever changes (`--service-account-issuer` of the API server), so an hour late does no harm. */
const REREAD_MS = 3_600_000;
/** After a failure with an older answer at hand. */
const RETRY_MS = 60_000;

export class ClusterIssuer {
  readonly #options: ClusterIssuerOptions;
  #known: Exclude<ObservedIssuer, { state: 'unknown' }> | undefined;
  #freshUntil = Number.NEGATIVE_INFINITY;

  constructor(options: ClusterIssuerOptions) {
    this.#options = options;
    if (options.given !== undefined) {
      this.#known = { state: 'known', issuer: options.given };
      this.#freshUntil = Number.POSITIVE_INFINITY;
    }
  }

  /**
   * From memory, or from `/.well-known/openid-configuration` of the API server, which every ServiceAccount may read by
   * default (ClusterRole `system:service-account-issuer-discovery`). Throws only when the signal aborts.
   */
  async current(signal: AbortSignal): Promise<ObservedIssuer> {
    const { clock } = this.#options;
    if (this.#known && clock.monotonic() < this.#freshUntil) return this.#known;
    try {
      const issuer = await this.#read(signal);
      const why = whyUnreachable(issuer);
      this.#known = why === undefined ? { state: 'known', issuer } : { state: 'unreachable', issuer, why };
      this.#freshUntil = clock.monotonic() + REREAD_MS;
      return this.#known;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KubeError)) throw error;
      // What was true an hour ago is a better answer than none.
      this.#freshUntil = clock.monotonic() + RETRY_MS;
      return this.#known ?? { state: 'unknown', error };
    }
  }

  async #read(signal: AbortSignal): Promise<string> {
    const { transport } = this.#options.client;
    const document = await transport.request<{ readonly issuer?: unknown }>(
      { method: 'GET', path: '/.well-known/openid-configuration' },
      signal,
    );
    if (typeof document.issuer !== 'string' || document.issuer === '') {
      throw new KubeError('GET /.well-known/openid-configuration: expected a field issuer, got none', {
        reason: 'InvalidResponse',
      });
    }
    return document.issuer;
  }
}

/** Networks that are not on the Internet: RFC 6890 and RFC 4193, as far as an issuer might be there. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4');
PRIVATE.addAddress('::', 'ipv6');
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/** Names that public DNS does not answer: RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`, and a cluster's own. */
const PRIVATE_NAMES = ['localhost', 'local', 'internal', 'home.arpa', 'svc', 'test', 'invalid'];

/**
 * Why this URL could not be fetched over the Internet, or undefined where nothing speaks against it. By its text
 * alone: DNS would show how this cluster resolves the name, not how Entra does.
 */
export function whyUnreachable(url: string): string | undefined {
  if (!URL.canParse(url)) return 'it is no URL';
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:') return `it begins with ${protocol}//, and Entra fetches keys over https only`;
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const family = isIP(host);
  if (family !== 0) {
    return PRIVATE.check(host, family === 4 ? 'ipv4' : 'ipv6')
      ? `its host ${host} is a loopback or private address`
      : undefined;
  }
  const within = PRIVATE_NAMES.find((name) => host === name || host.endsWith(`.${name}`));
  if (within !== undefined) return `its host ${host} lies in '${within}', which public DNS does not know`;
  return host.includes('.') ? undefined : `its host ${host} is a name without a domain`;
}
