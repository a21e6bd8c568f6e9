/** How azid proves who it is to Entra: federated tokens or a managed identity, never a secret. */
import {
  type AccessToken,
  AzureCliCredential,
  ClientAssertionCredential,
  type GetTokenOptions,
  ManagedIdentityCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from '@azure/identity';
import type { Clock } from '../../runtime/time/clock.ts';
import { AzureError, LOCAL_CODES } from './errors.ts';

export const CREDENTIAL_KINDS = ['auto', 'workload-identity', 'managed-identity', 'azure-cli'] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

export interface CredentialOptions {
  /**
   * `auto` = workload identity if there is a token file, else managed identity. `azure-cli` acts with the rights of
   * the user who is signed in there: for development only, never chosen by `auto`.
   */
  readonly kind: CredentialKind;
  /** Entra tenant; needed for workload identity. */
  readonly tenantId?: string | undefined;
  /** Application (client) id; needed for workload identity, names a user-assigned identity for managed identity. */
  readonly clientId?: string | undefined;
  /** File with the ServiceAccount token, read again at each use after 5 minutes. */
  readonly tokenFile?: string | undefined;
  /** Entra's origin, no trailing slash. */
  readonly authorityHost: string;
  readonly caPem?: string | undefined;
  /** True for an authority that Microsoft's public discovery does not know: else it is asked first (docs/azure-facts.md section 15). */
  readonly disableInstanceDiscovery: boolean;
  readonly clock: Clock;
  /** Read only to refuse secrets that must not be there. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A token request that takes longer has failed; the next call asks anew. */
const TOKEN_TIME_LIMIT_MS = 30_000;
const SECRETS = ['AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PATH', 'AZURE_PASSWORD'];

/** The credential that the options describe; throws a `TypeError` naming what is missing. Asks Entra for nothing yet. */
export function createCredential(options: CredentialOptions): TokenCredential {
  refuseSecrets(options);
  const { tenantId, clientId, tokenFile, authorityHost, disableInstanceDiscovery, caPem, clock } = options;
  // azid backs off itself: retries inside the SDK would run on a clock of their own.
  const common = {
    authorityHost,
    retryOptions: { maxRetries: 0 },
    ...(caPem !== undefined && { tlsOptions: { ca: caPem } }),
  };
  const kind =
    options.kind === 'auto' ? (tokenFile ? 'workload-identity' : 'managed-identity') : options.kind;
  switch (kind) {
    case 'workload-identity':
      return new SharedTokens(
        new WorkloadIdentityCredential({
          ...common,
          disableInstanceDiscovery,
          tenantId: required('--tenant-id', tenantId),
          clientId: required('--client-id', clientId),
          tokenFilePath: required('--federated-token-file', tokenFile),
        }),
        clock,
      );
    case 'managed-identity':
      return new SharedTokens(
        new ManagedIdentityCredential({ ...common, ...(clientId && { clientId }) }),
        clock,
      );
    case 'azure-cli':
      return new SharedTokens(new AzureCliCredential(tenantId ? { tenantId } : {}), clock);
    default:
      throw new TypeError(
        `Expected --credential to be one of ${CREDENTIAL_KINDS.join(', ')}, got "${kind satisfies never}"; azid takes no client secrets or certificates`,
      );
  }
}

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
        // The caller no longer waits for it: that says nothing of Entra.
        if (token === null && !options?.abortSignal?.aborted) failed();
      }
    },
  };
}

/** As workload identity does it, with a token that is asked for instead of one in a file. */
export function assertionCredential(
  {
    tenantId,
    clientId,
    authorityHost,
    caPem,
    disableInstanceDiscovery,
    clock,
  }: Pick<CredentialOptions, 'authorityHost' | 'caPem' | 'disableInstanceDiscovery' | 'clock'> & {
    readonly tenantId: string;
    readonly clientId: string;
  },
  assertion: () => Promise<string>,
): TokenCredential {
  return new SharedTokens(
    new ClientAssertionCredential(tenantId, clientId, assertion, {
      authorityHost,
      disableInstanceDiscovery,
      retryOptions: { maxRetries: 0 },
      ...(caPem !== undefined && { tlsOptions: { ca: caPem } }),
    }),
    clock,
  );
}

/**
 * One token request at a time for all calls. The caller's abort signal stays outside: the SDK shares a running request
 * among its callers, and one that gave up would fail all the others.
 */
class SharedTokens implements TokenCredential {
  readonly #inner: TokenCredential;
  readonly #clock: Clock;
  readonly #running = new Map<string, Promise<AccessToken | null>>();

  constructor(inner: TokenCredential, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken | null> {
    const key = JSON.stringify([scopes, options.claims, options.tenantId, options.enableCae]);
    let running = this.#running.get(key);
    if (!running) {
      running = this.#ask(scopes, options).finally(() => this.#running.delete(key));
      this.#running.set(key, running);
    }
    return running;
  }

  async #ask(scopes: string | string[], options: GetTokenOptions): Promise<AccessToken | null> {
    const { abortSignal: _, ...rest } = options;
    const late = Promise.withResolvers<never>();
    using _limit = this.#clock.timer(TOKEN_TIME_LIMIT_MS, () =>
      late.reject(
        new AzureError({
          code: LOCAL_CODES.authentication,
          message: `no token from Entra within ${TOKEN_TIME_LIMIT_MS / 1000} s`,
        }),
      ),
    );
    return await Promise.race([this.#inner.getToken(scopes, rest), late.promise]);
  }
}

function required(flag: string, value: string | undefined): string {
  if (value) return value;
  throw new TypeError(`Expected ${flag} to be given for the workload-identity credential, got nothing`);
}

function refuseSecrets({ env = {} }: CredentialOptions): void {
  const found = SECRETS.filter((name) => env[name]);
  if (found.length > 0)
    throw new TypeError(
      `Expected no client secret, got ${found.join(' and ')} in the environment; use a federated credential (--credential workload-identity) or a managed identity, and unset it`,
    );
}
