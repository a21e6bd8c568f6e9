import { ExpressionParser } from './expression-parser.ts';
import {
  BicepError,
  type BicepFile,
  type Declared,
  type Decorator,
  type Expression,
  type Loop,
  type Statement,
} from './syntax.ts';
import { tokensOf } from './tokens.ts';

/**
 * Types that need no newer language of templates; what Bicep has beside them (`string[]`, its own types) is refused, since templates
 * of languageVersion 2.0 are written in another form.
 */
const TYPES = new Set(['string', 'int', 'bool', 'object', 'array']);
const SCOPES = { resourceGroup: true, subscription: true } as const;

/** The declarations of one `.bicep` file. */
export function parseBicep(source: string): BicepFile {
  return new Parser(tokensOf(source)).file();
}

class Parser extends ExpressionParser {
  file(): BicepFile {
    let targetScope: BicepFile['targetScope'] = 'resourceGroup';
    const statements: Statement[] = [];
    for (;;) {
      this.skipLines();
      if (this.peek().kind === 'end') return { targetScope, statements };
      if (this.isName('targetScope')) targetScope = this.#targetScope();
      else statements.push(this.#statement());
      if (this.peek().kind !== 'newline' && this.peek().kind !== 'end')
        throw this.unexpected('the end of the line');
    }
  }

  #targetScope(): BicepFile['targetScope'] {
    this.next();
    this.expect('=');
    const { line } = this.peek();
    const scope = this.plainText('a scope');
    if (Object.hasOwn(SCOPES, scope)) return scope as BicepFile['targetScope'];
    throw new BicepError(line, `targetScope: expected ${Object.keys(SCOPES).join(' or ')}, got '${scope}'`);
  }

  #statement(): Statement {
    const decorators: Decorator[] = [];
    while (this.isSign('@')) {
      decorators.push(this.#decorator());
      this.skipLines();
    }
    const { line } = this.peek();
    const keyword = this.name('a declaration');
    const name = this.name(`the name of the ${keyword}`);
    switch (keyword) {
      case 'param': {
        const type = this.#type();
        const fallback = this.take('=') ? this.expression() : undefined;
        return { kind: 'param', name, type, ...(fallback && { fallback }), decorators, line };
      }
      case 'var':
        this.expect('=');
        return { kind: 'var', name, value: this.expression(), line };
      case 'output': {
        const type = this.#type();
        this.expect('=');
        return { kind: 'output', name, type, value: this.expression(), decorators, line };
      }
      case 'resource': {
        const [type = '', apiVersion = ''] = this.plainText('a type of resource').split('@');
        const existing = this.isName('existing');
        if (existing) this.next();
        return { kind: 'resource', type, apiVersion, existing, ...this.#declared(name, line) };
      }
      case 'module':
        return {
          kind: 'module',
          path: this.plainText('the path of the module'),
          ...this.#declared(name, line),
        };
      default:
        throw new BicepError(line, `expected param, var, resource, module or output, got '${keyword}'`);
    }
  }

  /** What follows `=`: a body, one of a loop, one with a condition, or both. */
  #declared(name: string, line: number): Declared {
    this.expect('=');
    const loop = this.take('[') ? this.#loop() : undefined;
    const condition = this.#condition();
    const body = this.object();
    if (loop) {
      this.skipLines();
      this.expect(']');
    }
    return { name, line, body, ...(loop && { loop }), ...(condition && { condition }) };
  }

  #loop(): Loop {
    if (this.name("'for'") !== 'for') throw this.unexpected("'for'");
    const pair = this.take('(');
    const item = this.name('the name of an item');
    let index: string | undefined;
    if (pair) {
      this.expect(',');
      index = this.name('the name of an index');
      this.expect(')');
    }
    if (this.name("'in'") !== 'in') throw this.unexpected("'in'");
    const list = this.expression();
    this.expect(':');
    return { item, list, ...(index !== undefined && { index }) };
  }

  #condition(): Expression | undefined {
    if (!this.isName('if')) return undefined;
    this.next();
    this.expect('(');
    const condition = this.expression();
    this.expect(')');
    return condition;
  }

  #decorator(): Decorator {
    this.expect('@');
    const { line } = this.peek();
    const call = this.expression();
    if (call.kind !== 'call') throw new BicepError(line, 'expected a decorator with parentheses');
    return { name: call.name, args: call.args, line };
  }

  #type(): string {
    const { line } = this.peek();
    const type = this.name('a type');
    if (TYPES.has(type)) return type;
    throw new BicepError(line, `expected one of the types ${[...TYPES].join(', ')}, got '${type}'`);
  }
}
