/** `docs/reference/metrics.md`: azid's own series, from a registry on which each of them has moved once. */
import { Metrics } from '../../src/observe/metrics/metrics.ts';
import { WorkQueue } from '../../src/runtime/queue/queue.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { type GeneratedFile, HEADERS, markdownTable } from './file.ts';

interface Series {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

export async function metricsReference(): Promise<GeneratedFile> {
  const series = seriesOf(await startedMetrics().text());
  const rows = series.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  const intro =
    '# Metrics\n\n' +
    'Served as `/metrics` on `--listen-address`. Names and labels of the Kubernetes side are those of client-go and ' +
    'controller-runtime, so their dashboards and alerts fit. The usual `process_*` and `nodejs_*` series of the ' +
    'Prometheus client for Node come on top.\n\n';
  return {
    path: 'docs/reference/metrics.md',
    text: HEADERS.markdown + intro + markdownTable(['Name', 'Type', 'Labels', 'Meaning'], rows),
  };
}

/** A series shows its labels only once it has a value. */
function startedMetrics(): Metrics {
  const resource = 'microsoft.managedidentity/userassignedidentities';
  const metrics = new Metrics({ azureResources: { [resource]: ['GET', 'PUT'] }, process: false });
  const controller = 'userassignedidentity';
  new WorkQueue({ clock: systemClock, random: () => 0, metrics: metrics.queue(controller) });
  metrics.controller(controller);
  metrics.restClient('127.0.0.1');
  metrics.leader('azid-controller');
  metrics.azure.remaining('', [['x-ms-ratelimit-remaining-subscription-reads', '0']]);
  metrics.azure.throttled(0, { subscriptionId: '', kind: 'read' });
  metrics.events.source('').dropped('');
  metrics.events.sources(() => [{ source: '', state: 'idle', silentMs: 0 }]);
  metrics.activityLog.failed({ subscriptionId: '', reason: '' });
  metrics.activityLog.parts(() => [{ subscriptionId: '', recordAgeMs: 1, readAgeMs: 1 }]);
  metrics.signIns.failed('');
  metrics.signIns.age(() => 1);
  metrics.orphans.deleted('');
  metrics.orphans.sweeps(() => [
    { sweep: '', ageMs: 0, candidates: [{ type: '', reason: '', verdict: '' }] },
  ]);
  metrics.caches(() => [
    { cache: 'identities', subscription: '', part: '', ageMs: 0, entries: 0, partial: false },
  ]);
  return metrics;
}

/** Reads Prometheus' text format, by name. */
export function seriesOf(text: string): Series[] {
  const labels = new Map<string, readonly string[]>();
  for (const [, sample = '', inside = ''] of text.matchAll(
    /^(\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? \S+$/gm,
  )) {
    const names = [...inside.matchAll(/(\w+)="/g)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'le');
    labels.set(sample, names);
  }
  const found = text.matchAll(/^# HELP (?<name>\S+) (?<help>.*)\n# TYPE \S+ (?<type>\S+)$/gm);
  return [...found]
    .map(({ groups: { name = '', help = '', type = '' } = {} }) => {
      const known = labels.get(name);
      if (!known) throw new Error(`expected the series ${name} to have a value, got none; give it one here`);
      return { name, type, labels: known, help };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
