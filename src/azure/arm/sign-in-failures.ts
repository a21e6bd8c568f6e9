import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity';

/**
 * The same credential, and `failed` is called for each token that it did not give. Without a token no call is sent, so nothing that is
 * counted of calls would show that Entra refuses azid.
 */
export function reportingFailures(inner: TokenCredential, failed: () => void): TokenCredential {
  return {
    async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
      let token: AccessToken | null = null;
      try {
        token = await inner.getToken(scopes, options);
        return token;
      } finally {
        // Whoever asked no longer waits for it: that says nothing of Entra.
        if (token === null && !options?.abortSignal?.aborted) failed();
      }
    },
  };
}
