import { createHttpHeaders, createPipelineRequest, RestError } from '@azure/core-rest-pipeline';
import { describe, expect, test } from 'vitest';
import { toAzureError } from '../../arm/errors.ts';
import { hostIdOf, SUBSCRIPTION, uai } from '../hosts.fixture.ts';
import { linkedScopes, linkedSubscription, namedIdentities } from './named-identities.ts';

const inGroup = (group: string, name: string) =>
  `/subscriptions/${SUBSCRIPTION}/resourcegroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

const linked = (...scopes: string[]) =>
  `The client '${SUBSCRIPTION}' with object id '${SUBSCRIPTION}' has permission to perform action 'Microsoft.Compute/virtualMachines/write' on scope '${hostIdOf('Microsoft.Compute/virtualMachines', 'a-machine-with-a-rather-long-name-in-its-group')}'; however, it does not have permission to perform action(s) 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) '${scopes.join(',')}' (respectively) or the linked scope(s) are invalid.`;

/** As it comes out of a call. */
function thrown(code: string, message: string, reshape = (body: string) => body) {
  const request = createPipelineRequest({ url: 'https://arm.test/x' });
  const bodyAsText = reshape(JSON.stringify({ error: { code, message } }));
  const response = { request, status: 403, headers: createHttpHeaders(), bodyAsText };
  return toAzureError(new RestError('status 403', { statusCode: 403, request, response }));
}

describe('identities that a text names', () => {
  test.each([
    ['a group with dots', inGroup('my.group.v1', 'a-id')],
    ['a group with parentheses (mistake 13)', inGroup('rg(1)', 'a_id')],
    ['a group that ends in a parenthesis and a letter of any language', inGroup('gruppe-ü(x)', 'a-id')],
    ['any case', uai('a-id').toUpperCase()],
  ])('with %s', (_, id) => {
    for (const text of [`Identity '${id}'.`, `(${id})`, `Response: '{"id":"${id}"}'`, `see ${id}.`])
      expect(namedIdentities(text)).toEqual([id]);
  });

  test('several, each once', () => {
    const [a, b] = [uai('a-id'), inGroup('rg.2', 'b-id')];
    expect(namedIdentities(linked(a, b, a.toLowerCase()))).toEqual([a, b]);
  });

  test('in JSON inside JSON, with its slashes escaped', () => {
    expect(namedIdentities(`'{\\"id\\":\\"${uai('a-id').replaceAll('/', '\\/')}\\"}'`)).toEqual([
      uai('a-id'),
    ]);
  });

  test('none where only the host is named', () => {
    expect(namedIdentities(`The scope '${hostIdOf('Microsoft.Compute/virtualMachines')}' cannot`)).toEqual(
      [],
    );
  });

  test('also behind the place where a status cuts the message', () => {
    const many = Array.from({ length: 5 }, (_, n) => inGroup('a-group(1)', `identity-${n}`));
    const error = thrown('LinkedAuthorizationFailed', linked(...many));
    expect(error.message).not.toContain(many[4]);
    expect(namedIdentities(error)).toEqual(many);
    expect(linkedScopes(error)).toEqual(many);
  });
});

describe('linked scopes', () => {
  test('are those of the text, also with its apostrophes escaped', () => {
    const [a, b] = [uai('a-id'), inGroup('rg(2)', 'b-id')];
    expect(linkedScopes(linked(a, b))).toEqual([a, b]);
    const escaped = thrown('LinkedAuthorizationFailed', linked(a), (body) => body.replaceAll("'", '\\u0027'));
    expect(linkedScopes(escaped)).toEqual([a]);
  });

  test('of another text are none', () => {
    expect(linkedScopes('does not have authorization')).toEqual([]);
  });
});

test('a refusal for another tenant names the subscription that cannot be linked', () => {
  const text = `The client has permission to perform action 'Microsoft.Compute/virtualMachines/write' on scope '/x', however the current tenant '99999999-0000-4000-8000-000000000009' is not authorized to access linked subscription '${SUBSCRIPTION.toUpperCase()}'.`;
  expect(linkedSubscription(text)).toBe(SUBSCRIPTION);
  expect(linkedSubscription(linked('/a'))).toBeUndefined();
});
