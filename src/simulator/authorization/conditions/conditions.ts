import type { ConditionAttributes } from '../../authorizer.ts';
import { matchesAction } from '../permissions.ts';

/**
 * ABAC conditions as text: the grammar of role assignment conditions, version 2.0 (Microsoft Learn "Azure role
 * assignment condition format and syntax"; the form azid is installed with is in docs/azure-facts.md section 5).
 *
 *   expression  = and (("OR" | "||") and)*
 *   and         = unary (("AND" | "&&") unary)*
 *   unary       = ("!" | "NOT") unary | "(" expression ")" | function | comparison
 *   function    = ("ActionMatches" | "SubOperationMatches") "{" text "}"  |  "Exists" attribute
 *   comparison  = attribute [quantifier ":"] operator (value | "{" value ("," value)* "}" | attribute)
 *   attribute   = ("@Request" | "@Resource" | "@Principal" | "@Environment") "[" name "]"
 */
export type Source = 'Request' | 'Resource' | 'Principal' | 'Environment';

export interface Attribute {
  readonly source: Source;
  /** `Microsoft.Authorization/roleAssignments:RoleDefinitionId`. */
  readonly name: string;
}

/** ForAnyOfAnyValues: some left value matches some right value; the second word is about the right side. */
export const QUANTIFIERS = [
  'ForAnyOfAnyValues',
  'ForAllOfAnyValues',
  'ForAnyOfAllValues',
  'ForAllOfAllValues',
] as const;
export type Quantifier = (typeof QUANTIFIERS)[number];

export type Condition =
  | { readonly type: 'or' | 'and'; readonly left: Condition; readonly right: Condition }
  | { readonly type: 'not'; readonly of: Condition }
  | { readonly type: 'matches'; readonly what: 'Action' | 'SubOperation'; readonly pattern: string }
  | { readonly type: 'exists'; readonly attribute: Attribute }
  | {
      readonly type: 'compare';
      readonly attribute: Attribute;
      readonly quantifier?: Quantifier;
      /** One of `COMPARISONS`, e.g. `GuidEquals`. */
      readonly operator: string;
      readonly values: readonly string[] | Attribute;
    };

/** Real conditions nest a few levels; more would only exhaust the stack of a recursive reader. */
export const MAX_DEPTH = 100;

/** What a condition is asked about. Attribute names compare without case. */
export interface Question extends ConditionAttributes {
  readonly action: string;
}

/**
 * Whether a condition holds. An attribute that the request does not carry makes its comparison false, whichever the
 * operator, so a condition on `@Request[...]` grants nothing where there is no such attribute.
 */
export function holds(condition: Condition, question: Question): boolean {
  switch (condition.type) {
    case 'or':
      return holds(condition.left, question) || holds(condition.right, question);
    case 'and':
      return holds(condition.left, question) && holds(condition.right, question);
    case 'not':
      return !holds(condition.of, question);
    case 'matches':
      // Sub-operations belong to the data plane of storage; the control plane has none.
      return condition.what === 'Action' && matchesAction(condition.pattern, question.action);
    case 'exists':
      return lookUp(condition.attribute, question) !== undefined;
    case 'compare': {
      const left = lookUp(condition.attribute, question);
      const right = 'source' in condition.values ? lookUp(condition.values, question) : condition.values;
      return left !== undefined && right !== undefined && compare(condition, left, right);
    }
  }
}

function compare(
  { operator, quantifier }: Extract<Condition, { type: 'compare' }>,
  left: readonly string[],
  right: readonly string[],
): boolean {
  const comparison = COMPARISONS[operator];
  if (!comparison) throw new Error(`Expected a known comparison operator, got "${operator}"`);
  switch (quantifier ?? 'ForAnyOfAnyValues') {
    case 'ForAnyOfAnyValues':
      return left.some((l) => right.some((r) => comparison(l, r)));
    case 'ForAllOfAnyValues':
      return left.every((l) => right.some((r) => comparison(l, r)));
    case 'ForAnyOfAllValues':
      return left.some((l) => right.every((r) => comparison(l, r)));
    case 'ForAllOfAllValues':
      return left.every((l) => right.every((r) => comparison(l, r)));
  }
}

function lookUp({ source, name }: Attribute, question: Question): readonly string[] | undefined {
  const attributes =
    source === 'Request' ? question.request : source === 'Resource' ? question.resource : undefined;
  const wanted = name.toLowerCase();
  const found = Object.entries(attributes ?? {}).find(([each]) => each.toLowerCase() === wanted);
  return found && [found[1]];
}

/**
 * The comparison operators of conditions on single values. All but the `...IgnoreCase` ones mind the case; GUIDs
 * compare as GUIDs, so role definition ids may come as full ids or bare.
 */
type Comparison = (left: string, right: string) => boolean;

const lower = (text: string) => text.toLowerCase();

/** `*` any run of characters, `?` one. */
const like: Comparison = (left, right) => {
  const body = right
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${body}$`, 's').test(left);
};
const guid = (text: string) => lower(text.split('/').at(-1) ?? text).replaceAll(/[{}]/g, '');
const not =
  (comparison: Comparison): Comparison =>
  (left, right) =>
    !comparison(left, right);
const ignoringCase =
  (comparison: Comparison): Comparison =>
  (left, right) =>
    comparison(lower(left), lower(right));

const equals: Comparison = (left, right) => left === right;
const startsWith: Comparison = (left, right) => left.startsWith(right);
const guidEquals: Comparison = (left, right) => guid(left) === guid(right);
const boolEquals = ignoringCase(equals);
const numbers =
  (comparison: (left: number, right: number) => boolean): Comparison =>
  (left, right) =>
    comparison(Number(left), Number(right));
const moments =
  (comparison: (left: number, right: number) => boolean): Comparison =>
  (left, right) =>
    comparison(Date.parse(left), Date.parse(right));

export const COMPARISONS: Readonly<Record<string, Comparison>> = {
  StringEquals: equals,
  StringNotEquals: not(equals),
  StringEqualsIgnoreCase: ignoringCase(equals),
  StringNotEqualsIgnoreCase: not(ignoringCase(equals)),
  StringLike: like,
  StringNotLike: not(like),
  StringLikeIgnoreCase: ignoringCase(like),
  StringNotLikeIgnoreCase: not(ignoringCase(like)),
  StringStartsWith: startsWith,
  StringNotStartsWith: not(startsWith),
  StringStartsWithIgnoreCase: ignoringCase(startsWith),
  StringNotStartsWithIgnoreCase: not(ignoringCase(startsWith)),
  GuidEquals: guidEquals,
  GuidNotEquals: not(guidEquals),
  BoolEquals: boolEquals,
  BoolNotEquals: not(boolEquals),
  NumericEquals: numbers((left, right) => left === right),
  NumericNotEquals: numbers((left, right) => left !== right),
  NumericLessThan: numbers((left, right) => left < right),
  NumericLessThanEquals: numbers((left, right) => left <= right),
  NumericGreaterThan: numbers((left, right) => left > right),
  NumericGreaterThanEquals: numbers((left, right) => left >= right),
  DateTimeEquals: moments((left, right) => left === right),
  DateTimeNotEquals: moments((left, right) => left !== right),
  DateTimeLessThan: moments((left, right) => left < right),
  DateTimeLessThanEquals: moments((left, right) => left <= right),
  DateTimeGreaterThan: moments((left, right) => left > right),
  DateTimeGreaterThanEquals: moments((left, right) => left >= right),
};
