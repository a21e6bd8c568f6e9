import type { Message, Receiver, Sender } from 'rhea';
import type { Claims } from '../claims/claims.ts';
import { checkToken } from '../claims/token-check.ts';
import type { BrokerParts } from '../parts.ts';
import type { Settlement } from '../queues/message.ts';
import type { Namespace } from '../queues/namespaces.ts';
import type { Queue } from '../queues/queue.ts';
import { LOCK_LOST, NO_DEFERRAL } from './conditions.ts';
import type { Amqp } from './library.ts';
import { tokenOfBytes, writeMessage } from './messages.ts';

/** What `$cbs` and `$management` answer: a status as of HTTP, and more where something was asked for. */
interface NodeAnswer {
  readonly status: number;
  readonly description?: string;
  /** AMQP condition of a failure. */
  readonly condition?: string;
  readonly body?: unknown;
}

/**
 * Answers a request on the link it names: `reply-to` is the name of a link of the same session, or the address it gave
 * as its target. Without such a link no answer is sent.
 */
export function answerOn(amqp: Amqp, requests: Receiver, request: Message, answer: NodeAnswer): void {
  const { reply_to: replyTo } = request;
  const link = requests.session.find_sender(
    (each: Sender) => each.name === replyTo || each.target?.address === replyTo,
  );
  if (!link) return;
  const { status, description, condition, body } = answer;
  // Both spellings, as the service does: clients of Service Bus read one, those of Event Hubs the other.
  link.send({
    ...(request.message_id !== undefined && { correlation_id: request.message_id }),
    application_properties: {
      'status-code': amqp.types.wrap_int(status),
      statusCode: amqp.types.wrap_int(status),
      ...(description !== undefined && { 'status-description': description, statusDescription: description }),
      ...(condition !== undefined && { errorCondition: condition }),
    },
    body: body ?? null,
  });
}

/** `put-token` at `$cbs`: how a connection comes to its claims. Undefined: no answer, by a fault. */
export async function putToken(
  parts: BrokerParts,
  namespace: Namespace | undefined,
  claims: Claims,
  request: Message,
  anyKey: boolean,
): Promise<NodeAnswer | undefined> {
  const { operation, ...given } = request.application_properties ?? {};
  // Values are of any type: a client wrote them.
  const [type, audience] = [given.type, given.name].map((value) => String(value ?? '')) as [string, string];
  if (operation !== 'put-token')
    return { status: 400, description: `The operation '${operation}' is not supported.` };
  const fault = parts.faults.strike({ at: 'put-token', queue: '' });
  if (fault?.effect === 'silence') return undefined;
  if (fault?.effect === 'status') return { status: fault.status, description: fault.description };
  if (!namespace) return { status: 404, description: `The namespace of '${audience}' could not be found.` };
  const value = textOf(request.body);
  const check = await checkToken(parts, namespace, { type, value, audience }, anyKey);
  const status = check.valid ? 202 : 401;
  const principal = check.valid && check.holder.kind === 'principal' ? check.holder.caller.objectId : '';
  parts.onToken({ audience, type, principal, status });
  if (!check.valid) return { status, description: check.why };
  claims.put(audience, check.holder, check.expiresAt);
  return { status, description: 'Accepted' };
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  const { content } = (body ?? {}) as { readonly content?: Buffer };
  return content?.toString('utf8') ?? '';
}

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
