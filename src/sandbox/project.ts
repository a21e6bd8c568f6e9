/** The files that azid is installed from, and its examples: those that a cluster would get, not copies. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../api/index.ts';
import { GROUP } from '../api/schema/kind.ts';
import { type KubeObject, keyOf, type ObjectKey, type Resource } from '../kube/types.ts';

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

/** An object of one of azid's kinds: what there is to wait for. */
export interface ExampleObject {
  readonly resource: Resource<KubeObject>;
  readonly key: ObjectKey;
}

export interface Examples {
  /** In the order to apply them, which is that of their names and so `kubectl apply -f`'s: namespace and policy first. */
  readonly files: readonly string[];
  readonly objects: readonly ExampleObject[];
}

/** Those of examples/quickstart, read from its files so that they are defined once. */
export async function readExamples(folder: string = QUICKSTART): Promise<Examples> {
  const files = await filesOf(folder, '.yaml');
  const objects = (await Promise.all(files.map(readObjects))).flat();
  return { files, objects };
}

async function readObjects(file: string): Promise<ExampleObject[]> {
  const objects: ExampleObject[] = [];
  for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
    if (document.errors[0]) throw new Error(`expected ${file} to be YAML: ${document.errors[0].message}`);
    const object = document.toJS() as KubeObject | null;
    if (!object?.apiVersion.startsWith(`${GROUP}/`)) continue;
    const kind = KINDS.find(({ resource }) => resource.kind === object.kind);
    if (!kind) throw new Error(`expected ${file} to hold kinds that azid serves, got ${object.kind}`);
    objects.push({ resource: kind.resource, key: keyOf(object) });
  }
  return objects;
}
