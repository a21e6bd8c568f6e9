import { BicepError } from './syntax.ts';
import type { Token } from './tokens.ts';

/** Goes through a list of tokens, and says what it expected where it finds something else. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  /** Of the token that comes next; whoever tries something goes back by it. */
  protected at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  protected peek(ahead = 0): Token {
    return this.#tokens[this.at + ahead] ?? { kind: 'end', line: 0 };
  }

  protected next(): Token {
    const token = this.peek();
    this.at += 1;
    return token;
  }

  protected isSign(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'sign' && token.text === text;
  }

  protected isName(text: string): boolean {
    const token = this.peek();
    return token.kind === 'name' && token.text === text;
  }

  protected take(sign: string): boolean {
    if (!this.isSign(sign)) return false;
    this.at += 1;
    return true;
  }

  protected expect(sign: string): void {
    if (!this.take(sign)) throw this.unexpected(`'${sign}'`);
  }

  protected name(what: string): string {
    const token = this.next();
    if (token.kind === 'name') return token.text;
    throw this.unexpected(what, token);
  }

  /** A text without holes. */
  protected plainText(what: string): string {
    const token = this.next();
    if (token.kind === 'string' && token.holes.length === 0) return token.texts[0] ?? '';
    throw this.unexpected(what, token);
  }

  protected skipLines(also?: string): void {
    while (this.peek().kind === 'newline' || (also !== undefined && this.isSign(also))) this.at += 1;
  }

  protected unexpected(wanted: string, token = this.peek()): BicepError {
    const got =
      'text' in token ? `'${token.text}'` : token.kind === 'string' ? 'a text' : `the ${token.kind}`;
    return new BicepError(token.line, `expected ${wanted}, got ${got}`);
  }
}
