import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { answerOf } from './process/answer-of.ts';
import { buildGoProgram } from './process/go-program.ts';

/** What Argo CD and Flux make of objects, in the Lua and the library that they themselves run (`test/gitops/health`). */
export interface HealthVerdict {
  readonly argo: { readonly status: string; readonly message: string };
  readonly flux: string;
}

/** By deploy/argocd/health.lua and the expressions of deploy/flux/team.yaml. */
export async function healthOf(objects: readonly object[]): Promise<readonly HealthVerdict[]> {
  const root = join(import.meta.dirname, '..', '..');
  const program = await buildGoProgram({ name: 'health', folder: join(root, 'test', 'gitops', 'health') });
  const lua = await readFile(join(root, 'deploy', 'argocd', 'health.lua'), 'utf8');
  const { spec } = parse(await readFile(join(root, 'deploy', 'flux', 'team.yaml'), 'utf8'));
  return JSON.parse(await answerOf(program, JSON.stringify({ lua, flux: spec.healthCheckExprs, objects })));
}
