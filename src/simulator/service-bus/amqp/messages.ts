import type { Message } from 'rhea';
import type { BrokeredMessage, LockedMessage, MessageContent } from '../queues/message.ts';
import type { Amqp } from './library.ts';

/** The properties section, by the library's names. `message_id` has a place of its own. */
const PROPERTIES = [
  'user_id',
  'to',
  'subject',
  'reply_to',
  'correlation_id',
  'content_type',
  'content_encoding',
  'absolute_expiry_time',
  'creation_time',
  'group_id',
  'group_sequence',
  'reply_to_group_id',
];

/** The format of a transfer that carries several messages, each encoded in a data section of its own. */
const BATCH = 0x80013700;

/** What a client sent; `newId` names messages that came without an id: clients need one to renew a lock. */
export function readTransfer(
  amqp: Amqp,
  transfer: unknown,
  format: number | undefined,
  newId: () => string,
): MessageContent[] {
  if (format !== BATCH) return [readMessage(transfer as Message, newId)];
  const { body } = amqp.message.decode(transfer as Buffer) as { readonly body?: DataSection };
  const parts = body?.multiple ? (body.content as Buffer[]) : [body?.content as Buffer];
  return parts.map((part) => readMessage(amqp.message.decode(part) as unknown as Message, newId));
}

/** How the library shows a body of data sections. */
interface DataSection {
  readonly content: Buffer | readonly Buffer[];
  readonly multiple?: boolean;
}

function readMessage(message: Message, newId: () => string): MessageContent {
  const given = message as unknown as Readonly<Record<string, unknown>>;
  const present = PROPERTIES.filter((name) => given[name] !== undefined && given[name] !== null);
  return {
    messageId: message.message_id === undefined ? newId() : String(message.message_id),
    properties: Object.fromEntries(present.map((name) => [name, given[name]])),
    applicationProperties: message.application_properties ?? {},
    annotations: message.message_annotations ?? {},
    body: message.body,
  };
}

/** A message as it goes to a receiver, with the broker's annotations. */
export function writeMessage(amqp: Amqp, message: BrokeredMessage | LockedMessage): Message {
  const { types } = amqp;
  const locked = 'lockedUntil' in message && message.lockedUntil > 0;
  return {
    ...message.properties,
    message_id: message.messageId,
    delivery_count: message.deliveryCount,
    message_annotations: {
      ...message.annotations,
      'x-opt-enqueued-time': types.wrap_timestamp(message.enqueuedAt),
      'x-opt-sequence-number': types.wrap_long(message.sequenceNumber),
      ...(locked && { 'x-opt-locked-until': types.wrap_timestamp(message.lockedUntil) }),
    },
    application_properties: { ...message.applicationProperties },
    body: bodyOf(amqp, message.body),
  };
}

/** What came from inside has the form of a section, and none of its methods. */
function bodyOf(amqp: Amqp, body: unknown): unknown {
  const { content, multiple } = (body ?? {}) as Partial<DataSection>;
  return Buffer.isBuffer(content) && !multiple ? amqp.message.data_section(content) : body;
}

/**
 * A lock token travels in two ways: as delivery tag in the byte order of a .NET GUID, where the first three groups are
 * turned round, and in `$management` requests as the plain bytes of the UUID that clients show.
 */

/** The position of each byte of one order in the other; the same in both directions. */
const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

export function tagOf(lockToken: string): Buffer {
  const plain = Buffer.from(lockToken.replaceAll('-', ''), 'hex');
  return Buffer.from(ORDER.map((at) => plain[at] ?? 0));
}

export function tokenOfTag(tag: Buffer): string {
  return tokenOfBytes(Buffer.from(ORDER.map((at) => tag[at] ?? 0)));
}

/** Of a `$management` request. */
export function tokenOfBytes(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
