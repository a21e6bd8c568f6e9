import type { IncomingMessage } from 'node:http';

/** A request as it came over the wire, before it is known what it asks for. */
export interface Message {
  readonly method: string;
  /** Decoded, slashes collapsed, case as sent, no query. */
  readonly path: string;
  /** Decoded; names lower-cased: SDK versions send `$filter` and `%24filter` alike (src/simulator/README.md). */
  readonly query: ReadonlyMap<string, string>;
  /** Path and query as sent (slashes collapsed), for the request log. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** Scheme and host the request came under. */
  readonly origin: string;
}

/** What is done with the connection: an answer, or one of the ways a network fails. */
export type Reply =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** The connection is reset without an answer. */
  | { readonly kind: 'reset' }
  /** Nothing is ever sent; the connection stays open until the client gives up. */
  | { readonly kind: 'silence' }
  /** The headers announce the whole body, half of it comes, then the connection ends. */
  | { readonly kind: 'truncated'; readonly answer: Extract<Reply, { kind: 'answer' }> };

/** ARM refuses bodies above 4 MB. */
const MAX_BODY_BYTES = 4 * 2 ** 20;

/** Reads a request to its end. Throws when the body is too large or the client goes away. */
export async function readMessage(request: IncomingMessage, scheme: 'http' | 'https'): Promise<Message> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new Error(`expected a body of at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  const { path, query, target } = splitTarget(request.url ?? '/');
  return {
    method: request.method ?? 'GET',
    path,
    query,
    target,
    headers,
    body: Buffer.concat(chunks).toString('utf8'),
    origin: `${scheme}://${headers.host ?? '127.0.0.1'}`,
  };
}

/**
 * Splits a request target. Slashes are collapsed before anything parses it: in `//subscriptions/…`, which the SDK
 * sends for a scope with a leading slash, a URL parser would take "subscriptions" for the host (src/simulator/README.md).
 */
export function splitTarget(raw: string): Pick<Message, 'path' | 'query' | 'target'> {
  const mark = raw.indexOf('?');
  const rawPath = (mark < 0 ? raw : raw.slice(0, mark)).replace(/\/{2,}/g, '/');
  const search = mark < 0 ? '' : raw.slice(mark + 1);
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) query.set(name.toLowerCase(), value);
  let path = rawPath;
  try {
    path = decodeURIComponent(rawPath).replace(/\/{2,}/g, '/');
  } catch {
    // A stray percent sign stays as it is: no such resource will be found under it.
  }
  return { path, query, target: search === '' ? rawPath : `${rawPath}?${search}` };
}

export function jsonReply(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Extract<Reply, { kind: 'answer' }> {
  const text = body === undefined ? '' : JSON.stringify(body);
  return {
    kind: 'answer',
    status,
    headers: text === '' ? headers : { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: text,
  };
}
