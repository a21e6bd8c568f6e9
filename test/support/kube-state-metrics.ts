import type { KubeObject } from '../../src/kube/types.ts';

/**
 * What kube-state-metrics makes of objects by a configuration of custom resources, in Prometheus' text format. Written from its
 * documentation of custom resource state metrics, as far as azid's configuration goes, since its module cannot be had from
 * the Go module proxy; anything else in the configuration is refused. `real-kube-state-metrics.ts` holds it to the program itself.
 */

type Path = readonly string[];

interface Resource {
  readonly groupVersionKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly metricNamePrefix: string;
  readonly labelsFromPath: Readonly<Record<string, Path>>;
  readonly metrics: readonly {
    readonly name: string;
    readonly each:
      | { readonly type: 'Info'; readonly info: Each }
      | { readonly type: 'Gauge'; readonly gauge: Each };
  }[];
}

interface Each {
  readonly path?: Path;
  readonly labelsFromPath?: Readonly<Record<string, Path>>;
}

export interface CustomResourceStateConfig {
  readonly kind: string;
  readonly spec: { readonly resources: readonly Resource[] };
}

export function kubeStateMetrics(
  { spec }: CustomResourceStateConfig,
  objects: readonly KubeObject[],
): string {
  const lines = objects.flatMap((object) => {
    const resource = spec.resources.find(
      ({ groupVersionKind: { group, version, kind } }) =>
        object.apiVersion === `${group}/${version}` && object.kind === kind,
    );
    return resource ? seriesOf(resource, object) : [];
  });
  return `${lines.join('\n')}\n`;
}

function seriesOf(resource: Resource, object: KubeObject): string[] {
  const { group, version, kind } = resource.groupVersionKind;
  const common = {
    customresource_group: group,
    customresource_version: version,
    customresource_kind: kind,
    ...labels(object, resource.labelsFromPath),
  };
  return resource.metrics.flatMap(({ name, each }) => {
    const line = (own: object, value: number) =>
      `${resource.metricNamePrefix}_${name}${written({ ...common, ...own })} ${value}`;
    const { path = [], labelsFromPath = {} } = each.type === 'Info' ? each.info : each.gauge;
    const found = at(object, path);
    if (each.type === 'Gauge') return found === undefined ? [] : [line({}, numberOf(found))];
    // Each element of a list gives a series; one without any label of its own gives none.
    return (Array.isArray(found) ? found : [found])
      .map((element) => labels(element, labelsFromPath))
      .filter((own) => Object.keys(own).length > 0)
      .map((own) => line(own, 1));
  });
}

function labels(value: unknown, paths: Readonly<Record<string, Path>>): Record<string, string> {
  const found = Object.entries(paths).map(([label, path]) => [label, at(value, path)] as const);
  return Object.fromEntries(
    found.flatMap(([label, one]) => (one === undefined ? [] : [[label, String(one)]])),
  );
}

/** `[type=Ready]` finds an element of a list. */
function at(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) {
    const lookup = /^\[(\w+)=(.*)\]$/.exec(step);
    if (lookup && Array.isArray(here)) here = here.find((each) => each[lookup[1] ?? ''] === lookup[2]);
    else here = (here as Record<string, unknown> | null | undefined)?.[step];
    if (here === undefined || here === null) return undefined;
  }
  return here;
}

/** Times become seconds since 1970. */
function numberOf(value: unknown): number {
  const number = typeof value === 'string' ? Date.parse(value) / 1_000 : Number(value);
  if (Number.isNaN(number)) throw new Error(`expected a number or a time, got ${JSON.stringify(value)}`);
  return number;
}

function written(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${pairs.join(',')}}`;
}
