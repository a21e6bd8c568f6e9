/**
 * What stands in which order beside the pages: as somebody needs them who has not seen azid before. Pages that are listed nowhere come
 * last in the group of their folder, so that none is left out.
 */
import type { DefaultTheme } from 'vitepress';
import type { Page } from '../markdown.ts';
import { addressOf } from './places.ts';

interface Group {
  readonly text: string;
  readonly pages: readonly string[];
  /** Of these folders it also has what no group lists. */
  readonly rest?: string;
  readonly open?: true;
}

const guide = (name: string) => `docs/guides/${name}.md`;
const reference = (name: string) => `docs/reference/${name}.md`;

export const GROUPS: readonly Group[] = [
  { text: 'Get started', open: true, pages: ['README.md', 'docs/get-started.md'] },
  {
    text: 'Guides',
    open: true,
    pages: [
      guide('grant-a-role'),
      guide('federate-a-workload'),
      guide('hosts'),
      guide('adopt-an-identity'),
      guide('keep-an-identity'),
      guide('gitops'),
    ],
    rest: 'docs/guides/',
  },
  {
    text: 'Concepts',
    pages: [
      'docs/architecture.md',
      'docs/guarantees.md',
      'docs/orphans.md',
      'docs/threat-model.md',
      'docs/azure-facts.md',
      'docs/kubernetes.md',
      'docs/wire-format.md',
      'docs/testing.md',
    ],
    rest: 'docs/',
  },
  {
    text: 'Reference',
    pages: [
      reference('kinds'),
      'docs/conditions.md',
      reference('flags'),
      'deploy/helm/azid/README.md',
      reference('azure-rights'),
      reference('metrics'),
      reference('logs'),
      reference('sandbox'),
      reference('simulator'),
    ],
    rest: 'docs/reference/',
  },
  {
    text: 'Operations',
    pages: [
      guide('run-on-azure'),
      guide('run-highly-available'),
      guide('shard-azid'),
      guide('events'),
      guide('monitor-azid'),
      guide('answer-an-alert'),
      guide('troubleshoot'),
      guide('inspect-azid'),
      guide('upgrade'),
      guide('back-up-and-restore'),
      guide('move-to-another-cluster'),
      guide('uninstall'),
    ],
  },
  {
    text: 'Comparison and plans',
    pages: ['docs/comparison.md', 'docs/benchmarks.md', 'docs/roadmap.md', 'SCOPE.md'],
  },
  {
    text: 'The project',
    pages: [
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      'docs/design/dependencies.md',
      'src/simulator/README.md',
      'test/clients/README.md',
    ],
    rest: '',
  },
];

/** Short names of pages whose heading says too little, or too much, in a list. */
const NAMES: Readonly<Record<string, string>> = {
  'README.md': 'What azid is',
  'docs/design/README.md': 'By topic',
};
export const DESIGN_INDEX = 'docs/design/README.md';
const DESIGN = /^docs\/design\/(?:\d{4}-\d\d-\d\d-|README)/;

export function sidebar(pages: readonly Page[]): DefaultTheme.SidebarMulti {
  const listed = new Set(GROUPS.flatMap((group) => group.pages));
  const paths = new Set(pages.map(({ path }) => path));
  const missing = [...listed].filter((path) => !paths.has(path));
  if (missing.length > 0)
    throw new Error(
      `scripts/docs/site/navigation.ts: expected its pages to exist, found no ${missing.join(', ')}`,
    );
  const entry = (path: string) => ({ text: NAMES[path] ?? titleOf(pages, path), link: addressOf(path) });
  const notes = pages.map(({ path }) => path).filter((path) => DESIGN.test(path) && path !== DESIGN_INDEX);
  const rest = Map.groupBy(
    [...paths].filter((path) => !listed.has(path) && !DESIGN.test(path)),
    (path) => folderOf(path),
  );
  return {
    '/design/': [{ text: 'Design notes', items: [DESIGN_INDEX, ...notes.toReversed()].map(entry) }],
    '/': GROUPS.map(({ text, pages: own, rest: folder, open }) => ({
      text,
      collapsed: open !== true,
      items: [...own, ...(folder === undefined ? [] : (rest.get(folder) ?? []))].map(entry),
    })),
  };
}

/** The top: a page to begin with for each group. */
export function topNavigation(): DefaultTheme.NavItem[] {
  return [
    { text: 'Get started', link: addressOf('docs/get-started.md') },
    { text: 'Guides', link: addressOf(guide('grant-a-role')) },
    { text: 'Concepts', link: addressOf('docs/architecture.md') },
    {
      text: 'Reference',
      items: [
        { text: 'Kinds', link: addressOf(reference('kinds')) },
        { text: 'Conditions', link: addressOf('docs/conditions.md') },
        { text: 'Flags', link: addressOf(reference('flags')) },
        { text: 'Helm values', link: addressOf('deploy/helm/azid/README.md') },
        { text: 'Metrics', link: addressOf(reference('metrics')) },
      ],
    },
    { text: 'Operations', link: addressOf(guide('run-on-azure')) },
    {
      text: 'More',
      items: [
        { text: 'Design notes', link: addressOf(DESIGN_INDEX) },
        { text: 'Comparison', link: addressOf('docs/comparison.md') },
        { text: 'Benchmarks', link: addressOf('docs/benchmarks.md') },
        { text: 'Roadmap', link: addressOf('docs/roadmap.md') },
        { text: 'Contributing', link: addressOf('CONTRIBUTING.md') },
      ],
    },
  ];
}

/** The longest folder that a group takes the rest of. */
function folderOf(path: string): string {
  const folders = GROUPS.flatMap(({ rest }) => rest ?? []).filter((folder) => path.startsWith(folder));
  return folders.toSorted((a, b) => b.length - a.length)[0] ?? '';
}

function titleOf(pages: readonly Page[], path: string): string {
  const text = pages.find((page) => page.path === path)?.text ?? '';
  const [, title] = /^# (.+)$/m.exec(text) ?? [];
  if (title === undefined) throw new Error(`${path}: expected a heading that begins with "# ", found none`);
  return title.replaceAll('`', '');
}
