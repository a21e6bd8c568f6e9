import { join } from 'node:path';
import { answerOf } from '../process/answer-of.ts';
import { buildGoProgram } from '../process/go-program.ts';
import type { Observed } from './kstatus.ts';

/**
 * kstatus itself (sigs.k8s.io/cli-utils), asked what it makes of objects. `test/support/status/kstatus.ts` says the same in
 * TypeScript for the many tests that ask in passing; that the two agree is a test.
 */

/** The path of the program; builds it if the cache has none, which takes about a minute the first time. */
export function buildReferenceKstatus(): Promise<string> {
  return buildGoProgram({ name: 'kstatus', folder: join(import.meta.dirname, '..', '..', 'kstatus') });
}

/** What the reference library says of each object, in their order: `Current`, `InProgress`, `Failed`, `Terminating`. */
export async function referenceKstatus(program: string, objects: readonly Observed[]): Promise<string[]> {
  const out = await answerOf(program, objects.map((each) => JSON.stringify(each)).join('\n'));
  const verdicts = out.trim().split('\n');
  if (verdicts.length !== objects.length)
    throw new Error(`expected ${objects.length} verdicts, got ${verdicts.length}`);
  return verdicts;
}
