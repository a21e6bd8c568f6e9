import type { TemplateFunction } from './scope.ts';

type Lambda = (...values: readonly unknown[]) => unknown;
type Members = Record<string, unknown>;

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const among = (all: readonly unknown[], one: unknown) => all.some((each) => same(each, one));

/** Arrays and objects, and what they have in common with texts. */
export const COLLECTIONS: Readonly<Record<string, TemplateFunction>> = {
  array: ([value]) => (isList(value) ? value : [value]),
  createarray: (args) => [...args],
  createobject: (args) =>
    Object.fromEntries(args.flatMap((name, i) => (i % 2 === 0 ? [[String(name), args[i + 1]]] : []))),
  concat: (args) => (isList(args[0]) ? args.flat() : args.join('')),
  contains: ([whole, part]) => holds(whole, part),
  empty: ([value]) => value === null || value === undefined || lengthOf(value) === 0,
  length: ([value]) => lengthOf(value),
  first: ([value]) => (typeof value === 'string' ? value.charAt(0) : (list(value)[0] ?? null)),
  last: ([value]) => (typeof value === 'string' ? value.slice(-1) : (list(value).at(-1) ?? null)),
  take: ([value, count]) => (value as string).slice(0, Math.max(0, Number(count))),
  skip: ([value, count]) => (value as string).slice(Math.max(0, Number(count))),
  range: ([start, count]) => Array.from({ length: Number(count) }, (_, i) => Number(start) + i),
  join: ([values, between]) => list(values).join(String(between)),
  flatten: ([values]) => list(values).flat(),
  distinct: ([values]) => unique(list(values)),
  union: (args) => (isList(args[0]) ? unique(args.flat()) : args.reduce(merged, {})),
  intersection: ([one, ...others]) =>
    isList(one)
      ? unique(one.filter((each) => others.every((other) => among(list(other), each))))
      : Object.fromEntries(
          Object.entries(one as Members).filter(([name, value]) =>
            others.every((other) => same((other as Members)[name], value)),
          ),
        ),
  items: ([value]) =>
    Object.entries(value as Members)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => ({ key, value: each })),
  map: ([values, run]) => list(values).map((each, i) => (run as Lambda)(each, i)),
  filter: ([values, run]) => list(values).filter((each, i) => (run as Lambda)(each, i)),
  reduce: ([values, start, run]) =>
    list(values).reduce((sum, each, i) => (run as Lambda)(sum, each, i), start),
  sort: ([values, run]) => [...list(values)].sort((a, b) => ((run as Lambda)(a, b) ? -1 : 1)),
  toobject: ([values, key, value]) =>
    Object.fromEntries(
      list(values).map((each) => [String((key as Lambda)(each)), value ? (value as Lambda)(each) : each]),
    ),
};

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || isList(value)) return value.length;
  return Object.keys(value as object).length;
}

function holds(whole: unknown, part: unknown): boolean {
  if (typeof whole === 'string') return whole.includes(String(part));
  if (isList(whole)) return among(whole, part);
  return Object.keys(whole as object).some((name) => name.toLowerCase() === String(part).toLowerCase());
}

function unique(values: readonly unknown[]): unknown[] {
  return values.filter((each, i) => !values.slice(0, i).some((other) => same(other, each)));
}

/** Objects are merged however deep; what stands later counts. */
function merged(a: unknown, b: unknown): unknown {
  if (!isMembers(a) || !isMembers(b)) return b;
  const both = Object.entries(b).map(([name, value]) => [name, name in a ? merged(a[name], value) : value]);
  return { ...a, ...Object.fromEntries(both) };
}
