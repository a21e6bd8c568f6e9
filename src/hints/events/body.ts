import { type Refusal, refusal } from './reasons.ts';

/** Event Grid takes at most 1 MB, a batch included (docs/azure-facts.md section 10). */
export const MAX_BODY_BYTES = 1_048_576;
/** And at most so many events in one batch. */
export const MAX_EVENTS = 5_000;

type Body = { readonly elements: readonly unknown[] } | { readonly refused: Refusal };

/**
 * The events of a message: an object, or an array of some, since documentation does not say which Event Grid sends.
 * `body` is bytes, text, or what a client made of them. Elements are not inspected, however deep they go.
 */
export function elementsOf(body: unknown): Body {
  const parsed = parse(body);
  if ('refused' in parsed) return parsed;
  const { value } = parsed;
  if (!Array.isArray(value))
    return isObject(value)
      ? { elements: [value] }
      : refusal('NotAnEvent', `expected an event or an array of events, got ${kindOf(value)}`);
  if (value.length === 0) return refusal('NotAnEvent', 'expected at least one event, got an empty array');
  if (value.length > MAX_EVENTS)
    return refusal('TooManyEvents', `expected at most ${MAX_EVENTS} events, got ${value.length}`);
  return { elements: value };
}

function parse(body: unknown): { readonly value: unknown } | { readonly refused: Refusal } {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return { value: body };
  const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  // Before anything is made of it.
  if (bytes > MAX_BODY_BYTES)
    return refusal('TooLarge', `expected at most ${MAX_BODY_BYTES} bytes, got ${bytes}`);
  try {
    // A byte order mark is no JSON, and some senders put one.
    const text = typeof body === 'string' ? body.replace(/^\uFEFF/, '') : UTF8.decode(body);
    return { value: JSON.parse(text) };
  } catch {
    return refusal('NotJson', `expected JSON in UTF-8, got ${bytes} bytes that are none`);
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** For messages. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
