/** The objects of examples/quickstart, read from its files so that they are defined once. */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../../api/index.ts';
import { GROUP } from '../../api/schema/kind.ts';
import type { KubeObject, ObjectKey, Resource } from '../../kube/types.ts';
import { keyOf } from '../../kube/types.ts';
import { filesOf, QUICKSTART } from '../project.ts';

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
