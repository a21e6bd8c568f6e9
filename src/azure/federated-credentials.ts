/**
 * Federated credentials of user-assigned identities (docs/azure-facts.md section 4). Every call goes through the
 * request scheduler and reports to the observer what it found. Azure takes one write at a time beneath an identity,
 * so the request scheduler runs them one by one; all calls draw from the identity's own buckets, since Azure does not
 * document that they have others.
 */
import { getContinuationToken, ManagedServiceIdentityClient } from '@azure/arm-msi';
import { RecentMap } from '../runtime/recent-map.ts';
import {
  ArmCalls,
  type ArmCallsOptions,
  type AzureObserver,
  type CallContext,
  correlationOf,
  isAmbiguous,
} from './arm/arm-calls.ts';
import { type Classified, classify } from './arm/classify.ts';
import type { AzureError } from './arm/errors.ts';
import { type AzureFederatedCredential, credentialId, readCredential } from './azure-federated-credential.ts';
import { type CallKind, MANAGED_IDENTITY } from './limits.ts';
import { CREDENTIAL_NAME } from './names/credential-name.ts';
import { armKey, parseIdentityId } from './names/resource-id.ts';

/** Azure's limit (docs/azure-facts.md section 4). */
export const MAX_CREDENTIALS = 20;

/** `parent`: the identity itself, or its group, is not there. */
type MissingCredential = 'resource' | 'parent' | 'resourceGroup';

export type CredentialGet =
  | { readonly found: true; readonly credential: AzureFederatedCredential; readonly requestedAt: number }
  | {
      readonly found: false;
      readonly missing: MissingCredential;
      readonly error: AzureError;
      readonly requestedAt: number;
    };

/** All credentials of one identity, every page read. */
type CredentialList =
  | {
      readonly found: true;
      readonly credentials: readonly AzureFederatedCredential[];
      /** Monotonic ms at which the first page's request began. */
      readonly startedAt: number;
    }
  | { readonly found: false; readonly error: AzureError; readonly startedAt: number };

interface CredentialPut {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** For a page of a list: more than an identity can have, so that one page does. */
const PAGE = 100;

/** Subscriptions whose client is kept. */
const CLIENTS = 64;

export class FederatedCredentials {
  readonly #options: ArmCallsOptions;
  readonly #calls: ArmCalls;
  /** By subscription; one that is made again costs no call. */
  readonly #clients = new RecentMap<ManagedServiceIdentityClient>(CLIENTS);
  #observer: AzureObserver<AzureFederatedCredential> | undefined;

  constructor(options: ArmCallsOptions) {
    this.#options = options;
    this.#calls = new ArmCalls(options);
  }

  /** At most one observer: the cache. */
  observedBy(observer: AzureObserver<AzureFederatedCredential>): void {
    this.#observer = observer;
  }

  /** Live read. Only Azure's own word is an absence: any other failure is thrown. */
  async get(identityId: string, name: string, context: CallContext): Promise<CredentialGet> {
    const { resourceGroup, name: identity } = parseIdentityId(identityId);
    const id = credentialId(identityId, name);
    let requestedAt = this.#calls.now();
    try {
      const { value } = await this.#calls.run(
        this.#of('read', identityId),
        context,
        (options) =>
          this.#client(identityId).federatedIdentityCredentials.get(resourceGroup, identity, name, options),
        (at) => {
          requestedAt = at;
        },
      );
      const credential = readCredential(value);
      this.#observer?.recordGet(id, credential, requestedAt);
      return { found: true, credential, requestedAt };
    } catch (thrown) {
      const found = classify(thrown);
      const missing = missingOf(found);
      if (!missing) throw thrown;
      this.#observer?.recordGet(id, undefined, requestedAt);
      return { found: false, missing, error: found.error, requestedAt };
    }
  }

  /** PUT. `created` is false when Azure answered 200: it was there under this name, and now says this. */
  async put(
    identityId: string,
    name: string,
    { issuer, subject, audience }: CredentialPut,
    context: CallContext,
  ): Promise<{ created: boolean; credential: AzureFederatedCredential; correlationId?: string }> {
    const { resourceGroup, name: identity } = parseIdentityId(identityId);
    if (!CREDENTIAL_NAME.test(name))
      throw new TypeError(
        `Expected the name of a federated credential to match ${CREDENTIAL_NAME.source}, got '${name.slice(0, 130)}'`,
      );
    const body = { issuer, subject, audiences: [audience] };
    try {
      const { value, status, ...rest } = await this.#calls.run(
        this.#of('write', identityId),
        context,
        (options) =>
          this.#client(identityId).federatedIdentityCredentials.createOrUpdate(
            resourceGroup,
            identity,
            name,
            body,
            options,
          ),
      );
      const credential = readCredential(value, 'written');
      this.#observer?.recordWrite(credential);
      return { created: status === 201, credential, ...correlationOf(rest) };
    } catch (thrown) {
      if (isAmbiguous(thrown)) this.#observer?.recordWriteAttempt(credentialId(identityId, name));
      throw thrown;
    }
  }

  /** DELETE; one whose identity is gone is absent too. */
  async delete(
    identityId: string,
    name: string,
    context: CallContext,
  ): Promise<{ result: 'deleted' | 'absent'; correlationId?: string }> {
    const { resourceGroup, name: identity } = parseIdentityId(identityId);
    const id = credentialId(identityId, name);
    try {
      const { status, ...rest } = await this.#calls.run(this.#of('delete', identityId), context, (options) =>
        this.#client(identityId).federatedIdentityCredentials.delete(resourceGroup, identity, name, options),
      );
      this.#observer?.recordDelete(id);
      return { result: status === 204 ? 'absent' : 'deleted', ...correlationOf(rest) };
    } catch (thrown) {
      if (isAmbiguous(thrown)) this.#observer?.recordWriteAttempt(id);
      if (!missingOf(classify(thrown))) throw thrown;
      this.#observer?.recordDelete(id);
      return { result: 'absent' };
    }
  }

  /** All of one identity. A list that comes at all is whole: without the right Azure answers 403, which is thrown. */
  async list(identityId: string, context: CallContext): Promise<CredentialList> {
    const { resourceGroup, name } = parseIdentityId(identityId);
    const credentials: AzureFederatedCredential[] = [];
    let startedAt: number | undefined;
    let continuationToken: string | undefined;
    try {
      do {
        const settings = continuationToken === undefined ? {} : { continuationToken };
        const { value } = await this.#calls.run(
          this.#of('list', identityId),
          context,
          (options) =>
            this.#client(identityId)
              .federatedIdentityCredentials.list(resourceGroup, name, { top: PAGE, ...options })
              .byPage(settings)
              .next(),
          (at) => {
            startedAt ??= at;
          },
        );
        if (value.done) break;
        credentials.push(...value.value.map((each) => readCredential(each)));
        continuationToken = getContinuationToken(value.value);
      } while (continuationToken);
    } catch (thrown) {
      const found = classify(thrown);
      if (!missingOf(found)) throw thrown;
      return { found: false, error: found.error, startedAt: startedAt ?? this.#calls.now() };
    }
    return { found: true, credentials, startedAt: startedAt ?? this.#calls.now() };
  }

  #of(kind: CallKind, identityId: string) {
    const { subscriptionId } = parseIdentityId(identityId);
    const call = { kind, provider: MANAGED_IDENTITY, subscriptionId, resourceId: identityId };
    const write = kind === 'write' || kind === 'delete';
    return write ? { ...call, exclusive: `credentials ${armKey(identityId)}` } : call;
  }

  #client(identityId: string): ManagedServiceIdentityClient {
    const { subscriptionId } = parseIdentityId(identityId);
    let client = this.#clients.get(subscriptionId);
    if (!client) {
      const { access } = this.#options;
      client = new ManagedServiceIdentityClient(access.credential, subscriptionId, access.clientOptions);
      this.#clients.set(subscriptionId, client);
    }
    return client;
  }
}

function missingOf(found: Classified): MissingCredential | undefined {
  if (found.kind !== 'notFound') return undefined;
  const { what } = found;
  return what === 'resource' || what === 'parent' || what === 'resourceGroup' ? what : undefined;
}
