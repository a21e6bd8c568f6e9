import type { EventContext, Receiver } from 'rhea';
import type { Queue } from '../queues/queue.ts';
import { TOO_LARGE } from './conditions.ts';
import type { Amqp } from './library.ts';
import type { LinkGuard } from './link-guard.ts';
import { readTransfer } from './messages.ts';

/** Of the standard tier. Clients send no batch on a link that does not say it. */
export const MAX_MESSAGE_BYTES = 262_144;

/** A client's sender: puts what it sends into the queue. */
export function receiveInto(
  given: {
    readonly amqp: Amqp;
    readonly queue: Queue;
    readonly newId: () => string;
    readonly guard: Pick<LinkGuard, 'open' | 'touch'>;
  },
  receiver: Receiver,
): void {
  const { local } = receiver as unknown as {
    readonly local: { readonly attach: { max_message_size: number } };
  };
  local.attach.max_message_size = MAX_MESSAGE_BYTES;
  receiver.on('message', ({ message, delivery }: EventContext) => {
    if (!message || !delivery || !given.guard.open) return;
    given.guard.touch();
    const size = Buffer.isBuffer(message) ? message.length : sizeOf(message.body);
    if (size > MAX_MESSAGE_BYTES) return delivery.reject(TOO_LARGE);
    for (const content of readTransfer(given.amqp, message, delivery.format, given.newId))
      given.queue.enqueue(content);
    delivery.accept();
  });
}

/** Of the body alone: the library hands over a message that is decoded already. */
function sizeOf(body: unknown): number {
  const { content } = (body ?? {}) as { readonly content?: unknown };
  return Buffer.isBuffer(content) ? content.length : 0;
}
