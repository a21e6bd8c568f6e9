import {
  type Expression,
  type Named,
  type Query,
  QueryError,
  SIMULATED_QUERY,
  type TableOperator,
} from './syntax.ts';
import { type Column, type ColumnType, type Row, textOf, typeOf, valueIn } from './values.ts';

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface Result extends Table {
  /** `limit` and `take` take paging away. */
  readonly limited: boolean;
}

/** Values of one array that `mv-expand` makes rows of, without a `limit`, and the highest `limit` it takes. */
const EXPANDED = { default: 128, most: 2_000 };

/** @param table undefined for one that there is not */
export function runQuery(query: Query, table: (name: string) => Table | undefined): Result {
  const first = table(query.table);
  if (!first) throw new QueryError(`the table '${query.table}' is not simulated`);
  let current = first;
  for (const operator of query.operators) current = applied(operator, current, table);
  return { ...current, limited: query.operators.some(({ type }) => type === 'limit') };
}

function applied(operator: TableOperator, input: Table, table: (name: string) => Table | undefined): Table {
  const { columns, rows } = input;
  switch (operator.type) {
    case 'where':
      typeOf(operator.condition, columns);
      return { columns, rows: rows.filter((row) => valueIn(operator.condition, row) === true) };
    case 'extend':
      return operator.columns.reduce(extended, input);
    case 'project':
      return projected(operator.columns, input);
    case 'project-away':
      return { columns: columns.filter(({ name }) => !operator.names.includes(name)), rows };
    case 'distinct':
      return summarized([], operator.columns, input);
    case 'mv-expand':
      return expanded(operator, input);
    case 'summarize':
      return summarized(operator.aggregates, operator.by, input);
    case 'order':
      return ordered(operator.by, input);
    case 'limit':
      return { columns, rows: rows.slice(0, operator.count) };
    case 'count':
      return { columns: [{ name: 'Count', type: 'long' }], rows: [{ Count: rows.length }] };
    case 'join':
      return joined(operator, input, runQuery(operator.with, table));
  }
}

function extended({ columns, rows }: Table, { name, of }: Named): Table {
  const column = { name, type: typeOf(of, columns) };
  return {
    columns: [...columns.filter((each) => each.name !== name), column],
    rows: rows.map((row) => ({ ...row, [name]: valueIn(of, row) })),
  };
}

function projected(wanted: readonly Named[], { columns, rows }: Table): Table {
  return {
    columns: wanted.map(({ name, of }) => ({ name, type: typeOf(of, columns) })),
    rows: rows.map((row) => Object.fromEntries(wanted.map(({ name, of }) => [name, valueIn(of, row)]))),
  };
}

/** A row for each value of an array, or property of a bag; none for an empty one, one for what is neither. */
function expanded(
  { column: { name, of }, to, limit = EXPANDED.default }: TableOperator & { type: 'mv-expand' },
  { columns, rows }: Table,
): Table {
  if (typeOf(of, columns) !== 'dynamic') throw new QueryError(`mv-expand: '${name}' is no array`);
  if (limit > EXPANDED.most) throw new QueryError(`mv-expand: the limit is at most ${EXPANDED.most}`);
  if (to !== undefined && to !== 'string')
    throw new QueryError(`mv-expand to typeof(${to}) is not simulated`);
  const type: ColumnType = to === undefined ? 'dynamic' : 'string';
  const values = (row: Row): readonly unknown[] => {
    const value = valueIn(of, row);
    if (Array.isArray(value)) return value;
    if (typeof value !== 'object' || value === null) return [value];
    return Object.entries(value).map(([key, each]) => ({ [key]: each }));
  };
  return {
    columns: [...columns.filter((each) => each.name !== name), { name, type }],
    rows: rows.flatMap((row) =>
      values(row)
        .slice(0, limit)
        .map((value) => ({ ...row, [name]: to === undefined ? value : textOf(value) })),
    ),
  };
}

function summarized(aggregates: readonly Named[], by: readonly Named[], { columns, rows }: Table): Table {
  const keys = by.map(({ name, of }) => ({ name, type: typeOf(of, columns) }));
  const bad = keys.find(({ type }) => type === 'dynamic');
  if (bad) throw new QueryError(`the key '${bad.name}' is of type dynamic: cast it, as by tostring()`);
  const counted = aggregates.map(({ name, of }) => ({ name, ...aggregate(of, columns) }));
  const groups = Map.groupBy(rows, (row) => JSON.stringify(by.map(({ of }) => valueIn(of, row))));
  // Without keys there is one row, even of nothing.
  if (by.length === 0 && groups.size === 0) groups.set('[]', []);
  return {
    columns: [...keys, ...counted.map(({ name, type }) => ({ name, type }))],
    rows: [...groups.values()].map((group) => ({
      ...Object.fromEntries(by.map(({ name, of }) => [name, valueIn(of, group[0] ?? {})])),
      ...Object.fromEntries(counted.map(({ name, of }) => [name, of(group)])),
    })),
  };
}

function aggregate(
  given: Expression,
  columns: readonly Column[],
): { readonly type: ColumnType; readonly of: (rows: readonly Row[]) => unknown } {
  const known: readonly string[] = SIMULATED_QUERY.aggregates;
  if (given.type !== 'call' || !known.includes(given.name))
    throw new QueryError(
      `summarize: expected one of ${known.join(', ')}, got ${given.type === 'call' ? `'${given.name}'` : 'something else'}`,
    );
  const [inner] = given.arguments;
  if (given.name === 'count') return { type: 'long', of: (rows) => rows.length };
  if (!inner) throw new QueryError(`summarize: ${given.name}() takes an argument`);
  const type = typeOf(inner, columns);
  const values = (rows: readonly Row[]) => rows.map((row) => valueIn(inner, row));
  const distinct = (rows: readonly Row[]) => [
    ...new Map(values(rows).map((each) => [textOf(each), each])).values(),
  ];
  switch (given.name) {
    case 'countif':
      return { type: 'long', of: (rows) => values(rows).filter((each) => each === true).length };
    case 'dcount':
      return { type: 'long', of: (rows) => distinct(rows).length };
    case 'make_set':
      return { type: 'dynamic', of: distinct };
    default: {
      const sorted = (rows: readonly Row[]) => values(rows).sort(byValue);
      return { type, of: (rows) => sorted(rows).at(given.name === 'min' ? 0 : -1) ?? null };
    }
  }
}

function ordered(by: readonly { of: Expression; descending: boolean }[], { columns, rows }: Table): Table {
  for (const { of } of by)
    if (typeOf(of, columns) === 'dynamic')
      throw new QueryError('order by: a key of type dynamic: cast it, as by tostring()');
  const sorted = rows.toSorted((a, b) => {
    for (const { of, descending } of by) {
      const order = byValue(valueIn(of, a), valueIn(of, b));
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
  return { columns, rows: sorted };
}

function byValue(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [textOf(a), textOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Columns of the right that the left has too get a 1 behind their name, as in Kusto. */
function joined(
  { kind, on }: Pick<TableOperator & { type: 'join' }, 'kind' | 'on'>,
  left: Table,
  right: Table,
): Table {
  for (const each of on)
    for (const [side, name] of [
      [left, each.left],
      [right, each.right],
    ] as const)
      if (typeOf({ type: 'path', column: name, steps: [] }, side.columns) === 'dynamic')
        throw new QueryError(`join: the column '${name}' is of type dynamic: cast it, as by tostring()`);
  const keyOf = (row: Row, side: 'left' | 'right') =>
    JSON.stringify(on.map((each) => row[each[side]] ?? null));
  const found = Map.groupBy(right.rows, (row) => keyOf(row, 'right'));
  if (kind === 'leftanti')
    return { columns: left.columns, rows: left.rows.filter((row) => !found.has(keyOf(row, 'left'))) };
  const taken = new Set(left.columns.map(({ name }) => name));
  const named = right.columns.map(({ name, type }) => ({
    from: name,
    name: taken.has(name) ? `${name}1` : name,
    type,
  }));
  const beside = (row: Row) => Object.fromEntries(named.map(({ from, name }) => [name, row[from] ?? null]));
  return {
    columns: [...left.columns, ...named.map(({ name, type }) => ({ name, type }))],
    rows: left.rows.flatMap((row) => {
      const matches = found.get(keyOf(row, 'left')) ?? (kind === 'leftouter' ? [{}] : []);
      return matches.map((match) => ({ ...row, ...beside(match) }));
    }),
  };
}
