import type { z } from 'zod';

/** One thing the hand of "someone else in Azure" can do: what it takes and what it does. */
interface Verb<Schema extends z.ZodType, Result> {
  readonly input: Schema;
  run(input: z.output<Schema>): Result;
}

/** Only ties the types of schema and function together. */
export function verb<Schema extends z.ZodType, Result>(
  input: Schema,
  run: (input: z.output<Schema>) => Result,
): Verb<Schema, Result> {
  return { input, run };
}

// biome-ignore lint/suspicious/noExplicitAny: a table of verbs of all types has no other common type.
type VerbTable = Readonly<Record<string, Verb<any, any>>>;

/** The same table as an object of functions: what in-process tests call. A verb without fields may be called bare. */
export type ControlOf<Table extends VerbTable> = {
  readonly [Name in keyof Table]: Record<never, never> extends z.input<Table[Name]['input']>
    ? (input?: z.input<Table[Name]['input']>) => ReturnType<Table[Name]['run']>
    : (input: z.input<Table[Name]['input']>) => ReturnType<Table[Name]['run']>;
};

/** Bad input to a verb: names the field. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

export function controlOf<Table extends VerbTable>(table: Table): ControlOf<Table> {
  const functions = Object.entries(table).map(([name, each]) => [
    name,
    (input: unknown = {}) => each.run(readInput(name, each.input, input)),
  ]);
  return Object.fromEntries(functions) as ControlOf<Table>;
}

function readInput(name: string, schema: z.ZodType, input: unknown): unknown {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) =>
    issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
  );
  throw new ControlError(`${name}: ${issues.join('; ')}`);
}
