/** A message of Event Grid as hints, and why an event led to none. */
import { callerOf, quoted, subjectOf } from '../foreign-texts.ts';
import type { Hint } from '../hint.ts';
import { subscriptionIn } from '../subscription-arrivals.ts';
import {
  type Dropped,
  type Envelope,
  elementsOf,
  isObject,
  kindOf,
  open,
  type Refusal,
  refusal,
} from './envelope.ts';
import { effectOf } from './operations.ts';

/** An event that was understood: a hint, or why it is none. */
export type ReadEvent = {
  readonly id: string;
  /** `ResourceWriteSuccess` and the like; `other` for what is none of Resource Manager's. */
  readonly type: string;
  /** Of whose resources it is, lower-cased; absent for `other` types and above subscriptions. */
  readonly subscription?: string;
  /** When it happened, wall ms. */
  readonly at: number;
  /** The time that it came with cannot be right: `at` is when it reached the queue. */
  readonly clockOff: boolean;
} & ({ readonly hint: Hint } | { readonly dropped: Dropped });

/** What a message holds. Both: some of it was understood, and the rest is why the message goes to the dead letters. */
interface ReadMessage {
  readonly events: readonly ReadEvent[];
  /** Of the first part that cannot be understood. */
  readonly refused?: Refusal;
}

const TYPE = /^Microsoft\.Resources\.(Resource(Write|Delete|Action)(Success|Failure|Cancel))$/i;
/** As Event Grid spells them; anything else gets one label. */
export const EVENT_TYPES: readonly string[] = [
  ...['Write', 'Delete', 'Action'].flatMap((change) =>
    ['Success', 'Failure', 'Cancel'].map((result) => `Resource${change}${result}`),
  ),
  'other',
];
const RESULTS: Readonly<Record<string, Hint['result']>> = {
  success: 'Succeeded',
  failure: 'Failed',
  cancel: 'Canceled',
};
/** Longer than any: `Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write` has 83. */
const MAX_OPERATION = 512;
const MAX_CORRELATION_ID = 128;

/**
 * Reads a message from Event Grid. One event that cannot be understood keeps none of the others.
 * @param queuedAt when it reached the queue, by the broker's clock, wall ms
 */
export function readMessage(body: unknown, queuedAt: number): ReadMessage {
  const found = elementsOf(body);
  if ('refused' in found) return { events: [], refused: found.refused };
  const { elements } = found;
  const events: ReadEvent[] = [];
  let refused: Refusal | undefined;
  for (const [at, element] of elements.entries()) {
    const read = readEvent(element, queuedAt);
    if ('event' in read) events.push(read.event);
    else refused ??= elements.length === 1 ? read.refused : placed(read.refused, at);
  }
  return { events, ...(refused && { refused }) };
}

function placed({ reason, message }: Refusal, at: number): Refusal {
  return { reason, message: `[${at}]: ${message}` };
}

/**
 * One element of a message. @param queuedAt when the message reached the queue, by the broker's clock, wall ms
 */
function readEvent(
  element: unknown,
  queuedAt: number,
): { readonly event: ReadEvent } | { readonly refused: Refusal } {
  const opened = open(element);
  if ('refused' in opened) return opened;
  const { envelope } = opened;
  const [, type, change, result] = TYPE.exec(envelope.type) ?? [];
  const common = { id: envelope.id, ...timeOf(envelope.time, queuedAt) };
  if (type === undefined || change === undefined || result === undefined)
    return { event: { ...common, type: 'other', dropped: 'OtherEventType' } };
  const subscription = subscriptionIn(envelope.subject);
  const known = {
    ...common,
    type: EVENT_TYPES.find((each) => same(each, type)) ?? 'other',
    ...(subscription !== undefined && { subscription }),
  };
  const operation = operationOf(envelope);
  if (typeof operation !== 'string') return operation;
  const effect = effectOf(operation);
  // First: what is of no interest has subjects of all forms, such as paths of actions, and none of them is a message gone wrong.
  if (effect.acts === 'no') return { event: { ...known, dropped: 'IrrelevantOperation' } };
  const ended = RESULTS[result.toLowerCase()] ?? 'Failed';
  if (effect.acts === 'done' && ended !== 'Succeeded')
    return { event: { ...known, dropped: 'NothingChanged' } };
  const subject = subjectOf(envelope.subject);
  // Of the extensions of a resource only some are of interest: its diagnostics change nothing of it.
  if (subject ? subject.extended && effect.extension !== true : isOfNobody(envelope.subject))
    return { event: { ...known, dropped: 'IrrelevantOperation' } };
  if (!subject)
    return refusal('NoResourceId', `subject: expected an ARM id, got ${quoted(envelope.subject, 200)}`);
  return {
    event: {
      ...known,
      hint: {
        source: 'event',
        id: subject.id,
        operation,
        // Tags that are deleted change what had them.
        change: subject.extended ? 'write' : (change.toLowerCase() as Hint['change']),
        result: ended,
        at: common.at,
        ...originOf(envelope.data),
      },
    },
  };
}

/** An ARM id but for a name that nothing has that azid reads: those of saved searches and the like hold any characters. */
function isOfNobody(subject: string): boolean {
  return subjectOf(subject.replace(/[%#]/g, '_')) !== undefined;
}

function operationOf({ data }: Envelope): string | { readonly refused: Refusal } {
  const { authorization } = data;
  // The right that the caller needed has the operation's name.
  const name = data.operationName ?? (isObject(authorization) ? authorization.action : undefined);
  if (typeof name === 'string' && name !== '' && name.length <= MAX_OPERATION) return name;
  return refusal(
    'MalformedEvent',
    typeof name === 'string'
      ? `data.operationName: expected 1 to ${MAX_OPERATION} characters, got ${name.length}`
      : `data.operationName: expected a text, got ${kindOf(name)}`,
  );
}

/** Who it was, and by which call: of all the rest, `httpRequest` and addresses included, nothing is kept. */
function originOf({ correlationId, claims }: Envelope['data']): Pick<Hint, 'correlationId' | 'caller'> {
  const caller = callerOf(claims);
  const usable =
    typeof correlationId === 'string' && correlationId !== '' && correlationId.length <= MAX_CORRELATION_ID;
  return { ...(usable && { correlationId }), ...(caller && { caller }) };
}

const MINUTE_MS = 60_000;
/** Two clocks of Azure may differ by so much. */
const AHEAD_MS = 5 * MINUTE_MS;
/** Event Grid gives up after a day; what comes later than that did not come from it (docs/azure-facts.md section 10). */
const BEHIND_MS = 25 * 60 * MINUTE_MS;

/**
 * When an event happened. A time that cannot be right is replaced by when the message reached the queue: with one of last
 * year the hint would count as older than what was read since, and with one of next year as newer than all that is read.
 */
function timeOf(
  given: string | undefined,
  queuedAt: number,
): { readonly at: number; readonly clockOff: boolean } {
  if (given === undefined) return { at: queuedAt, clockOff: false };
  const at = Date.parse(given);
  const possible = at <= queuedAt + AHEAD_MS && at >= queuedAt - BEHIND_MS;
  return possible ? { at: Math.min(at, queuedAt), clockOff: false } : { at: queuedAt, clockOff: true };
}

const same = (left: string, right: string) => left.toLowerCase() === right.toLowerCase();
