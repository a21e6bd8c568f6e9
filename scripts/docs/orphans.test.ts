import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { KEEP_REASONS, ORPHAN_REASONS, STOP_REASONS } from '../../src/orphans/reasons.ts';
import { firstCells, ROOT } from './markdown.ts';

const page = await readFile(join(ROOT, 'docs/orphans.md'), 'utf8');

/** First cells of the table under a heading. */
function told(heading: string): readonly string[] {
  const from = page.split(`## ${heading}\n`)[1] ?? '';
  return firstCells(from.split('\n## ')[0] ?? '').filter((cell) => /^[A-Z][A-Za-z]+$/.test(cell));
}

it.each([
  ['What counts as an orphan', ORPHAN_REASONS],
  ['What is never touched', KEEP_REASONS],
  ['When nothing at all is deleted', STOP_REASONS],
])('docs/orphans.md, "%s", explains each reason of the code, and no other', (heading, reasons) => {
  const words = told(heading).filter((cell) => cell !== 'Reason' && cell !== 'Why');
  expect(words.toSorted()).toEqual([...reasons].toSorted());
});
