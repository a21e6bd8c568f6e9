import { expect, it } from 'vitest';
import { AzureError } from '../../azure/arm/errors.ts';
import { AlreadyExists, failureOf } from './failure.ts';

const azure = (status: number, code: string, more: object = {}) =>
  new AzureError({ status, code, message: `${code} happened`, ...more });

const rows: { title: string; error: unknown; failure: object | undefined }[] = [
  {
    title: 'a missing right',
    error: azure(403, 'AuthorizationFailed'),
    failure: { kind: 'stalled', reason: 'AuthorizationFailed', ambiguous: false },
  },
  { title: 'a lock', error: azure(409, 'ScopeLocked'), failure: { kind: 'stalled', reason: 'ScopeLocked' } },
  {
    title: 'a 429 that says when',
    error: azure(429, 'TooManyRequests', { retryAfterMs: 7_000 }),
    failure: { kind: 'transient', reason: 'Throttled', notBeforeMs: 7_000 },
  },
  {
    title: 'a 429 that does not say',
    error: azure(429, 'TooManyRequests'),
    failure: { kind: 'transient', reason: 'Throttled', notBeforeMs: 30_000 },
  },
  {
    title: 'a call that azid held back',
    error: azure(429, 'TooManyRequests', { retryAfterMs: 7_000, heldBack: true }),
    failure: { kind: 'transient', reason: 'Throttled', notBeforeMs: 7_000, heldBack: true },
  },
  {
    title: 'a server error after a write was sent',
    error: azure(500, 'InternalServerError', { ambiguous: true }),
    failure: { kind: 'transient', ambiguous: true },
  },
  {
    title: 'an identity that went between read and write',
    error: azure(404, 'ResourceNotFound'),
    failure: { kind: 'transient', reason: 'ResourceNotFound' },
  },
  {
    title: 'a group that went between read and write',
    error: azure(404, 'ResourceGroupNotFound'),
    failure: { kind: 'stalled', reason: 'ResourceGroupNotFound' },
  },
  {
    title: 'a race that somebody else won',
    error: new AlreadyExists('x'),
    failure: { kind: 'alreadyExists', reason: 'AlreadyExists' },
  },
  {
    title: 'a call azid gave up itself',
    error: new AzureError({ code: 'Aborted', message: 'given up' }),
    failure: undefined,
  },
  { title: 'what is no failure of Azure', error: new TypeError('a bug'), failure: undefined },
];

it.each(rows)('$title', ({ error, failure }) => {
  if (failure) expect(failureOf(error)).toMatchObject(failure);
  else expect(failureOf(error)).toBeUndefined();
});

it('says what Azure said and what to do', () => {
  expect(failureOf(azure(409, 'ScopeLocked'))?.message).toMatch(
    /Azure answers ScopeLocked: ScopeLocked happened; remove the named lock/,
  );
});
