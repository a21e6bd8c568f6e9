import { relative, sep } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { ROOT } from '../markdown.ts';
import { linkOnSite } from './places.ts';

/** What VitePress gives along with a text: where it came from. Its index for the search has `path` alone. */
interface Environment {
  readonly path: string;
  readonly realPath?: string;
}

/**
 * Links lead from file to file, so that they can be followed in the repository. VitePress takes them as from page to page, and pages
 * stand elsewhere than files.
 */
export function siteLinks(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('azid_site_links', ({ tokens, env }) => {
    const { path, realPath = path } = env as Environment;
    const source = relative(ROOT, realPath).split(sep).join('/');
    for (const { children } of tokens) {
      let isPlain = false;
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          const target = linkOnSite(source, token.attrGet('href') ?? '');
          isPlain = target === undefined;
          if (target !== undefined) token.attrSet('href', target);
        }
        // What leads nowhere on the site stays as its text.
        if (isPlain && /^link_(open|close)$/.test(token.type)) {
          isPlain = token.type === 'link_open';
          token.type = 'text';
        }
      }
    }
  });
}
