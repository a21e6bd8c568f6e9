/** Kubeconfig files for one control plane. */
import { chmod, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import type { KeyAndCertificate } from '../../simulator/certificates.ts';

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
