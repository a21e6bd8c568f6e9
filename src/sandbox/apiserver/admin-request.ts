/** The few requests the launcher itself makes, as administrator and each on a connection of its own. */
import { request } from 'node:https';
import type { KeyAndCertificate } from '../../simulator/certificates.ts';

/** A silent server (frozen, or not yet serving) must not hold up the poll that asks it. */
const TIMEOUT_MS = 5_000;

export interface AdminAccess {
  readonly server: string;
  readonly caPem: string;
  readonly client: KeyAndCertificate;
}

interface AdminAnswer {
  readonly status: number;
  readonly body: string;
}

export function adminRequest(
  access: AdminAccess,
  method: string,
  path: string,
  body?: object,
  signal?: AbortSignal,
): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, access.server), {
      method,
      ca: access.caPem,
      cert: access.client.certificate,
      key: access.client.key,
      agent: false,
      timeout: TIMEOUT_MS,
      ...(body ? { headers: { 'content-type': 'application/json' } } : {}),
      ...(signal ? { signal } : {}),
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: silent for ${TIMEOUT_MS / 1000} s`)));
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.end(body && JSON.stringify(body));
  });
}
