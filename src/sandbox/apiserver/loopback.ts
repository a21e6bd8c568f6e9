/** Ports of 127.0.0.1, and requests to the API server that was started on one. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import { createServer } from 'node:net';
import type { KeyAndCertificate } from '../../simulator/certificates.ts';

/**
 * Below the ports that Linux (32768) and macOS (49152) hand out to outgoing connections and to `listen(0)`, so that
 * nothing takes the port in the seconds an API server is restarted on it.
 */
const LOWEST = 20_000;
const HIGHEST = 32_767;
const ATTEMPTS = 100;

/** Free at this moment; another process can still be faster, so the caller must be ready to ask again. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(
    `expected a free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1, ${ATTEMPTS} were taken`,
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host: '127.0.0.1', port, exclusive: true });
    await once(server, 'listening'); // Rejects on 'error'.
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

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

/** For the few requests the launcher itself makes, as administrator and each on a connection of its own. */
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
