import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pages, ROOT } from './markdown.ts';

/** Sources whose comments name documents. */
const FOLDERS = ['src', 'test', 'scripts', 'bench'];

/** Name documents that are not there on purpose. */
const INVENTED = new Set([
  'scripts/docs/references.test.ts',
  'scripts/docs/documents.test.ts',
  'scripts/docs/site/navigation.test.ts',
  'scripts/docs/site/places.test.ts',
  'scripts/docs/site/places.ts',
]);

const documents = new Map((await pages()).map(({ path, text }) => [path, text]));

/** `docs/azure-facts.md sections 3 and 6`, `docs/guarantees.md G18`, `docs/guarantees.md mistakes 1 and 3`, `docs/testing.md`. */
const REFERENCE =
  /(?<![\w./-])(?<path>(?:[\w-]+\/)*[\w-]+\.md)(?: (?<what>sections?|mistakes?|[GT](?=\d))\s?(?<numbers>\d+(?:(?:, | and | to )[GT]?\d+)*))?/g;

/** What a text names that is not there, as it names it. */
function dangling(text: string): string[] {
  return [...text.matchAll(REFERENCE)].flatMap((match) => {
    const { path = '', what, numbers = '' } = match.groups ?? {};
    const document = documents.get(path);
    if (document === undefined) return existsSync(join(ROOT, path)) ? [] : [match[0]];
    if (what === undefined) return [];
    const known = numbersIn(document, what);
    return [...numbers.matchAll(/\d+/g)].every(([number]) => known.has(number)) ? [] : [match[0]];
  });
}

function numbersIn(document: string, what: string): ReadonlySet<string> {
  const pattern = what.startsWith('section')
    ? /^#{2,3} (\d+)\. /gm
    : what.startsWith('mistake')
      ? /^\| (\d+) \|/gm
      : new RegExp(`^(?:#{2,3} |\\| )${what}(\\d+)\\b`, 'gm');
  return new Set([...document.matchAll(pattern)].map(([, number = '']) => number));
}

async function sources(): Promise<{ path: string; text: string }[]> {
  const found = await Promise.all(
    FOLDERS.map(async (folder) =>
      (await readdir(join(ROOT, folder), { recursive: true }))
        .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
        .map((name) => join(folder, name)),
    ),
  );
  const paths = found.flat().filter((path) => !INVENTED.has(path));
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(ROOT, path), 'utf8') })));
}

it('every document, section and guarantee that a source names exists', async () => {
  const all = await sources();
  expect(all.length).toBeGreaterThan(500);
  expect(all.flatMap(({ path, text }) => dangling(text).map((reference) => `${path}: ${reference}`))).toEqual(
    [],
  );
});

it.each([
  ['a page', 'see azure.md section 5', ['azure.md section 5']],
  ['a section', '(docs/architecture.md section 99)', ['docs/architecture.md section 99']],
  [
    'one of several sections',
    'docs/azure-facts.md sections 3 and 99',
    ['docs/azure-facts.md sections 3 and 99'],
  ],
  ['a guarantee', 'docs/guarantees.md G99', ['docs/guarantees.md G99']],
  ['a mistake', 'docs/guarantees.md mistakes 1 and 99', ['docs/guarantees.md mistakes 1 and 99']],
  ['nothing', 'docs/guarantees.md G18; docs/azure-facts.md sections 3 and 6, README.md', []],
])('notices that %s is missing', (_, text, expected) => {
  expect(dangling(text)).toEqual(expected);
});
