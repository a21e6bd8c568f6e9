/** How the answer to a call is read: whole, or line by line while it comes. */
import type { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { KubeError, type KubeResponse } from '../errors.ts';

/** The headers of an answer, and its body as it comes. */
export interface StreamAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
  /** Asked once the body has ended: it ended with its connection, and not because the server had no more to say. */
  wasCut?(): boolean;
}

/** The largest watch line taken: etcd holds at most 1.5 MiB per object, JSON with managedFields is several times that at worst. */
const MAX_LINE_CHARS = 32 * 1024 * 1024;

/**
 * Splits a stream of UTF-8 chunks into JSON values, one per line. A line that is no JSON, one without end and a stream
 * that ends inside a line are errors: dropping one would be a gap that nothing reports (docs/kubernetes.md section 2).
 */
export async function* jsonLines(call: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  // Pieces of the unfinished line; joined once it is complete, so that a long line costs linear time.
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      pieces.push(text.slice(start, end));
      const line = pieces.join('');
      pieces = [];
      length = 0;
      start = end + 1;
      if (line.trim() !== '') yield parseLine(call, line);
    }
    pieces.push(text.slice(start));
    length += text.length - start;
    if (length > MAX_LINE_CHARS)
      throw new KubeError(`${call}: a line is longer than ${MAX_LINE_CHARS} characters`, {
        reason: 'InvalidResponse',
      });
  }
  if (pieces.join('').trim() !== '')
    throw new KubeError(`${call}: the stream ended inside a line`, { reason: 'ConnectionFailed' });
}

function parseLine(call: string, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Neither the line nor the parser's message, which quotes it.
    throw new KubeError(`${call}: a line of ${line.length} characters is no JSON`, {
      reason: 'InvalidResponse',
    });
  }
}

export async function readWhole(answer: StreamAnswer): Promise<KubeResponse> {
  const text = await textOf(answer.body);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined) headers[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  return { status: answer.statusCode, headers, body: parseBody(text) };
}

function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export async function* alive(
  chunks: AsyncIterable<Uint8Array>,
  onChunk: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onChunk();
    yield chunk;
  }
}
