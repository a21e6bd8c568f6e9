/** `deploy/azure/bicep/main.json`: the template that the Bicep files beside it are. */
import { join } from 'node:path';
import { compileBicep } from '../bicep/compile.ts';
import type { GeneratedFile } from './file.ts';

const FOLDER = 'deploy/azure/bicep';

export function bicepTemplate(): GeneratedFile {
  const template = compileBicep(join(import.meta.dirname, '..', '..', FOLDER, 'main.bicep'));
  return { path: `${FOLDER}/main.json`, text: `${JSON.stringify(template, null, 2)}\n` };
}
