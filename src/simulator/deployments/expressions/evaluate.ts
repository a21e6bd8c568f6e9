import { ArmError } from '../../http/operation.ts';
import { readExpression } from './reader.ts';
import { type ExpressionScope, invalidTemplate } from './scope.ts';

/** A value of a template with its expressions (`[…]`) and loops (`copy`) worked out, however deep. */
export function evaluate(value: unknown, scope: ExpressionScope): unknown {
  if (Array.isArray(value)) return value.map((each) => evaluate(each, scope));
  if (typeof value === 'object' && value !== null) return members(value, scope, evaluate);
  return typeof value === 'string' ? text(value, scope) : value;
}

/** As far as it can be worked out by now: what asks for a resource that is not there yet stays an expression. */
export function evaluateSoFar(value: unknown, scope: ExpressionScope): unknown {
  if (Array.isArray(value)) return value.map((each) => evaluateSoFar(each, scope));
  if (typeof value === 'object' && value !== null) return members(value, scope, evaluateSoFar);
  try {
    return evaluate(value, scope);
  } catch (error) {
    if (error instanceof ArmError && error.code === 'ResourceNotFound') return value;
    throw error;
  }
}

/** How often a resource, property, variable or output is to be copied: up to 800 times. */
export function countOf(count: unknown, name: string, scope: ExpressionScope): number {
  const times = evaluate(count, scope);
  if (typeof times === 'number' && Number.isInteger(times) && times >= 0 && times <= 800) return times;
  throw invalidTemplate(
    `The copy '${name}' has an invalid count '${String(times)}': it must be a number from 0 to 800.`,
  );
}

/** The scope of one round of a loop. */
export const inLoop = (scope: ExpressionScope, name: string, index: number): ExpressionScope => ({
  ...scope,
  loops: [...(scope.loops ?? []), { name, index }],
});

/** One of `copy: [{name, count, input}]`, of properties, variables and outputs. */
interface Copied {
  readonly name: string;
  readonly count: unknown;
  readonly input: unknown;
}

export function copiesIn(value: object): readonly Copied[] | undefined {
  const { copy } = value as { copy?: unknown };
  if (!Array.isArray(copy)) return undefined;
  const isLoop = (each: unknown) =>
    typeof each === 'object' && each !== null && 'input' in each && 'count' in each;
  return copy.every(isLoop) ? (copy as Copied[]) : undefined;
}

type Evaluate = (value: unknown, scope: ExpressionScope) => unknown;

export const rounds = ({ name, count, input }: Copied, scope: ExpressionScope, work: Evaluate): unknown[] =>
  Array.from({ length: countOf(count, name, scope) }, (_, index) => work(input, inLoop(scope, name, index)));

function members(value: object, scope: ExpressionScope, work: Evaluate): unknown {
  const copies = copiesIn(value);
  const plain = Object.entries(value)
    .filter(([name]) => !copies || name !== 'copy')
    .map(([name, each]) => [work(name, scope), work(each, scope)] as const);
  const copied = (copies ?? []).map((each) => [each.name, rounds(each, scope, work)] as const);
  return Object.fromEntries([...plain, ...copied]);
}

function text(value: string, scope: ExpressionScope): unknown {
  if (value.startsWith('[[')) return value.slice(1);
  if (!value.startsWith('[') || !value.endsWith(']')) return value;
  return readExpression(value.slice(1, -1), scope);
}
