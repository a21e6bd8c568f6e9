/** The Deployment of a second shard: the base's own, under another name, for that shard. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { SHARD_LABEL } from '../../src/api/schema/shard.ts';
import { yaml } from './crds.ts';
import { type GeneratedFile, HEADERS } from './file.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BASE = 'deploy/kustomize/base/controller.yaml';
const SHARD = 'blue';
const COUNT = 2;

interface Deployment {
  readonly metadata: { readonly name: string; readonly labels: object };
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: { readonly containers: readonly [{ readonly env: readonly object[] }] };
    };
  };
}

export async function shardDeployment(): Promise<GeneratedFile> {
  const base = parse(await readFile(join(ROOT, BASE), 'utf8')) as Deployment;
  const text = HEADERS.overlay + yaml(ofShard(base, SHARD, COUNT));
  return { path: `deploy/kustomize/overlays/two-shards/${SHARD}.yaml`, text };
}

/** Pure. */
export function ofShard({ metadata, spec, ...rest }: Deployment, shard: string, count: number): object {
  const label = { [SHARD_LABEL]: shard };
  const { selector, template } = spec;
  const [container] = template.spec.containers;
  const env = [
    ...container.env,
    { name: 'AZID_SHARD', value: shard },
    { name: 'AZID_SHARD_COUNT', value: String(count) },
  ];
  return {
    ...rest,
    metadata: {
      ...metadata,
      name: `${metadata.name}-${shard}`,
      labels: { ...metadata.labels, ...label },
    },
    spec: {
      ...spec,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, ...label } },
      template: {
        ...template,
        metadata: { ...template.metadata, labels: { ...template.metadata.labels, ...label } },
        spec: { ...template.spec, containers: [{ ...container, env }] },
      },
    },
  };
}
