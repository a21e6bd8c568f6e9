import { z } from 'zod';
import { ArmError } from '../http/operation.ts';
import { type ExpressionScope, evaluate } from './expression.ts';

const resourceSchema = z.looseObject({
  type: z.string(),
  apiVersion: z.string(),
  name: z.string(),
  scope: z.string().optional(),
  condition: z.unknown().optional(),
  /** Of Bicep: to be referred to, not written. */
  existing: z.boolean().optional(),
  copy: z.unknown().optional(),
  dependsOn: z.array(z.string()).optional(),
});

const record = z.record(z.string(), z.unknown());
const templateSchema = z.looseObject({
  parameters: z.record(z.string(), z.looseObject({ defaultValue: z.unknown().optional() })).optional(),
  variables: record.optional(),
  // Bicep writes them by symbolic name.
  resources: z.union([z.array(resourceSchema), z.record(z.string(), resourceSchema)]).default([]),
  outputs: z.record(z.string(), z.looseObject({ type: z.string(), value: z.unknown() })).optional(),
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

/** Parameters that the template has not; Azure names all of them. */
export function assertParameters(
  { parameters = {} }: Template,
  given: Readonly<Record<string, unknown>>,
): void {
  const known = new Set(Object.keys(parameters).map((name) => name.toLowerCase()));
  const unknown = Object.keys(given).filter((name) => !known.has(name.toLowerCase()));
  if (unknown.length === 0) return;
  throw new ArmError(
    400,
    'InvalidTemplate',
    `Deployment template validation failed: 'The following parameters were supplied, but do not correspond to any parameters defined in the template: '${unknown.join(', ')}'. The parameters defined in the template are: '${Object.keys(parameters).join(', ')}'.'.`,
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
      throw new ArmError(
        400,
        'InvalidTemplate',
        `Deployment template validation failed: 'The value for the template parameter '${name}' is not provided.'`,
      );
    },
    variable: (name) => evaluate(variables[name], scope),
  };
  return scope;
}
