import { describe, expect, test } from 'vitest';
import { AzureError } from '../../arm/errors.ts';
import type { HostOperation } from '../host.ts';
import { hostIdOf, SUBSCRIPTION } from '../hosts.fixture.ts';
import { checkOperation, failedPoll, operationOf, operationState } from './operation.ts';

const ARM = 'https://management.azure.com';
const url = `${ARM}/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Compute/locations/we/operations/1?t=1&c=${'x'.repeat(5000)}`;
const header = (headers: Record<string, string>) => (name: string) => headers[name];
const asyncOperation = { url, style: 'asyncOperation' } as const;
const location = { url, style: 'location' } as const;

describe('what an answer leaves to wait for', () => {
  test.each([
    [200, { 'azure-asyncoperation': url }, asyncOperation],
    [202, { 'azure-asyncoperation': url, location: `${url}2` }, asyncOperation],
    [202, { location: url }, location],
    [201, { location: url }, location],
    [200, { location: url }, undefined],
    [201, { location: '/subscriptions/x' }, undefined],
    [202, {}, undefined],
  ])('%i with %j', (status, headers, expected) => {
    expect(operationOf(status, header(headers))).toEqual(expected);
  });
});

describe('an operation’s URL', () => {
  const id = hostIdOf('Microsoft.Compute/virtualMachines');

  test('of the cloud and the host’s subscription is followed, in any case', () => {
    checkOperation(asyncOperation, id.toUpperCase(), ARM);
  });

  test.each([
    ['another host', url.replace('management.azure.com', 'evil.example')],
    ['a host that begins alike', url.replace('management.azure.com', 'management.azure.com.evil.example')],
    ['a host behind a name', url.replace('management.azure.com', 'management.azure.com@evil.example')],
    ['a name before the host', url.replace('management', 'user@management')],
    ['plain http', url.replace('https', 'http')],
    ['another subscription', url.replace(SUBSCRIPTION, SUBSCRIPTION.replace('1', '2'))],
    [
      'another subscription behind dots',
      url.replace('/providers', `/../${SUBSCRIPTION.replace('1', '2')}/x`),
    ],
    ['the tenant', `${ARM}/providers/x`],
    ['no URL', 'x'],
  ])('that is %s gets no token', (_, given) => {
    const check = () => checkOperation({ url: given, style: 'location' }, id, ARM);
    expect(check).toThrow(expect.objectContaining({ code: 'ForeignOrigin' }));
    expect(check).toThrow('nothing was sent');
  });
});

describe('where an operation stands', () => {
  const state = (of: HostOperation, status: number, body?: unknown, headers = {}) =>
    operationState(of, status, body, header(headers), 0);

  test.each([
    [asyncOperation, 200, { status: 'InProgress' }, { state: 'running' }],
    [asyncOperation, 200, { status: 'Succeeded' }, { state: 'succeeded' }],
    [asyncOperation, 202, undefined, { state: 'running' }],
    [asyncOperation, 200, { name: 'x' }, { state: 'unknown' }],
    [
      asyncOperation,
      200,
      { status: 'Failed', error: { code: 'C', message: 'm' } },
      { state: 'failed', code: 'C', message: 'm' },
    ],
    [asyncOperation, 200, { status: 'Canceled' }, { state: 'failed', code: 'OperationCanceled' }],
    [asyncOperation, 200, { status: 'Failed', error: null }, { state: 'failed', code: 'OperationFailed' }],
    [location, 202, { status: 'InProgress' }, { state: 'running' }],
    [location, 200, { id: 'x', properties: {} }, { state: 'succeeded' }],
    [location, 204, undefined, { state: 'succeeded' }],
    [location, 200, { status: 'Failed', error: { code: 'C' } }, { state: 'failed', code: 'C' }],
  ])('%j %i %j', (of, status, body, expected) => {
    expect(state(of, status, body)).toMatchObject(expected);
  });

  test('is asked for again when Azure says so', () => {
    expect(state(asyncOperation, 200, { status: 'Updating' }, { 'retry-after': '17' })).toEqual({
      state: 'running',
      retryAfterMs: 17_000,
    });
  });

  test('a poll that fails says something of the operation only where it does', () => {
    const failed = (of: HostOperation, status: number, code = 'C') =>
      failedPoll(of, new AzureError({ status, code, message: 'm' }))?.state;
    expect([404, 410].map((status) => failed(asyncOperation, status))).toEqual(['unknown', 'unknown']);
    expect([401, 403, 408, 429, 500].map((status) => failed(asyncOperation, status))).toEqual(Array(5));
    expect([400, 409].map((status) => failed(location, status))).toEqual(['failed', 'failed']);
    expect(failed(location, 403, 'LinkedAuthorizationFailed')).toBe('failed');
    expect(failed(location, 403, 'AuthorizationFailed')).toBeUndefined();
    expect(failed(location, 500, 'InternalExecutionError')).toBe('failed');
    expect(failed(asyncOperation, 500, 'InternalExecutionError')).toBeUndefined();
    for (const code of ['Http503', 'ServiceUnavailable', 'InternalServerError', 'GatewayTimeout'])
      expect(failed(location, 503, code)).toBeUndefined();
    expect([401, 408, 429].map((status) => failed(location, status))).toEqual(Array(3));
  });
});
