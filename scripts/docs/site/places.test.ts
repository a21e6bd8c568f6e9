import { describe, expect, it } from 'vitest';
import { pages } from '../markdown.ts';
import { breakable } from './code.ts';
import { addressOf, linkOnSite, placeOf } from './places.ts';

describe('the place of a file', () => {
  it.each([
    ['README.md', 'index.md', '/'],
    ['CONTRIBUTING.md', 'contributing.md', '/contributing.html'],
    ['docs/guides/x.md', 'guides/x.md', '/guides/x.html'],
    ['deploy/helm/azid/README.md', 'deploy/helm/azid/index.md', '/deploy/helm/azid/'],
  ])('%s', (path, place, address) => {
    expect(placeOf(path)).toBe(place);
    expect(addressOf(path)).toBe(address);
  });

  it('is nobody else’s', async () => {
    const places = (await pages()).map(({ path }) => placeOf(path));
    expect(new Set(places).size).toBe(places.length);
  });
});

describe('a link', () => {
  it.each([
    ['docs/guides/a.md', 'b.md', '/guides/b.md'],
    ['docs/guides/a.md', '../../README.md#an-example', '/index.md#an-example'],
    ['docs/a.md', '../deploy/helm/azid/README.md', '/deploy/helm/azid/index.md'],
    ['README.md', 'docs/a.md', '/a.md'],
    ['docs/a.md', '#here', '#here'],
    ['docs/a.md', 'https://example.com/x.md', 'https://example.com/x.md'],
    ['README.md', 'LICENSE', undefined],
  ])('of %s to %s', (source, link, target) => {
    expect(linkOnSite(source, link)).toBe(target);
  });
});

describe('code in a line', () => {
  it.each([
    ['<code v-pre>a.b[].c</code>', '<code v-pre>a.<wbr>b[].<wbr>c</code>'],
    ['<code v-pre>azid_queue</code>', '<code v-pre>azid_<wbr>queue</code>'],
    ['<code v-pre>PolicyDenied</code>', '<code v-pre>PolicyDenied</code>'],
    ['<code v-pre>./x &lt;id&gt; 1.</code>', '<code v-pre>./x &lt;id&gt; 1.</code>'],
  ])('%s breaks after a mark', (html, broken) => {
    expect(breakable(html)).toBe(broken);
  });
});
