import { sleep } from '../clock.ts';
import { faultError } from '../faults.ts';
import type { Graph } from '../graph/graph.ts';
import { answerToken, type TokenEndpointParts } from '../token/token-endpoint.ts';
import { type ArmParts, answerArm } from './arm.ts';
import { jsonReply, type Message, type Reply } from './message.ts';
import type { Answerer } from './server.ts';

/** Entry of the HTTPS endpoint: numbers and logs each request, and routes it to the authority, to Graph or to ARM. */
export function createEntrance(arm: ArmParts, authority: TokenEndpointParts, graph: Graph): Answerer {
  return async (message, signal) => {
    const n = arm.log.open(message.method, message.target);
    const reply =
      (await atAuthority(arm, authority, message, n, signal)) ??
      (await graph.answer(message, n, signal)) ??
      (await answerArm(arm, message, n, signal));
    arm.log.close(n, statusOf(reply));
    return reply;
  };
}

/** Faults and latency strike the token endpoint too, under the operation id `token`; its callers are anonymous. */
async function atAuthority(
  arm: ArmParts,
  authority: TokenEndpointParts,
  message: Message,
  n: number,
  signal: AbortSignal,
): Promise<Reply | undefined> {
  if (!/^\/[^/]+\/(oauth2|v2\.0|discovery)\//i.test(message.path)) return undefined;
  arm.log.amend(n, { operation: 'token' });
  const effect = arm.faults.strike({
    method: message.method,
    path: message.path,
    operation: 'token',
    caller: 'anonymous',
  });
  const ms = arm.knobs.latencyMs('token');
  if (ms > 0) await sleep(arm.clock, ms, signal);
  switch (effect?.kind) {
    case 'reset':
    case 'silence':
      return { kind: effect.kind };
    case 'status': {
      const { status, code, message: text, headers } = faultError(effect, arm.clock.now());
      return jsonReply(status, { error: code, error_description: text, error_codes: [] }, headers);
    }
    case 'truncate':
    case undefined: {
      // Never handed on to ARM: its log keeps bodies, and this one may hold an assertion.
      const reply = (await answerToken(authority, message)) ?? jsonReply(404, { error: 'invalid_request' });
      return effect && reply.kind === 'answer' ? { kind: 'truncated', answer: reply } : reply;
    }
  }
}

function statusOf(reply: Reply): number {
  switch (reply.kind) {
    case 'answer':
      return reply.status;
    case 'truncated':
      return reply.answer.status;
    case 'reset':
    case 'silence':
      return 0;
  }
}
