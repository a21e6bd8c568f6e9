import { createHash } from 'node:crypto';
import { ArmError } from '../http/operation.ts';

/** What a template's expressions may ask for. */
export interface ExpressionScope {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly group: { readonly id: string; readonly name: string; readonly location: string };
  parameter(name: string): unknown;
  variable(name: string): unknown;
  /** Of the resource that a policy looks at; templates have none. */
  field?(name: string): unknown;
  /** The properties of a resource, by id or by its name in the template; `full`: all of it. */
  reference(target: string, full: boolean): unknown;
}

/** A value of a template with its expressions (`[…]`) worked out, however deep. */
export function evaluate(value: unknown, scope: ExpressionScope): unknown {
  if (Array.isArray(value)) return value.map((each) => evaluate(each, scope));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [text(name, scope), evaluate(each, scope)]),
    );
  return typeof value === 'string' ? text(value, scope) : value;
}

/** As far as it can be worked out by now: what asks for a resource that is not there yet stays an expression. */
export function evaluateSoFar(value: unknown, scope: ExpressionScope): unknown {
  if (Array.isArray(value)) return value.map((each) => evaluateSoFar(each, scope));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, evaluateSoFar(each, scope)]),
    );
  try {
    return evaluate(value, scope);
  } catch (error) {
    if (error instanceof ArmError && error.code === 'ResourceNotFound') return value;
    throw error;
  }
}

function text(value: string, scope: ExpressionScope): unknown {
  if (value.startsWith('[[')) return value.slice(1);
  if (!value.startsWith('[') || !value.endsWith(']')) return value;
  const reader = new Reader(value.slice(1, -1), scope);
  const result = reader.expression();
  reader.end();
  return result();
}

const TOKEN = /\s*(?:'((?:[^']|'')*)'|(-?\d+)|([A-Za-z_]\w*)|(.))/y;

/** Worked out when it is asked for: `if` asks for one of its branches alone. */
type Deferred = () => unknown;

/** A recursive reader of one expression: calls, strings, numbers, `.name` and `[index]`. */
class Reader {
  readonly #text: string;
  readonly #scope: ExpressionScope;
  #at = 0;

  constructor(given: string, scope: ExpressionScope) {
    this.#text = given;
    this.#scope = scope;
  }

  expression(): Deferred {
    let value = this.#primary();
    for (;;) {
      const whole = value;
      if (this.#take('.')) {
        const name = this.#next()?.[3] ?? '';
        value = () => member(whole(), name);
      } else if (this.#take('[')) {
        const index = this.expression();
        this.#expect(']');
        value = () => member(whole(), String(index()));
      } else return value;
    }
  }

  end(): void {
    if (this.#text.slice(this.#at).trim() !== '') throw invalid(this.#text);
  }

  #primary(): Deferred {
    const token = this.#next();
    if (!token) throw invalid(this.#text);
    const [, string, number, name] = token;
    if (string !== undefined) return () => string.replaceAll("''", "'");
    if (number !== undefined) return () => Number(number);
    if (name === undefined) throw invalid(this.#text);
    this.#expect('(');
    const args: Deferred[] = [];
    while (!this.#take(')')) {
      args.push(this.expression());
      this.#take(',');
    }
    const [test, yes, no] = args;
    if (name.toLowerCase() === 'if' && test && yes && no) return () => (test() ? yes() : no());
    const run = FUNCTIONS[name.toLowerCase()];
    if (run)
      return () =>
        run(
          args.map((arg) => arg()),
          this.#scope,
        );
    throw new ArmError(
      501,
      'NotSimulated',
      `The simulated Azure of azid does not know the template function '${name}'; docs/reference/simulator.md lists what it does.`,
    );
  }

  #next(): RegExpExecArray | undefined {
    TOKEN.lastIndex = this.#at;
    const found = TOKEN.exec(this.#text) ?? undefined;
    if (found) this.#at = TOKEN.lastIndex;
    return found;
  }

  #take(sign: string): boolean {
    const before = this.#at;
    if (this.#next()?.[4] === sign) return true;
    this.#at = before;
    return false;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw invalid(this.#text);
  }
}

type Function = (args: readonly unknown[], scope: ExpressionScope) => unknown;

const FUNCTIONS: Readonly<Record<string, Function>> = {
  parameters: ([name], scope) => scope.parameter(String(name)),
  variables: ([name], scope) => scope.variable(String(name)),
  field: ([name], scope) => {
    if (scope.field) return scope.field(String(name));
    throw new ArmError(400, 'InvalidTemplate', "The template function 'field' is not valid.");
  },
  split: ([value, by]) => String(value ?? '').split(String(by)),
  startswith: ([value, start]) => String(value).toLowerCase().startsWith(String(start).toLowerCase()),
  endswith: ([value, end]) => String(value).toLowerCase().endsWith(String(end).toLowerCase()),
  greater: ([a, b]) => Number(a) > Number(b),
  greaterorequals: ([a, b]) => Number(a) >= Number(b),
  less: ([a, b]) => Number(a) < Number(b),
  lessorequals: ([a, b]) => Number(a) <= Number(b),
  resourcegroup: (_, { group }) => group,
  subscription: (_, { subscriptionId, tenantId }) => ({
    subscriptionId,
    tenantId,
    id: `/subscriptions/${subscriptionId}`,
  }),
  tenant: (_, { tenantId }) => ({ tenantId }),
  concat: (args) => (Array.isArray(args[0]) ? args.flat() : args.join('')),
  format: ([pattern, ...args]) =>
    String(pattern).replace(/\{(\d+)\}/g, (_, n: string) => String(args[Number(n)] ?? '')),
  tolower: ([value]) => String(value).toLowerCase(),
  toupper: ([value]) => String(value).toUpperCase(),
  // Stable and of the right shape; Azure's own are other ones.
  guid: (args) => uuidOf(args.join('-')),
  uniquestring: (args) =>
    createHash('sha256')
      .update(args.join('-'))
      .digest('base64url')
      .toLowerCase()
      .replace(/[^a-z0-9]/g, 'x')
      .slice(0, 13),
  createobject: (args) =>
    Object.fromEntries(args.flatMap((name, i) => (i % 2 === 0 ? [[String(name), args[i + 1]]] : []))),
  createarray: (args) => [...args],
  true: () => true,
  false: () => false,
  null: () => null,
  not: ([value]) => !value,
  and: (args) => args.every(Boolean),
  or: (args) => args.some(Boolean),
  equals: ([a, b]) => JSON.stringify(a) === JSON.stringify(b),
  empty: ([value]) => value === null || value === undefined || lengthOf(value) === 0,
  length: ([value]) => lengthOf(value),
  contains: ([whole, part]) => holds(whole, part),
  coalesce: (args) => args.find((each) => each !== null && each !== undefined) ?? null,
  union: (args) => (Array.isArray(args[0]) ? [...new Set(args.flat())] : Object.assign({}, ...args)),
  string: ([value]) => (typeof value === 'string' ? value : JSON.stringify(value)),
  replace: ([value, from, to]) => String(value).replaceAll(String(from), String(to)),
  take: ([value, count]) => (value as string).slice(0, Number(count)),
  resourceid: (args, scope) => resourceId(scope.group.id, args.map(String)),
  subscriptionresourceid: (args, { subscriptionId }) =>
    resourceId(`/subscriptions/${subscriptionId}`, args.map(String)),
  extensionresourceid: ([at, ...args]) => resourceId(String(at), args.map(String)),
  reference: ([target, , full], scope) =>
    scope.reference(String(target), String(full).toLowerCase() === 'full'),
};

/** A type and the names of its parts, interleaved beneath a scope; a group may be named before them. */
function resourceId(at: string, args: readonly string[]): string {
  const start = args.findIndex((each) => each.includes('/'));
  const [type = '', ...names] = args.slice(start);
  const scope = start === 1 ? at.replace(/[^/]+$/, args[0] ?? '') : at;
  const [namespace = '', ...types] = type.split('/');
  return `${scope}/providers/${namespace}/${types.map((each, i) => `${each}/${names[i] ?? ''}`).join('/')}`;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return Object.keys(value as object).length;
}

function holds(whole: unknown, part: unknown): boolean {
  if (typeof whole === 'string') return whole.includes(String(part));
  return Array.isArray(whole) ? whole.includes(part) : String(part) in (whole as object);
}

function uuidOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function member(value: unknown, name: string): unknown {
  const found = (value as Record<string, unknown> | undefined)?.[name];
  if (found !== undefined) return found;
  throw new ArmError(
    400,
    'InvalidTemplate',
    `Unable to process template language expressions: The language expression property '${name}' doesn't exist.`,
  );
}

const invalid = (expression: string) =>
  new ArmError(400, 'InvalidTemplate', `The template language expression '${expression}' is not valid.`);
