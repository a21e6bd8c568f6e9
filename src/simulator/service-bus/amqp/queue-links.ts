import type { Delivery, EventContext, Receiver, Sender } from 'rhea';
import type { BrokerFaults } from '../parts.ts';
import type { LockedMessage, Settlement } from '../queues/message.ts';
import type { Consumer, Queue } from '../queues/queue.ts';
import { type Condition, LOCK_LOST, NO_DEFERRAL, TOO_LARGE } from './conditions.ts';
import type { Amqp } from './library.ts';
import type { LinkGuard } from './link-guard.ts';
import { readTransfer, tagOf, tokenOfTag, writeMessage } from './messages.ts';

/** `snd-settle-mode` of a receiver that deletes: messages are settled as they are sent. */
const SETTLED = 1;

/** The library's internals that are used here, beyond its types. */
interface Insides {
  credit: number;
  delivery_count: number;
  _draining: boolean;
  _get_drain: () => boolean;
  readonly session: {
    readonly outgoing: { readonly next_pending_delivery: number; available(): number };
  };
  readonly local: { readonly attach: { snd_settle_mode: number; rcv_settle_mode: number } };
}

/** A client's receiver: gives it messages for its credit, and answers how it settles them. */
export class OutgoingLink implements Consumer {
  readonly deletes: boolean;
  readonly #amqp: Amqp;
  readonly #sender: Sender & Insides;
  readonly #queue: Queue;
  /** As faults name it. */
  readonly #queueName: string;
  readonly #faults: BrokerFaults;
  readonly #touch: () => void;
  /** Ids of deliveries that were queued and are not written yet: the library takes credit for them only then. */
  #unwritten: number[] = [];

  constructor(given: {
    readonly amqp: Amqp;
    readonly sender: Sender;
    readonly queue: Queue;
    readonly queueName: string;
    readonly faults: BrokerFaults;
    readonly touch: () => void;
  }) {
    this.#amqp = given.amqp;
    this.#sender = given.sender as Sender & Insides;
    this.#queue = given.queue;
    this.#queueName = given.queueName;
    this.#faults = given.faults;
    this.#touch = given.touch;
    const { sender } = given;
    this.deletes = sender.snd_settle_mode === SETTLED;
    this.#sender.local.attach.snd_settle_mode = sender.snd_settle_mode;
    this.#sender.local.attach.rcv_settle_mode = sender.rcv_settle_mode;
    this.#sender._get_drain = () => this.#drain();
    sender.on('sender_flow', () => {
      this.#touch();
      this.#queue.deliver();
    });
    sender.on('sender_draining', () => sender.set_drained(true));
    sender.on('accepted', (context) => this.#settle(context, { kind: 'complete' }));
    // Only JavaScript's clients never send it; to others it is an abandonment that counts.
    sender.on('released', (context) => this.#settle(context, { kind: 'abandon' }));
    sender.on('rejected', (context) => this.#settle(context, rejection(context.delivery)));
    sender.on('modified', (context) => this.#settle(context, modification(context.delivery)));
  }

  room(): number {
    const { outgoing } = this.#sender.session;
    this.#unwritten = this.#unwritten.filter((id) => id >= outgoing.next_pending_delivery);
    // The library throws when its buffer of unsettled deliveries is full: a message that is never settled blocks its link.
    return Math.min(this.#sender.credit - this.#unwritten.length, outgoing.available());
  }

  /** Credit that is neither used nor promised: the client waits for messages. */
  get waits(): boolean {
    return this.#sender.credit > 0;
  }

  take(message: LockedMessage): void {
    this.#touch();
    const tag = tagOf(this.deletes ? ZERO_TOKEN : message.lockToken);
    const delivery = this.#sender.send(writeMessage(this.#amqp, message), tag);
    this.#unwritten.push(delivery.id);
  }

  /**
   * The library does not answer a client that drains when messages on their way have used the credit up; the client waits
   * then until it gives up and closes the link.
   */
  #drain(): boolean {
    if (!this.#sender._draining) return false;
    this.#sender.delivery_count += this.#sender.credit;
    this.#sender.credit = 0;
    return true;
  }

  #settle({ delivery }: EventContext, settlement: Settlement | undefined): void {
    if (!delivery) return;
    this.#touch();
    const fault = this.#faults.strike({ at: 'settle', queue: this.#queueName });
    const lost = fault?.effect === 'lock-lost';
    const token = tokenOfTag(Buffer.from(delivery.tag as Buffer));
    const held = settlement !== undefined && !lost && this.#queue.settle(token, settlement);
    if (fault?.effect === 'silence') return;
    this.#answer(delivery, settlement ? (held ? undefined : LOCK_LOST) : NO_DEFERRAL);
  }

  /** Settled on this side: the client waits for it, and never settles back. */
  #answer(delivery: Delivery, refusal: Condition | undefined): void {
    const { message } = this.#amqp as unknown as { readonly message: Outcomes };
    const outcome = refusal ? message.rejected({ error: refusal }) : message.accepted();
    delivery.update(true, outcome.described());
    // Else the delivery keeps its place in the session's buffer for ever.
    (delivery as { remote_settled: boolean }).remote_settled = true;
    this.#queue.deliver();
  }
}

const ZERO_TOKEN = '00000000-0000-0000-0000-000000000000';

/** Outcomes the library makes and its types leave out. */
interface Outcomes {
  accepted(): { described(): unknown };
  rejected(fields: { readonly error: Condition }): { described(): unknown };
}

type Info = Readonly<Record<string, unknown>>;

/** Dead-lettering: the reason travels in the error's info. */
function rejection(delivery: Delivery | undefined): Settlement {
  const error = delivery?.remote_state?.error as
    | { readonly info?: Info; readonly description?: string }
    | undefined;
  const {
    DeadLetterReason: reason,
    DeadLetterErrorDescription: description,
    ...properties
  } = error?.info ?? {};
  return {
    kind: 'deadLetter',
    properties,
    ...(reason !== undefined && reason !== null && { reason: String(reason) }),
    ...(description !== undefined && description !== null && { description: String(description) }),
  };
}

/** Abandoning; undefined for deferring. */
function modification(delivery: Delivery | undefined): Settlement | undefined {
  const state = delivery?.remote_state;
  if (state?.undeliverable_here) return undefined;
  const properties = state?.message_annotations as Info | undefined;
  return { kind: 'abandon', ...(properties && { properties }) };
}

/** Of the standard tier. Clients send no batch on a link without it. */
export const MAX_MESSAGE_BYTES = 262_144;

/** A client's sender: puts what it sends into the queue. */
export function receiveInto(
  given: {
    readonly amqp: Amqp;
    readonly queue: Queue;
    readonly newId: () => string;
    readonly guard: LinkGuard;
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
