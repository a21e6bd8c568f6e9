/**
 * Turns a kind's zod schemas into a CustomResourceDefinition. zod's `openapi-3.0` target is nearly what a structural
 * schema must be (docs/kubernetes.md section 8); what is not is either stripped here or refused with the path of the field.
 */
import { z } from 'zod';
import type { KubeObject } from '../../kube/types.ts';
import { noEndBlanks, SHAPE, type Shape, shapeRule } from './cel-rules.ts';
import { API_VERSIONS, type ApiVersion, type CelRule, GROUP, type KindSchema } from './kind.ts';
import { REMEMBERED } from './remembered.ts';

type Schema = { [key: string]: unknown };

const RULES = 'x-kubernetes-validations';

/** Keywords a structural schema cannot hold, or that mean a union the API server could not prune. */
const FORBIDDEN = ['oneOf', 'anyOf', 'allOf', 'not', 'const', '$ref', 'patternProperties', 'nullable'];

/**
 * The status of an object that azid has not observed yet, as Flux's kinds have it: kstatus takes an object without any status
 * for Current, and a tool that waits for it would report success while the controller is away. It shows on reading what was
 * stored without a status, too.
 */
const UNOBSERVED = { observedGeneration: -1 };

export function customResourceDefinition(
  kind: KindSchema<KubeObject>,
  versions: readonly ApiVersion[] = API_VERSIONS,
): Schema {
  const { resource } = kind;
  checkVersions(versions);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource.plural}.${resource.group}` },
    spec: {
      group: resource.group,
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular: kind.singular,
        shortNames: [...kind.shortNames],
        // Absent rather than empty: an empty list is a conflict for a field manager that applies the same file under another name.
        ...(kind.internal !== true && { categories: ['azid'] }),
      },
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      versions: versions.map((version) => versionOf(kind, version)),
      // Explicit once there is something to convert, for readers of the CRD: `apiVersion` is written anew, and nothing else.
      ...(versions.length > 1 && { conversion: { strategy: 'None' } }),
    },
  };
}

function versionOf(kind: KindSchema<KubeObject>, { name, served, storage, deprecated }: ApiVersion): Schema {
  return {
    name,
    served,
    storage,
    ...(deprecated && {
      deprecated: true,
      deprecationWarning: `${GROUP}/${name} ${kind.resource.kind} is deprecated; use ${GROUP}/${kind.resource.version}`,
    }),
    subresources: { status: {} },
    additionalPrinterColumns: kind.columns.map((column) => ({ ...column })),
    schema: { openAPIV3Schema: rootSchema(kind) },
  };
}

/** What the API server would refuse, before it is asked. */
function checkVersions(versions: readonly ApiVersion[]): void {
  const stored = versions.filter(({ storage }) => storage);
  if (stored.length !== 1)
    throw new Error(
      `versions: expected one that is stored, got ${stored.map(({ name }) => name).join(', ') || 'none'}`,
    );
}

function rootSchema(kind: KindSchema<KubeObject>): Schema {
  return {
    description: kind.description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structural(kind.spec, `${kind.resource.kind}.spec`),
      status: { ...structural(kind.status, `${kind.resource.kind}.status`), default: { ...UNOBSERVED } },
    },
    ...(kind.rules.length > 0 && { 'x-kubernetes-validations': kind.rules.map((rule) => ({ ...rule })) }),
  };
}

function structural(schema: z.ZodObject, path: string): Schema {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as Schema;
  return clean(json, path);
}

/** Copies a schema node, dropping what the API server would reject and failing where dropping would lose meaning. */
function clean(node: Schema, path: string): Schema {
  for (const keyword of FORBIDDEN) {
    if (keyword in node)
      throw new Error(
        `${path}: expected a structural schema, got '${keyword}'; use optional fields and a CEL rule`,
      );
  }
  const out: Schema = {};
  for (const [key, value] of Object.entries(node)) {
    if (
      key === SHAPE ||
      key === REMEMBERED ||
      key === '$schema' ||
      key === 'additionalProperties' ||
      key === 'propertyNames'
    )
      continue;
    // Safe-integer bounds are zod's, not ours.
    if ((key === 'minimum' || key === 'maximum') && Math.abs(value as number) === Number.MAX_SAFE_INTEGER)
      continue;
    out[key] = value;
  }
  if (node.type === 'integer') out.format = 'int64';
  if (node.type === 'string' && !('maxLength' in node) && !('enum' in node)) {
    throw new Error(`${path}: a string needs max(), or CEL rules around it exceed the cost budget`);
  }
  if (typeof node.pattern === 'string' && !path.includes('.status')) {
    const shape = node[SHAPE] as Shape | undefined;
    if (shape === undefined)
      throw new Error(`${path}: a pattern needs words for whoever gets it wrong; use shaped()`);
    if (shape.cheaply === undefined) delete out.pattern;
    const rules = (out[RULES] as readonly CelRule[] | undefined) ?? [];
    const blanksReported = rules.some(({ rule }) => rule === noEndBlanks.rule);
    out[RULES] = [...rules, shapeRule(node.pattern, shape, { ...node, blanksReported })];
  }
  if (node.type === 'array') {
    if (!('maxItems' in node)) throw new Error(`${path}: an array needs max()`);
    out.items = clean(node.items as Schema, `${path}[]`);
  }
  if (isSchema(node.properties)) {
    out.properties = Object.fromEntries(
      Object.entries(node.properties).map(([name, child]) => [
        name,
        clean(child as Schema, `${path}.${name}`),
      ]),
    );
  } else if (isSchema(node.additionalProperties)) {
    if (!('maxProperties' in node)) throw new Error(`${path}: a map needs maxProperties`);
    out.additionalProperties = clean(node.additionalProperties, `${path}.*`);
  }
  return out;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}
