/** The part of Bicep that deploy/azure/bicep is written in, as a tree. Positions are lines, for errors. */

export type Expression =
  | { readonly kind: 'text'; readonly value: string; readonly line: number }
  /** `'a${b}c'`: one text more than holes. */
  | {
      readonly kind: 'template';
      readonly texts: readonly string[];
      readonly holes: readonly Expression[];
      readonly line: number;
    }
  | { readonly kind: 'number'; readonly value: number; readonly line: number }
  | { readonly kind: 'constant'; readonly value: boolean | null; readonly line: number }
  | { readonly kind: 'array'; readonly items: readonly Expression[]; readonly line: number }
  | { readonly kind: 'object'; readonly properties: readonly Property[]; readonly line: number }
  | { readonly kind: 'name'; readonly name: string; readonly line: number }
  | { readonly kind: 'member'; readonly of: Expression; readonly name: string; readonly line: number }
  | { readonly kind: 'index'; readonly of: Expression; readonly index: Expression; readonly line: number }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Expression[];
      readonly line: number;
    }
  | {
      readonly kind: 'choice';
      readonly test: Expression;
      readonly yes: Expression;
      readonly no: Expression;
      readonly line: number;
    }
  | {
      readonly kind: 'binary';
      readonly sign: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | { readonly kind: 'unary'; readonly sign: string; readonly operand: Expression; readonly line: number }
  | {
      readonly kind: 'lambda';
      readonly names: readonly string[];
      readonly body: Expression;
      readonly line: number;
    };

export interface Property {
  readonly key: string;
  readonly value: Expression;
  readonly line: number;
}

export interface Decorator {
  readonly name: string;
  readonly args: readonly Expression[];
  readonly line: number;
}

export interface Parameter {
  readonly kind: 'param';
  readonly name: string;
  readonly type: string;
  readonly fallback?: Expression;
  readonly decorators: readonly Decorator[];
  readonly line: number;
}

export interface Variable {
  readonly kind: 'var';
  readonly name: string;
  readonly value: Expression;
  readonly line: number;
}

/** `[for (item, index) in list: {…}]` */
export interface Loop {
  readonly item: string;
  readonly index?: string;
  readonly list: Expression;
}

export interface Declared {
  readonly name: string;
  readonly condition?: Expression;
  readonly loop?: Loop;
  readonly body: readonly Property[];
  readonly line: number;
}

export interface ResourceDeclaration extends Declared {
  readonly kind: 'resource';
  readonly type: string;
  readonly apiVersion: string;
  readonly existing: boolean;
}

export interface ModuleDeclaration extends Declared {
  readonly kind: 'module';
  readonly path: string;
}

export interface Output {
  readonly kind: 'output';
  readonly name: string;
  readonly type: string;
  readonly value: Expression;
  readonly decorators: readonly Decorator[];
  readonly line: number;
}

export type Statement = Parameter | Variable | ResourceDeclaration | ModuleDeclaration | Output;

export interface BicepFile {
  readonly targetScope: 'resourceGroup' | 'subscription';
  readonly statements: readonly Statement[];
}

/** What is not Bicep, or not of the part that is known here. */
export class BicepError extends Error {
  override readonly name = 'BicepError';

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
  }
}
