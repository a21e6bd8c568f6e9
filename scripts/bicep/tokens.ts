import { BicepError } from './syntax.ts';

export type Token =
  | { readonly kind: 'name' | 'number' | 'sign'; readonly text: string; readonly line: number }
  | {
      readonly kind: 'string';
      readonly texts: readonly string[];
      /** What stands in `${…}`, each with an end of its own. */
      readonly holes: readonly (readonly Token[])[];
      readonly line: number;
    }
  | { readonly kind: 'newline' | 'end'; readonly line: number };

/** The longest first. */
const SIGNS = ['=>', '==', '!=', '=~', '!~', '<=', '>=', '&&', '||', '??', ...'{}[]().,:?=<>+-*/%!@'];
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', "'": "'", '\\': '\\', $: '$' };

/** Comments and blanks left out; the ends of lines stay, since they end declarations, properties and items. */
export function tokensOf(source: string): readonly Token[] {
  return new Lexer(source.replaceAll('\r\n', '\n')).all();
}

class Lexer {
  readonly #source: string;
  #at = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  all(): readonly Token[] {
    const tokens = this.#until(undefined);
    return [...tokens, { kind: 'end', line: this.#line }];
  }

  /** Up to the end of the text, or to the brace that closes a hole. */
  #until(close: '}' | undefined): Token[] {
    const tokens: Token[] = [];
    let depth = 0;
    for (;;) {
      this.#skipBlanks();
      const char = this.#source[this.#at];
      const line = this.#line;
      if (char === undefined) {
        if (close === undefined) return tokens;
        throw new BicepError(line, `expected '}' to end the expression in a text, got the end of the file`);
      }
      if (char === '\n') {
        this.#at += 1;
        this.#line += 1;
        tokens.push({ kind: 'newline', line });
        continue;
      }
      if (char === "'") {
        tokens.push(this.#source.startsWith("'''", this.#at) ? this.#lines() : this.#string());
        continue;
      }
      const word = this.#match(/[A-Za-z_]\w*/y);
      if (word !== undefined) {
        tokens.push({ kind: 'name', text: word, line });
        continue;
      }
      const digits = this.#match(/\d+/y);
      if (digits !== undefined) {
        tokens.push({ kind: 'number', text: digits, line });
        continue;
      }
      if (char === '}' && depth === 0 && close !== undefined) {
        this.#at += 1;
        return tokens;
      }
      const sign = SIGNS.find((each) => this.#source.startsWith(each, this.#at));
      if (sign === undefined) throw new BicepError(line, `expected a name, a text or a sign, got '${char}'`);
      if (sign === '{') depth += 1;
      if (sign === '}') depth -= 1;
      this.#at += sign.length;
      tokens.push({ kind: 'sign', text: sign, line });
    }
  }

  #skipBlanks(): void {
    for (;;) {
      const skipped = this.#match(/[ \t]+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y);
      if (skipped === undefined) return;
      this.#line += skipped.split('\n').length - 1;
    }
  }

  /** `'…'` of one line, with escapes and holes. */
  #string(): Token {
    const line = this.#line;
    const texts: string[] = [];
    const holes: Token[][] = [];
    let text = '';
    this.#at += 1;
    for (;;) {
      const char = this.#source[this.#at];
      if (char === undefined || char === '\n') throw new BicepError(line, 'expected a quote to end the text');
      this.#at += 1;
      if (char === "'") return { kind: 'string', texts: [...texts, text], holes, line };
      if (char === '\\') {
        const escaped = this.#source[this.#at] ?? '';
        const meant = ESCAPES[escaped];
        if (meant === undefined)
          throw new BicepError(line, `expected an escape of Bicep in a text, got '\\${escaped}'`);
        text += meant;
        this.#at += 1;
      } else if (char === '$' && this.#source[this.#at] === '{') {
        this.#at += 1;
        texts.push(text);
        text = '';
        holes.push([...this.#until('}'), { kind: 'end', line: this.#line }]);
      } else text += char;
    }
  }

  /** `'''…'''`: as it stands, less a line end at its start. */
  #lines(): Token {
    const line = this.#line;
    const end = this.#source.indexOf("'''", this.#at + 3);
    if (end < 0) throw new BicepError(line, "expected ''' to end the text");
    const text = this.#source.slice(this.#at + 3, end);
    this.#line += text.split('\n').length - 1;
    this.#at = end + 3;
    return { kind: 'string', texts: [text.replace(/^\n/, '')], holes: [], line };
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source)?.[0];
    if (found === undefined) return undefined;
    this.#at += found.length;
    return found;
  }
}
