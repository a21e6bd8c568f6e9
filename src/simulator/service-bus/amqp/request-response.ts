import type { Message, Receiver, Sender } from 'rhea';
import type { Amqp } from './library.ts';

/** What `$cbs` and `$management` answer: a status as of HTTP, and more where something was asked for. */
export interface NodeAnswer {
  readonly status: number;
  readonly description?: string;
  /** AMQP condition of a failure. */
  readonly condition?: string;
  readonly body?: unknown;
}

/**
 * Answers a request on the link it names: `reply-to` is the name of a link of the same session, or the address it gave
 * as its target. Without such a link nobody waits for an answer.
 */
export function answerOn(amqp: Amqp, requests: Receiver, request: Message, answer: NodeAnswer): void {
  const { reply_to: replyTo } = request;
  const link = requests.session.find_sender(
    (each: Sender) => each.name === replyTo || each.target?.address === replyTo,
  );
  if (!link) return;
  const { status, description, condition, body } = answer;
  // Both spellings, as the service does: clients of Service Bus look for one, those of Event Hubs for the other.
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
