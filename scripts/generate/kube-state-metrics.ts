/** `deploy/observability/kube-state-metrics.yaml`: what kube-state-metrics shows of every kind, from the kinds themselves. */
import { stringify } from 'yaml';
import { KINDS } from '../../src/api/index.ts';
import { orphanSweep } from '../../src/api/orphan-sweep.ts';
import type { KindSchema } from '../../src/api/schema/kind.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { type GeneratedFile, HEADERS } from './file.ts';

const ABOUT = `# Configuration of kube-state-metrics for the kinds of azid: --custom-resource-state-config-file, or customResourceState.config of
# its chart. Its ServiceAccount needs the rights of kube-state-metrics-rbac.yaml.
`;

/** A path as kube-state-metrics reads it. */
type Path = readonly string[];

const NAME: Readonly<Record<string, Path>> = {
  name: ['metadata', 'name'],
  // As Flux names it: the scrape's own `namespace` is that of kube-state-metrics.
  exported_namespace: ['metadata', 'namespace'],
};

export function kubeStateMetrics(): GeneratedFile {
  const config = {
    kind: 'CustomResourceStateMetrics',
    spec: { resources: KINDS.map(resourceOf) },
  };
  return {
    path: 'deploy/observability/kube-state-metrics.yaml',
    text: HEADERS.yaml + ABOUT + stringify(config, { lineWidth: 0, aliasDuplicateObjects: false }),
  };
}

function resourceOf(kind: KindSchema<KubeObject>) {
  const { group, version, kind: name, plural, namespaced } = kind.resource;
  const { exported_namespace, ...clusterWide } = NAME;
  return {
    groupVersionKind: { group, version, kind: name },
    resourcePlural: plural,
    metricNamePrefix: 'azid',
    labelsFromPath: namespaced ? { ...clusterWide, exported_namespace } : clusterWide,
    metrics: [info(kind), ...COMMON, ...(kind.resource === orphanSweep.resource ? SWEEP : [])],
  };
}

/** One series an object: how it stands, as labels. */
function info(kind: KindSchema<KubeObject>) {
  const condition = (type: string, field: string): Path => ['status', 'conditions', `[type=${type}]`, field];
  return {
    name: 'resource_info',
    help: 'How an object of azid stands.',
    each: {
      type: 'Info',
      info: {
        labelsFromPath: {
          // Among these too: without any label of its own an object that azid has not seen would have no series.
          name: ['metadata', 'name'],
          ready: condition('Ready', 'status'),
          reason: condition('Ready', 'reason'),
          ...('suspend' in kind.spec.shape && { suspended: ['spec', 'suspend'] }),
        },
      },
    },
  };
}

const COMMON = [
  {
    name: 'resource_condition_info',
    help: 'A condition of an object of azid, as labels.',
    each: {
      type: 'Info',
      info: {
        path: ['status', 'conditions'],
        labelsFromPath: { type: ['type'], status: ['status'], reason: ['reason'] },
      },
    },
  },
  gauge(
    'resource_deletion_timestamp_seconds',
    'When the deletion of an object of azid was asked for; absent while it was not.',
    ['metadata', 'deletionTimestamp'],
  ),
];

const SWEEP = [
  gauge('orphansweep_next_run_timestamp_seconds', 'When the next run of an OrphanSweep begins.', [
    'status',
    'nextRunTime',
  ]),
];

function gauge(name: string, help: string, path: Path) {
  // A field that is absent is no error, and else one line of the log for each object and scrape.
  return { name, help, errorLogV: 6, each: { type: 'Gauge', gauge: { path } } };
}

/** The series that the configuration makes, with their labels: what dashboards and alerts may name of it. */
export function kubeStateSeries(): ReadonlyMap<string, ReadonlySet<string>> {
  const own = ['customresource_group', 'customresource_version', 'customresource_kind'];
  const made = new Map<string, Set<string>>();
  for (const { metricNamePrefix, labelsFromPath, metrics } of KINDS.map(resourceOf))
    for (const { name, each } of metrics) {
      const labels = 'info' in each ? Object.keys(each.info.labelsFromPath) : [];
      const all = made.get(`${metricNamePrefix}_${name}`) ?? new Set(own);
      for (const label of [...Object.keys(labelsFromPath), ...labels]) all.add(label);
      made.set(`${metricNamePrefix}_${name}`, all);
    }
  return made;
}
