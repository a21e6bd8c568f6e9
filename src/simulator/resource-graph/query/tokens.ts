import { QueryError } from './error.ts';

export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'symbol' | 'end';
  readonly text: string;
}

const BLANK = /(?:\s+|\/\/[^\n]*)*/y;
/** Operators of tables may have a dash, those of values a `!` before or a `~` behind them. */
const NAME =
  /(?:mv-(?:expand|apply)|project-(?:away|keep|rename|reorder)|make-series|top-nested|parse-where|sample-distinct|!?[A-Za-z_$]\w*~?)/y;
const NUMBER = /\d+(?:\.\d+)?/y;
const SYMBOL = /=~|!~|==|!=|<=|>=|[=<>()[\].,|;*+/-]/y;
const STRING = /@'[^']*'|@"[^"]*"|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/y;

const KINDS = [
  ['string', STRING],
  ['name', NAME],
  ['number', NUMBER],
  ['symbol', SYMBOL],
] as const;

/** The words of a query; its end is one of them. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = matched(BLANK, text, 0).length;
  while (at < text.length) {
    const found = KINDS.map(([kind, pattern]) => ({ kind, text: matched(pattern, text, at) })).find(
      (token) => token.text !== '',
    );
    if (!found)
      throw new QueryError(
        `expected a word, a number, a text or an operator, got '${text.slice(at, at + 20)}'`,
      );
    tokens.push(found.kind === 'string' ? { kind: 'string', text: unquoted(found.text) } : found);
    at += found.text.length;
    at += matched(BLANK, text, at).length;
  }
  return [...tokens, { kind: 'end', text: 'the end of the query' }];
}

function matched(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function unquoted(literal: string): string {
  if (literal.startsWith('@')) return literal.slice(2, -1);
  return literal
    .slice(1, -1)
    .replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char === 't' ? '\t' : char));
}
