import type { Message } from './message.ts';
import { type ArmRequest, type Caller, invalidContent } from './operation.ts';
import type { Match } from './router.ts';

/** The request that an operation gets of a message: its path without a slash at the end, its body parsed. */
export function armRequest(message: Message, { operation }: Match, caller: Caller): ArmRequest {
  let body: unknown;
  if (message.body !== '') {
    try {
      body = operation.relaxedJson ? parseRelaxedJson(message.body) : JSON.parse(message.body);
    } catch {
      throw invalidContent();
    }
  }
  const { path, query, headers, origin } = message;
  return {
    method: operation.method,
    path: path.length > 1 ? path.replace(/\/$/, '') : path,
    query,
    headers,
    body,
    caller,
    origin,
    apiVersion: query.get('api-version') ?? '',
  };
}

/** The body as the request log keeps it: parsed where it is JSON. */
export function loggedBody({ body }: Message): { body?: unknown } {
  if (body === '') return {};
  try {
    return { body: JSON.parse(body) as unknown };
  } catch {
    return { body };
  }
}

/** Decoded path with query, for fault patterns. */
export function logicalPath({ path, query }: Message): string {
  const search = [...query].map(([name, value]) => `${name}=${value}`).join('&');
  return search === '' ? path : `${path}?${search}`;
}

/**
 * JSON as Resource Manager reads the bodies of deployments: `az` puts a template into its request as it is in the file, under
 * an unquoted `template`, so that comments and strings over several lines arrive as they were written.
 */
const TOKENS = [
  /"(?:[^"\\]|\\[\s\S])*"/,
  /'(?:[^'\\]|\\[\s\S])*'/,
  /\/\/[^\n]*/,
  /\/\*[\s\S]*?\*\//,
  // A comma too many, comments behind it or not.
  /,(?=(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*[}\]])/,
  // A name without quotes.
  /[A-Za-z_$][\w$]*(?=\s*:)/,
];
const TOKEN = new RegExp(TOKENS.map(({ source }) => source).join('|'), 'g');

/** Throws `SyntaxError` for what is no JSON of this kind either. */
export function parseRelaxedJson(text: string): unknown {
  return JSON.parse(text.replace(TOKEN, strict));
}

function strict(token: string): string {
  switch (token[0]) {
    case '"':
      return withoutBreaks(token);
    case "'":
      return withoutBreaks(
        `"${token
          .slice(1, -1)
          .replaceAll("\\'", "'")
          .replace(/(?<!\\)"/g, '\\"')}"`,
      );
    case '/':
    case ',':
      return '';
    default:
      return `"${token}"`;
  }
}

const withoutBreaks = (text: string) =>
  text.replaceAll('\r', '\\r').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
