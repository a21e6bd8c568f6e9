import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Page, pages } from '../markdown.ts';
import { DESIGN_INDEX, GROUPS, sidebar, topNavigation } from './navigation.ts';

const all = await pages();
const page = (path: string, text = '# A title\n'): Page => ({ path, text });

/** What an entry may begin with that says what its reader is about to do. */
const VERBS = new Set(
  'Adopt Answer Attach Back Federate Grant Hear Inspect Keep Monitor Move Receive Run Shard Split Troubleshoot Uninstall Upgrade Use'.split(
    ' ',
  ),
);

it('every guide begins with a verb', () => {
  const titles = all
    .filter(({ path }) => path.startsWith('docs/guides/'))
    .map(({ text }) => /^# (\w+)/m.exec(text)?.[1] ?? '');
  expect(titles.length).toBeGreaterThan(10);
  expect(titles.filter((word) => !VERBS.has(word))).toEqual([]);
});

describe('the sidebar', () => {
  const groupsOf = (documents: readonly Page[]) =>
    sidebar(documents)['/'] as readonly { text: string; items: readonly { text: string; link: string }[] }[];
  const linksIn = (documents: readonly Page[], text: string) =>
    groupsOf(documents)
      .find((group) => group.text === text)
      ?.items.map(({ link }) => link) ?? [];

  it('has each page once', () => {
    const links = Object.values(sidebar(all)).flatMap((groups) =>
      (groups as readonly { items: readonly { link: string }[] }[]).flatMap(({ items }) => items),
    );
    expect(links.length).toBe(all.length);
    expect(new Set(links.map(({ link }) => link)).size).toBe(all.length);
  });

  it('has what nobody listed last in the group of its folder', () => {
    const more = [...all, page('docs/guides/zoo.md'), page('docs/zoo.md'), page('ZOO.md')];
    expect(linksIn(more, 'Guides').at(-1)).toBe('/guides/zoo.html');
    expect(linksIn(more, 'Concepts').at(-1)).toBe('/zoo.html');
    expect(linksIn(more, 'The project')).toContain('/zoo.html');
  });

  it('refuses to list a page that is gone', () => {
    const [listed = ''] = GROUPS[1]?.pages ?? [];
    expect(() => sidebar(all.filter(({ path }) => path !== listed))).toThrow(`found no ${listed}`);
  });

  it('needs a heading of every page', () => {
    expect(() => sidebar([...all, page('docs/zoo.md', 'none')])).toThrow('docs/zoo.md: expected a heading');
  });
});

it('the top leads to pages that are in the sidebar', () => {
  const listed = JSON.stringify(sidebar(all));
  const links = JSON.stringify(topNavigation()).matchAll(/"link":"([^"#]+)/g);
  for (const [, link] of links) expect(listed).toContain(`"${link}"`);
});

it('the index of the design notes has each of them once, by its heading', () => {
  const notes = all.filter(({ path }) => /^docs\/design\/\d/.test(path));
  const index = all.find(({ path }) => path === DESIGN_INDEX)?.text ?? '';
  const listed = [...index.matchAll(/^- \[(.+)\]\((\d.+)\)$/gm)].map(
    ([, title, file]) => `${file}: ${title}`,
  );
  const expected = notes.map(({ path, text }) => `${basename(path)}: ${/^# (.+)/.exec(text)?.[1]}`);
  expect(listed.toSorted()).toEqual(expected.toSorted());
});
