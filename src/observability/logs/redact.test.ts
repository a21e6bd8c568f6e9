import { describe, expect, test } from 'vitest';
import { redactFields, redactText } from './logs.ts';

const jwt = `${btoa('{"alg":"RS256"}')}.${btoa('{"sub":"1234567890"}')}.c2lnbmF0dXJl`.replaceAll('=', '');
const clean = (fields: Record<string, unknown>) => redactFields(fields, { stacks: false });

describe('text', () => {
  test.each([
    [`Authorization: Bearer ${jwt}`, 'Authorization: Bearer [redacted]'],
    ['sent Basic dXNlcjpwYXNz to', 'sent Basic [redacted] to'],
    [`got ${jwt}, expected another`, 'got [redacted], expected another'],
    ['grant_type=x&client_assertion=abcdef&scope=y', 'grant_type=x&client_assertion=[redacted]&scope=y'],
    ['{"access_token":"abcdef","expires_in":3599}', '{"access_token":"[redacted]","expires_in":3599}'],
    [
      'Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=abcd1234=',
      'Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=[redacted]',
    ],
    ['https://h/p?sv=1&sig=abcd%2F1234&x=1', 'https://h/p?sv=1&sig=[redacted]&x=1'],
    ['-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nafter', '[redacted]\nafter'],
  ])('loses its secrets: %s', (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  test.each([
    'token expired 3 s ago',
    'identity team/app was created',
    'the client id 11111111-2222-3333-4444-555555555555 is unknown',
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app',
  ])('stays as it is: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });

  test('is cut when very long', () => {
    expect(redactText('x'.repeat(10_000)).length).toBeLessThan(5_000);
  });
});

describe('fields', () => {
  test('with a revealing name lose their value, at any depth', () => {
    const request = {
      headers: { Authorization: 'x', accept: 'json', 'Set-Cookie': ['a'] },
      clientSecret: 'y',
    };
    expect(
      clean({ request, accessToken: { value: 'z' }, credential: 'team-a', connectionString: 'c' }),
    ).toEqual({
      request: {
        headers: { Authorization: '[redacted]', accept: 'json', 'Set-Cookie': '[redacted]' },
        clientSecret: '[redacted]',
      },
      accessToken: '[redacted]',
      credential: 'team-a',
      connectionString: '[redacted]',
    });
  });

  test('of errors are few: no request, no response, the cause kept', () => {
    const cause = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' });
    const request = { headers: { authorization: jwt } };
    const error = Object.assign(new TypeError(`call with Bearer ${jwt} failed`, { cause }), { request });
    expect(clean({ error })).toEqual({
      error: {
        name: 'TypeError',
        message: 'call with Bearer [redacted] failed',
        cause: { name: 'Error', message: 'connect refused', code: 'ECONNREFUSED' },
      },
    });
    expect(redactFields({ error }, { stacks: true })).toHaveProperty('error.stack');
  });

  test('of any shape become plain values', () => {
    const circle: Record<string, unknown> = { n: 1n };
    circle.self = circle;
    expect(
      clean({ circle, map: new Map([['a', 1]]), set: new Set([1]), at: new Date(0), fn: () => 1 }),
    ).toEqual({
      circle: { n: '1', self: '…' },
      map: { a: 1 },
      set: [1],
      at: '1970-01-01T00:00:00.000Z',
      fn: undefined,
    });
  });

  test('that hold much are cut', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => i);
    expect(clean({ many }).many).toHaveLength(100);
  });

  test('are not changed where they are', () => {
    const fields = { headers: { authorization: jwt } };
    clean(fields);
    expect(fields.headers.authorization).toBe(jwt);
  });
});
