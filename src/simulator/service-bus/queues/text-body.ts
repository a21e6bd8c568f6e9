/**
 * A body of one data section, in the form in which the AMQP library shows those that come from clients; made here without
 * it, since who sends from inside may do so before any client connects.
 */
const DATA_SECTION = 0x75;

interface TextBody {
  readonly typecode: typeof DATA_SECTION;
  readonly content: Buffer;
}

export const textBody = (text: string): TextBody => ({ typecode: DATA_SECTION, content: Buffer.from(text) });

/** For people who look: what is no text of one section is shown as nothing. */
export function textOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  const { typecode, content } = (body ?? {}) as { readonly typecode?: unknown; readonly content?: unknown };
  return typecode === DATA_SECTION && Buffer.isBuffer(content) ? content.toString('utf8') : undefined;
}
