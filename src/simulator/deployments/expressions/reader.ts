import { ArmError } from '../../http/operation.ts';
import { FUNCTIONS, NOT_SIMULATED } from './functions.ts';
import { type ExpressionScope, invalidTemplate } from './scope.ts';

/** The value of one expression. */
export function readExpression(text: string, scope: ExpressionScope): unknown {
  const reader = new Reader(text, scope);
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
  /** Of the lambdas that are being called, the innermost last. */
  readonly #lambdas: Map<string, unknown>[] = [];
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
    return this.#call(name, args);
  }

  #call(name: string, args: readonly Deferred[]): Deferred {
    const [first, second, third] = args;
    switch (name.toLowerCase()) {
      case 'if':
        if (first && second && third) return () => (first() ? second() : third());
        throw invalid(this.#text);
      // Both stop at the first that decides, so that what follows need not be there.
      case 'and':
        return () => args.every((arg) => arg());
      case 'or':
        return () => args.some((arg) => arg());
      case 'lambda':
        return () => this.#lambda(args);
      case 'lambdavariables':
        return () => this.#lambdaVariable(String(first?.()));
    }
    const run = FUNCTIONS[name.toLowerCase()];
    if (run)
      return () =>
        run(
          args.map((arg) => arg()),
          this.#scope,
        );
    if (!NOT_SIMULATED.has(name.toLowerCase())) throw unknownFunction(name);
    throw new ArmError(
      501,
      'NotSimulated',
      `The simulated Azure of azid does not know the template function '${name}'; docs/reference/simulator.md lists what it does.`,
    );
  }

  /** `lambda('a', 'b', …)`: called by `map` and its like, with an item and its index. */
  #lambda(args: readonly Deferred[]): (...values: readonly unknown[]) => unknown {
    const names = args.slice(0, -1).map((arg) => String(arg()));
    const body = args.at(-1);
    return (...values) => {
      this.#lambdas.push(new Map(names.map((name, i) => [name, values[i]])));
      try {
        return body?.();
      } finally {
        this.#lambdas.pop();
      }
    };
  }

  #lambdaVariable(name: string): unknown {
    const frame = this.#lambdas.findLast((each) => each.has(name));
    if (frame) return frame.get(name);
    throw invalidTemplate(`The lambda variable '${name}' is not valid.`);
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

/** Names compare without case. */
function member(value: unknown, name: string): unknown {
  const held = (value ?? {}) as Record<string, unknown>;
  const key = Object.hasOwn(held, name)
    ? name
    : Object.keys(held).find((each) => each.toLowerCase() === name.toLowerCase());
  const found = key === undefined ? undefined : held[key];
  if (found !== undefined) return found;
  const known = Object.keys(held);
  const list = known.length > 0 ? `, available properties are '${known.join(', ')}'` : '';
  throw invalidTemplate(`The language expression property '${name}' doesn't exist${list}.`);
}

/** The text is known from public reports. */
const unknownFunction = (name: string) =>
  new ArmError(
    400,
    'InvalidTemplate',
    `Deployment template validation failed: 'The template function '${name}' is not valid.'`,
  );

const invalid = (expression: string) =>
  new ArmError(400, 'InvalidTemplate', `The template language expression '${expression}' is not valid.`);
