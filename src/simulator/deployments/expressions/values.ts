import { createHash } from 'node:crypto';
import { ArmError } from '../../http/operation.ts';
import { invalidTemplate, type TemplateFunction } from './scope.ts';

const text = (value: unknown) => String(value ?? '');
const json = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** Strings, numbers and truth. */
export const VALUES: Readonly<Record<string, TemplateFunction>> = {
  true: () => true,
  false: () => false,
  null: () => null,
  not: ([value]) => !value,
  bool: ([value]) => (typeof value === 'string' ? value.toLowerCase() === 'true' : Boolean(value)),
  equals: ([a, b]) => JSON.stringify(a) === JSON.stringify(b),
  greater: ([a, b]) => compare(a, b) > 0,
  greaterorequals: ([a, b]) => compare(a, b) >= 0,
  less: ([a, b]) => compare(a, b) < 0,
  lessorequals: ([a, b]) => compare(a, b) <= 0,
  coalesce: (args) => args.find((each) => each !== null && each !== undefined) ?? null,
  add: ([a, b]) => Number(a) + Number(b),
  sub: ([a, b]) => Number(a) - Number(b),
  mul: ([a, b]) => Number(a) * Number(b),
  div: ([a, b]) => Math.trunc(Number(a) / Number(b)),
  mod: ([a, b]) => Number(a) % Number(b),
  int: ([value]) => Number.parseInt(text(value), 10),
  min: (args) => Math.min(...args.flat().map(Number)),
  max: (args) => Math.max(...args.flat().map(Number)),
  string: ([value]) => json(value),
  json: ([value]) => JSON.parse(text(value)),
  // Doubled braces stand for themselves.
  format: ([pattern, ...args]) =>
    text(pattern).replace(/\{\{|\}\}|\{(\d+)\}/g, (found, n?: string) =>
      n === undefined ? found.charAt(0) : text(json(args[Number(n)] ?? '')),
    ),
  split: ([value, by]) => {
    const signs = [by].flat().map(text);
    return signs
      .slice(1)
      .reduce((all, sign) => all.flatMap((part) => part.split(sign)), text(value).split(signs[0] ?? ''));
  },
  startswith: ([value, start]) => text(value).toLowerCase().startsWith(text(start).toLowerCase()),
  endswith: ([value, end]) => text(value).toLowerCase().endsWith(text(end).toLowerCase()),
  indexof: ([value, part]) => text(value).toLowerCase().indexOf(text(part).toLowerCase()),
  lastindexof: ([value, part]) => text(value).toLowerCase().lastIndexOf(text(part).toLowerCase()),
  tolower: ([value]) => text(value).toLowerCase(),
  toupper: ([value]) => text(value).toUpperCase(),
  trim: ([value]) => text(value).trim(),
  padleft: ([value, length, sign = ' ']) => text(value).padStart(Number(length), text(sign)),
  replace: ([value, from, to]) => text(value).replaceAll(text(from), text(to)),
  substring: ([value, start, length]) =>
    text(value).slice(Number(start), length === undefined ? undefined : Number(start) + Number(length)),
  // Stable and of the right shape; Azure's own are other ones.
  guid: (args) => uuidOf(args.join('-')),
  uniquestring: (args) =>
    createHash('sha256')
      .update(args.join('-'))
      .digest('base64url')
      .toLowerCase()
      .replace(/[^a-z0-9]/g, 'x')
      .slice(0, 13),
  // Where Azure puts the message is not documented.
  fail: ([message]) => {
    throw new ArmError(400, 'InvalidTemplate', text(message));
  },
  field: ([name], scope) => {
    if (scope.field) return scope.field(text(name));
    throw new ArmError(400, 'InvalidTemplate', "The template function 'field' is not valid.");
  },
  parameters: ([name], scope) => scope.parameter(text(name)),
  variables: ([name], scope) => scope.variable(text(name)),
  copyindex: (args, { loops = [] }) => {
    const [name] = args.filter((each) => typeof each === 'string');
    const [offset = 0] = args.filter((each) => typeof each === 'number');
    const loop =
      name === undefined
        ? loops.at(-1)
        : loops.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (loop) return loop.index + Number(offset);
    throw invalidTemplate(
      "The template function 'copyIndex' is not expected at this location. The function can only be used in a resource with copy specified.",
    );
  },
};

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return Number(a) - Number(b);
}

function uuidOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

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

/** Objects are merged at any depth; the later value counts. */
function merged(a: unknown, b: unknown): unknown {
  if (!isMembers(a) || !isMembers(b)) return b;
  const both = Object.entries(b).map(([name, value]) => [name, name in a ? merged(a[name], value) : value]);
  return { ...a, ...Object.fromEntries(both) };
}
