/** The site that `npm run docs` serves: every Markdown file of the repository is a page, as it stands there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { anchorOf, pages, ROOT } from '../../scripts/docs/markdown.ts';
import { siteAddress } from '../../scripts/docs/site/address.ts';
import { breakableCode } from '../../scripts/docs/site/code.ts';
import { siteLinks } from '../../scripts/docs/site/links.ts';
import { sidebar, topNavigation } from '../../scripts/docs/site/navigation.ts';
import { placeOf } from '../../scripts/docs/site/places.ts';
import { searchWords, weightOf } from '../../scripts/docs/site/search.ts';

const { description } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
  readonly description: string;
};
const address = await siteAddress();
const all = await pages();
const paths = new Set(all.map(({ path }) => path));

/** The signs of an identity: a key's bow in a circle. In the page itself, since it is smaller than the request for it. */
const ICON =
  "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='%233451b2'/><circle cx='12' cy='16' r='5' fill='none' stroke='white' stroke-width='3'/><path d='M17 16h9v5m-4-5v3' fill='none' stroke='white' stroke-width='3'/></svg>";

export default defineConfig({
  lang: 'en',
  title: 'azid',
  description,
  base: new URL(address).pathname,
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${ICON}` }]],
  srcDir: '..',
  rewrites: placeOf,
  srcExclude: ['**/coverage/**', '**/.*/**'],
  // The sources have files named config.ts, which are no configuration of pages.
  additionalConfig: {},
  sitemap: { hostname: address },
  vite: { server: { host: '127.0.0.1' }, preview: { host: '127.0.0.1' } },
  // The documents are plain Markdown, read in the repository as well: what only VitePress understands would be found there as signs.
  markdown: {
    linkify: false,
    attrs: false,
    emoji: false,
    footnote: false,
    container: false,
    include: false,
    snippet: false,
    toc: false,
    cjkFriendlyEmphasis: false,
    // As in the repository, so that one link serves both.
    anchor: { slugify: anchorOf },
    languageAlias: { promql: 'text', logql: 'text' },
    config: (markdown) => {
      siteLinks(markdown);
      breakableCode(markdown);
    },
  },
  themeConfig: {
    nav: topNavigation(),
    sidebar: sidebar(all),
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          options: { tokenize: searchWords },
          searchOptions: { boostDocument: weightOf },
        },
      },
    },
    footer: { message: 'Apache-2.0' },
  },
  transformPageData: ({ filePath }) => {
    if (!paths.has(filePath))
      throw new Error(`expected every page to be in the navigation, ${filePath} is not`);
  },
});
