/**
 * The rule of a policy definition, asked about one resource: `field` and `value` with the conditions that Azure documents, joined
 * by `allOf`, `anyOf` and `not`. Texts compare without case.
 */
import { evaluate } from '../deployments/expressions/evaluate.ts';
import type { ExpressionScope } from '../deployments/expressions/scope.ts';
import { ArmError } from '../http/operation.ts';
import { shortLocation } from '../resources/locations.ts';

export interface PolicyDefinition {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly policyType: 'BuiltIn' | 'Custom';
  /** `Indexed` evaluates only resources that have a location and tags. */
  readonly mode: string;
  readonly parameters: Readonly<Record<string, { readonly type?: unknown; readonly defaultValue?: unknown }>>;
  readonly policyRule: { readonly if: object; readonly then: { readonly effect: string } };
}

/** A resource as it would be after the write. */
export interface PolicyResource {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly location?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The rest of it: `kind`, `identity`, `properties`. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The result of a rule at one condition: what `evaluatedExpressions` of a refusal are. */
export interface Evaluated {
  readonly result: 'True' | 'False';
  readonly expressionKind: 'Field' | 'Value';
  readonly expression: string;
  readonly path?: string;
  readonly expressionValue?: unknown;
  readonly targetValue: unknown;
  readonly operator: string;
}

type Rule = Readonly<Record<string, unknown>>;
type Compare = (value: unknown, target: unknown) => boolean;

const CONDITIONS: Readonly<Record<string, readonly [operator: string, holds: Compare]>> = {
  equals: ['Equals', same],
  notequals: ['NotEquals', (value, target) => !same(value, target)],
  in: ['In', oneOf],
  notin: ['NotIn', (value, target) => !oneOf(value, target)],
  like: ['Like', like],
  notlike: ['NotLike', (value, target) => !like(value, target)],
  contains: ['Contains', contains],
  notcontains: ['NotContains', (value, target) => !contains(value, target)],
  exists: ['Exists', (value, target) => (value !== undefined && value !== null) === same(target, true)],
};

/** Whether the rule fits, and what of it did. */
export function fits(
  rule: unknown,
  resource: PolicyResource,
  parameter: (name: string) => unknown,
): { readonly fits: boolean; readonly evaluated: readonly Evaluated[] } {
  const evaluated: Evaluated[] = [];
  const scope = scopeOf(resource, parameter);
  return { fits: holds(rule as Rule, resource, scope, evaluated), evaluated };
}

function holds(rule: Rule, resource: PolicyResource, scope: ExpressionScope, told: Evaluated[]): boolean {
  const all = rule.allOf as readonly Rule[] | undefined;
  if (all) return all.every((each) => holds(each, resource, scope, told));
  const any = rule.anyOf as readonly Rule[] | undefined;
  if (any) return any.some((each) => holds(each, resource, scope, told));
  if (rule.not !== undefined) return !holds(rule.not as Rule, resource, scope, told);
  return condition(rule, resource, scope, told);
}

function condition(rule: Rule, resource: PolicyResource, scope: ExpressionScope, told: Evaluated[]): boolean {
  const [name, target] =
    Object.entries(rule).find(([key]) => Object.hasOwn(CONDITIONS, key.toLowerCase())) ?? [];
  const found = CONDITIONS[name?.toLowerCase() ?? ''];
  const about = rule.field ?? rule.value;
  if (!found || about === undefined) throw notSimulated(`the condition '${Object.keys(rule).join(', ')}'`);
  const [operator, compare] = found;
  const wanted = evaluate(target, scope);
  const path = rule.field === undefined ? undefined : String(evaluate(rule.field, scope));
  const value = path === undefined ? evaluate(rule.value, scope) : fieldOf(resource, path);
  const result = compare(value, path?.toLowerCase() === 'location' ? shortened(wanted) : wanted);
  told.push({
    result: result ? 'True' : 'False',
    expressionKind: path === undefined ? 'Value' : 'Field',
    expression: path ?? String(rule.value),
    ...(path !== undefined && { path }),
    ...(value !== undefined && { expressionValue: value }),
    targetValue: wanted,
    operator,
  });
  return result;
}

const TAG = /^tags(?:\.(.+)|\['?(.+?)'?\])$/i;

/** By what is common to all resources, by tag, or by alias: the type and a path into its properties. */
function fieldOf(resource: PolicyResource, field: string): unknown {
  const { id, name, type, location, tags, body } = resource;
  const tag = TAG.exec(field);
  if (tag) {
    const wanted = (tag[1] ?? tag[2] ?? '').toLowerCase();
    return Object.entries(tags).find(([own]) => own.toLowerCase() === wanted)?.[1];
  }
  switch (field.toLowerCase()) {
    case 'id':
      return id;
    case 'name':
      return name.split('/').at(-1);
    case 'fullname':
      return name;
    case 'type':
      return type;
    case 'location':
      return location === undefined ? undefined : shortLocation(location);
    case 'tags':
      return tags;
    case 'kind':
      return body.kind;
    case 'identity.type':
      return (body.identity as { type?: unknown } | undefined)?.type;
  }
  if (field.includes('[*]')) throw notSimulated(`the field '${field}'`);
  // An alias of another type: the resource has no such thing.
  if (!field.toLowerCase().startsWith(`${type.toLowerCase()}/`)) return undefined;
  const path = field.slice(type.length + 1).split('.');
  return path.reduce<unknown>((held, part) => (held as Rule | undefined)?.[part], body.properties);
}

function scopeOf(resource: PolicyResource, parameter: (name: string) => unknown): ExpressionScope {
  const [, , subscriptionId = '', , group = ''] = resource.id.split('/');
  const none = (what: string) => () => {
    throw notSimulated(what);
  };
  return {
    subscriptionId,
    tenantId: '',
    group: { id: `/subscriptions/${subscriptionId}/resourceGroups/${group}`, name: group, location: '' },
    parameter,
    variable: none('variables'),
    reference: none('a reference'),
    field: (name) => fieldOf(resource, name),
  };
}

const text = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : JSON.stringify(value));
const plain = (value: unknown) => text(value)?.replace(/^"|"$/g, '');

function same(value: unknown, target: unknown): boolean {
  return value !== undefined && plain(value) === plain(target);
}

function oneOf(value: unknown, target: unknown): boolean {
  return Array.isArray(target) && target.some((each) => same(value, each));
}

/** One `*` stands for any text. */
function like(value: unknown, target: unknown): boolean {
  if (typeof value !== 'string') return false;
  const [start = '', end] = String(target).toLowerCase().split('*');
  const given = value.toLowerCase();
  if (end === undefined) return given === start;
  return given.length >= start.length + end.length && given.startsWith(start) && given.endsWith(end);
}

function contains(value: unknown, target: unknown): boolean {
  if (typeof value === 'string') return value.toLowerCase().includes(String(target).toLowerCase());
  return Array.isArray(value) && value.some((each) => same(each, target));
}

const shortened = (wanted: unknown): unknown =>
  Array.isArray(wanted) ? wanted.map(shortened) : typeof wanted === 'string' ? shortLocation(wanted) : wanted;

export const notSimulated = (what: string) =>
  new ArmError(
    501,
    'NotSimulated',
    `The simulated Azure of azid does not know ${what} of policies; docs/reference/simulator.md lists what it does.`,
  );
