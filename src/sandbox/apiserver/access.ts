/** How a started API server is reached: its port, an administrator's requests, and kubeconfig files. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
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

/** How the bearer of a kubeconfig proves who they are. */
export type KubeconfigAuth =
  /** A bearer token in a file that is read again as it is renewed. */
  | { readonly tokenFile: string }
  | { readonly token: string }
  /** A client certificate, issued on the spot, for this user and these groups. */
  | { readonly user: string; readonly groups?: readonly string[] };

interface KubeconfigCluster {
  /** https://host:port */
  readonly server: string;
  /** PEM */
  readonly caPem: string;
}

type KubeconfigUser = { tokenFile: string } | { token: string } | KeyAndCertificate;

/** A kubeconfig for one control plane. */
export function kubeconfigText({ server, caPem }: KubeconfigCluster, user: KubeconfigUser): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'azid', cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    users: [{ name: 'azid', user: credentials(user) }],
    contexts: [{ name: 'azid', context: { cluster: 'azid', user: 'azid' } }],
    'current-context': 'azid',
  });
}

/** Readable by the owner only: most of these files hold a key. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600); // The mode above counts only for a new file.
}

function credentials(user: KubeconfigUser): Record<string, string> {
  // Relative paths in a kubeconfig count from the file, not from the caller's folder.
  if ('tokenFile' in user) return { tokenFile: resolve(user.tokenFile) };
  if ('token' in user) return { token: user.token };
  return { 'client-certificate-data': base64(user.certificate), 'client-key-data': base64(user.key) };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
