/** `src/explain/reasons.json`: the tables of docs/conditions.md, for `azid explain`. The page is the source. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ConditionsPage, readConditions } from '../docs/conditions.ts';
import { type GeneratedFile, HEADERS } from './file.ts';

const ROOT = dirname(dirname(import.meta.dirname));

export async function reasonsFile(): Promise<GeneratedFile> {
  const page: ConditionsPage = readConditions(await readFile(join(ROOT, 'docs/conditions.md'), 'utf8'));
  // A page that is laid out otherwise gives less without a word.
  if (page.reasons.length < 200)
    throw new Error(
      `docs/conditions.md: expected tables with more than 200 reasons, got ${page.reasons.length}; scripts/docs/conditions.ts says how they must look`,
    );
  return {
    path: 'src/explain/reasons.json',
    text: `${HEADERS.json}${JSON.stringify(page, undefined, 2).slice(2)}\n`,
  };
}
