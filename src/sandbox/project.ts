/** Where the files lie that azid is installed from: the sandbox uses those that a cluster would get, not copies. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const CRDS = join(ROOT, 'crds');
/** What a cluster gets, as `kubectl apply -k` reads it. */
export const KUSTOMIZE_BASE = join(ROOT, 'deploy', 'kustomize', 'base');
/** What `kubectl apply` installs, in this order: all of it but the controller, which runs as a process here, and what guards its pods. */
export const INSTALLATION: readonly string[] = [
  CRDS,
  ...['namespace.yaml', 'rbac.yaml', 'rbac-tenants.yaml'].map((file) => join(KUSTOMIZE_BASE, file)),
];
export const AZURE_ROLES = join(ROOT, 'deploy', 'azure');
export const QUICKSTART = join(ROOT, 'examples', 'quickstart');

/** The folder's files with this ending, by name. */
export async function filesOf(folder: string, ending: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ending)).sort();
  if (names.length === 0) throw new Error(`expected ${folder} to hold files ending in ${ending}, found none`);
  return names.map((name) => join(folder, name));
}
