import type { AccessToken, TokenCredential } from '@azure/identity';
import { expect, it, vi } from 'vitest';
import { reportingFailures } from './credential.ts';

const token: AccessToken = { token: 't', expiresOnTimestamp: 1 };
const giving = (getToken: TokenCredential['getToken']) => {
  const failed = vi.fn();
  return { failed, credential: reportingFailures({ getToken }, failed) };
};

it('gives the token, and counts nothing', async () => {
  const { credential, failed } = giving(async () => token);
  expect(await credential.getToken('scope')).toBe(token);
  expect(failed).not.toHaveBeenCalled();
});

it('counts a refusal, which stays the one that it was', async () => {
  const refused = new Error('AADSTS700213');
  const { credential, failed } = giving(() => Promise.reject(refused));
  await expect(credential.getToken('scope')).rejects.toBe(refused);
  expect(failed).toHaveBeenCalledOnce();
});

it('counts an answer without a token', async () => {
  const { credential, failed } = giving(async () => null);
  expect(await credential.getToken('scope')).toBeNull();
  expect(failed).toHaveBeenCalledOnce();
});

it('does not count what no caller waits for any more', async () => {
  const { credential, failed } = giving(() => Promise.reject(new Error('aborted')));
  await expect(credential.getToken('scope', { abortSignal: AbortSignal.abort() })).rejects.toThrow();
  expect(failed).not.toHaveBeenCalled();
});
