/** What a second shard has of its own: the Deployment and the PodDisruptionBudget of the base, under other names, for that shard. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { SHARD_LABEL } from '../../src/api/schema/shard.ts';
import { yaml } from './crds.ts';
import { type GeneratedFile, HEADERS } from './file.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BASE = 'deploy/kustomize/base';
const SHARD = 'blue';
const COUNT = 2;

interface Named {
  readonly metadata: { readonly name: string };
}

interface Deployment extends Named {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly [{ readonly env: readonly object[] }] };
    };
  };
}

export async function shardObjects(): Promise<GeneratedFile> {
  const read = async (file: string) => parse(await readFile(join(ROOT, BASE, file), 'utf8'));
  const budget = ofShard((await read('disruption-budget.yaml')) as Named, SHARD);
  const deployment = told(ofShard((await read('controller.yaml')) as Deployment, SHARD), SHARD, COUNT);
  const text = [budget, deployment].map(yaml).join('---\n');
  return { path: `deploy/kustomize/overlays/two-shards/${SHARD}.yaml`, text: HEADERS.overlay + text };
}

/** Under the name of the shard, which each label and each selector has in place of the base's. Pure. */
function ofShard<T extends Named>(object: T, shard: string): T {
  const labelled = JSON.parse(JSON.stringify(object), (key, value) =>
    key === SHARD_LABEL ? shard : value,
  ) as T;
  return { ...labelled, metadata: { ...labelled.metadata, name: `${object.metadata.name}-${shard}` } };
}

/** What its process works for. Pure. */
function told({ spec, ...rest }: Deployment, shard: string, count: number): object {
  const { template } = spec;
  const [container] = template.spec.containers;
  const env = [
    ...container.env,
    { name: 'AZID_SHARD', value: shard },
    { name: 'AZID_SHARD_COUNT', value: String(count) },
  ];
  const pod = { ...template.spec, containers: [{ ...container, env }] };
  return { ...rest, spec: { ...spec, template: { ...template, spec: pod } } };
}
