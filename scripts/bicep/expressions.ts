import { FUNCTIONS, LOADS } from './functions.ts';
import { memberOf, referenceOf } from './references.ts';
import { type Scope, within } from './scope.ts';
import { BicepError, type Expression } from './syntax.ts';
import { bare, quoted } from './template.ts';

const BINARY: Readonly<Record<string, (left: string, right: string) => string>> = {
  '==': (a, b) => `equals(${a}, ${b})`,
  '!=': (a, b) => `not(equals(${a}, ${b}))`,
  '=~': (a, b) => `equals(toLower(${a}), toLower(${b}))`,
  '!~': (a, b) => `not(equals(toLower(${a}), toLower(${b})))`,
  '<': (a, b) => `less(${a}, ${b})`,
  '<=': (a, b) => `lessOrEquals(${a}, ${b})`,
  '>': (a, b) => `greater(${a}, ${b})`,
  '>=': (a, b) => `greaterOrEquals(${a}, ${b})`,
  '&&': (a, b) => `and(${a}, ${b})`,
  '||': (a, b) => `or(${a}, ${b})`,
  '??': (a, b) => `coalesce(${a}, ${b})`,
  '+': (a, b) => `add(${a}, ${b})`,
  '-': (a, b) => `sub(${a}, ${b})`,
  '*': (a, b) => `mul(${a}, ${b})`,
  '/': (a, b) => `div(${a}, ${b})`,
  '%': (a, b) => `mod(${a}, ${b})`,
};

/** As a value of JSON: objects and arrays stay such, whatever has to be worked out becomes `[…]`. */
export function jsonOf(expression: Expression, scope: Scope): unknown {
  switch (expression.kind) {
    case 'text':
      // A text that begins so would be taken for an expression.
      return expression.value.startsWith('[') ? `[${expression.value}` : expression.value;
    case 'number':
    case 'constant':
      return expression.value;
    case 'array':
      return expression.items.map((item) => jsonOf(item, scope));
    case 'object':
      return Object.fromEntries(expression.properties.map(({ key, value }) => [key, jsonOf(value, scope)]));
    default:
      return bare(textOf(expression, scope));
  }
}

/** As the text of an expression of templates, without its brackets. */
export function textOf(expression: Expression, scope: Scope): string {
  const text = (each: Expression) => textOf(each, scope);
  switch (expression.kind) {
    case 'text':
      return quoted(expression.value);
    case 'template': {
      const pattern = expression.texts.map(
        (each, i) =>
          `${each.replaceAll('{', '{{').replaceAll('}', '}}')}${i < expression.holes.length ? `{${i}}` : ''}`,
      );
      return `format(${[quoted(pattern.join('')), ...expression.holes.map(text)].join(', ')})`;
    }
    case 'number':
      return String(expression.value);
    case 'constant':
      return `${expression.value}()`;
    case 'array':
      return `createArray(${expression.items.map(text).join(', ')})`;
    case 'object': {
      const args = expression.properties.flatMap(({ key, value }) => [quoted(key), text(value)]);
      return `createObject(${args.join(', ')})`;
    }
    case 'choice':
      return `if(${text(expression.test)}, ${text(expression.yes)}, ${text(expression.no)})`;
    case 'binary':
      return (BINARY[expression.sign] ?? unknownSign(expression))(
        text(expression.left),
        text(expression.right),
      );
    case 'unary':
      return expression.sign === '!'
        ? `not(${text(expression.operand)})`
        : `sub(0, ${text(expression.operand)})`;
    case 'lambda': {
      const locals = expression.names.map((name) => [name, `lambdaVariables('${name}')`] as const);
      const names = expression.names.map((name) => `'${name}'`);
      return `lambda(${[...names, textOf(expression.body, within(scope, locals))].join(', ')})`;
    }
    case 'call':
      return call(expression, scope);
    case 'name':
      return named(expression, scope);
    case 'index':
      return `${text(expression.of)}[${text(expression.index)}]`;
    case 'member':
      return memberOf(expression, scope) ?? `${text(expression.of)}.${expression.name}`;
  }
}

function call({ name, args, line }: Extract<Expression, { kind: 'call' }>, scope: Scope): string {
  if (LOADS.has(name)) {
    const [path] = args;
    if (args.length !== 1 || path?.kind !== 'text')
      throw new BicepError(line, `${name}: expected one path, written out`);
    return `variables('${scope.load(name, path.value, line)}')`;
  }
  if (!FUNCTIONS.has(name))
    throw new BicepError(line, `expected a function of scripts/bicep/functions.ts, got '${name}'`);
  return `${name}(${args.map((arg) => textOf(arg, scope)).join(', ')})`;
}

function named({ name, line }: Extract<Expression, { kind: 'name' }>, scope: Scope): string {
  const local = scope.locals.get(name);
  if (local !== undefined) return local;
  if (scope.parameters.has(name)) return `parameters('${name}')`;
  if (scope.variables.has(name)) return `variables('${name}')`;
  if (referenceOf({ kind: 'name', name, line }, scope))
    throw new BicepError(line, `${name}: expected what of it is meant, such as .id`);
  throw new BicepError(line, `expected something that the file declares, got '${name}'`);
}

function unknownSign({ sign, line }: Extract<Expression, { kind: 'binary' }>): never {
  throw new BicepError(line, `expected an operator, got '${sign}'`);
}
