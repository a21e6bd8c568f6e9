import { BlockList, isIP } from 'node:net';

/** Networks that are not on the Internet: RFC 6890 and RFC 4193, as far as somebody might put an issuer there. */
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
 * Why nobody on the Internet could fetch this URL, or undefined where nothing speaks against it. Judged by its text
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
