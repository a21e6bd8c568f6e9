import {
  type Expression,
  JOINS,
  type Named,
  type Query,
  QueryError,
  SIMULATED_QUERY,
  type TableOperator,
  type Token,
  tokensOf,
} from './syntax.ts';

/** Reads a query; throws `QueryError` for what is not simulated. */
export function parseQuery(text: string): Query {
  const parser = new Parser(tokensOf(text));
  const query = parser.query();
  parser.end();
  return query;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Without a table at its beginning it is of `resources`. */
  query(): Query {
    const starts = this.#next.text.toLowerCase();
    const bare = (SIMULATED_QUERY.operators as readonly string[]).includes(starts);
    const table = bare ? 'resources' : this.#name().toLowerCase();
    const operators: TableOperator[] = bare ? [this.#operator()] : [];
    while (this.#takes('|')) operators.push(this.#operator());
    return { table, operators };
  }

  end(): void {
    this.#takes(';');
    if (this.#next.kind !== 'end') throw new QueryError(`expected '|', got '${this.#next.text}'`);
  }

  #operator(): TableOperator {
    const name = this.#name().toLowerCase();
    switch (name) {
      case 'where':
        return { type: 'where', condition: this.#expression() };
      case 'extend':
      case 'project':
      case 'distinct':
        return { type: name, columns: this.#list(() => this.#named()) };
      case 'project-away':
        return { type: name, names: this.#list(() => this.#name()) };
      case 'mv-expand':
        return this.#expand();
      case 'summarize':
        return this.#summarize();
      case 'order':
      case 'sort':
        this.#expect('by');
        return { type: 'order', by: this.#list(() => this.#key()) };
      case 'limit':
      case 'take':
        return { type: 'limit', count: this.#number() };
      case 'count':
        return { type: 'count' };
      case 'join':
        return this.#join();
      default:
        throw new QueryError(
          `the operator '${name}' is not simulated; these are: ${SIMULATED_QUERY.operators.join(', ')}`,
        );
    }
  }

  #key() {
    const of = this.#expression();
    const descending = !this.#takes('asc');
    this.#takes('desc');
    if (this.#takes('nulls')) throw new QueryError("'nulls first' and 'nulls last' are not simulated");
    return { of, descending };
  }

  #expand(): TableOperator {
    const column = this.#named();
    const to = this.#takes('to') ? this.#typeOf() : undefined;
    const limit = this.#takes('limit') ? this.#number() : undefined;
    return {
      type: 'mv-expand',
      column,
      ...(to !== undefined && { to }),
      ...(limit !== undefined && { limit }),
    };
  }

  #typeOf(): string {
    this.#expect('typeof');
    this.#expect('(');
    const type = this.#name();
    this.#expect(')');
    return type;
  }

  #summarize(): TableOperator {
    const aggregates = this.#next.text.toLowerCase() === 'by' ? [] : this.#list(() => this.#named());
    const by = this.#takes('by') ? this.#list(() => this.#named()) : [];
    return { type: 'summarize', aggregates, by };
  }

  #join(): TableOperator {
    if (!this.#takes('kind'))
      throw new QueryError(`a join without its kind is not simulated; these are: ${JOINS.join(', ')}`);
    this.#expect('=');
    const given = this.#name().toLowerCase();
    const kind = JOINS.find((each) => each === given);
    if (!kind) throw new QueryError(`'join kind=${given}' is not simulated; these are: ${JOINS.join(', ')}`);
    this.#expect('(');
    const other = this.query();
    this.#expect(')');
    this.#expect('on');
    return { type: 'join', kind, with: other, on: this.#list(() => this.#match()) };
  }

  /** `column`, or `$left.a == $right.b`. */
  #match() {
    const first = this.#side();
    if (!this.#takes('==')) return { left: first.name, right: first.name };
    const second = this.#side();
    if (first.side !== '$left' || second.side !== '$right')
      throw new QueryError("expected '$left.<column> == $right.<column>' behind 'on'");
    return { left: first.name, right: second.name };
  }

  #side() {
    const first = this.#name();
    return first.startsWith('$') && this.#takes('.')
      ? { side: first, name: this.#name() }
      : { side: '', name: first };
  }

  #named(): Named {
    const [first, second] = [this.#next, this.#tokens[this.#at + 1]];
    if (first.kind === 'name' && second?.text === '=') {
      this.#at += 2;
      return { name: first.text, of: this.#expression() };
    }
    const of = this.#expression();
    return { name: nameOf(of), of };
  }

  #expression(): Expression {
    return this.#joined('or', () => this.#joined('and', () => this.#comparison()));
  }

  #joined(word: 'and' | 'or', part: () => Expression): Expression {
    const parts = [part()];
    while (this.#takes(word)) parts.push(part());
    return parts.length === 1 ? (parts[0] as Expression) : { type: word, parts };
  }

  #comparison(): Expression {
    const left = this.#primary();
    const operator = this.#next.text.toLowerCase();
    if (!(SIMULATED_QUERY.comparisons as readonly string[]).includes(operator)) {
      const ends = this.#next.kind !== 'name' || ENDS.has(operator);
      if (ends && !'+-*/'.includes(operator)) return left;
      throw new QueryError(
        `the operator '${this.#next.text}' is not simulated; these are: ${SIMULATED_QUERY.comparisons.join(', ')}`,
      );
    }
    this.#at++;
    if (!/^!?in~?$/.test(operator)) return { type: 'compare', operator, left, right: this.#primary() };
    this.#expect('(');
    const list = this.#list(() => this.#primary());
    this.#expect(')');
    return { type: 'in', operator, left, list };
  }

  #primary(): Expression {
    const { kind, text } = this.#next;
    if (this.#takes('(')) {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    this.#at++;
    if (kind === 'string') return { type: 'literal', value: text };
    if (kind === 'number') return { type: 'literal', value: Number(text) };
    if (kind !== 'name') throw new QueryError(`expected a value, got '${text}'`);
    if (/^(true|false)$/i.test(text)) return { type: 'literal', value: text.toLowerCase() === 'true' };
    if (this.#takes('(')) {
      const given = this.#next.text === ')' ? [] : this.#list(() => this.#expression());
      this.#expect(')');
      return { type: 'call', name: text.toLowerCase(), arguments: given };
    }
    return { type: 'path', column: text, steps: this.#steps() };
  }

  /** `.name`, `['name']`, `[0]`, `.['name']`. */
  #steps(): readonly (string | number)[] {
    const steps: (string | number)[] = [];
    for (;;) {
      const dotted = this.#takes('.');
      if (this.#takes('[')) {
        const { kind, text } = this.#next;
        if (kind !== 'string' && kind !== 'number')
          throw new QueryError(`expected a name or a number in '[ ]', got '${text}'`);
        this.#at++;
        steps.push(kind === 'number' ? Number(text) : text);
        this.#expect(']');
      } else if (dotted) steps.push(this.#name());
      else return steps;
    }
  }

  #list<T>(item: () => T): readonly T[] {
    const items = [item()];
    while (this.#takes(',')) items.push(item());
    return items;
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: 'the end of the query' };
  }

  #takes(text: string): boolean {
    const { kind, text: found } = this.#next;
    if (kind === 'string' || kind === 'end' || found.toLowerCase() !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw new QueryError(`expected '${text}', got '${this.#next.text}'`);
  }

  #name(): string {
    const { kind, text } = this.#next;
    if (kind !== 'name') throw new QueryError(`expected a name, got '${text}'`);
    this.#at++;
    return text;
  }

  #number(): number {
    const { kind, text } = this.#next;
    if (kind !== 'number') throw new QueryError(`expected a number, got '${text}'`);
    this.#at++;
    return Number(text);
  }
}

/** Words that follow an expression and are none of its operators. */
const ENDS = new Set(['and', 'or', 'by', 'to', 'limit', 'asc', 'desc', 'nulls', 'on']);

/** As Kusto names a column that is given no name. */
function nameOf(of: Expression): string {
  if (of.type === 'path') return [of.column, ...of.steps].join('_');
  if (of.type === 'call' && of.arguments.length === 0) return `${of.name}_`;
  const [inner] = of.type === 'call' ? of.arguments : [];
  return of.type === 'call' && inner?.type === 'path' ? `${of.name}_${nameOf(inner)}` : 'Column1';
}
