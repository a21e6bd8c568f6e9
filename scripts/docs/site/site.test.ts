import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allSeries } from '../../generate/metrics.ts';
import { alertRules } from '../../observability/alerts.ts';
import { anchorsOf, firstCells, pages } from '../markdown.ts';
import { reasonsOfSources } from '../reasons.ts';
import { siteAddress } from './address.ts';
import { type BuiltSite, buildSite } from './built-site.ts';
import { GROUPS } from './navigation.ts';
import { addressOf } from './places.ts';

/** The site as a reader gets it: built once, then read. */

const documents = await pages();
let folder: string;
let site: BuiltSite;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azid-site-'));
  site = await buildSite(folder);
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const pageAt = (address: string) => {
  const page = site.pages.get(address);
  if (page === undefined) throw new Error(`expected a page ${address}, there is none`);
  return page;
};

it('has a page for every document, and none beside', () => {
  const addresses = documents.map(({ path }) => addressOf(path));
  expect(addresses.length).toBeGreaterThan(100);
  expect([...site.pages.keys()].toSorted()).toEqual([...addresses, '/404.html'].toSorted());
});

it('leads from its first page to every other one', () => {
  const reached = new Set(['/']);
  for (const address of reached)
    for (const link of pageAt(address).links) {
      const [target = ''] = link.split('#');
      if (target !== '' && site.pages.has(target)) reached.add(target);
    }
  expect([...site.pages.keys()].filter((address) => !reached.has(address))).toEqual(['/404.html']);
});

it('has no link that leads to nothing, nor to a heading that is not there', () => {
  const broken = [...site.pages].flatMap(([address, { links }]) =>
    links
      .filter((link) => {
        const [target = '', anchor] = link.split('#');
        const page = site.pages.get(target === '' ? address : target);
        return page === undefined || (anchor !== undefined && anchor !== '' && !page.anchors.has(anchor));
      })
      .map((link) => `${address}: ${link}`),
  );
  expect(broken).toEqual([]);
});

it('has the anchors of the repository, so that one address serves both', () => {
  const missing = documents.flatMap(({ path, text }) => {
    const { anchors } = pageAt(addressOf(path));
    return [...anchorsOf(text)].filter((anchor) => !anchors.has(anchor)).map((each) => `${path}#${each}`);
  });
  expect(missing).toEqual([]);
});

it('lists its groups in the order in which a newcomer needs them', () => {
  const { html } = pageAt('/');
  const places = GROUPS.map(({ text }) => html.indexOf(`>${text}</h2>`));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

it('loads nothing from elsewhere', () => {
  const loaded = [...site.pages.values()].flatMap(({ html }) =>
    [...html.matchAll(/<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)="(https?:[^"]*)"/g)].map(
      ([, url]) => url,
    ),
  );
  expect(loaded).toEqual([]);
});

it('has each alert at the address that its runbook_url names', async () => {
  const address = await siteAddress();
  const rules = await alertRules();
  expect(rules.length).toBeGreaterThan(20);
  for (const { annotations } of rules) {
    const [page = '', anchor = ''] = annotations.runbook_url.slice(address.length - 1).split('#');
    expect(pageAt(page).anchors, annotations.runbook_url).toContain(anchor);
  }
});

describe('the search', () => {
  /** Whether one of the first that are found is on the page. */
  const isFound = (word: string, page: string, among: number) =>
    site
      .search(word)
      .slice(0, among)
      .some((id) => id.startsWith(page));

  it('finds each reason on the page of conditions', async () => {
    const reasons = [...(await reasonsOfSources())];
    expect(reasons.length).toBeGreaterThan(150);
    // Words such as Ready and Deleting stand everywhere: those may come on the second screen.
    expect(reasons.filter((reason) => !isFound(reason, '/conditions.html', 16))).toEqual([]);
  });

  it('finds each flag on the page of flags', () => {
    const text = documents.find(({ path }) => path === 'docs/reference/flags.md')?.text ?? '';
    const flags = firstCells(text).flatMap((cell) => /--[a-z][\w-]*/.exec(cell)?.[0] ?? []);
    expect(new Set(flags).size).toBeGreaterThan(40);
    expect([...new Set(flags)].filter((flag) => !isFound(flag, '/reference/flags.html', 16))).toEqual([]);
  });

  it('finds each series of azid first where it is explained', () => {
    const names = allSeries().map(({ name }) => name);
    const own = names.filter((name) => name.startsWith('azid_'));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter((name) => !isFound(name, '/reference/metrics.html', 8))).toEqual([]);
  });

  it('finds nothing under a word that nobody wrote', () => {
    expect(site.search('qqxxzzyy')).toEqual([]);
  });
});
