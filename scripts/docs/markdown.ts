/** What the checks of the documents need to know of a Markdown file. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const ROOT = dirname(dirname(import.meta.dirname));

/** Left out: other people's documents, and what git does not keep. */
const SKIPPED = new Set(['node_modules', 'dist', 'coverage']);

export interface Page {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every Markdown file of the project, by path. */
export async function pages(): Promise<Page[]> {
  const found = await readdir(ROOT, { recursive: true, withFileTypes: true });
  const paths = found
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter((path) => !path.split('/').some((part) => SKIPPED.has(part) || part.startsWith('.')))
    .sort();
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(ROOT, path), 'utf8') })));
}

/** Targets of `[text](target)`, code left out. */
export function linksOf(text: string): string[] {
  const prose = withoutFences(text).replace(/`[^`\n]*`/g, 'code');
  return [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** The words in backticks, fenced blocks left out. */
export function codeOf(text: string): string[] {
  return [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** The anchors of all headings. */
export function anchorsOf(text: string): Set<string> {
  const headings = [...withoutFences(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(headings.map(anchorOf));
}

/** As GitHub makes one from a heading; the site does the same. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

/** First cells of the rows of all tables, without their backticks. */
export function firstCells(text: string): string[] {
  const rows = withoutFences(text)
    .split('\n')
    .filter((line) => line.startsWith('| '));
  return rows.map((row) => row.split('|')[1]?.trim().replaceAll('`', '') ?? '');
}

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '');
}
