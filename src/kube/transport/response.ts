import { cutText } from '../../runtime/status/conditions.ts';
import { KubeError } from '../errors.ts';

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
