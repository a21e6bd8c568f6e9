import { type Expression, QueryError, SIMULATED_QUERY } from './syntax.ts';

export type ColumnType = 'string' | 'long' | 'bool' | 'dynamic';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

export type Row = Readonly<Record<string, unknown>>;

/** What an expression is made of: determined before any row is read, so that a wrong query is refused on an empty table too. */
export function typeOf(of: Expression, columns: readonly Column[]): ColumnType {
  switch (of.type) {
    case 'literal':
      return typeof of.value === 'string' ? 'string' : typeof of.value === 'number' ? 'long' : 'bool';
    case 'path': {
      const column = columns.find(({ name }) => name === of.column);
      if (!column) throw new QueryError(`there is no column '${of.column}'`);
      if (of.steps.length === 0) return column.type;
      if (column.type !== 'dynamic')
        throw new QueryError(`expected '${of.column}' to hold properties, it is a ${column.type}`);
      return 'dynamic';
    }
    case 'call':
      for (const each of of.arguments) typeOf(each, columns);
      return typeOfCall(of.name);
    case 'compare':
      typeOf(of.left, columns);
      typeOf(of.right, columns);
      return 'bool';
    case 'in':
      for (const each of [of.left, ...of.list]) typeOf(each, columns);
      return 'bool';
    case 'and':
    case 'or':
      for (const each of of.parts) typeOf(each, columns);
      return 'bool';
  }
}

function typeOfCall(name: string): ColumnType {
  if (!(SIMULATED_QUERY.functions as readonly string[]).includes(name))
    throw new QueryError(
      `the function '${name}' is not simulated; these are: ${SIMULATED_QUERY.functions.join(', ')}`,
    );
  if (/^(tostring|tolower|toupper|strcat)$/.test(name)) return 'string';
  if (/^(array_length|toint|tolong)$/.test(name)) return 'long';
  return name === 'bag_keys' || name === 'split' ? 'dynamic' : 'bool';
}

/** Null is `null` throughout. */
export function valueIn(of: Expression, row: Row): unknown {
  switch (of.type) {
    case 'literal':
      return of.value;
    case 'path': {
      let value: unknown = row[of.column] ?? null;
      for (const step of of.steps) value = partOf(value, step);
      return value;
    }
    case 'call':
      return called(
        of.name,
        of.arguments.map((each) => valueIn(each, row)),
      );
    case 'compare':
      return compared(of.operator, valueIn(of.left, row), valueIn(of.right, row));
    case 'in': {
      const value = valueIn(of.left, row);
      const same = of.operator.endsWith('~') ? '=~' : '==';
      const within = of.list.some((each) => compared(same, value, valueIn(each, row)));
      return of.operator.startsWith('!') ? !within : within;
    }
    case 'and':
      return of.parts.every((each) => valueIn(each, row) === true);
    case 'or':
      return of.parts.some((each) => valueIn(each, row) === true);
  }
}

/** Properties are found by their exact case. */
function partOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return null;
  return (value as Record<string | number, unknown>)[step] ?? null;
}

function called(name: string, [first = null, second = null, ...rest]: readonly unknown[]): unknown {
  switch (name) {
    case 'tostring':
      return textOf(first);
    case 'tolower':
      return textOf(first).toLowerCase();
    case 'toupper':
      return textOf(first).toUpperCase();
    case 'toint':
    case 'tolong':
      return /^-?\d+$/.test(textOf(first)) ? Number(first) : null;
    case 'isnull':
      return first === null;
    case 'isnotnull':
      return first !== null;
    case 'isempty':
      return textOf(first) === '';
    case 'isnotempty':
      return textOf(first) !== '';
    case 'not':
      return first !== true;
    case 'strcat':
      return [first, second, ...rest].map(textOf).join('');
    case 'split':
      return textOf(first).split(textOf(second));
    case 'bag_keys':
      return typeof first === 'object' && first !== null && !Array.isArray(first) ? Object.keys(first) : null;
    case 'array_length':
      return Array.isArray(first) ? first.length : null;
    default:
      return null;
  }
}

export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function compared(operator: string, a: unknown, b: unknown): boolean {
  const [left, right] = [textOf(a), textOf(b)];
  const [lower, wanted] = [left.toLowerCase(), right.toLowerCase()];
  const numbers = typeof a === 'number' && typeof b === 'number';
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '=~':
      return lower === wanted;
    case '!~':
      return lower !== wanted;
    case '<':
      return numbers ? a < b : left < right;
    case '<=':
      return numbers ? a <= b : left <= right;
    case '>':
      return numbers ? a > b : left > right;
    case '>=':
      return numbers ? a >= b : left >= right;
  }
  const found = finds(operator.replace('!', ''), lower, wanted);
  return operator.startsWith('!') ? !found : found;
}

function finds(operator: string, text: string, wanted: string): boolean {
  switch (operator) {
    case 'has': {
      const literal = wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return new RegExp(`(?:^|[^a-z0-9])${literal}(?:$|[^a-z0-9])`).test(text);
    }
    case 'contains':
      return text.includes(wanted);
    case 'startswith':
      return text.startsWith(wanted);
    default:
      return text.endsWith(wanted);
  }
}
