/**
 * Azure Policies that ask a service of their own before a write (docs/azure-facts.md section 16.6): Azure refuses the write, the
 * caller acquires a token for exactly that write, and sends the same bytes again with it. Done here for every write,
 * whichever client makes it, and once: a write that is refused with its token is refused.
 */
import {
  createPipelineRequest,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
  type SendRequest,
} from '@azure/core-rest-pipeline';
import { isWrite } from './arm-policies.ts';
import { AzureError, LOCAL_CODES, toAzureError } from './errors.ts';

const API_VERSION = '2025-11-01';
const TOKEN_HEADER = 'x-ms-policy-external-evaluations';

/** Sits behind the token of the caller, next to the wire: only there the answer is not yet an exception. */
export function policyTokenPolicy(): PipelinePolicy {
  return {
    name: 'azidPolicyToken',
    async sendRequest(request, next) {
      const response = await next(request);
      const missing = isWrite(request) ? missingToken(response) : undefined;
      if (!missing) return response;
      const token = await acquire(request, missing, next);
      request.headers.set(TOKEN_HEADER, token);
      const again = await next(request);
      if (missingToken(again)) throw refused(missing, 'Azure does not take the token it gave');
      return again;
    },
  };
}

interface MissingToken {
  /** Azure's message for the write, which names the policy. */
  readonly message: string;
  readonly changeReference: boolean;
}

/** Only this part of the answer distinguishes a policy that wants a token from one that refuses. */
function missingToken({ status, bodyAsText }: PipelineResponse): MissingToken | undefined {
  if (status !== 403) return undefined;
  const error = record(record(parsed(bodyAsText)).error);
  if (String(error.code).toLowerCase() !== 'requestdisallowedbypolicy') return undefined;
  const additional = Array.isArray(error.additionalInfo) ? error.additionalInfo : [];
  for (const each of additional) {
    const info = record(record(each).info);
    const details = record(info.evaluationDetails).missingPolicyTokenDetails;
    if (typeof details === 'object' && details !== null)
      return {
        message: typeof error.message === 'string' ? error.message : 'an Azure Policy wants a token',
        changeReference: record(details).isChangeReferenceRequired === true,
      };
  }
  return undefined;
}

async function acquire(request: PipelineRequest, missing: MissingToken, next: SendRequest): Promise<string> {
  if (missing.changeReference)
    throw refused(missing, 'the policy asks for a change reference, which azid has none of');
  const { origin, pathname } = new URL(request.url);
  const subscriptionId = /^\/subscriptions\/([^/]+)/i.exec(pathname)?.[1];
  if (subscriptionId === undefined)
    throw refused(missing, 'Azure gives tokens for writes beneath a subscription only');
  const asked = createPipelineRequest({
    url: `${origin}/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/acquirePolicyToken?api-version=${API_VERSION}`,
    method: 'POST',
    ...(request.abortSignal && { abortSignal: request.abortSignal }),
    ...(request.agent && { agent: request.agent }),
    ...(request.proxySettings && { proxySettings: request.proxySettings }),
    timeout: request.timeout,
    body: JSON.stringify({
      operation: {
        uri: request.url,
        httpMethod: request.method,
        ...(typeof request.body === 'string' && { content: parsed(request.body) }),
      },
    }),
  });
  // Not an option of the constructor: the pipeline's own policy, which is behind us already, sets it.
  if (request.tlsSettings) asked.tlsSettings = request.tlsSettings;
  for (const name of ['authorization', 'user-agent', 'x-ms-client-request-id']) {
    const value = request.headers.get(name);
    if (value !== undefined) asked.headers.set(name, value);
  }
  asked.headers.set('accept', 'application/json');
  asked.headers.set('content-type', 'application/json');
  const answer = await answerOf(asked, missing, next);
  const body = record(parsed(answer.bodyAsText));
  if (typeof body.token === 'string' && String(body.result).toLowerCase() === 'succeeded') return body.token;
  throw refused(missing, whyOf(body));
}

/** The write itself was refused: however asking for the token ends, nothing has happened in Azure. */
async function answerOf(
  asked: PipelineRequest,
  missing: MissingToken,
  next: SendRequest,
): Promise<PipelineResponse> {
  let answer: PipelineResponse;
  try {
    answer = await next(asked);
  } catch (error) {
    // The caller gave up, or azid itself refused the call: the caller handles that.
    if (error instanceof AzureError || asked.abortSignal?.aborted) throw error;
    const { code, message } = toAzureError(error);
    throw unavailable(missing, `${code}: ${message}`);
  }
  if (answer.status >= 200 && answer.status <= 299) return answer;
  const { status, code, message, retryAfterMs } = toAzureError({
    statusCode: answer.status,
    response: answer,
    message: `status ${answer.status}`,
  });
  const why = `${code}: ${message}`;
  if (status === 429)
    throw new AzureError({
      status,
      code,
      message: `asking for the token of an Azure Policy was throttled: ${message}`,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  if (status === undefined || status === 401 || status === 408 || status >= 500)
    throw unavailable(missing, why);
  throw refused(missing, why);
}

function refused({ message }: MissingToken, why: string): AzureError {
  return new AzureError({
    status: 403,
    code: LOCAL_CODES.policyTokenRefused,
    message: `an Azure Policy wants a token for this write, and none is to be had: ${why}. ${message}`,
  });
}

function unavailable({ message }: MissingToken, why: string): AzureError {
  return new AzureError({
    code: LOCAL_CODES.policyTokenUnavailable,
    message: `an Azure Policy wants a token for this write, and asking for it failed: ${why}. ${message}`,
  });
}

/** What the policies' services answered, or that they did not answer. */
function whyOf({ results, message }: Readonly<Record<string, unknown>>): string {
  const answers = (Array.isArray(results) ? results : []).map((each) => record(each).message);
  const texts = [message, ...answers].filter((text) => typeof text === 'string' && text.trim() !== '');
  return texts.length > 0 ? texts.join('; ') : 'the service behind the policy says no';
}

function parsed(text: string | null | undefined): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
