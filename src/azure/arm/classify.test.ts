import { createHttpHeaders, createPipelineRequest, RestError } from '@azure/core-rest-pipeline';
import { AuthenticationRequiredError, CredentialUnavailableError } from '@azure/identity';
import { describe, expect, test } from 'vitest';
import { classify, DEFAULT_THROTTLE_MS } from './classify.ts';
import { AzureError, CallRefused, LOCAL_CODES, toAzureError } from './errors.ts';

/** What core-client throws for an answer `{error:{code,message}}`. */
function answer(
  status: number,
  code: string | undefined,
  message = 'text',
  headers: Record<string, string> = {},
) {
  const request = createPipelineRequest({ url: 'https://arm.test/x' });
  const response = {
    request,
    status,
    headers: createHttpHeaders(headers),
    bodyAsText: JSON.stringify({ error: { code, message } }),
  };
  const error = new RestError(message, {
    statusCode: status,
    request,
    response,
    ...(code !== undefined && { code }),
  });
  return error;
}

/** What the pipeline throws when no answer came. */
const unanswered = (code: string) => new RestError(`connect ${code}`, { code });

describe('codes', () => {
  test.each([
    [404, 'ResourceNotFound', 'resource'],
    [404, 'resourcenotfound', 'resource'],
    [404, 'ResourceGroupNotFound', 'resourceGroup'],
    [404, 'SubscriptionNotFound', 'subscription'],
    [404, 'ParentResourceNotFound', 'parent'],
    [404, 'RoleAssignmentNotFound', 'roleAssignment'],
    [404, 'ScopeNotFound', 'scope'],
  ])('%i %s proves that the %3$s is missing', (status, code, what) => {
    expect(classify(answer(status, code))).toMatchObject({ kind: 'notFound', what });
  });

  test.each([400, 401, 403, 409, 500])(
    'a code that says missing proves nothing under status %i',
    (status) => {
      expect(classify(answer(status, 'ResourceNotFound')).kind).not.toBe('notFound');
    },
  );

  test('the end of an operation has no status of its own: there the code alone is the proof', () => {
    const ended = new AzureError({ code: 'ResourceNotFound', message: 'it was deleted meanwhile' });
    expect(classify(ended)).toMatchObject({ kind: 'notFound', what: 'resource' });
  });

  test.each([
    [408, undefined, 'AzureUnavailable'],
    [500, 'InternalServerError', 'AzureUnavailable'],
    [503, 'ServiceUnavailable', 'AzureUnavailable'],
    [409, 'AnotherOperationInProgress', 'OperationInProgress'],
    [409, 'Conflict', 'OperationInProgress'],
    [409, 'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity', 'OperationInProgress'],
    [400, 'HashConflictOnDifferentRoleAssignmentIds', 'AssignmentNameConflict'],
    [400, 'FailedIdentityOperation', 'IdentityOperationFailed'],
    [400, 'PrincipalNotFound', 'PrincipalNotFound'],
    [404, undefined, 'UnexplainedNotFound'],
    [401, 'ExpiredAuthenticationToken', 'AzureAuthenticationFailed'],
    [412, undefined, 'ChangedMeanwhile'],
    [412, 'PreconditionFailed', 'ChangedMeanwhile'],
    [400, 'MissingIdentityIds', 'ChangedMeanwhile'],
    [409, 'FailedIdentityOperation', 'IdentityOperationFailed'],
  ])('%i %s is tried again, reason %s', (status, code, reason) => {
    expect(classify(answer(status, code))).toMatchObject({ kind: 'transient', reason });
  });

  test.each([
    [403, 'AuthorizationFailed', 'AuthorizationFailed'],
    [403, 'LinkedAuthorizationFailed', 'LinkedAuthorizationFailed'],
    [403, 'DenyAssignmentAuthorizationFailed', 'DenyAssignment'],
    [409, 'ScopeLocked', 'ScopeLocked'],
    [403, 'RequestDisallowedByPolicy', 'DisallowedByAzurePolicy'],
    [409, 'MissingSubscriptionRegistration', 'ProviderNotRegistered'],
    [404, 'InvalidResourceType', 'ApiVersionNotSupported'],
    [409, 'InvalidResourceLocation', 'LocationConflict'],
    [400, 'RoleAssignmentLimitExceeded', 'LimitReached'],
    [409, 'RoleAssignmentExists', 'RoleAssignmentExists'],
    [400, 'InvalidIdentityValues', 'InvalidIdentityValues'],
    [400, 'IdentityNotSupportedOnWindows', 'IdentityNotSupportedOnWindows'],
    [400, 'InvalidApiVersionParameter', 'ApiVersionNotSupported'],
    [400, 'UnmatchedPrinciaplType', 'InvalidPrincipal'],
    [403, 'SomethingNew', 'Forbidden'],
    [400, 'InvalidResourceName', 'RejectedByAzure'],
  ])('%i %s stalls with reason %s and a remedy', (status, code, reason) => {
    expect(classify(answer(status, code))).toMatchObject({
      kind: 'stalled',
      reason,
      remedy: expect.stringMatching(/\w+ \w+/),
    });
  });

  test('what helps against a refused deletion is not what is declared', () => {
    const refused = (status: number, code: string, method: 'PUT' | 'DELETE') => {
      const request = createPipelineRequest({ url: 'https://arm.test/x', method });
      return classify(new RestError('no', { statusCode: status, code, request }));
    };
    for (const [status, code] of [
      [403, 'RequestDisallowedByPolicy'],
      [400, 'SomethingNew'],
    ] as const) {
      const declared = { remedy: expect.stringContaining('what is declared') };
      expect(refused(status, code, 'PUT')).toMatchObject(declared);
      expect(refused(status, code, 'DELETE')).not.toMatchObject(declared);
    }
  });

  test('a missing right on linked scopes is named with the role that has it, and with the first of the scopes', () => {
    const scopes = ['a', 'b', 'c', 'd'].map((name) => `/subscriptions/s/${'x'.repeat(200)}/${name}`);
    const text = (action: string) =>
      `it does not have permission to perform action(s) '${action}' on the linked scope(s) '${scopes.join(',')}' (respectively) or the linked scope(s) are invalid.`;
    const assign = text('Microsoft.ManagedIdentity/userAssignedIdentities/assign/action');
    expect(classify(answer(403, 'LinkedAuthorizationFailed', assign))).toMatchObject({
      reason: 'LinkedAuthorizationFailed',
      remedy: expect.stringMatching(/x\/a, .*x\/b, .*x\/c and 1 more exist, .*Managed Identity Operator/),
    });
    expect(classify(answer(403, 'LinkedAuthorizationFailed', text('A/b/join/action')))).toMatchObject({
      remedy: expect.stringContaining('the named action'),
    });
  });

  test('an identity that is still being deleted passes, also inside a failed identity operation', () => {
    const text =
      "Identity operation for resource 'x' failed with error 'Failed to perform resource identity operation. Status: 'Conflict'. Response: '{\"error\":{\"message\":\"y is new, but resource already exists. This may be due to a pending delete operation, try again later\"}}'.'";
    expect(classify(answer(409, 'FailedIdentityOperation', text))).toMatchObject({
      kind: 'transient',
      reason: 'PendingDelete',
    });
  });

  test.each([
    [
      400,
      'Issuer and subject combination already exists for this Managed Identity.',
      { kind: 'stalled', reason: 'CredentialExists' },
    ],
    [
      405,
      'The request format was unexpected: Support for federated identity credentials not enabled.',
      { kind: 'stalled', reason: 'NotSupportedInRegion' },
    ],
    [404, "The parent user-assigned identity doesn't exist.", { kind: 'notFound', what: 'parent' }],
    [
      400,
      'x is new, but resource already exists. This may be due to a pending delete operation, try again later',
      { kind: 'transient', reason: 'PendingDelete' },
    ],
  ])('%i recognised only by the text "%s"', (status, text, expected) => {
    expect(classify(answer(status, 'BadRequest', text))).toMatchObject(expected);
  });
});

describe('throttling', () => {
  test.each([
    [answer(429, 'TooManyRequests', 'slow', { 'retry-after': '17' }), 17_000],
    [answer(429, undefined, 'slow', { 'retry-after-ms': '400' }), 400],
    [answer(429, 'ResourceRequestsThrottled', "exceeded. Please try again after '5' seconds."), 5000],
    [answer(429, undefined), DEFAULT_THROTTLE_MS],
    [
      new Error(
        "The long-running operation has failed. TooManyRequests. Please try again after '9' seconds.",
      ),
      9000,
    ],
    [
      new Error("Number of requests for X exceeded the limit of '120'. Please try again after '6' seconds."),
      6000,
    ],
  ])('%s waits %i ms', (error, retryAfterMs) => {
    expect(classify(error)).toMatchObject({ kind: 'throttled', retryAfterMs });
  });

  test('a Retry-After date counts from the wall clock that was passed in', () => {
    const error = answer(429, undefined, 'slow', { 'retry-after': 'Mon, 23 Nov 2026 10:00:42 GMT' });
    expect(classify(error, { nowMs: Date.parse('2026-11-23T10:00:00Z') })).toMatchObject({
      retryAfterMs: 42_000,
    });
  });
});

describe('calls without an answer', () => {
  const sent = { write: true, sent: true };
  test.each([
    ['ECONNRESET', sent, true],
    ['ETIMEDOUT', sent, true],
    ['ECONNREFUSED', sent, false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', sent, false],
    ['ECONNRESET', { write: false, sent: true }, false],
    ['ECONNRESET', { write: true, sent: false }, false],
  ])('%s with %j: effect unknown is %s', (code, facts, ambiguous) => {
    const result = classify(unanswered(code), facts);
    expect(result).toMatchObject({ kind: 'transient', reason: 'AzureUnreachable' });
    expect(result.error.ambiguous).toBe(ambiguous);
  });

  test.each([
    [new AzureError({ code: LOCAL_CODES.incomplete, message: 'expected an id' }), 'UnexpectedAnswer'],
    [new AzureError({ code: LOCAL_CODES.tooMany, message: 'expected 2,000 pages' }), 'TooManyRecords'],
    [new TypeError('cannot read properties of undefined'), 'UnexpectedAnswer'],
    [new DOMException('aborted', 'AbortError'), 'AzureUnreachable'],
  ])('where Azure was reached, the network is not blamed: %s', (thrown, reason) => {
    expect(classify(thrown)).toMatchObject({ kind: 'transient', reason });
  });

  test('a write answered by 5xx has an unknown effect, one answered by 4xx or 429 has none', () => {
    const ambiguous = (status: number) => toAzureError(answer(status, undefined), sent).ambiguous;
    expect([500, 503, 408, 400, 409, 429].map(ambiguous)).toEqual([true, true, true, false, false, false]);
    expect(ambiguous(201)).toBe(true); // Its body was cut off: it acted, azid does not know what came of it.
  });

  test('the caller giving up and the time limit differ, though both are an AbortError', () => {
    const abort = new DOMException('aborted', 'AbortError');
    expect(classify(abort, { aborted: true })).toMatchObject({ kind: 'aborted' });
    expect(classify(abort, { timedOut: true, ...sent })).toMatchObject({
      kind: 'transient',
      error: { code: 'TimedOut', ambiguous: true },
    });
    expect(classify(abort)).toMatchObject({ kind: 'transient' });
  });

  test('a call that azid refused itself is not reported', () => {
    expect(classify(new CallRefused('WriteRefused', 'not the leader'))).toMatchObject({
      kind: 'aborted',
      error: { ambiguous: false },
    });
  });
});

describe('the other shapes', () => {
  test('a credential that cannot get a token is retried under a stable reason, with the text of Entra', () => {
    const required = new AuthenticationRequiredError({
      scopes: ['s'],
      message:
        'AADSTS70021: No matching federated identity record found for presented assertion. Trace ID: 1-2 Timestamp: 2026-11-23 10:00:00Z',
    });
    for (const error of [required, new CredentialUnavailableError('no token file')])
      expect(classify(error)).toMatchObject({
        kind: 'transient',
        reason: 'AzureAuthenticationFailed',
        remedy: expect.any(String),
      });
    expect(classify(required).error.message).toBe(
      'AADSTS70021: No matching federated identity record found for presented assertion.',
    );
  });

  test('an AggregateError speaks through its first error', () => {
    expect(classify(new AggregateError([answer(404, 'ResourceNotFound')], 'several'))).toMatchObject({
      kind: 'notFound',
    });
  });

  test('a poller that knows only text still yields its code', () => {
    const error = new Error('The long-running operation has failed. AnotherOperationInProgress. Busy.');
    expect(classify(error)).toMatchObject({ kind: 'transient', reason: 'OperationInProgress' });
  });

  test('the code is found in the body where the SDK did not lift it out', () => {
    const error = answer(404, undefined);
    Object.assign(error.response ?? {}, {
      bodyAsText: '{"error":{"code":"ResourceNotFound","message":"gone"}}',
    });
    expect(classify(error)).toMatchObject({ kind: 'notFound', error: { message: 'gone' } });
  });

  test.each(['{"error":{"code":"Resour', '<html>', ''])(
    'a body of "%s" is no proof of absence',
    (bodyAsText) => {
      const error = answer(404, undefined);
      Object.assign(error.response ?? {}, { bodyAsText });
      expect(classify(error)).toMatchObject({ kind: 'transient' });
    },
  );

  test('an AzureError is not wrapped twice, and what is thrown keeps its cause and correlation id', () => {
    const cause = answer(500, undefined, 'oops', { 'x-ms-correlation-request-id': 'c-1' });
    const error = toAzureError(cause);
    expect(error).toBeInstanceOf(AzureError);
    expect(toAzureError(error)).toBe(error);
    expect(error).toMatchObject({ cause, correlationId: 'c-1', status: 500 });
  });

  test.each([undefined, null, 'text', 7])('%s, thrown, is still one error type', (thrown) => {
    expect(classify(thrown)).toMatchObject({ kind: 'transient' });
  });
});

test('another tenant is a cause of its own, for which no right and no sign-in helps', () => {
  const linked =
    "The client has permission to perform action 'Microsoft.Compute/virtualMachines/write' on scope '/x', however the current tenant '99999999-0000-4000-8000-000000000009' is not authorized to access linked subscription '99999999-2222-4333-8444-555555555555'.";
  const attaching = classify(answer(403, 'LinkedAuthorizationFailed', linked));
  expect(attaching).toMatchObject({ kind: 'stalled', reason: 'OtherTenant' });
  expect(attaching).toMatchObject({ remedy: expect.stringContaining('UserAssignedIdentity') });
  const reading = classify(answer(401, 'InvalidAuthenticationTokenTenant', 'from the wrong issuer'));
  expect(reading).toMatchObject({ kind: 'stalled', reason: 'OtherTenant' });
  for (const each of [attaching, reading])
    expect('remedy' in each && each.remedy).not.toMatch(/Operator|federated credential/);
});
