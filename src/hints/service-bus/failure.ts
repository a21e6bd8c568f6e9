import { backoffMs, type Random } from '../../runtime/queue/backoff.ts';

/**
 * What kept a queue from being received from, as a small set of reasons. The client's own texts carry a tracking id and a time in each,
 * so they go to the log and never into a status, which would be written anew at every attempt.
 */

export type QueueFailureReason =
  /** No such queue in the namespace. */
  | 'QueueNotFound'
  /** There, and disabled, or with sessions, which nothing here receives from. */
  | 'QueueNotUsable'
  /** azid may not receive from it. */
  | 'AuthorizationFailed'
  /** No token from Entra. */
  | 'AzureAuthenticationFailed'
  | 'Throttled'
  /** No answer, no connection, or an error of the broker itself. */
  | 'BrokerUnavailable';

export interface QueueFailure {
  readonly reason: QueueFailureReason;
  /** The code that the client gave, or its network's: short, and the same at each attempt. */
  readonly code: string;
}

const BY_CODE: Readonly<Record<string, QueueFailureReason>> = {
  MessagingEntityNotFound: 'QueueNotFound',
  MessagingEntityDisabled: 'QueueNotUsable',
  InvalidOperationError: 'QueueNotUsable',
  UnauthorizedAccess: 'AuthorizationFailed',
  ServiceBusy: 'Throttled',
  QuotaExceeded: 'Throttled',
  AzureAuthenticationFailed: 'AzureAuthenticationFailed',
};
/** Errors of `@azure/identity`, by name: they have no code. */
const CREDENTIAL_ERRORS = new Set([
  'AuthenticationError',
  'AggregateAuthenticationError',
  'AuthenticationRequiredError',
  'CredentialUnavailableError',
]);
/** A code of Node's or of OpenSSL in the text of an error that lost its own on the way. */
const CODE_IN_TEXT = /\b(?:E[A-Z]{4,}|[A-Z]+(?:_[A-Z]+){2,})\b/;

export function queueFailureOf(error: unknown): QueueFailure {
  const all = [...withCauses(error)];
  if (all.some(({ name }) => CREDENTIAL_ERRORS.has(name)))
    return { reason: 'AzureAuthenticationFailed', code: 'AzureAuthenticationFailed' };
  const codes = all.map(codeOf).filter((code) => code !== undefined);
  const known = codes.find((code) => BY_CODE[code] !== undefined);
  if (known !== undefined) return { reason: BY_CODE[known] ?? 'BrokerUnavailable', code: known };
  // The most specific one: the network's own code rather than that something failed in general.
  const code = codes.find((each) => CODE_IN_TEXT.test(each)) ?? codes[0] ?? 'GeneralError';
  return { reason: 'BrokerUnavailable', code };
}

/** The message will come again; the link is as good as before. */
export function isLockLost(error: unknown): boolean {
  return [...withCauses(error)].some((each) => codeOf(each) === 'MessageLockLost');
}

/** A call of the client that did not come back. */
export class CallTimedOut extends Error {
  override readonly name = 'CallTimedOut';
  readonly code = 'ServiceTimeout';
  constructor() {
    super('the client for Service Bus did not come back from a call in time');
  }
}

/** The error and those inside: after several attempts the client throws an `AggregateError` that has no code itself. */
function* withCauses(error: unknown, depth = 0): Generator<Error> {
  if (!(error instanceof Error) || depth > 4) return;
  if (error instanceof AggregateError)
    for (const each of [...error.errors].reverse()) yield* withCauses(each, depth + 1);
  yield error;
  yield* withCauses(error.cause, depth + 1);
}

function codeOf(error: Error): string | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code !== undefined && code !== 'GeneralError') return code;
  // A code that the client does not know goes before its text.
  const prefix = /^(\w+Error): /.exec(error.message)?.[1];
  if (prefix !== undefined && BY_CODE[prefix] !== undefined) return prefix;
  return CODE_IN_TEXT.exec(error.message)?.[0] ?? code;
}

/** What passes by itself is asked soon; what lasts until a user acts, less often. */
const SOON = { baseMs: 1_000, maxMs: 60_000 };
const SELDOM = { baseMs: 5_000, maxMs: 120_000 };

/** How long to wait after so many failures in a row. */
export function waitAfter({ reason }: QueueFailure, failures: number, random: Random): number {
  return backoffMs(failures, random, reason === 'BrokerUnavailable' ? SOON : SELDOM);
}
