import { z } from 'zod';
import { ArmError } from '../http/operation.ts';
import { copiesIn, evaluate, rounds } from './expressions/evaluate.ts';
import { type ExpressionScope, failedValidation } from './expressions/scope.ts';

const resourceSchema = z.looseObject({
  type: z.string(),
  apiVersion: z.string(),
  name: z.string(),
  scope: z.string().optional(),
  condition: z.unknown().optional(),
  /** Of Bicep: to be referred to, not written. */
  existing: z.boolean().optional(),
  copy: z.looseObject({ name: z.string(), count: z.unknown() }).optional(),
  dependsOn: z.array(z.string()).optional(),
  /** Of nested deployments: where they are, if elsewhere. */
  resourceGroup: z.string().optional(),
  subscriptionId: z.string().optional(),
});

const record = z.record(z.string(), z.unknown());
const templateSchema = z.looseObject({
  parameters: z.record(z.string(), z.looseObject({ defaultValue: z.unknown().optional() })).optional(),
  variables: record.optional(),
  // Bicep writes them by symbolic name.
  resources: z.union([z.array(resourceSchema), z.record(z.string(), resourceSchema)]).default([]),
  outputs: z
    .record(
      z.string(),
      z.looseObject({
        type: z.string(),
        value: z.unknown(),
        condition: z.unknown().optional(),
        copy: z.looseObject({ count: z.unknown(), input: z.unknown() }).optional(),
      }),
    )
    .optional(),
});

export type Template = z.infer<typeof templateSchema>;
export type TemplateResource = z.infer<typeof resourceSchema> & { readonly symbol?: string };

export function readTemplate(given: unknown): Template {
  const parsed = templateSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new ArmError(
    400,
    'InvalidTemplate',
    `Deployment template validation failed: '${where}' is not valid.`,
  );
}

export const resourcesOf = ({ resources }: Template): TemplateResource[] =>
  Array.isArray(resources)
    ? resources
    : Object.entries(resources).map(([symbol, resource]) => ({ ...resource, symbol }));

/** What a deployment that has succeeded puts out. */
export function outputsOf({ outputs = {} }: Template, scope: ExpressionScope): Record<string, unknown> {
  const wanted = Object.entries(outputs).filter(
    ([, { condition }]) => condition === undefined || evaluate(condition, scope) === true,
  );
  return Object.fromEntries(
    wanted.map(([name, { type, value, copy }]) => {
      const worked = copy ? rounds({ name, ...copy }, scope, evaluate) : evaluate(value, scope);
      return [name, { type: `${type.charAt(0).toUpperCase()}${type.slice(1)}`, value: worked }];
    }),
  );
}

/** Parameters as given, or by default; one without either is refused. */
export function scopeOf(
  { parameters = {}, variables = {} }: Template,
  given: Readonly<Record<string, unknown>>,
  base: Omit<ExpressionScope, 'parameter' | 'variable'>,
): ExpressionScope {
  const named = (name: string) =>
    Object.entries(given).find(([own]) => own.toLowerCase() === name.toLowerCase())?.[1];
  const scope: ExpressionScope = {
    ...base,
    parameter(name) {
      const value = (named(name) as { value?: unknown } | undefined)?.value;
      if (value !== undefined) return value;
      const fallback = parameters[name]?.defaultValue;
      if (fallback !== undefined) return evaluate(fallback, scope);
      throw missingParameter(name);
    },
    variable(name) {
      if (name in variables) return evaluate(variables[name], scope);
      const copied = copiesIn(variables)?.find((each) => each.name === name);
      if (copied) return rounds(copied, scope, evaluate);
      throw failedValidation(
        `The template variable '${name}' is not found. Please see https://aka.ms/arm-syntax-variables for usage details.`,
      );
    },
  };
  return scope;
}

const missingParameter = (name: string) =>
  failedValidation(
    `The value for the template parameter '${name}' is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details.`,
  );
