import { expect, test } from 'vitest';
import { type QueueFailure, queueFailureOf, waitAfter } from './failure.ts';

const coded = (code: string, message = 'x', name = 'ServiceBusError') =>
  Object.assign(new Error(message), { code, name });

test.each([
  ['an absent queue', coded('MessagingEntityNotFound'), 'QueueNotFound', 'MessagingEntityNotFound'],
  ['a disabled queue', coded('MessagingEntityDisabled'), 'QueueNotUsable', 'MessagingEntityDisabled'],
  [
    'a queue with sessions, for which the client has no code',
    coded('GeneralError', 'InvalidOperationError: It is not possible for an entity that requires sessions'),
    'QueueNotUsable',
    'InvalidOperationError',
  ],
  ['no right', coded('UnauthorizedAccess'), 'AuthorizationFailed', 'UnauthorizedAccess'],
  ['too much', coded('ServiceBusy'), 'Throttled', 'ServiceBusy'],
  ['no answer', coded('ServiceTimeout'), 'BrokerUnavailable', 'ServiceTimeout'],
  ['nobody there', coded('ECONNREFUSED'), 'BrokerUnavailable', 'ECONNREFUSED'],
  [
    'no such host, in the text alone',
    new Error('getaddrinfo ENOTFOUND x.servicebus.windows.net'),
    'BrokerUnavailable',
    'ENOTFOUND',
  ],
  [
    'a certificate nobody trusts',
    coded('GeneralError', 'SELF_SIGNED_CERT_IN_CHAIN: x'),
    'BrokerUnavailable',
    'SELF_SIGNED_CERT_IN_CHAIN',
  ],
  ['an error of no form', 'boom', 'BrokerUnavailable', 'GeneralError'],
  [
    'no token',
    Object.assign(new Error('AADSTS70021'), { name: 'AuthenticationError' }),
    'AzureAuthenticationFailed',
    'AzureAuthenticationFailed',
  ],
  [
    'no token in time',
    coded('AzureAuthenticationFailed', 'no token from Entra', 'AzureError'),
    'AzureAuthenticationFailed',
    'AzureAuthenticationFailed',
  ],
  [
    'several attempts, which have no code together',
    new AggregateError([coded('ServiceTimeout'), coded('UnauthorizedAccess')]),
    'AuthorizationFailed',
    'UnauthorizedAccess',
  ],
  [
    'several attempts of which the last shows how it is now',
    new AggregateError([coded('ServiceBusy'), coded('MessagingEntityNotFound')]),
    'QueueNotFound',
    'MessagingEntityNotFound',
  ],
  [
    'a cause inside',
    new Error('failed', { cause: coded('UnauthorizedAccess') }),
    'AuthorizationFailed',
    'UnauthorizedAccess',
  ],
])('%s', (_, error, reason, code) => expect(queueFailureOf(error)).toEqual({ reason, code }));

test('what changes from one attempt to the next is not in it: a status would be written anew each time', () => {
  const text = 'TrackingId:4711_G1, SystemTracker:gateway, Timestamp:2026-11-29T10:00:00';
  expect(JSON.stringify(queueFailureOf(coded('UnauthorizedAccess', text)))).not.toMatch(/4711|2026/);
});

test('errors that hold themselves end', () => {
  const error = new Error('round');
  error.cause = error;
  expect(queueFailureOf(error).reason).toBe('BrokerUnavailable');
});

test('what passes by itself is asked again sooner than what a user must act on, and both for ever', () => {
  const waits = (reason: QueueFailure['reason']) =>
    [1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((failures) =>
      waitAfter({ reason, code: 'x' }, failures, () => 0.999),
    );
  const seconds = (reason: QueueFailure['reason']) => waits(reason).map((ms) => Math.round(ms / 1_000));
  expect(seconds('BrokerUnavailable')).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  for (const reason of ['QueueNotFound', 'AuthorizationFailed', 'Throttled'] as const)
    expect(seconds(reason)).toEqual([5, 10, 20, 40, 80, 120, 120, 120, 120]);
});
