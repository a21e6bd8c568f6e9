import { type FaultEffect, faultError } from '../faults.ts';
import type { Foundation } from '../frame.ts';
import { jsonReply, type Message, type Reply } from './message.ts';
import { type ArmError, type ArmResponse, errorBody } from './operation.ts';

/** From what an operation returns or throws to an answer, and what a fault makes of that. */

/** The outcome of a call before it is put on the wire. */
export type Answer = Extract<Reply, { kind: 'answer' }>;

export function responseAnswer(response: ArmResponse, headers: Readonly<Record<string, string>>): Answer {
  const all = { ...headers, ...response.headers };
  if (response.xml === undefined) return jsonReply(response.status, response.body, all);
  const type = { 'content-type': 'application/xml; charset=utf-8' };
  return { kind: 'answer', status: response.status, headers: { ...type, ...all }, body: response.xml };
}

export function errorAnswer(error: ArmError, headers: Readonly<Record<string, string>> = {}): Answer {
  return jsonReply(error.status, { error: errorBody(error) }, { ...headers, ...error.headers });
}

/** What a fault does to a call that shall have no effect; undefined when it strikes only afterwards. */
export function beforeEffect(effect: FaultEffect, now: number): Reply | undefined {
  switch (effect.kind) {
    case 'status':
      return effect.when === 'after' ? undefined : errorAnswer(faultError(effect, now));
    case 'reset':
      return effect.when === 'before' ? { kind: 'reset' } : undefined;
    case 'silence':
      return effect.when === 'after' ? undefined : { kind: 'silence' };
    case 'truncate':
      return undefined;
  }
}

export function afterEffect(effect: FaultEffect, answer: Answer, now: number): Reply {
  switch (effect.kind) {
    case 'status':
      return errorAnswer(faultError(effect, now));
    case 'reset':
      return { kind: 'reset' };
    case 'silence':
      return { kind: 'silence' };
    case 'truncate':
      return { kind: 'truncated', answer };
  }
}

/** The ids every answer of ARM carries. */
interface Ids {
  readonly requestId: string;
  readonly correlationId: string;
}

export function idsOf(parts: Foundation, message: Message): Ids {
  const requestId = parts.random.uuid();
  return { requestId, correlationId: correlationOf(message) ?? requestId };
}

export const CORRELATION = 'x-ms-correlation-request-id';

/** A client may send its own, to find what belongs together. */
export const correlationOf = ({ headers }: Message) => headers[CORRELATION];

export const correlated = (message: Message, id: string): Message =>
  correlationOf(message) === id
    ? message
    : { ...message, headers: { ...message.headers, [CORRELATION]: id } };

export function withIds({ requestId, correlationId }: Ids, message: Message, reply: Reply): Reply {
  if (reply.kind === 'reset' || reply.kind === 'silence') return reply;
  const clientRequestId = message.headers['x-ms-client-request-id'];
  const ids = {
    'x-ms-request-id': requestId,
    [CORRELATION]: correlationId,
    // Echoed on demand only.
    ...(clientRequestId !== undefined &&
      message.headers['x-ms-return-client-request-id'] === 'true' && {
        'x-ms-client-request-id': clientRequestId,
      }),
    'cache-control': 'no-cache',
  };
  if (reply.kind === 'answer') return { ...reply, headers: { ...ids, ...reply.headers } };
  return { ...reply, answer: { ...reply.answer, headers: { ...ids, ...reply.answer.headers } } };
}
