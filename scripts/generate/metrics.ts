/** `docs/reference/metrics.md`: every series of a controller, its labels, and which alerts and panels rest on it. */
import { hasOwnMeaning, labelMeaning } from '../../src/observability/metrics/labels.ts';
import { Metrics } from '../../src/observability/metrics/metrics.ts';
import type { SeriesDescription } from '../../src/observability/metrics/series.ts';
import { alertRules } from '../observability/alerts.ts';
import { panels } from '../observability/dashboard.ts';
import { baseName, namedIn } from '../observability/promql.ts';
import { type GeneratedFile, HEADERS, markdownTable } from './file.ts';

const INTRO = `# Metrics

Served as \`/metrics\` on \`--listen-address\`. Names and labels of the Kubernetes side are those of client-go and controller-runtime, so their dashboards and alerts fit.
[Monitor azid](../guides/monitor-azid.md) says how they get into Prometheus; what the labels mean stands [below](#labels). Names, types and labels stay as they are; a bucket
may be added.

**Used by**: the alerts of \`deploy/observability/prometheus-rules.yaml\`, each with what to do, and the row of \`deploy/observability/dashboard.json\`.
`;

/** The first whose pattern fits has it. */
const SECTIONS: readonly (readonly [title: string, names: RegExp, about?: string])[] = [
  ['Reconciles and queues', /^(controller_runtime|workqueue|azid_queue|azid_reconciles)_/],
  ['Calls to Azure', /^(azure_|azid_azure_)/],
  [
    'Caches of Azure',
    /^azid_mirror_/,
    'What `--resync-interval` and the rotation of credentials keep fresh.',
  ],
  ['Events, Activity Log and sign-ins', /^azid_(event|activity_log|sign_ins)/],
  ['Orphans', /^azid_orphan/, 'Absent without an OrphanSweep.'],
  ['Shards', /^azid_shard_/, 'Absent without `--shard`.'],
  ['API server and leadership', /^(rest_client|leader_election)_/],
  ['The process', /./, 'Of the Prometheus client for Node.js.'],
];

/** prom-client has these on Linux alone: here, so that the page is the same wherever it is made. */
const ON_LINUX: readonly SeriesDescription[] = [
  ['process_heap_bytes', 'Process heap size in bytes.'],
  ['process_max_fds', 'Maximum number of open file descriptors.'],
  ['process_open_fds', 'Number of open file descriptors.'],
  ['process_virtual_memory_bytes', 'Virtual memory size in bytes.'],
].map(([name = '', help = '']) => ({ name, help, type: 'gauge', labels: [] }));

/** All that a controller shows. */
export function allSeries(): readonly SeriesDescription[] {
  const { series } = new Metrics();
  const known = new Set(series.map(({ name }) => name));
  return [...series, ...ON_LINUX.filter(({ name }) => !known.has(name))].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

export async function metricsReference(): Promise<GeneratedFile> {
  const series = allSeries();
  const users = await usersOf(new Set(series.map(({ name }) => name)));
  const left = new Set(series);
  const sections = SECTIONS.map(([title, names, about]) => {
    const own = series.filter((each) => left.has(each) && names.test(each.name));
    for (const each of own) left.delete(each);
    return `\n## ${title}\n\n${about ? `${about}\n\n` : ''}${seriesTable(own, users)}`;
  });
  return {
    path: 'docs/reference/metrics.md',
    text: `${HEADERS.markdown}${INTRO}${sections.join('')}\n## Labels\n\n${labelTable(series)}`,
  };
}

function seriesTable(series: readonly SeriesDescription[], users: ReadonlyMap<string, string>): string {
  const rows = series.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
    users.get(name) ?? '',
  ]);
  return markdownTable(['Name', 'Type', 'Labels', 'Meaning', 'Used by'], rows);
}

/** One row for each label, and one more where it means something else on one series. */
function labelTable(series: readonly SeriesDescription[]): string {
  const rows = new Map<string, string[]>();
  for (const { name, labels } of series)
    for (const label of labels) {
      const own = hasOwnMeaning(name, label);
      const { meaning, values = [] } = labelMeaning(name, label);
      rows.set(own ? `${label} ${name}` : label, [
        `\`${label}\``,
        own ? `\`${name}\`` : 'all others',
        meaning,
        values.map((value) => `\`${value}\``).join(', '),
      ]);
    }
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  const counts = Map.groupBy(sorted, ([label]) => label);
  const shown = sorted.map(([label = '', where = '', ...rest]) => [
    label,
    counts.get(label)?.length === 1 && where === 'all others' ? 'all that have it' : where,
    ...rest,
  ]);
  return markdownTable(['Label', 'On', 'Meaning', 'Values'], shown);
}

/** By series: links to the alerts, and the rows of the dashboard. */
async function usersOf(known: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const users = new Map<string, string[]>();
  const add = (expression: string, user: string) => {
    for (const { name } of namedIn(expression).series) {
      const base = baseName(name, known);
      const all = users.get(base) ?? [];
      if (!all.includes(user)) users.set(base, [...all, user]);
    }
  };
  for (const { alert, expr, annotations } of await alertRules())
    add(expr, `[${alert}](../guides/answer-an-alert.md#${annotations.runbook_url.split('#')[1]})`);
  for (const { row, queries } of panels()) for (const { expr } of queries) add(expr, row);
  return new Map([...users].map(([name, list]) => [name, list.join(', ')]));
}
