/** `crds/*.yaml`: what the API server is told of each kind. */
import { stringify } from 'yaml';
import { KINDS } from '../../src/api/index.ts';
import { customResourceDefinition } from '../../src/api/schema/crd.ts';
import { GROUP } from '../../src/api/schema/kind.ts';
import { type GeneratedFile, HEADERS } from './file.ts';

export function crdFiles(): GeneratedFile[] {
  return KINDS.map((kind) => ({
    path: `crds/${GROUP}_${kind.resource.plural}.yaml`,
    text:
      HEADERS.yaml +
      stringify(customResourceDefinition(kind), { lineWidth: 0, aliasDuplicateObjects: false }),
  }));
}
