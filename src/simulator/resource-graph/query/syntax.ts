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
