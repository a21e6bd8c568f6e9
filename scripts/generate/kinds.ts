/** `docs/reference/kinds.md`: the fields of each kind, from the very schema the API server checks them with. */

import { KINDS } from '../../src/api/index.ts';
import { customResourceDefinition } from '../../src/api/schema/crd.ts';
import { API_VERSION, type KindSchema } from '../../src/api/schema/kind.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { type GeneratedFile, HEADERS, markdownTable, withoutTags } from './file.ts';

/** As much of a structural schema as is told. */
interface Node {
  readonly type: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node;
  readonly items?: Node;
  readonly 'x-kubernetes-validations'?: readonly Rule[];
}

interface Rule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly fieldPath?: string;
}

interface Field {
  readonly path: string;
  readonly node: Node;
  readonly required: boolean;
  readonly immutable: boolean;
}

const HEAD = ['Field', 'Type', 'Default', 'Limits', 'Meaning'];

export function kindsReference(): GeneratedFile {
  const intro =
    '# Kinds\n\n' +
    `All kinds belong to \`${API_VERSION}\` and, but for the internal ones, to the category \`azid\`: ` +
    '`kubectl get azid -A` lists them. ' +
    'What the reasons in their conditions mean stands in [conditions](../conditions.md).\n';
  return {
    path: 'docs/reference/kinds.md',
    text: HEADERS.markdown + intro + KINDS.map(section).join(''),
  };
}

function section(kind: KindSchema<KubeObject>): string {
  const root = schemaOf(kind);
  const { resource, shortNames, columns } = kind;
  const names = [resource.plural, ...shortNames].map((name) => `\`${name}\``).join(', ');
  const shown = columns.map(({ name, priority }) => (priority ? `${name} (\`-o wide\`)` : name)).join(', ');
  const rules = rulesOf(root, '');
  return [
    `\n## ${resource.kind}\n\n${kind.description}\n\n`,
    `- Scope: ${resource.namespaced ? 'a namespace' : 'the cluster'}\n`,
    `- Names for \`kubectl\`: ${names}\n`,
    `- Columns: ${shown}\n`,
    `\n### Spec of ${resource.kind}\n\n${tableOf(root.properties?.spec, 'spec')}`,
    rules.length > 0
      ? `\nThe API server also refuses what breaks one of these rules, in these words:\n\n`
      : '',
    ...rules.map((rule) => `- ${rule}\n`),
    `\n### Status of ${resource.kind}\n\nWritten by azid, for people and tools to read; ` +
      `\`${JSON.stringify(root.properties?.status?.default)}\` until azid has seen the object.\n\n`,
    tableOf(root.properties?.status, 'status'),
  ].join('');
}

function schemaOf(kind: KindSchema<KubeObject>): Node {
  const { spec } = customResourceDefinition(kind) as unknown as {
    spec: { versions: readonly { schema: { openAPIV3Schema: Node } }[] };
  };
  const version = spec.versions[0];
  if (!version) throw new Error(`${kind.resource.kind}: expected the CRD to have a version, got none`);
  return version.schema.openAPIV3Schema;
}

function tableOf(node: Node | undefined, path: string): string {
  if (!node) throw new Error(`expected the schema to have ${path}, got none`);
  return markdownTable(HEAD, fieldsOf(node, path).map(rowOf));
}

/** Depth first, as they are written: a parent stands before its children. */
function fieldsOf(parent: Node, path: string): Field[] {
  const fixed = new Set(immutableFields(parent));
  return Object.entries(parent.properties ?? {}).flatMap(([name, node]) => {
    const here = `${path}.${name}`;
    const required = parent.required?.includes(name) ?? false;
    const below = node.items ? fieldsOf(node.items, `${here}[]`) : fieldsOf(node, here);
    return [{ path: here, node, required, immutable: fixed.has(name) }, ...below];
  });
}

function immutableFields(node: Node): string[] {
  const rules = node['x-kubernetes-validations'] ?? [];
  return rules.flatMap(({ message = '', fieldPath }) =>
    fieldPath && message.includes('is immutable') ? [fieldPath.slice(1)] : [],
  );
}

function rowOf({ path, node, required, immutable }: Field): string[] {
  const fallback = node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
  const limits = [required && 'required', immutable && 'immutable', ...limitsOf(node)].filter(Boolean);
  const [, ...rest] = path.split('.');
  return [`\`${rest.join('.')}\``, typeOf(node), fallback, limits.join('; '), node.description ?? ''];
}

function typeOf(node: Node): string {
  if (node.enum) return node.enum.map((value) => `\`${value}\``).join(' or ');
  if (node.items) return `list of ${typeOf(node.items)}`;
  if (node.additionalProperties) return `map of ${typeOf(node.additionalProperties)}`;
  return node.type;
}

function limitsOf(node: Node): string[] {
  const span = (least: number | undefined, most: number | undefined, what: string): string[] => {
    if (most === undefined || node.enum) return [];
    return [least ? `${least} to ${most} ${what}` : `at most ${most} ${what}`];
  };
  return [
    ...span(node.minLength, node.maxLength, 'characters'),
    ...span(node.minItems, node.maxItems, 'items'),
    ...span(undefined, node.maxProperties, 'entries'),
  ];
}

function rulesOf(node: Node, path: string): string[] {
  const own = (node['x-kubernetes-validations'] ?? []).map(({ message, messageExpression, fieldPath }) => {
    const where = `${path}${fieldPath ?? ''}`.replace(/^\./, '');
    return `\`${where}\`: ${withoutTags(message ?? literalOf(messageExpression ?? ''))}`;
  });
  const children = Object.entries(node.properties ?? {}).map(([name, child]) => [`.${name}`, child] as const);
  const items = node.items ? [['[]', node.items] as const] : [];
  return [...own, ...[...children, ...items].flatMap(([step, child]) => rulesOf(child, path + step))];
}

/** The fixed words of a CEL string expression, `...` for what it fills in. */
function literalOf(expression: string): string {
  const words = [...expression.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, word = '']) => word);
  return words.join('...').replaceAll("\\'", "'");
}
