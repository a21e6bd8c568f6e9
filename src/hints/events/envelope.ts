/** A message taken apart: its events, and each out of its envelope. */
import { quoted } from '../foreign-texts.ts';

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

/** An event out of its envelope, whichever of the two it came in. */
export interface Envelope {
  readonly id: string;
  /** `Microsoft.Resources.ResourceWriteSuccess` and the like. */
  readonly type: string;
  /** An ARM id, if it is what it should be. */
  readonly subject: string;
  /** As it was sent; CloudEvents need not have one. */
  readonly time: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Longer ids are no GUIDs, and nothing that is kept to know doubles by. */
const MAX_ID = 256;
/** Longer than any resource's: 90 for a group, 260 for a name, a few levels of them. */
const MAX_SUBJECT = 2_048;
const MAX_TYPE = 256;

const FIELDS = {
  eventGrid: { type: 'eventType', time: 'eventTime' },
  cloudEvents: { type: 'type', time: 'time' },
} as const;

/** Opens Event Grid's own envelope, or that of CloudEvents 1.0, recognised by the one field that only the latter has. */
export function open(element: unknown): { readonly envelope: Envelope } | { readonly refused: Refusal } {
  if (!isObject(element)) return refusal('NotAnEvent', `expected an event, got ${kindOf(element)}`);
  const { specversion } = element;
  if (specversion !== undefined && specversion !== '1.0')
    return refusal(
      'UnknownSchema',
      `specversion: expected 1.0, got ${typeof specversion === 'string' ? quoted(specversion, 16, "'") : kindOf(specversion)}`,
    );
  if (specversion === undefined && element.eventType === undefined)
    return refusal(
      'UnknownSchema',
      "expected Event Grid's schema (eventType) or CloudEvents 1.0 (specversion), found neither; set the delivery schema of the event subscription to one of them",
    );
  return read(element, specversion === undefined ? FIELDS.eventGrid : FIELDS.cloudEvents);
}

function read(
  element: Readonly<Record<string, unknown>>,
  names: { readonly type: string; readonly time: string },
): { readonly envelope: Envelope } | { readonly refused: Refusal } {
  const texts: Record<string, string> = {};
  for (const [field, most] of [
    ['id', MAX_ID],
    [names.type, MAX_TYPE],
    ['subject', MAX_SUBJECT],
  ] as const) {
    const value = element[field];
    if (typeof value !== 'string' || value === '')
      return refusal(
        'MalformedEvent',
        `${field}: expected a text, got ${value === '' ? 'an empty one' : kindOf(value)}`,
      );
    if (value.length > most)
      return refusal('MalformedEvent', `${field}: expected at most ${most} characters, got ${value.length}`);
    texts[field] = value;
  }
  const time = element[names.time];
  if (time !== undefined && typeof time !== 'string')
    return refusal('MalformedEvent', `${names.time}: expected a time, got ${kindOf(time)}`);
  const { data = {} } = element;
  if (!isObject(data)) return refusal('MalformedEvent', `data: expected an object, got ${kindOf(data)}`);
  const { id = '', [names.type]: type = '', subject = '' } = texts;
  return { envelope: { id, type, subject, time, data } };
}

/**
 * Why a message or an event led to nothing: a small, closed set, since each is a label of a metric and a reason that people
 * find in the dead-letter queue.
 */
type Unreadable =
  /** The body is no JSON. */
  | 'NotJson'
  /** Larger than Event Grid ever sends. */
  | 'TooLarge'
  /** More events than Event Grid ever puts together. */
  | 'TooManyEvents'
  /** JSON, and neither an object nor an array of some. */
  | 'NotAnEvent'
  /** Neither Event Grid's schema nor CloudEvents 1.0. */
  | 'UnknownSchema'
  /** A field that must be there is not, or is of another type. */
  | 'MalformedEvent'
  /** What it is about is no ARM id. */
  | 'NoResourceId';

/** Understood, and nothing to do: completed. */
export type Dropped =
  /** Of another source than Resource Manager, such as a storage account. */
  | 'OtherEventType'
  /** It changes nothing that azid reads. */
  | 'IrrelevantOperation'
  /** Refused or ended before it changed anything. */
  | 'NothingChanged'
  /** Its id came before. */
  | 'Duplicate';

export const UNREADABLE: readonly Unreadable[] = [
  'NotJson',
  'TooLarge',
  'TooManyEvents',
  'NotAnEvent',
  'UnknownSchema',
  'MalformedEvent',
  'NoResourceId',
];
export const DROPPED: readonly Dropped[] = [
  'OtherEventType',
  'IrrelevantOperation',
  'NothingChanged',
  'Duplicate',
];

/** With what was expected and what was there, fit for people: no payload. */
export interface Refusal {
  readonly reason: Unreadable;
  readonly message: string;
}

export function refusal(reason: Unreadable, message: string): { readonly refused: Refusal } {
  return { refused: { reason, message } };
}
