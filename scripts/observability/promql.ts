/**
 * Which series and labels a PromQL expression names, so that dashboards and alerts can be held to the series that there are. A
 * reading of tokens, no parser: the expressions themselves are run by Prometheus' own engine (test/observability).
 */

export interface NamedSeries {
  /** As written: a histogram's with `_bucket`, `_sum` or `_count`. */
  readonly name: string;
  /** In its braces. */
  readonly matched: readonly string[];
}

export interface Named {
  readonly series: readonly NamedSeries[];
  /** By which is grouped, joined or taken over. */
  readonly grouped: readonly string[];
}

const GROUPING = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
/** `sum by (a) (b)`: what stands before these is an aggregation. */
const AGGREGATED = new Set(['by', 'without', '(']);
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan', 'start', 'end']);
const TOKEN = /"(?:[^"\\]|\\.)*"|[a-zA-Z_:][\w:]*|\d[\w.]*|\$\w+|\S/g;

export function namedIn(expression: string): Named {
  const tokens: readonly string[] = expression.match(TOKEN) ?? [];
  const series: NamedSeries[] = [];
  const grouped: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? '';
    if (!/^[a-zA-Z_:]/.test(token)) {
      // A range, such as [5m] or [1h:1m], names nothing.
      if (token === '[') at = tokens.indexOf(']', at);
      continue;
    }
    const next = tokens[at + 1];
    if (GROUPING.has(token) && next === '(') {
      const end = tokens.indexOf(')', at);
      grouped.push(...tokens.slice(at + 2, end).filter((each) => each !== ','));
      at = end;
    } else if (next === '{') {
      const end = closing(tokens, at + 1);
      series.push({ name: token, matched: labelsIn(tokens.slice(at + 2, end)) });
      at = end;
    } else if (!AGGREGATED.has(next ?? '') && !WORDS.has(token.toLowerCase()) && !GROUPING.has(token)) {
      series.push({ name: token, matched: [] });
    }
  }
  return { series, grouped: [...new Set(grouped)] };
}

/** Names of the series, a histogram's without its endings. */
export function seriesNames(expression: string, known: ReadonlySet<string>): string[] {
  return namedIn(expression).series.map(({ name }) => baseName(name, known));
}

export function baseName(name: string, known: ReadonlySet<string>): string {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return known.has(name) || !known.has(base) ? name : base;
}

function closing(tokens: readonly string[], from: number): number {
  const end = tokens.indexOf('}', from);
  return end < 0 ? tokens.length : end;
}

/** `a="b",c=~"d"`: every second of them is a label. */
function labelsIn(tokens: readonly string[]): string[] {
  return tokens.filter((token, at) => /^[a-zA-Z_]/.test(token) && /^[=!]/.test(tokens[at + 1] ?? ''));
}
