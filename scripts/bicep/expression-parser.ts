import { BicepError, type Expression, type Property } from './syntax.ts';
import { TokenReader } from './token-reader.ts';

/** By how tightly they bind, the loosest first. */
const BINARY = [
  ['??'],
  ['||'],
  ['&&'],
  ['==', '!=', '=~', '!~'],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
];

/** Reads expressions off a list of tokens; declarations are read by what extends it. */
export class ExpressionParser extends TokenReader {
  expression(): Expression {
    const lambda = this.#lambda();
    if (lambda) return lambda;
    const test = this.#binary(0);
    // A choice may go on in the next line, by its sign.
    if (!this.#takeAcrossLines('?')) return test;
    this.skipLines();
    const yes = this.expression();
    if (!this.#takeAcrossLines(':')) throw this.unexpected("':' of the choice");
    this.skipLines();
    return { kind: 'choice', test, yes, no: this.expression(), line: test.line };
  }

  object(): readonly Property[] {
    this.expect('{');
    const properties: Property[] = [];
    for (;;) {
      this.skipLines(',');
      if (this.take('}')) return properties;
      const { line } = this.peek();
      const key = this.#key();
      this.expect(':');
      properties.push({ key, value: this.expression(), line });
    }
  }

  /** `a => …` or `(a, b) => …`. */
  #lambda(): Expression | undefined {
    const { line } = this.peek();
    const start = this.at;
    const names: string[] = [];
    if (this.take('('))
      while (!this.take(')')) {
        const token = this.next();
        if (token.kind === 'name') names.push(token.text);
        else if (!(token.kind === 'sign' && token.text === ',')) break;
      }
    else if (this.peek().kind === 'name') names.push(this.name('a name'));
    if (names.length > 0 && this.take('=>')) return { kind: 'lambda', names, body: this.expression(), line };
    this.at = start;
    return undefined;
  }

  #binary(level: number): Expression {
    const signs = BINARY[level];
    if (!signs) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const sign = signs.find((each) => this.isSign(each));
      if (sign === undefined) return left;
      this.next();
      left = { kind: 'binary', sign, left, right: this.#binary(level + 1), line: left.line };
    }
  }

  #unary(): Expression {
    const { line } = this.peek();
    for (const sign of ['!', '-'])
      if (this.take(sign)) return { kind: 'unary', sign, operand: this.#unary(), line };
    return this.#chain();
  }

  #chain(): Expression {
    let value = this.#primary();
    for (;;) {
      const { line } = value;
      // `a!.b`: that it is not null is for the compiler's types alone.
      if (this.isSign('!') && this.isSign('.', 1)) this.next();
      if (this.take('.'))
        value = { kind: 'member', of: value, name: this.name('the name of a member'), line };
      else if (this.take('[')) {
        value = { kind: 'index', of: value, index: this.expression(), line };
        this.expect(']');
      } else return value;
    }
  }

  #primary(): Expression {
    const token = this.peek();
    const { line } = token;
    if (token.kind === 'string') {
      this.next();
      const [first = ''] = token.texts;
      if (token.holes.length === 0) return { kind: 'text', value: first, line };
      const holes = token.holes.map((hole) => new ExpressionParser(hole).expression());
      return { kind: 'template', texts: token.texts, holes, line };
    }
    if (token.kind === 'number') {
      this.next();
      return { kind: 'number', value: Number(token.text), line };
    }
    if (token.kind === 'name') {
      this.next();
      if (token.text === 'null') return { kind: 'constant', value: null, line };
      if (token.text === 'true' || token.text === 'false')
        return { kind: 'constant', value: token.text === 'true', line };
      if (!this.take('(')) return { kind: 'name', name: token.text, line };
      return { kind: 'call', name: token.text, args: this.#items(')'), line };
    }
    if (this.take('(')) {
      this.skipLines();
      const inner = this.expression();
      this.skipLines();
      this.expect(')');
      return inner;
    }
    if (this.isSign('{')) return { kind: 'object', properties: this.object(), line };
    if (this.take('[')) {
      if (this.isName('for')) throw new BicepError(line, 'expected map() in place of a loop in a value');
      return { kind: 'array', items: this.#items(']'), line };
    }
    throw this.unexpected('a value');
  }

  #items(close: string): readonly Expression[] {
    const items: Expression[] = [];
    for (;;) {
      this.skipLines(',');
      if (this.take(close)) return items;
      items.push(this.expression());
    }
  }

  #key(): string {
    const token = this.peek();
    return token.kind === 'string' ? this.plainText('a key without holes') : this.name('a key');
  }

  #takeAcrossLines(sign: string): boolean {
    const start = this.at;
    this.skipLines();
    if (this.take(sign)) return true;
    this.at = start;
    return false;
  }
}
