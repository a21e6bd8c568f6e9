import { cutText } from '../runtime/status/message.ts';

/** A whole answer, of any status. `body`: parsed JSON; the text where it was none; undefined when empty. */
export interface KubeResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

interface Status {
  readonly kind: 'Status';
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string }[];
  };
}

export interface KubeErrorDetails {
  /** HTTP status; absent when no answer came. */
  readonly status?: number;
  /** `Status.reason` of the API server (`NotFound`, `Conflict`, ...) or where it gave none, `Timeout`, `ConnectionFailed`, `Aborted` or `InvalidResponse`. */
  readonly reason: string;
  /** Ms the server asked to wait (`Retry-After`, or `Status.details.retryAfterSeconds`). */
  readonly retryAfterMs?: number;
  /** `Status.details.causes[].reason`, e.g. `NamespaceTerminating`, `ResourceVersionTooLarge`. */
  readonly causes?: readonly string[];
  readonly cause?: unknown;
}

export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly status: number | undefined;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  readonly causes: readonly string[];

  /** `message`: short, for people; never a body, a token or a header. */
  constructor(message: string, details: KubeErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
    this.causes = details.causes ?? [];
  }
}

/** No connection came about. */
export class NotConnected extends Error {
  readonly code: unknown;

  constructor(cause: unknown) {
    super('no connection', { cause });
    this.code = codeOf(cause);
  }
}

const MESSAGE_BYTES = 512;

export function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && (body as { kind?: unknown }).kind === 'Status';
}

/** Turns a refusal into the error. `call`: what was asked, e.g. `GET /api/v1/namespaces/a`; `nowMs`: wall time. */
export function errorOfResponse(call: string, response: KubeResponse, nowMs: number): KubeError {
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], nowMs);
  // Not the API server's own answer (a proxy's page, a path it does not serve): the text is not repeated.
  if (!isStatus(response.body))
    return new KubeError(`${call}: answered HTTP ${response.status} without a Status`, {
      status: response.status,
      reason: 'InvalidResponse',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  return errorOfStatus(call, response.body, response.status, retryAfterMs);
}

/** `status`: HTTP status for a `Status` without a code. Also for the `ERROR` event of a watch. */
export function errorOfStatus(call: string, body: Status, status: number, headerMs?: number): KubeError {
  const seconds = body.details?.retryAfterSeconds;
  const retryAfterMs = headerMs ?? (seconds ? seconds * 1000 : undefined);
  const causes = body.details?.causes?.flatMap((cause) => (cause.reason ? [cause.reason] : []));
  return new KubeError(`${call}: ${cutText(body.message || body.reason || 'refused', MESSAGE_BYTES)}`, {
    status: body.code ?? status,
    reason: body.reason || 'Unknown',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(causes ? { causes } : {}),
  });
}

/** `Retry-After` in ms: seconds or an HTTP date (RFC 9110 section 10.2.3); undefined when absent or malformed. */
function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

const is = (test: (error: KubeError) => boolean) => (error: unknown) =>
  error instanceof KubeError && test(error);

/** The object does not exist. A 404 that carries no `Status` (a proxy, a group not served) does not count. */
export const isNotFound = is((e) => e.status === 404 && e.reason === 'NotFound');
/** The object changed since it was read, or belongs to another field manager: read again, never force. */
export const isConflict = is((e) => e.status === 409 && e.reason !== 'AlreadyExists');
export const isAlreadyExists = is((e) => e.reason === 'AlreadyExists');
/** A resourceVersion or continue token older than what the server still has: HTTP 410, `Expired` or `Gone`. */
export const isGone = is((e) => e.status === 410 || e.reason === 'Expired' || e.reason === 'Gone');
/** A resourceVersion from the server's future: a lagging replica, or an etcd restored from a backup. */
export const isVersionTooLarge = is(
  (e) =>
    e.causes.includes('ResourceVersionTooLarge') ||
    (e.reason === 'Timeout' && /too large resource version/i.test(e.message)),
);
export const isUnauthorized = is((e) => e.status === 401);
export const isForbidden = is((e) => e.status === 403);
/** The server read the object and refuses its content (schema, CEL, immutable field). */
export const isInvalid = is((e) => e.status === 422);
/** The server does not take a parameter of the call. */
export const isBadRequest = is((e) => e.status === 400);
/** The caller's own signal ended the call. */
export const isAborted = is((e) => e.reason === 'Aborted');
export const isTimeout = is((e) => e.reason === 'Timeout');
/** No answer came back; a write may or may not have happened. */
export const isConnectionFailed = is((e) => e.reason === 'ConnectionFailed');
/** No process listens there, so asking again soon puts no load on the server. */
export const isNobodyThere = is((e) => e.reason === 'ConnectionFailed' && isNobody(e));
/** Likely to pass by itself: no answer, overload, a server error. */
export const isTransient = is(
  (e) =>
    e.reason === 'ConnectionFailed' || e.reason === 'Timeout' || e.status === 429 || (e.status ?? 0) >= 500,
);

const NOBODY: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** A proxy in front of a server that is away accepts the connection, and drops it before any answer. */
function isNobody({ cause }: KubeError): boolean {
  const code = codeOf(cause);
  return NOBODY.has(code) || (cause instanceof NotConnected && code === 'ECONNRESET');
}

function codeOf(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
}

/** Undefined where the object that is asked for does not exist. */
export async function unlessNotFound<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
