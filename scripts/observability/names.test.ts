import { describe, expect, it } from 'vitest';
import { HOST_CAPABILITIES } from '../../src/azure/hosts/capabilities.ts';
import { anchorsOf, pages } from '../docs/markdown.ts';
import { RUNBOOK_PAGE, runbookAddress } from '../docs/site/address.ts';
import { dashboard } from '../generate/dashboard.ts';
import { kubeStateSeries } from '../generate/kube-state-metrics.ts';
import { allSeries } from '../generate/metrics.ts';
import { alertRules, RULES_FILE } from './alerts.ts';
import { filledIn, panels } from './dashboard.ts';
import { baseName, namedIn } from './promql.ts';

/** What Prometheus puts on every series, and `le` on the buckets of a histogram. */
const OF_A_SCRAPE = ['job', 'instance'];

const known = new Map<string, ReadonlySet<string>>([
  ...allSeries().map(({ name, labels }) => [name, new Set([...labels, ...OF_A_SCRAPE, 'le'])] as const),
  ...[...kubeStateSeries()].map(([name, labels]) => [name, new Set([...labels, ...OF_A_SCRAPE])] as const),
]);

/** Of the dashboard, as Grafana has them. */
interface Variable {
  readonly name: string;
  readonly type: string;
  readonly definition?: string;
  readonly allValue?: string;
}

/** Series that are not there, and labels that none of the series named has. */
function strange(expression: string): string[] {
  const { series, grouped } = namedIn(expression);
  const names = new Set(known.keys());
  const unknown = series.map(({ name }) => baseName(name, names)).filter((name) => !known.has(name));
  const matched = series.flatMap(({ name, matched }) =>
    matched
      .filter((label) => known.get(baseName(name, names))?.has(label) === false)
      .map((label) => `${name}{${label}}`),
  );
  const labels = series.flatMap(({ name }) => [...(known.get(baseName(name, names)) ?? [])]);
  return [...unknown, ...matched, ...grouped.filter((label) => !labels.includes(label))];
}

describe(`the alerts of ${RULES_FILE}`, async () => {
  const rules = await alertRules();
  const texts = new Map((await pages()).map(({ path, text }) => [path, text]));
  const runbook = await runbookAddress();

  it.each(rules)('$alert rests on series and labels that there are', ({ expr, annotations }) => {
    expect(strange(expr)).toEqual([]);
    // What the text fills in, the expression must leave.
    const { grouped, series } = namedIn(expr);
    const text = `${annotations.summary} ${annotations.description}`;
    const filled = [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
    const left = [...grouped, ...series.flatMap(({ matched }) => matched)];
    expect(filled.filter((label) => !left.includes(label))).toEqual([]);
  });

  it.each(rules)('$alert has a heading in its runbook', ({ alert, annotations }) => {
    const anchor = alert.toLowerCase();
    expect(annotations.runbook_url).toBe(`${runbook}#${anchor}`);
    expect(anchorsOf(texts.get(RUNBOOK_PAGE) ?? '')).toContain(anchor);
  });

  it('are all that the runbook has a heading for', () => {
    const headings = [...(texts.get(RUNBOOK_PAGE) ?? '').matchAll(/^## (\w+)$/gm)];
    expect(headings.map(([, heading]) => heading)).toEqual(rules.map(({ alert }) => alert));
  });
});

describe('the dashboard', () => {
  const all = panels().flatMap((panel) => panel.queries.map((query) => ({ ...panel, query })));

  it.each(all)('$row, $title: $query.expr rests on series and labels that there are', ({ query }) => {
    expect(strange(filledIn(query, 'azid'))).toEqual([]);
    const { grouped } = namedIn(query.expr);
    const shown = [...query.legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
    // Without a grouping all labels stay.
    if (grouped.length > 0) expect(shown.filter((label) => !grouped.includes(label))).toEqual([]);
  });

  it('chooses among the processes of azid, and not among all that Prometheus reads', () => {
    const { templating } = JSON.parse(dashboard().text) as { templating: { list: Variable[] } };
    const asked = templating.list.filter(({ type }) => type === 'query');
    expect(asked.map(({ name }) => name)).toEqual(['job', 'controller']);
    for (const { definition, allValue } of asked) {
      expect(definition).toMatch(/^label_values\(azid_/);
      expect(allValue).toBeUndefined();
    }
  });

  it('shows writes to every type of resource that azid knows, and to no identity or grant', () => {
    const [query] = panels().find(({ title }) => title === 'Writes to resources')?.queries ?? [];
    const [, left = ''] = /resource!~"([^"]+)"/.exec(query?.expr ?? '') ?? [];
    const hidden = new RegExp(`^(?:${left})$`);
    const types = HOST_CAPABILITIES.map(({ type }) => type.toLowerCase());
    expect(types.filter((type) => hidden.test(type))).toEqual([]);
    const others = ['userassignedidentities', 'userassignedidentities/federatedidentitycredentials'];
    for (const type of others) expect(hidden.test(`microsoft.managedidentity/${type}`)).toBe(true);
    expect(hidden.test('microsoft.authorization/roleassignments')).toBe(true);
  });

  it('shows no two panels of a row under one title', () => {
    const titles = panels().map(({ row, title }) => `${row}: ${title}`);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('shows every series of azid’s own that is no detail of another', () => {
    const shown = new Set(
      all.flatMap(({ query }) =>
        namedIn(query.expr).series.map(({ name }) => baseName(name, new Set(known.keys()))),
      ),
    );
    const own = [...known.keys()].filter((name) => /^(azid|azure)_/.test(name));
    expect(own.filter((name) => !shown.has(name))).toEqual([
      'azid_activity_log_failures_total',
      'azid_activity_log_last_record_age_seconds',
      'azid_event_clock_off_total',
      'azid_event_sources',
      'azid_event_subscription_silence_seconds',
      // With shards alone; an alert goes by the second.
      'azid_shard_namespaces',
      'azid_shard_unserved_namespaces',
      'azid_sign_ins_age_seconds',
      'azid_sign_ins_failures_total',
    ]);
  });
});

it.each([
  ['azid_gone_total', ['azid_gone_total']],
  ['sum by (colour) (azid_queue_age_seconds{shade="x"})', ['azid_queue_age_seconds{shade}', 'colour']],
  ['histogram_quantile(0.9, sum by (le) (rate(azid_azure_wait_seconds_bucket[5m])))', []],
])('notices what is not there in %s', (expression, expected) => {
  expect(strange(expression)).toEqual(expected);
});
