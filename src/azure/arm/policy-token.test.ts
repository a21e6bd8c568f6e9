import {
  createHttpHeaders,
  createPipelineRequest,
  type HttpMethods,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import { beforeEach, describe, expect, it } from 'vitest';
import { AzureError, LOCAL_CODES } from './errors.ts';
import { policyTokenPolicy } from './policy-token.ts';

/** What goes over the wire for a write that an Azure Policy wants a token for: the token is acquired once, the write repeated once. */

const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
const URL_OF_WRITE = `https://arm.example.org/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web?api-version=2024-11-30`;
const ACQUIRE = `https://arm.example.org/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/acquirePolicyToken?api-version=2025-11-01`;
const HEADER = 'x-ms-policy-external-evaluations';

type Answer = Pick<PipelineResponse, 'status'> & { readonly body?: unknown; readonly headers?: object };
const wants = (details: object = { isChangeReferenceRequired: false }): Answer => ({
  status: 403,
  body: {
    error: {
      code: 'RequestDisallowedByPolicy',
      message: "Resource 'web' was disallowed by policy 'ask-first'.",
      additionalInfo: [{ info: { evaluationDetails: { missingPolicyTokenDetails: details } } }],
    },
  },
});
const done: Answer = { status: 200, body: { id: 'x' } };
const token: Answer = { status: 200, body: { result: 'Succeeded', token: 'signed-1' } };

/** What arrives: method, URL and the header with the token, in order. */
let wire: {
  readonly method: string;
  readonly url: string;
  readonly token: string | undefined;
  body: unknown;
}[];
let asked: PipelineRequest | undefined;
beforeEach(() => {
  wire = [];
  asked = undefined;
});

function write(
  method: HttpMethods,
  answers: readonly (Answer | Error)[],
  change: Partial<PipelineRequest> = {},
) {
  const request = createPipelineRequest({ url: URL_OF_WRITE, method, body: '{"location":"westeurope"}' });
  request.headers.set('authorization', 'Bearer of-the-caller');
  Object.assign(request, change);
  const left = [...answers];
  return policyTokenPolicy().sendRequest(request, async (sent): Promise<PipelineResponse> => {
    wire.push({ method: sent.method, url: sent.url, token: sent.headers.get(HEADER), body: sent.body });
    if (sent.url === ACQUIRE) asked = sent;
    const answer = left.shift();
    if (answer === undefined) throw new Error(`expected no further call, got ${sent.method} ${sent.url}`);
    if (answer instanceof Error) throw answer;
    const headers = createHttpHeaders(answer.headers as Record<string, string>);
    return { request: sent, status: answer.status, headers, bodyAsText: JSON.stringify(answer.body ?? '') };
  });
}
const refusalOf = (call: Promise<unknown>): Promise<AzureError> =>
  call.then(
    () => expect.fail('expected a refusal'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(AzureError);
      return error as AzureError;
    },
  );

describe('a write that wants a token', () => {
  it.each(['PUT', 'PATCH', 'POST', 'DELETE'] as const)(
    '%s: is sent, refused, and sent once more with it',
    async (method) => {
      const answer = await write(method, [wants(), token, done]);
      expect(answer.status).toBe(200);
      expect(wire.map(({ method, url, token }) => [method, url, token])).toEqual([
        [method, URL_OF_WRITE, undefined],
        ['POST', ACQUIRE, undefined],
        [method, URL_OF_WRITE, 'signed-1'],
      ]);
      expect(wire[2]?.body).toBe(wire[0]?.body);
    },
  );

  it('asks for a token of exactly that write, as the same caller and under the same limits', async () => {
    const abortSignal = new AbortController().signal;
    await write('PUT', [wants(), token, done], { abortSignal, timeout: 1_234, tlsSettings: { ca: 'ours' } });
    expect(JSON.parse(String(asked?.body))).toEqual({
      operation: { uri: URL_OF_WRITE, httpMethod: 'PUT', content: { location: 'westeurope' } },
    });
    expect(asked?.headers.get('authorization')).toBe('Bearer of-the-caller');
    expect(asked).toMatchObject({ abortSignal, timeout: 1_234, tlsSettings: { ca: 'ours' } });
  });

  it('is refused when Azure does not take its own token: there is no second one, and no third write', async () => {
    expect(await refusalOf(write('PUT', [wants(), token, wants()]))).toMatchObject({
      status: 403,
      code: LOCAL_CODES.policyTokenRefused,
      message: expect.stringMatching(/does not take the token it gave\. Resource 'web' was disallowed/),
      ambiguous: false,
    });
    expect(wire).toHaveLength(3);
  });

  it('ends as Azure then answers', async () => {
    for (const last of [{ status: 403, body: { error: { code: 'AuthorizationFailed' } } }, { status: 429 }])
      expect((await write('PUT', [wants(), token, last])).status).toBe(last.status);
  });
});

describe('what wants no token goes through as it is', () => {
  const policySaysNo = { status: 403, body: { error: { code: 'RequestDisallowedByPolicy', message: 'no' } } };
  it.each<{ title: string; method: HttpMethods; answer: Answer }>([
    { title: 'a read, whatever it is answered: no token is for reads', method: 'GET', answer: wants() },
    { title: 'a HEAD', method: 'HEAD', answer: wants() },
    { title: 'a policy that says no', method: 'PUT', answer: policySaysNo },
    { title: 'the same details under another status', method: 'PUT', answer: { ...wants(), status: 409 } },
    { title: 'another code', method: 'PUT', answer: { status: 403, body: { error: { code: 'Other' } } } },
    { title: 'no body', method: 'PUT', answer: { status: 403 } },
  ])('$title', async ({ method, answer }) => {
    expect((await write(method, [answer])).status).toBe(answer.status);
    expect(wire).toHaveLength(1);
  });
});

describe('no token is to be had', () => {
  it('where the policy asks for a change reference: nothing is asked', async () => {
    expect(await refusalOf(write('PUT', [wants({ isChangeReferenceRequired: true })]))).toMatchObject({
      code: LOCAL_CODES.policyTokenRefused,
      message: expect.stringContaining('change reference'),
    });
    expect(wire).toHaveLength(1);
  });

  it('for a write above a subscription', async () => {
    const url = 'https://arm.example.org/providers/Microsoft.Management/managementGroups/mg1?api-version=1';
    expect(await refusalOf(write('PUT', [wants()], { url }))).toMatchObject({
      code: LOCAL_CODES.policyTokenRefused,
      message: expect.stringContaining('beneath a subscription only'),
    });
    expect(wire).toHaveLength(1);
  });

  const says = (status: number, body?: unknown): Answer => ({ status, body });
  it.each<{ title: string; answer: Answer | Error; code: string; message: string }>([
    {
      title: 'the service behind the policy says no',
      answer: says(200, { result: 'Failed', results: [{ message: 'not on Fridays' }] }),
      code: LOCAL_CODES.policyTokenRefused,
      message: 'not on Fridays',
    },
    {
      title: 'it says nothing',
      answer: says(200, { token: 'unsure' }),
      code: LOCAL_CODES.policyTokenRefused,
      message: 'the service behind the policy says no',
    },
    {
      title: 'azid may not ask',
      answer: says(403, { error: { code: 'AuthorizationFailed', message: 'no right' } }),
      code: LOCAL_CODES.policyTokenRefused,
      message: 'AuthorizationFailed: no right',
    },
    {
      title: 'Azure has no answer: it may have one later',
      answer: says(503, { error: { code: 'ServiceUnavailable', message: 'later' } }),
      code: LOCAL_CODES.policyTokenUnavailable,
      message: 'ServiceUnavailable: later',
    },
    {
      title: 'no connection',
      answer: Object.assign(new Error('connection lost'), { code: 'ECONNRESET' }),
      code: LOCAL_CODES.policyTokenUnavailable,
      message: 'ECONNRESET: connection lost',
    },
  ])('$title', async ({ answer, code, message }) => {
    const error = await refusalOf(write('PUT', [wants(), answer]));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    // The write itself was refused: nothing has happened.
    expect(error.ambiguous).toBe(false);
    expect(wire).toHaveLength(2);
  });

  it('a throttled question is throttled, for as long as Azure says', async () => {
    const throttled = {
      status: 429,
      headers: { 'retry-after': '7' },
      body: { error: { code: 'TooManyRequests' } },
    };
    expect(await refusalOf(write('PUT', [wants(), throttled]))).toMatchObject({
      status: 429,
      retryAfterMs: 7_000,
    });
  });

  it('a caller that gave up gets its own abort, not an error of the token', async () => {
    const stopping = new AbortController();
    stopping.abort();
    const given = Object.assign(new Error('given up'), { name: 'AbortError' });
    const call = write('PUT', [wants(), given], { abortSignal: stopping.signal });
    await expect(call).rejects.toBe(given);
  });
});
