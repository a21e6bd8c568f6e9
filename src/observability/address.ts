import { isIP } from 'node:net';

/** Where to listen. Without a host: on all interfaces, as a probe from the kubelet needs. */
export interface ListenAddress {
  readonly host?: string;
  /** 0 = any free port. */
  readonly port: number;
}

/**
 * Reads an address flag as controller-runtime's flags are written: `127.0.0.1:8080`, `[::1]:8080`, `:8080` for all
 * interfaces, `0` for off (undefined). `flag` is for the message.
 */
export function parseListenAddress(flag: string, text: string): ListenAddress | undefined {
  if (text === '0') return undefined;
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const bracketed = match?.[1];
  const plain = match?.[2];
  const hostFits = bracketed ? isIP(bracketed) === 6 : !plain || isHost(plain);
  if (!match || port > 65_535 || !hostFits) {
    const forms = '`127.0.0.1:8080`, `[::1]:8080`, `:8080` (all interfaces) or `0` (off)';
    throw new TypeError(`Expected \`${flag}\` to be an address like ${forms}, got \`${text}\``);
  }
  const host = bracketed ?? plain;
  return host ? { host, port } : { port };
}

/** `127.0.0.1:8080`, `[::1]:8080`, `:8080`. */
export function formatAddress({ host = '', port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function isHost(text: string): boolean {
  // Digits and dots only must be a real IPv4 address: `127.0.0` would otherwise be resolved as a name.
  return /^[\d.]+$/.test(text)
    ? isIP(text) === 4
    : /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text);
}
