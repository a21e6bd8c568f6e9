import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GITOPS_KINDS } from '../../scripts/generate/argocd.ts';
import { allSeries } from '../../scripts/generate/metrics.ts';
import { filledIn, panels } from '../../scripts/observability/dashboard.ts';
import { baseName } from '../../scripts/observability/promql.ts';
import { KINDS } from '../../src/api/index.ts';
import { CONTEXT_FIELDS, HEAD_FIELDS, LOG_MESSAGES } from '../../src/observability/logs/schema.ts';
import { labelMeaning } from '../../src/observability/metrics/labels.ts';
import { AZURE_RESOURCES } from '../../src/operator/azure/azure-rights.ts';
import { healthOf } from '../support/health.ts';
import { Prometheus, type Sample, samplesOfPage } from '../support/prometheus.ts';
import { comparable, REAL_KUBE_STATE_METRICS } from '../support/real-kube-state-metrics.ts';
import type { Observed } from '../support/status/kstatus.ts';
import { buildReferenceKstatus, referenceKstatus } from '../support/status/reference-kstatus.ts';
import { Cluster } from '../support/testbed.ts';
import { type ControllerRun, runController } from './controller-run.ts';

/** What kstatus, Argo CD and Flux' expressions may say of one object at once. */
const READ_ALIKE = [
  'Current Healthy Current',
  'Current Suspended Current',
  'InProgress Progressing InProgress',
  'InProgress Suspended InProgress',
  'Failed Degraded Failed',
  'Terminating Progressing InProgress',
];

/** One run of a controller on a real API server; what it shows of itself is held to what the references and the dashboard say. */
let cluster: Cluster;
let run: ControllerRun;
let prometheus: Prometheus;
beforeAll(async () => {
  prometheus = await Prometheus.build();
  cluster = await Cluster.start();
  run = await runController(cluster);
}, 600_000);
afterAll(() => cluster?.stop());

describe('the metrics', () => {
  const known = new Map(allSeries().map((series) => [series.name, series]));
  const names = new Set(known.keys());
  /** `name{label="value"}` of the controller's last page. */
  const samples = () => {
    const page = run.scrapes.findLast(({ labels }) => labels.job === 'azid')?.text ?? '';
    return samplesOfPage(page).map(({ name, labels }) => ({ name: baseName(name, names), labels }));
  };

  it('are those of the reference, with its labels, and values that it lists', () => {
    const strange = samples().flatMap(({ name, labels }) => {
      const series = known.get(name);
      if (!series) return [name];
      return labels.flatMap(([label = '', value = '']) => {
        if (label === 'le' || label === 'quantile') return [];
        if (!series.labels.includes(label)) return [`${name}{${label}}`];
        const { values } = labelMeaning(name, label);
        return values && !values.includes(value) ? [`${name}{${label}="${value}"}`] : [];
      });
    });
    expect([...new Set(strange)]).toEqual([]);
  });

  it('count calls to Azure only of types, and by methods, that the table of rights names', () => {
    const called = samples().flatMap(({ name, labels }) => {
      const { resource, requestType } = Object.fromEntries(labels);
      return /^azure_(successful|failed)_requests_total$/.test(name) ? [{ resource, requestType }] : [];
    });
    expect(called.length).toBeGreaterThan(10);
    const unnamed = called.filter(
      ({ resource = '', requestType = '' }) => !AZURE_RESOURCES[resource]?.includes(requestType),
    );
    expect(unnamed).toEqual([]);
  });

  it('are all that the reference has, but for those of what a run may have no occasion for', () => {
    const seen = new Set(samples().map(({ name }) => name));
    // `azid_shard_*` is absent without `--shard` (`test/shards`). Of the last, what is active in Node.js at the moment of a scrape may be nothing.
    const rare =
      /^azid_(activity_log_(failures_total|last_record_age_seconds)|orphan_deletions_total|shard_\w+|sign_ins_\w+)$|^nodejs_active_/;
    expect([...known.keys()].filter((name) => !seen.has(name) && !rare.test(name))).toEqual([]);
  });
});

describe('the dashboard, by Prometheus’ own engine', () => {
  const queries = panels().flatMap(({ row, title, queries: own }) =>
    own.map((query) => ({ row, title, expr: filledIn(query, 'azid') })),
  );
  let results: readonly (readonly Sample[])[];
  beforeAll(async () => {
    const atMs = run.lastMs;
    results = await prometheus.query(
      run.scrapes,
      queries.map(({ expr }) => ({ expr, atMs })),
    );
  });

  /** Their series begin with what this run has none of. */
  const EMPTY = new Set(['Orphans: Deleted in Azure']);

  it.each(queries.map((query, at) => ({ ...query, at })))(
    '$row, $title: shows data',
    ({ row, title, at }) => {
      if (EMPTY.has(`${row}: ${title}`)) expect(results[at]).toEqual([]);
      else expect(results[at]?.length).toBeGreaterThan(0);
    },
  );

  it('tells the truth', () => {
    const shown = (title: string, labels: Readonly<Record<string, string>>, nth = 0) => {
      const found = queries.flatMap((query, at) => (query.title === title ? [results[at] ?? []] : []))[nth];
      const fits = (sample: Sample) =>
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
      return Number(found?.find(fits)?.value);
    };
    expect(shown('Leader', {})).toBe(1);
    expect(shown('Objects by Ready', { ready: 'False' })).toBeGreaterThanOrEqual(3);
    expect(
      shown('Stalled until someone acts, by reason', {
        customresource_kind: 'RoleGrant',
        reason: 'PolicyDenied',
      }),
    ).toBe(1);
    expect(shown('Suspended', { customresource_kind: 'RoleGrant' })).toBe(1);
    expect(shown('Candidates by verdict', { type: 'Identity', verdict: 'Reported' })).toBe(1);
    expect(
      shown('429 answers', { resource: 'microsoft.managedidentity/userassignedidentities' }),
    ).toBeGreaterThan(0);
    expect(shown('Events received', { source: 'main', actionable: 'true' })).toBeGreaterThan(0);
    expect(shown('State of the queues', { state: 'receiving' })).toBe(1);
  });
});

describe('what kube-state-metrics shows', () => {
  it('has one series for each object that there is', async () => {
    const expr = 'count by (customresource_kind) (azid_resource_info)';
    const [counts = []] = await prometheus.query(run.scrapes, [{ expr, atMs: run.lastMs }]);
    const objects = Map.groupBy(run.objects, ({ kind }) => kind ?? '');
    expect(new Map(counts.map(({ labels, value }) => [labels.customresource_kind, Number(value)]))).toEqual(
      new Map([...objects].map(([kind, all]) => [kind, all.length])),
    );
    expect(objects.size).toBeGreaterThanOrEqual(KINDS.length - 2);
  });

  it.runIf(REAL_KUBE_STATE_METRICS !== undefined)(
    'is what a real one shows, with the rights of deploy/',
    () => {
      const ours = run.scrapes.find(({ labels }) => labels.job === 'kube-state-metrics')?.text ?? '';
      expect(comparable(run.realState ?? '')).toEqual(comparable(ours));
      expect(comparable(ours).length).toBeGreaterThan(run.objects.length);
    },
  );
});

describe('the objects, to Argo CD, Flux and kstatus', () => {
  it('read alike: what is done is done to all of them, and what is doomed is doomed', async () => {
    const objects = run.objects.filter(({ kind }) =>
      GITOPS_KINDS.some(({ resource }) => resource.kind === kind),
    );
    const verdicts = await healthOf(objects);
    const kstatuses = await referenceKstatus(await buildReferenceKstatus(), objects as readonly Observed[]);
    const seen = new Set<string>();
    objects.forEach((object, at) => {
      const { argo, flux } = verdicts[at] ?? {};
      const row = `${kstatuses[at]} ${argo?.status} ${flux}`;
      expect(READ_ALIKE, `${object.kind} ${object.metadata.name}`).toContain(row);
      seen.add(row);
    });
    expect(seen.size).toBeGreaterThanOrEqual(4);
  }, 600_000);
});

describe('the log', () => {
  const known = new Map(LOG_MESSAGES.map((each) => [each.message, each]));

  it('has lines of the schema alone, with its fields and levels', () => {
    const strange = run.log.flatMap(({ msg, level, ...rest }) => {
      const schema = known.get(String(msg));
      if (!schema) return [`message: ${String(msg)}`];
      const levels: readonly string[] = schema.levels;
      const fields = Object.keys(rest).filter(
        (field) => !(field in HEAD_FIELDS) && !(field in CONTEXT_FIELDS) && !schema.fields.includes(field),
      );
      return [
        ...(levels.includes(String(level)) ? [] : [`${String(msg)}: level ${String(level)}`]),
        ...fields.map((field) => `${String(msg)}: field ${field}`),
      ];
    });
    expect([...new Set(strange)]).toEqual([]);
    expect(run.log.length).toBeGreaterThan(100);
  });

  it('names the object on each line of a reconcile, and each write with Azure’s correlation id', () => {
    const reconciles = run.log.filter(({ reconcileId }) => reconcileId !== undefined);
    expect(reconciles.filter(({ controller, name }) => !controller || !name)).toEqual([]);
    const writes = run.log.filter(({ msg }) => msg === 'wrote to Azure');
    expect(writes.length).toBeGreaterThanOrEqual(5);
    expect(writes.filter(({ correlationId, change }) => !correlationId || !change)).toEqual([]);
  });
});
