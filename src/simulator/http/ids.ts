import type { Foundation } from '../frame.ts';
import type { Message, Reply } from './message.ts';

/** The ids every answer of ARM carries. */
interface Ids {
  readonly requestId: string;
  readonly correlationId: string;
}

export function idsOf(parts: Pick<Foundation, 'random'>, message: Message): Ids {
  const requestId = parts.random.uuid();
  return { requestId, correlationId: correlationOf(message) ?? requestId };
}

export const CORRELATION = 'x-ms-correlation-request-id';

/** A client may bring its own, to know what belongs together again. */
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
