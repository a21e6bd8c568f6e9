/**
 * Why a message or an event led to nothing: a small, closed set, since each is a label of a metric and a reason that people
 * find in the dead-letter queue.
 */

/** It can never be understood, by whichever version of azid: kept in the dead-letter queue. */
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
