/** `deploy/azure/bicep/*.json`: the templates that the Bicep files beside them are. */
import { join } from 'node:path';
import { compileBicep } from '../bicep/compile.ts';
import type { GeneratedFile } from './file.ts';

const FOLDER = 'deploy/azure/bicep';

export function bicepTemplates(): readonly GeneratedFile[] {
  return ['main', 'subscription'].map((name) => {
    const template = compileBicep(join(import.meta.dirname, '..', '..', FOLDER, `${name}.bicep`));
    return { path: `${FOLDER}/${name}.json`, text: `${JSON.stringify(template, null, 2)}\n` };
  });
}
