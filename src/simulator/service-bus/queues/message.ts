/**
 * A message as a queue keeps it: what its sender wrote, in the sections of AMQP. The queue reads its id alone; names and
 * values are those of the AMQP library, so that what comes out is what went in.
 */
export interface MessageContent {
  readonly messageId: string;
  /** The properties section, `message_id` aside. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly applicationProperties: Readonly<Record<string, unknown>>;
  /** The sender's own annotations; the broker's are added at delivery. */
  readonly annotations: Readonly<Record<string, unknown>>;
  /** The body section, encoded or not: only sender and receiver read it. */
  readonly body: unknown;
}

/** A message in a queue. */
export interface BrokeredMessage extends MessageContent {
  /** From 1, in the order of arrival; a message keeps its number when it is delivered again. */
  readonly sequenceNumber: number;
  /** Wall ms. */
  readonly enqueuedAt: number;
  /** How often it was abandoned or its lock expired: 0 at the first delivery. */
  readonly deliveryCount: number;
}

/** A message that was given to one receiver until it settles it or its lock expires. */
export interface LockedMessage extends BrokeredMessage {
  /** A UUID. */
  readonly lockToken: string;
  /** Wall ms. */
  readonly lockedUntil: number;
}

/** How a receiver is done with a message. */
export type Settlement =
  | { readonly kind: 'complete' }
  /** Delivered again, with these application properties over the old ones. */
  | { readonly kind: 'abandon'; readonly properties?: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'deadLetter';
      readonly reason?: string;
      readonly description?: string;
      readonly properties?: Readonly<Record<string, unknown>>;
    };

/** With the two properties that give the reason why it is in the dead-letter queue. */
export function deadLettered(
  message: BrokeredMessage,
  { reason, description, properties }: Omit<Extract<Settlement, { kind: 'deadLetter' }>, 'kind'>,
): BrokeredMessage {
  return {
    ...message,
    applicationProperties: {
      ...message.applicationProperties,
      ...properties,
      ...(reason !== undefined && { DeadLetterReason: reason }),
      ...(description !== undefined && { DeadLetterErrorDescription: description }),
    },
  };
}

/** The broker's reason for a message that no receiver completed. */
export function tooManyDeliveries(count: number) {
  return {
    reason: 'MaxDeliveryCountExceeded',
    description: `Message could not be consumed after ${count} delivery attempts.`,
  };
}

/**
 * A body of one data section, in the form in which the AMQP library shows those that come from clients; made here without
 * it, since what is sent from inside may come before any client connects.
 */
const DATA_SECTION = 0x75;

interface TextBody {
  readonly typecode: typeof DATA_SECTION;
  readonly content: Buffer;
}

export const textBody = (text: string): TextBody => ({ typecode: DATA_SECTION, content: Buffer.from(text) });

/** For people: what is no text of one section is shown as nothing. */
export function textOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  const { typecode, content } = (body ?? {}) as { readonly typecode?: unknown; readonly content?: unknown };
  return typecode === DATA_SECTION && Buffer.isBuffer(content) ? content.toString('utf8') : undefined;
}
