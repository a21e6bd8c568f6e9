import {
  type Attribute,
  COMPARISONS,
  type Condition,
  MAX_DEPTH,
  QUANTIFIERS,
  type Quantifier,
  type Source,
} from './conditions.ts';

/** A condition that Azure would refuse; `message` says where and why, for readers of the simulator's log. */
export class ConditionSyntaxError extends Error {
  override readonly name = 'ConditionSyntaxError';
}

interface Token {
  readonly kind: 'word' | 'text' | 'attribute' | 'sign';
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(?<attribute>@[A-Za-z]+\[[^\]]*\])|'(?<text>(?:[^']|'')*)'|(?<sign>&&|\|\||[(){}!,:])|(?<word>[A-Za-z0-9_.*/-]+))/y;

const SOURCES: readonly Source[] = ['Request', 'Resource', 'Principal', 'Environment'];

/** Reads a condition; keywords and operators in any case. Throws `ConditionSyntaxError`. */
export function parseCondition(text: string): Condition {
  const reader = new Reader(tokenize(text));
  const condition = reader.expression(0);
  reader.end();
  return condition;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (!groups)
      throw new ConditionSyntaxError(`unexpected ${JSON.stringify(text.slice(at, at + 10))} at ${at}`);
    for (const kind of ['word', 'text', 'attribute', 'sign'] as const) {
      const value = groups[kind];
      if (value !== undefined) tokens.push({ kind, text: value, at });
    }
  }
  return tokens;
}

/** Recursive descent over the grammar of `conditions.ts`. */
class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  expression(depth: number): Condition {
    if (depth > MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} levels of nesting`);
    let left = this.#and(depth);
    while (this.#take('OR', '||')) left = { type: 'or', left, right: this.#and(depth) };
    return left;
  }

  end(): void {
    if (this.#peek()) this.#fail('the end of the condition');
  }

  #and(depth: number): Condition {
    let left = this.#unary(depth);
    while (this.#take('AND', '&&')) left = { type: 'and', left, right: this.#unary(depth) };
    return left;
  }

  #unary(depth: number): Condition {
    if (depth > MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} levels of nesting`);
    if (this.#take('!', 'NOT')) return { type: 'not', of: this.#unary(depth + 1) };
    if (this.#take('(')) {
      const inner = this.expression(depth + 1);
      this.#expect(')');
      return inner;
    }
    if (this.#take('ActionMatches')) return { type: 'matches', what: 'Action', pattern: this.#pattern() };
    if (this.#take('SubOperationMatches'))
      return { type: 'matches', what: 'SubOperation', pattern: this.#pattern() };
    if (this.#take('Exists')) return { type: 'exists', attribute: this.#attribute() };
    return this.#comparison();
  }

  #comparison(): Condition {
    const attribute = this.#attribute();
    const quantifier = this.#quantifier();
    const operator = this.#operator();
    if (this.#peek()?.kind === 'attribute')
      return {
        type: 'compare',
        attribute,
        ...(quantifier && { quantifier }),
        operator,
        values: this.#attribute(),
      };
    const values = this.#take('{') ? this.#set() : [this.#value()];
    return { type: 'compare', attribute, ...(quantifier && { quantifier }), operator, values };
  }

  #set(): string[] {
    const values = [this.#value()];
    while (this.#take(',')) values.push(this.#value());
    this.#expect('}');
    return values;
  }

  #pattern(): string {
    this.#expect('{');
    const pattern = this.#value();
    this.#expect('}');
    return pattern;
  }

  #quantifier(): Quantifier | undefined {
    const given = this.#peek()?.text.toLowerCase();
    const quantifier = QUANTIFIERS.find((each) => each.toLowerCase() === given);
    if (!quantifier) return undefined;
    this.#next++;
    this.#expect(':');
    return quantifier;
  }

  #operator(): string {
    const token = this.#peek();
    const given = token?.text.toLowerCase();
    const operator =
      token?.kind === 'word' && Object.keys(COMPARISONS).find((each) => each.toLowerCase() === given);
    if (!operator) return this.#fail('a comparison operator');
    this.#next++;
    return operator;
  }

  #attribute(): Attribute {
    const token = this.#peek();
    const [, given, name] = token?.kind === 'attribute' ? (/^@(\w+)\[(.+)\]$/.exec(token.text) ?? []) : [];
    const source = SOURCES.find((each) => each.toLowerCase() === given?.toLowerCase());
    if (!source || !name) return this.#fail('an attribute such as @Request[Microsoft.X/y:Z]');
    this.#next++;
    return { source, name: name.trim() };
  }

  #value(): string {
    const token = this.#peek();
    if (token?.kind !== 'text' && token?.kind !== 'word') return this.#fail('a value');
    this.#next++;
    return token.kind === 'text' ? token.text.replaceAll("''", "'") : token.text;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  /** Takes a keyword or sign if it comes next. Quoted text is never a keyword. */
  #take(...words: readonly string[]): boolean {
    const token = this.#peek();
    if (!token || token.kind === 'text' || token.kind === 'attribute') return false;
    if (!words.some((word) => word.toLowerCase() === token.text.toLowerCase())) return false;
    this.#next++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) this.#fail(`"${sign}"`);
  }

  #fail(expected: string): never {
    const token = this.#peek();
    const got = token ? `"${token.text}" at ${token.at}` : 'the end of the condition';
    throw new ConditionSyntaxError(`expected ${expected}, got ${got}`);
  }
}
