import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { KINDS } from '../../src/api/index.ts';
import { customResourceDefinition } from '../../src/api/schema/crd.ts';
import { kubeStateMetrics } from '../generate/kube-state-metrics.ts';

/** Every path in the configuration of kube-state-metrics is a field that the CRD of the kind has. */

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

interface Config {
  readonly spec: { readonly resources: readonly Resource[] };
}

interface Resource {
  readonly groupVersionKind: { readonly kind: string };
  readonly resourcePlural: string;
}

/** Of any object; CRDs leave them to the API server. */
const METADATA = new Set(['name', 'namespace', 'deletionTimestamp']);

const schemas = new Map(
  KINDS.map((kind) => {
    const { spec } = customResourceDefinition(kind) as unknown as {
      spec: { versions: readonly { schema: { openAPIV3Schema: Schema } }[] };
    };
    return [kind.resource.kind, spec.versions[0]?.schema.openAPIV3Schema];
  }),
);

/** Where the path ends, or undefined where the schema has no such field. */
function at(schema: Schema | undefined, path: readonly string[]): Schema | undefined {
  return path.reduce<Schema | undefined>(
    (here, step) => (step.startsWith('[') ? here?.items : here?.properties?.[step]),
    schema,
  );
}

/** The paths of a resource, each from the root of the object. */
function pathsOf(value: unknown, under: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inside]) => {
    if (key === 'labelsFromPath')
      return Object.values(inside as Record<string, string[]>).map((path) => [...under, ...path]);
    if (key === 'path') return [inside as string[]];
    const { path = [] } = inside as { path?: string[] };
    return pathsOf(inside, path.length > 0 ? [...path, '[]'] : under);
  });
}

const { spec } = parse(kubeStateMetrics().text) as Config;

it('every kind is there', () => {
  expect(
    spec.resources.map(({ groupVersionKind, resourcePlural }) => [groupVersionKind.kind, resourcePlural]),
  ).toEqual(KINDS.map(({ resource }) => [resource.kind, resource.plural]));
});

it.each(spec.resources)('the paths of $groupVersionKind.kind are fields of its CRD', (resource) => {
  const paths = pathsOf(resource);
  expect(paths.length).toBeGreaterThan(6);
  const missing = paths.filter((path) =>
    path[0] === 'metadata'
      ? path.length !== 2 || !METADATA.has(path[1] ?? '')
      : at(schemas.get(resource.groupVersionKind.kind), path) === undefined,
  );
  expect(missing).toEqual([]);
});
