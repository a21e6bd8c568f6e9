/** A query as it is read: a table, and what is done with it, one after the other. */
export interface Query {
  readonly table: string;
  readonly operators: readonly TableOperator[];
}

export type TableOperator =
  | { readonly type: 'where'; readonly condition: Expression }
  | { readonly type: 'extend'; readonly columns: readonly Named[] }
  | { readonly type: 'project'; readonly columns: readonly Named[] }
  | { readonly type: 'project-away'; readonly names: readonly string[] }
  | { readonly type: 'distinct'; readonly columns: readonly Named[] }
  | {
      readonly type: 'mv-expand';
      readonly column: Named;
      /** What the values are turned into. */
      readonly to?: string;
      readonly limit?: number;
    }
  | { readonly type: 'summarize'; readonly aggregates: readonly Named[]; readonly by: readonly Named[] }
  | {
      readonly type: 'order';
      readonly by: readonly { readonly of: Expression; readonly descending: boolean }[];
    }
  | { readonly type: 'limit'; readonly count: number }
  | { readonly type: 'count' }
  | {
      readonly type: 'join';
      readonly kind: (typeof JOINS)[number];
      readonly with: Query;
      readonly on: readonly { readonly left: string; readonly right: string }[];
    };

export const JOINS = ['inner', 'leftouter', 'leftanti'] as const;

export interface Named {
  readonly name: string;
  readonly of: Expression;
}

export type Expression =
  | { readonly type: 'literal'; readonly value: string | number | boolean }
  /** A column, and the way into what it holds. */
  | { readonly type: 'path'; readonly column: string; readonly steps: readonly (string | number)[] }
  | { readonly type: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | {
      readonly type: 'compare';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly type: 'in';
      readonly operator: string;
      readonly left: Expression;
      readonly list: readonly Expression[];
    }
  | { readonly type: 'and' | 'or'; readonly parts: readonly Expression[] };

/** What is simulated of Kusto, named where something else is refused and in the reference. */
export const SIMULATED_QUERY = {
  operators: [
    'where',
    'extend',
    'project',
    'project-away',
    'distinct',
    'mv-expand',
    'summarize',
    'order',
    'sort',
    'limit',
    'take',
    'count',
    'join',
  ],
  comparisons: [
    '==',
    '!=',
    '=~',
    '!~',
    '<',
    '<=',
    '>',
    '>=',
    'in',
    'in~',
    '!in',
    '!in~',
    'has',
    '!has',
    'contains',
    '!contains',
    'startswith',
    '!startswith',
    'endswith',
    '!endswith',
  ],
  functions: [
    'tostring',
    'tolower',
    'toupper',
    'toint',
    'tolong',
    'isnull',
    'isnotnull',
    'isempty',
    'isnotempty',
    'not',
    'strcat',
    'split',
    'bag_keys',
    'array_length',
  ],
  aggregates: ['count', 'countif', 'dcount', 'make_set', 'min', 'max'],
} as const;

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

/** A query that is refused. The text names what was not understood. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}
