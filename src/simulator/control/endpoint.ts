import { jsonReply, type Message, type Reply } from '../http/message.ts';
import { ArmError } from '../http/operation.ts';
import { type Listener, listen } from '../http/server.ts';
import { ControlError } from './verb.ts';

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
