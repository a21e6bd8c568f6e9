/** The one error of the Kubernetes side. Everything that goes wrong between azid and the API server ends up as this. */

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

const NOBODY: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** A proxy in front of a server that is away accepts the connection, and drops it before any answer. */
function isNobody({ cause }: KubeError): boolean {
  const code = codeOf(cause);
  return NOBODY.has(code) || (cause instanceof NotConnected && code === 'ECONNRESET');
}

function codeOf(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
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
