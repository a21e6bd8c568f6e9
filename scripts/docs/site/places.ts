/** Where on the site a Markdown file of the repository stands: the files are the pages, none is copied. */
import { posix } from 'node:path';

/** `docs/guides/x.md` is `guides/x.md`, `README.md` is `index.md`, the one of a folder the index of that folder. */
export function placeOf(path: string): string {
  if (path.startsWith('docs/')) return path.slice('docs/'.length);
  if (!path.includes('/') && path !== 'README.md') return path.toLowerCase();
  return path.replace(/README\.md$/, 'index.md');
}

/** The address of a page below the site's own. */
export function addressOf(path: string): string {
  return `/${placeOf(path).replace(/\.md$/, '.html')}`.replace(/\/index\.html$/, '/');
}

/**
 * A link as a document has it, from the document's own folder, as the site needs it. Files that are no Markdown, such as the licence,
 * are no pages: undefined.
 */
export function linkOnSite(source: string, link: string): string | undefined {
  if (/^([a-z][a-z+.-]*:|#|\/)/i.test(link)) return link;
  const [file = '', anchor] = link.split('#', 2);
  if (!file.endsWith('.md')) return undefined;
  const target = posix.normalize(posix.join(posix.dirname(source), file));
  return `/${placeOf(target)}${anchor === undefined ? '' : `#${anchor}`}`;
}
