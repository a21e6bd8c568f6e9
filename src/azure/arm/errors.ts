/**
 * The one place where what the Azure SDKs throw becomes a value. They throw `RestError` (with or without an answer),
 * plain `Error` (pollers: docs/azure-facts.md section 15), `AggregateError` without a code (Service Bus), `AbortError` for the
 * caller's signal and for a time limit alike, and several classes of their own for credentials.
 */
import { cleanMessage, retryAfterFromHeaders, retryAfterFromText } from './error-text.ts';

interface AzureErrorOptions {
  /** HTTP status; absent when no answer came. */
  readonly status?: number;
  /** Azure's code (`ResourceNotFound`), a system code (`ECONNRESET`), or one of azid's: see `LOCAL_CODES`. */
  readonly code: string;
  readonly message: string;
  /** What the answer asked to wait. */
  readonly retryAfterMs?: number;
  /** A write whose effect is unknown: sent, and then no answer or a 5xx. */
  readonly ambiguous?: boolean;
  /** azid held the call back, since Azure closed its rate-limit scope for `retryAfterMs`: nothing failed. */
  readonly heldBack?: boolean;
  readonly correlationId?: string;
  /** Of the request that was answered so: the same code means another thing for another method. */
  readonly method?: string;
  readonly cause?: unknown;
}

/** Codes that azid gives where Azure gives none. */
export const LOCAL_CODES = {
  aborted: 'Aborted',
  /** The turn of a write came, and what it was decided on had changed. Nothing was sent; the turn is kept. */
  decideAgain: 'DecideAgain',
  timedOut: 'TimedOut',
  authentication: 'AzureAuthenticationFailed',
  refused: 'WriteRefused',
  foreignOrigin: 'ForeignOrigin',
  /** Azure answered, but the answer lacks what was asked for. */
  incomplete: 'IncompleteAnswer',
  /** More of it than azid reads in one go. */
  tooMany: 'TooManyRecords',
  /** An Azure Policy wants a token for the write, and none is given; or asking for it failed. */
  policyTokenRefused: 'PolicyTokenRefused',
  policyTokenUnavailable: 'PolicyTokenUnavailable',
  unknown: 'Unknown',
} as const;

export class AzureError extends Error {
  override readonly name = 'AzureError';
  readonly status: number | undefined;
  readonly code: string;
  readonly retryAfterMs: number | undefined;
  readonly ambiguous: boolean;
  readonly heldBack: boolean;
  readonly correlationId: string | undefined;
  readonly method: string | undefined;

  constructor(options: AzureErrorOptions) {
    super(cleanMessage(options.message), options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
    this.code = options.code;
    this.retryAfterMs = options.retryAfterMs;
    this.ambiguous = options.ambiguous ?? false;
    this.heldBack = options.heldBack ?? false;
    this.correlationId = options.correlationId;
    this.method = options.method;
  }
}

/** A call that azid itself refused right before it was sent (lost leadership, a foreign host). Nothing was sent. */
export class CallRefused extends Error {
  override readonly name = 'CallRefused';
  readonly code: string;

  constructor(code: 'WriteRefused' | 'ForeignOrigin', message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** What is known about the call besides the error. */
export interface CallFacts {
  readonly write?: boolean;
  /** The request left for the network at least once. */
  readonly sent?: boolean;
  /** The caller gave up. */
  readonly aborted?: boolean;
  /** azid's own time limit ended it. */
  readonly timedOut?: boolean;
  /** Wall time, ms: for a `Retry-After` that is a date; without it such a date is ignored. */
  readonly nowMs?: number;
}

/** System codes that say the connection was never made, so nothing can have happened. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

const CREDENTIAL_ERRORS = new Set([
  'AuthenticationRequiredError',
  'AuthenticationError',
  'AggregateAuthenticationError',
  'CredentialUnavailableError',
]);

/** Turns anything thrown by a call into an `AzureError`; one that already is stays as it is. */
export function toAzureError(error: unknown, facts: CallFacts = {}): AzureError {
  if (error instanceof AzureError) return error;
  const shape = readShape(error);
  const common = { message: shape.message, cause: error };
  if (error instanceof CallRefused) return new AzureError({ ...common, code: error.code });
  const ambiguous = Boolean(facts.write && facts.sent);
  if (facts.timedOut && shape.status === undefined)
    return new AzureError({
      ...common,
      code: LOCAL_CODES.timedOut,
      message: 'no answer within the time limit of the call',
      ambiguous,
    });
  if (facts.aborted && shape.status === undefined)
    return new AzureError({
      ...common,
      code: LOCAL_CODES.aborted,
      message: 'the call was given up',
      ambiguous,
    });
  if (shape.credential) return new AzureError({ ...common, code: LOCAL_CODES.authentication });
  const answered = shape.status !== undefined;
  const retryAfterMs = retryAfterFromHeaders(shape.header, facts.nowMs) ?? retryAfterFromText(shape.message);
  const correlationId = shape.header('x-ms-correlation-request-id') ?? shape.header('x-ms-request-id');
  return new AzureError({
    ...common,
    // An AbortError without an abort of the caller's signal: the SDK's own limit on a token request, or a socket torn down under it.
    code: shape.code ?? (shape.name === 'AbortError' ? LOCAL_CODES.timedOut : LOCAL_CODES.unknown),
    ...(shape.status !== undefined && { status: shape.status }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(correlationId !== undefined && { correlationId }),
    ...(shape.method !== undefined && { method: shape.method }),
    ambiguous: ambiguous && (answered ? mayHaveActed(shape.status) : !NEVER_CONNECTED.has(shape.code ?? '')),
  });
}

/** After a 5xx or 408 the write may have acted or not; a 2xx that became an error (a truncated body) did act. */
function mayHaveActed(status: number | undefined): boolean {
  return status !== undefined && (status >= 500 || status === 408 || status < 300);
}

interface Shape {
  readonly name: string;
  readonly message: string;
  readonly status?: number;
  readonly code?: string;
  readonly method?: string;
  readonly credential: boolean;
  readonly header: (name: string) => string | undefined;
}

function readShape(error: unknown): Shape {
  const none = () => undefined;
  if (!isRecord(error)) return { name: 'Error', message: String(error), credential: false, header: none };
  // An AggregateError has no code of its own: the first of its errors that has one speaks (docs/azure-facts.md section 15).
  const inner = Array.isArray(error.errors) ? error.errors.find((each) => isRecord(each)) : undefined;
  if (inner && text(error.code) === undefined) return { ...readShape(inner), ...credentialOf(error) };
  const response = isRecord(error.response) ? error.response : undefined;
  const headers = isRecord(response?.headers) ? response.headers : undefined;
  const status = number(error.statusCode) ?? number(response?.status) ?? number(error.status);
  const body = bodyError(error, response);
  const message = body?.message ?? text(error.message) ?? 'no message';
  const code = body?.code ?? text(error.code) ?? pollerCode(message) ?? statusCode(status);
  const method = isRecord(error.request) ? text(error.request.method) : undefined;
  return {
    name: text(error.name) ?? 'Error',
    message,
    ...(status !== undefined && { status }),
    ...(code !== undefined && { code }),
    ...(method !== undefined && { method }),
    header: (name) => {
      const get = headers?.get;
      return typeof get === 'function' ? text(get.call(headers, name)) : undefined;
    },
    ...credentialOf(error),
  };
}

function credentialOf(error: Readonly<Record<string, unknown>>): { credential: boolean } {
  return { credential: CREDENTIAL_ERRORS.has(text(error.name) ?? '') };
}

/** `{error:{code,message}}` from the parsed details, else from the body's text. */
function bodyError(
  error: Readonly<Record<string, unknown>>,
  response: Readonly<Record<string, unknown>> | undefined,
): { code?: string; message?: string } | undefined {
  for (const source of [error.details, parseJson(response?.bodyAsText)]) {
    const body = isRecord(source) ? (isRecord(source.error) ? source.error : source) : undefined;
    const [code, message] = [text(body?.code), text(body?.message)];
    if (code !== undefined) return { code, ...(message !== undefined && { message }) };
  }
  return undefined;
}

/**
 * The SDK's poller reports nothing but `The long-running operation has failed. CODE. message` (docs/azure-facts.md
 * section 15).
 */
function pollerCode(message: string): string | undefined {
  return /^The long-running operation has failed\. ([A-Za-z]\w+)\./.exec(message)?.[1];
}

function statusCode(status: number | undefined): string | undefined {
  return status === undefined ? undefined : `Http${status}`;
}

function parseJson(value: unknown): unknown {
  if (typeof value !== 'string' || !value.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined; // A truncated body: the status still says enough.
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
