import type { Message } from 'rhea';
import type { Settlement } from '../queues/message.ts';
import type { Queue } from '../queues/queue.ts';
import { LOCK_LOST, NO_DEFERRAL } from './conditions.ts';
import type { Amqp } from './library.ts';
import { tokenOfBytes } from './lock-token.ts';
import { writeMessage } from './messages.ts';
import type { NodeAnswer } from './request-response.ts';

type Body = Readonly<Record<string, unknown>>;

/** `$management` of a queue: what clients do outside of the link a message came on. */
export function manage(amqp: Amqp, queue: Queue, request: Message): NodeAnswer {
  const operation = String(request.application_properties?.operation ?? '');
  const body = (request.body ?? {}) as Body;
  switch (operation) {
    case 'com.microsoft:renew-lock':
      return renewLocks(amqp, queue, body);
    case 'com.microsoft:update-disposition':
      return updateDisposition(queue, body);
    case 'com.microsoft:peek-message':
      return peek(amqp, queue, body);
    default:
      return {
        status: 501,
        condition: 'amqp:not-implemented',
        description: `The simulated Service Bus of azid does not answer the operation '${operation}'.`,
      };
  }
}

function renewLocks(amqp: Amqp, queue: Queue, body: Body): NodeAnswer {
  const times = lockTokens(body).map((token) => queue.renew(token));
  if (times.length === 0 || times.includes(undefined)) return lockLost();
  return ok({ expirations: amqp.types.wrap_array(times, TIMESTAMP, undefined) });
}

/** Type code of the elements of an array. */
const TIMESTAMP = 0x83;

function updateDisposition(queue: Queue, body: Body): NodeAnswer {
  const settlement = settlementOf(body);
  if (!settlement) return { status: 501, ...NO_DEFERRAL };
  const tokens = lockTokens(body);
  const settled = tokens.map((token) => queue.settle(token, settlement));
  return settled.length > 0 && settled.every((held) => held) ? ok() : lockLost();
}

function settlementOf(body: Body): Settlement | undefined {
  const properties = body['properties-to-modify'] as Body | undefined;
  const reason = body['deadletter-reason'];
  const description = body['deadletter-description'];
  switch (String(body['disposition-status'])) {
    case 'completed':
      return { kind: 'complete' };
    case 'abandoned':
      return { kind: 'abandon', ...(properties && { properties }) };
    case 'suspended':
      return {
        kind: 'deadLetter',
        ...(properties && { properties }),
        ...(reason !== undefined && { reason: String(reason) }),
        ...(description !== undefined && { description: String(description) }),
      };
    default:
      return undefined;
  }
}

function peek(amqp: Amqp, queue: Queue, body: Body): NodeAnswer {
  const found = queue.peek(Number(body['from-sequence-number'] ?? 0), Number(body['message-count'] ?? 1));
  if (found.length === 0) return { status: 204, description: 'NoContent' };
  const messages = found.map((message) => ({ message: amqp.message.encode(writeMessage(amqp, message)) }));
  return ok({ messages });
}

const lockTokens = (body: Body): string[] =>
  ((body['lock-tokens'] ?? []) as readonly Buffer[]).map((bytes) => tokenOfBytes(bytes));

const ok = (body?: unknown): NodeAnswer => ({ status: 200, description: 'OK', body });
const lockLost = (): NodeAnswer => ({ status: 410, ...LOCK_LOST });
