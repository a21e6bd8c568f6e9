import { expect, test } from 'vitest';
import { cleanMessage, MAX_MESSAGE_LENGTH, retryAfterFromHeaders, retryAfterFromText } from './error-text.ts';

const now = Date.parse('2026-11-23T10:00:00Z');
const from = (headers: Record<string, string>) => retryAfterFromHeaders((name) => headers[name], now);

test.each([
  [{ 'retry-after': '17' }, 17_000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': 'Mon, 23 Nov 2026 10:00:42 GMT' }, 42_000],
  [{ 'retry-after': 'Mon, 23 Nov 2026 09:00:00 GMT' }, 0],
  [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1500],
  [{ 'x-ms-retry-after-ms': '250' }, 250],
  [{ 'retry-after': 'soon' }, undefined],
  [{}, undefined],
])('headers %j ask to wait %s ms', (headers, ms) => expect(from(headers)).toBe(ms));

test.each([
  ["Please try again after '5' seconds.", 5000],
  ['Retry after 20 seconds', 20_000],
  ['try again after 2 minutes', 120_000],
  ['retry in 750 ms', 750],
  ['Please try again later', undefined],
  ['try again after the lock is gone', undefined],
])('the text "%s" asks to wait %s ms', (text, ms) => expect(retryAfterFromText(text)).toBe(ms));

test('tokens, assertions and signed queries do not reach a message', () => {
  const clean = cleanMessage(
    'got eyJhbGciOi.eyJzdWIi.c2ln and client_assertion=abc.def then https://x.test/operations/1?t=1&c=2&s=sig Bearer abcdefghijklmnopqrstuvwxyz',
  );
  expect(clean).toBe(
    'got <token> and client_assertion=<secret> then https://x.test/operations/1 Bearer <token>',
  );
});

test('what differs at each attempt is cut, so that an unchanged failure is an unchanged status', () => {
  const text = (id: string, at: string) =>
    `AADSTS70021: No matching federated identity record found for presented assertion. Trace ID: ${id} Correlation ID: ${id} Timestamp: ${at}`;
  const first = cleanMessage(text('a1b2-c3', '2026-11-23 10:00:00Z'));
  expect(first).toBe('AADSTS70021: No matching federated identity record found for presented assertion.');
  expect(cleanMessage(text('d4e5-f6', '2026-11-23 10:05:00Z'))).toBe(first);
});

test('a long message is cut', () => {
  expect(cleanMessage('x'.repeat(5000))).toHaveLength(MAX_MESSAGE_LENGTH);
});
