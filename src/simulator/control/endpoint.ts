import type { z } from 'zod';
import { jsonReply, type Message, type Reply } from '../http/message.ts';
import { ArmError } from '../http/operation.ts';
import { type Listener, listen } from '../http/server.ts';

/**
 * The control endpoint: plain HTTP on 127.0.0.1 so that any tool reaches it without the private CA. `POST /<verb>` with
 * a JSON body of the verb's fields; the answer is JSON. Contract for outside tools (docs/architecture.md section 8):
 * `POST /token` -> `{"accessToken"}`, `GET /requests?since=N` -> array. Unknown verbs and fields are a 400 that names them.
 */
export function listenForControl(
  control: Readonly<Record<string, (input: never) => unknown>>,
  port: number,
): Promise<Listener> {
  const verbs = Object.keys(control).sort();
  const call = async (name: string, input: unknown): Promise<Reply> => {
    const run = Object.hasOwn(control, name) ? control[name] : undefined;
    if (!run) return refusal(`expected one of the verbs ${verbs.join(', ')}, got '${name}'`);
    try {
      return jsonReply(200, (await run(input as never)) ?? {});
    } catch (error) {
      if (error instanceof ControlError || error instanceof ArmError) return refusal(error.message);
      throw error;
    }
  };
  const answer = async (message: Message): Promise<Reply> => {
    const name = message.path.slice(1);
    if (message.method === 'GET') {
      const since = message.query.get('since');
      if (name === 'requests')
        return call(name, since === null || since === undefined ? {} : { since: Number(since) });
      if (name === '') return jsonReply(200, { verbs });
      return refusal(`expected POST /${name}; GET is for /requests alone`);
    }
    if (message.method !== 'POST')
      return refusal(`expected POST /<verb>, got ${message.method} ${message.path}`);
    try {
      return await call(name, message.body === '' ? {} : JSON.parse(message.body));
    } catch (error) {
      if (error instanceof SyntaxError) return refusal('expected the body to be JSON');
      throw error;
    }
  };
  return listen({ port, answer });
}

const refusal = (message: string) => jsonReply(400, { error: { code: 'BadControlRequest', message } });

/** One verb of the control endpoint: what it takes and what it does. */
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
