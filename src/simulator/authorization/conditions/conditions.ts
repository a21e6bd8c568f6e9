import type { ConditionAttributes } from '../../authorizer.ts';
import { matchesAction } from '../permissions.ts';
import { COMPARISONS } from './comparisons.ts';
import type { Attribute, Condition } from './condition-syntax.ts';

export { ConditionSyntaxError, parseCondition } from './condition-reader.ts';
export { type Condition, printCondition } from './condition-syntax.ts';

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
