/**
 * Long-running operations (docs/azure-facts.md section 8), polled by azid itself: the poller of an SDK would hold a
 * worker, lose the operation at a restart, and report a failure without its code (docs/azure-facts.md section 15).
 */
import { z } from 'zod';
import { retryAfterFromHeaders } from '../../arm/error-text.ts';
import { AzureError, LOCAL_CODES } from '../../arm/errors.ts';
import { parseResourceId } from '../../names/resource-id.ts';
import type { HostOperation, OperationState } from '../host.ts';

type Header = (name: string) => string | undefined;

const result = z.looseObject({
  status: z.string(),
  error: z
    .looseObject({ code: z.string().optional(), message: z.string().optional() })
    .nullish()
    .catch(undefined),
});

/** How the answer of a write lets its end be followed; undefined where there is nothing to wait for, or no URL to poll. */
export function operationOf(status: number, header: Header): HostOperation | undefined {
  const asyncOperation = header('azure-asyncoperation');
  if (asyncOperation) return { url: asyncOperation, style: 'asyncOperation' };
  const location = header('location');
  // A `Location` of 200, and a relative one, only name the resource (docs/azure-facts.md section 3).
  const follows = (status === 201 || status === 202) && location !== undefined && URL.canParse(location);
  return follows ? { url: location, style: 'location' } : undefined;
}

/**
 * Throws `AzureError` of code `ForeignOrigin` before a token goes out: the URL was stored, and a user who can write a status
 * could else have azid read with its own rights what that user may not.
 */
export function checkOperation({ url }: HostOperation, hostId: string, armEndpoint: string): void {
  const { subscriptionId } = parseResourceId(hostId);
  const given = URL.canParse(url) ? new URL(url) : undefined;
  const { origin } = new URL(armEndpoint);
  const bare = given && given.username === '' && given.password === '';
  const within = given?.pathname.toLowerCase().startsWith(`/subscriptions/${subscriptionId.toLowerCase()}/`);
  if (bare && given.origin === origin && within) return;
  throw new AzureError({
    code: LOCAL_CODES.foreignOrigin,
    message: `expected the URL of an operation at ${origin} in subscription ${subscriptionId}, got ${given ? `one at ${given.origin}${within ? '' : ' in another place'}` : 'no URL'}; nothing was sent`,
  });
}

/** What an answer of 2xx to a poll says. */
export function operationState(
  { style }: HostOperation,
  status: number,
  body: unknown,
  header: Header,
  nowMs: number,
): OperationState {
  const read = result.safeParse(body);
  const word = read.success ? read.data.status : undefined;
  const running = (): OperationState => {
    const retryAfterMs = retryAfterFromHeaders(header, nowMs);
    return { state: 'running', ...(retryAfterMs !== undefined && { retryAfterMs }) };
  };
  // Some answer at their `Location` what others answer at `Azure-AsyncOperation`.
  if (read.success && word !== undefined && /^(failed|cancell?ed)$/i.test(word))
    return {
      state: 'failed',
      code: read.data.error?.code ?? (/^failed$/i.test(word) ? 'OperationFailed' : 'OperationCanceled'),
      message: read.data.error?.message ?? `the operation ended as ${word}, without saying why`,
    };
  if (style === 'location') return status === 202 ? running() : { state: 'succeeded' };
  if (word === undefined) return status === 202 ? running() : { state: 'unknown' };
  return /^succeeded$/i.test(word) ? { state: 'succeeded' } : running();
}

/** Statuses of a poll that are about the poll, not the operation. */
const ABOUT_THE_POLL = new Set([401, 408, 429]);

/** Codes of a 5xx that any proxy on the way may have sent; also none at all. */
const ANYBODYS =
  /^(http\d+|unknown|internal(server)?error|server(busy|timeout)|serviceunavailable|badgateway|gateway(timeout)?)$/i;

/**
 * What a poll that failed says of the operation; undefined where it says nothing and is to be thrown. At its `Location` an
 * operation fails by answering as the write itself would have, 5xx included: taken for a bad poll, it would be polled for
 * ever. Taken for failed by mistake, a read of the host puts it right.
 */
export function failedPoll({ style }: HostOperation, error: AzureError): OperationState | undefined {
  const { status, code, message } = error;
  if (status === undefined) return undefined;
  if (status === 404 || status === 410) return { state: 'unknown' };
  const aboutThePoll = status < 400 || ABOUT_THE_POLL.has(status) || (status >= 500 && ANYBODYS.test(code));
  // The right to poll is another one than that to write.
  if (style !== 'location' || aboutThePoll || code === 'AuthorizationFailed') return undefined;
  return { state: 'failed', code, message };
}
