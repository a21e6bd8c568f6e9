/**
 * @module Bicep to templates, for deploy/azure/bicep: Bicep's own compiler is a program of .NET, which neither npm nor Go brings, so
 * what is tested against the simulated Azure is made from the `.bicep` files by this one. It knows the part of the language that they
 * are written in, refuses the rest, and writes what Bicep's own writes
 * (docs/design/2026-11-30-bicep.md).
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jsonOf, textOf } from './expressions.ts';
import { parseBicep } from './parser.ts';
import { moduleOf, resourceOf } from './resources.ts';
import type { Module, Scope } from './scope.ts';
import { BicepError, type BicepFile, type Decorator, type Parameter, type Statement } from './syntax.ts';
import { SCHEMAS, type Template } from './template.ts';

/** Decorators of parameters; a description stands in the metadata. */
const LIMITS: Readonly<Record<string, string>> = {
  allowed: 'allowedValues',
  minLength: 'minLength',
  maxLength: 'maxLength',
  minValue: 'minValue',
  maxValue: 'maxValue',
};

export type ReadText = (path: string) => string;

/** The template of a `.bicep` file, its modules and what it loads in it. Errors name the file and the line. */
export function compileBicep(path: string, read: ReadText = (file) => readFileSync(file, 'utf8')): Template {
  try {
    return compile(path, parseBicep(read(path)), read);
  } catch (error) {
    if (!(error instanceof BicepError)) throw error;
    throw new Error(`${path}: ${error.message}`, { cause: error });
  }
}

function compile(path: string, file: BicepFile, read: ReadText): Template {
  const of = <K extends Statement['kind']>(kind: K) =>
    file.statements.filter((each): each is Extract<Statement, { kind: K }> => each.kind === kind);
  assertUnique(file.statements.filter(({ kind }) => kind !== 'output'));
  const modules = of('module').map((declaration): [string, Module] => {
    const at = join(dirname(path), declaration.path);
    const inner = parseBicep(read(at));
    return [declaration.name, { declaration, file: inner, template: compileBicep(at, read) }];
  });
  const loaded = new Map<string, string>();
  const contents: Record<string, unknown> = {};
  const scope: Scope = {
    targetScope: file.targetScope,
    parameters: new Set(of('param').map(({ name }) => name)),
    variables: new Set(of('var').map(({ name }) => name)),
    resources: new Map(of('resource').map((each) => [each.name, each])),
    modules: new Map(modules),
    locals: new Map(),
    textOf,
    onReference: () => {},
    load(how, given, line) {
      const key = `${how} ${given}`;
      const variable = loaded.get(key) ?? `$fxv#${loaded.size}`;
      loaded.set(key, variable);
      contents[variable] ??= contentOf(how, join(dirname(path), given), read, line);
      return variable;
    },
  };
  const parameters = Object.fromEntries(of('param').map((each) => [each.name, parameterOf(each, scope)]));
  const variables = Object.fromEntries(
    of('var').map(({ name, value, line }) => {
      const refuse = (to: string) => {
        throw new BicepError(line, `${name}: expected what is known before anything is made, got '${to}'`);
      };
      return [name, jsonOf(value, { ...scope, onReference: refuse })];
    }),
  );
  const resources = [
    ...of('resource')
      .filter(({ existing }) => !existing)
      .map((each) => resourceOf(each, scope)),
    ...[...scope.modules.values()].map((each) => moduleOf(each, scope)),
  ];
  const outputs = Object.fromEntries(
    of('output').map(({ name, type, value, decorators }) => [
      name,
      { type, ...metadataOf(decorators), value: jsonOf(value, scope) },
    ]),
  );
  const all = { ...contents, ...variables };
  return {
    $schema: SCHEMAS[file.targetScope],
    contentVersion: '1.0.0.0',
    metadata: { _generator: { name: 'scripts/bicep' } },
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(Object.keys(all).length > 0 && { variables: all }),
    resources,
    ...(Object.keys(outputs).length > 0 && { outputs }),
  };
}

function contentOf(how: string, path: string, read: ReadText, line: number): unknown {
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    throw new BicepError(line, `${how}: expected a file, got '${path}' (${String(error)})`);
  }
  const content: unknown = how === 'loadJsonContent' ? JSON.parse(text) : text;
  // In a variable it would be taken for an expression.
  return typeof content === 'string' && content.startsWith('[') ? `[${content}` : content;
}

function parameterOf({ type, fallback, decorators }: Parameter, scope: Scope): object {
  const limits = decorators
    .filter(({ name }) => name !== 'description')
    .map(({ name, args: [value], line }) => {
      const key = LIMITS[name];
      if (key !== undefined && value) return [key, jsonOf(value, scope)] as const;
      throw new BicepError(
        line,
        `expected one of the decorators description, ${Object.keys(LIMITS).join(', ')}, got '${name}'`,
      );
    });
  return {
    type,
    ...(fallback && { defaultValue: jsonOf(fallback, scope) }),
    ...Object.fromEntries(limits),
    ...metadataOf(decorators),
  };
}

function metadataOf(decorators: readonly Decorator[]): { readonly metadata?: object } {
  const description = decorators.find(({ name }) => name === 'description')?.args[0];
  if (description?.kind !== 'text') return {};
  return { metadata: { description: description.value } };
}

function assertUnique(statements: readonly Statement[]): void {
  const seen = new Set<string>();
  for (const { name, line } of statements) {
    if (seen.has(name))
      throw new BicepError(line, `expected a name that the file has not declared yet, got '${name}'`);
    seen.add(name);
  }
}
