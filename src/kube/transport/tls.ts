import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsMaterial } from '../access/endpoint.ts';

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
