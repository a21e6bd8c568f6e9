import { subscriptionIn } from '../arrivals/subscription-arrivals.ts';
import { callerOf } from '../caller.ts';
import type { Hint } from '../hint.ts';
import { quoted } from '../plain.ts';
import { subjectOf } from '../subject.ts';
import { isObject, kindOf } from './body.ts';
import { type Envelope, open } from './envelope.ts';
import { effectOf } from './operations.ts';
import { type Dropped, type Refusal, refusal } from './reasons.ts';
import { timeOf } from './time.ts';

/** An event that was understood: a hint, or why it is none. */
export type ReadEvent = {
  readonly id: string;
  /** `ResourceWriteSuccess` and the like; `other` for whatever is none of Resource Manager's. */
  readonly type: string;
  /** Of whose resources it is, lower-cased; absent for `other` types and above subscriptions. */
  readonly subscription?: string;
  /** When it happened, wall ms. */
  readonly at: number;
  /** The time that it came with cannot be right: `at` is when it reached the queue. */
  readonly clockOff: boolean;
} & ({ readonly hint: Hint } | { readonly dropped: Dropped });

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
 * One element of a message. @param queuedAt when the message reached the queue, by the broker's clock, wall ms
 */
export function readEvent(
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

const same = (left: string, right: string) => left.toLowerCase() === right.toLowerCase();
