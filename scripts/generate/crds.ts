/** `crds/`: what the API server is told of each kind. */
import { stringify } from 'yaml';
import { KINDS } from '../../src/api/index.ts';
import { customResourceDefinition } from '../../src/api/schema/crd.ts';
import { GROUP, type KindSchema } from '../../src/api/schema/kind.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { type GeneratedFile, HEADERS } from './file.ts';

export function crdFiles(): GeneratedFile[] {
  return [
    ...KINDS.map((kind) => ({
      path: `crds/${crdFileName(kind)}`,
      text: HEADERS.yaml + yaml(customResourceDefinition(kind)),
    })),
    crdKustomization(),
  ];
}

export function crdFileName({ resource }: Pick<KindSchema<KubeObject>, 'resource'>): string {
  return `${GROUP}_${resource.plural}.yaml`;
}

/** Without an ending: `kubectl apply -f crds/` reads what ends in .yaml, and would take this for an object of the cluster. */
function crdKustomization(): GeneratedFile {
  const resources = KINDS.map(crdFileName).sort();
  const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources };
  return { path: 'crds/Kustomization', text: HEADERS.yaml + yaml(kustomization) };
}

export function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
