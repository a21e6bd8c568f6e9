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
