/** The site as `npm run docs:build` builds it, in a folder of its own, and what a reader's browser does with it. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { ROOT } from '../markdown.ts';
import { siteAddress } from './address.ts';
import { searchWords, weightOf } from './search.ts';

export interface BuiltPage {
  readonly html: string;
  /** Of headings, and of whatever else a link may lead to. */
  readonly anchors: ReadonlySet<string>;
  /** As they stand there, those that leave the site left out. */
  readonly links: readonly string[];
}

/** A page and its heading that a search finds, the best first. */
export type Search = (words: string) => readonly string[];

export interface BuiltSite {
  /** By address below the site's own, from `/` on. */
  readonly pages: ReadonlyMap<string, BuiltPage>;
  readonly search: Search;
}

/** In a process of its own: Vite sets variables of the process that builds, and the files of unit tests share one. */
export async function buildSite(folder: string): Promise<BuiltSite> {
  const vitepress = fileURLToPath(import.meta.resolve('vitepress'));
  const program = join(vitepress.slice(0, vitepress.lastIndexOf('dist')), 'bin', 'vitepress.js');
  await promisify(execFile)(process.execPath, [program, 'build', 'docs', '--outDir', folder], {
    cwd: ROOT,
  }).catch((error: { stdout?: string; stderr?: string }) => {
    throw new Error(`expected the site to be built, it was not:\n${error.stdout}\n${error.stderr}`);
  });
  const base = new URL(await siteAddress()).pathname;
  /** Without the folder of the host that the site is published in. */
  const below = (address: string) => (address.startsWith(base) ? `/${address.slice(base.length)}` : address);
  const search = await searchIn(folder, vitepress);
  return { pages: await pagesIn(folder, below), search: (words) => search(words).map(below) };
}

async function pagesIn(
  folder: string,
  below: (address: string) => string,
): Promise<ReadonlyMap<string, BuiltPage>> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.html'));
  const entries = await Promise.all(
    names.map(async (name) => {
      const html = await readFile(join(folder, name), 'utf8');
      const links = [...html.matchAll(/<a [^>]*?\bhref="([^"]+)"/g)].map(([, link = '']) => link);
      const page: BuiltPage = {
        html,
        anchors: new Set([...html.matchAll(/<\w+ [^>]*?\bid="([^"]+)"/g)].map(([, id = '']) => id)),
        links: links.filter((link) => !/^[a-z]+:/.test(link)).map(below),
      };
      return [`/${name}`.replace(/\/index\.html$/, '/'), page] as const;
    }),
  );
  return new Map(entries);
}

/** Only what is used here of MiniSearch, which comes with VitePress and has the index of its site. */
interface MiniSearch {
  loadJSON(
    text: string,
    options: object,
  ): {
    search(words: string, options: object): readonly { readonly id: string }[];
  };
}

/** As VitePress asks in the browser. */
async function searchIn(folder: string, vitepress: string): Promise<Search> {
  const chunks = join(folder, 'assets', 'chunks');
  const name = (await readdir(chunks)).find((each) => each.startsWith('@localSearchIndexroot'));
  if (name === undefined) throw new Error(`expected an index for the search in ${chunks}, found none`);
  const { default: text } = (await import(pathToFileURL(join(chunks, name)).href)) as { default: string };
  const found = createRequire(vitepress)('minisearch') as MiniSearch & { default?: MiniSearch };
  const index = (found.default ?? found).loadJSON(text, {
    fields: ['title', 'titles', 'text'],
    storeFields: ['title', 'titles'],
    tokenize: searchWords,
  });
  const options = {
    fuzzy: 0.2,
    prefix: true,
    boost: { title: 4, text: 2, titles: 1 },
    boostDocument: weightOf,
  };
  return (words) => index.search(words, options).map(({ id }) => id);
}
