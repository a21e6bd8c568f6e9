import type { BicepFile, Expression, ModuleDeclaration, ResourceDeclaration } from './syntax.ts';
import type { Template } from './template.ts';

/** A module with what its file declares. */
export interface Module {
  readonly declaration: ModuleDeclaration;
  readonly file: BicepFile;
  readonly template: Template;
}

/** What stands in one file, by name, and where its expressions are being written. */
export interface Scope {
  readonly targetScope: BicepFile['targetScope'];
  readonly parameters: ReadonlySet<string>;
  readonly variables: ReadonlySet<string>;
  readonly resources: ReadonlyMap<string, ResourceDeclaration>;
  readonly modules: ReadonlyMap<string, Module>;
  /** Items and indexes of loops, parameters of lambdas: what each is in a template. */
  readonly locals: ReadonlyMap<string, string>;
  /** Hears of each resource or module that is referred to, with its id in the template. */
  readonly onReference: (name: string, id: string) => void;
  /** The variable that holds what a `load…Content` function read. */
  readonly load: (name: string, path: string, line: number) => string;
  /** How an expression is written, for what stands within names and scopes. */
  readonly textOf: (expression: Expression, scope: Scope) => string;
}

export const within = (scope: Scope, locals: Iterable<readonly [string, string]>): Scope => ({
  ...scope,
  locals: new Map([...scope.locals, ...locals]),
});
