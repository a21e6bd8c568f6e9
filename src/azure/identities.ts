/**
 * User-assigned identities (docs/azure-facts.md section 3): every call goes through the request scheduler and reports
 * to the observer what it found.
 */
import { getContinuationToken, type Identity, ManagedServiceIdentityClient } from '@azure/arm-msi';
import { RecentMap } from '../runtime/recent-map.ts';
import {
  type Answer,
  ArmCalls,
  type ArmCallsOptions,
  type AzureObserver,
  type CallContext,
  type SendOptions,
} from './arm/arm-calls.ts';
import { type Classified, classify } from './arm/classify.ts';
import { AzureError } from './arm/errors.ts';
import { type AzureIdentity, readIdentity } from './azure-identity.ts';
import { type CallKind, MANAGED_IDENTITY } from './limits.ts';
import { type IdentityCoordinates, identityId, parseIdentityId } from './names/resource-id.ts';

export type { CallContext } from './arm/arm-calls.ts';

/** `requestedAt`: monotonic ms at which the request began; what it saw is no older than Azure's own lag before that. */
export type GetResult =
  | { readonly found: true; readonly identity: AzureIdentity; readonly requestedAt: number }
  | {
      readonly found: false;
      readonly missing: 'resource' | 'resourceGroup';
      readonly error: AzureError;
      readonly requestedAt: number;
    };

export interface IdentityPut extends IdentityCoordinates {
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly isolationScope?: 'None' | 'Regional' | undefined;
}

interface IdentityPatch {
  /** Replaces all tags: Azure has no single-tag change on this type, so foreign ones must be in it. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly isolationScope?: 'None' | 'Regional' | undefined;
}

interface IdentityPage {
  readonly identities: readonly AzureIdentity[];
  /** Monotonic ms at which this page's request began. */
  readonly requestedAt: number;
}

type IdentitiesOptions = ArmCallsOptions;

/** Subscriptions whose client is kept. */
const CLIENTS = 64;

export class Identities {
  readonly #options: IdentitiesOptions;
  readonly #calls: ArmCalls;
  /** By subscription; one that is made again costs no call. */
  readonly #clients = new RecentMap<ManagedServiceIdentityClient>(CLIENTS);
  #observer: AzureObserver<AzureIdentity> | undefined;

  constructor(options: IdentitiesOptions) {
    this.#options = options;
    this.#calls = new ArmCalls(options);
  }

  /** At most one observer: the cache. */
  observedBy(observer: AzureObserver<AzureIdentity>): void {
    this.#observer = observer;
  }

  /** Live read. Only Azure's own word is an absence: any other failure is thrown. */
  async get(id: string, context: CallContext): Promise<GetResult> {
    const { subscriptionId, resourceGroup, name } = parseIdentityId(id);
    let requestedAt = this.#options.clock.monotonic();
    try {
      const { value } = await this.#call('read', subscriptionId, id, context, (client, options) => {
        requestedAt = this.#options.clock.monotonic();
        return client.userAssignedIdentities.get(resourceGroup, name, options);
      });
      const identity = readIdentity(value);
      this.#observer?.recordGet(id, identity, requestedAt);
      return { found: true, identity, requestedAt };
    } catch (thrown) {
      const found = classify(thrown);
      const what = missing(found);
      if (!what) throw thrown;
      this.#observer?.recordGet(id, undefined, requestedAt);
      return { found: false, missing: what, error: found.error, requestedAt };
    }
  }

  /** PUT. `created` is false when Azure answered 200: it was there already, and its tags are now these. */
  async put(
    put: IdentityPut,
    context: CallContext,
  ): Promise<{ created: boolean; identity: AzureIdentity; correlationId?: string }> {
    const { resourceGroup, name, location, tags, isolationScope } = put;
    const body = { location, tags: { ...tags }, ...(isolationScope && { isolationScope }) };
    const id = identityId(put);
    const { status, ...rest } = await this.#write(
      id,
      context,
      (client, options) => client.userAssignedIdentities.createOrUpdate(resourceGroup, name, body, options),
      // It had another owner a moment ago: that it now carries these tags proves nothing.
      ({ status: answered }) => answered === 201,
    );
    return { created: status === 201, ...rest };
  }

  /** PATCH. Fails with `ResourceNotFound` if it is gone. */
  async patch(
    id: string,
    patch: IdentityPatch,
    context: CallContext,
  ): Promise<{ identity: AzureIdentity; correlationId?: string }> {
    const { resourceGroup, name } = parseIdentityId(id);
    const body = {
      ...(patch.tags && { tags: { ...patch.tags } }),
      ...(patch.isolationScope && { isolationScope: patch.isolationScope }),
    };
    const { status: _, ...rest } = await this.#write(id, context, (client, options) =>
      client.userAssignedIdentities.update(resourceGroup, name, body, options),
    );
    return rest;
  }

  /** DELETE; an identity whose group is gone is absent too. */
  async delete(
    id: string,
    context: CallContext,
  ): Promise<{ result: 'deleted' | 'absent'; correlationId?: string }> {
    const { subscriptionId, resourceGroup, name } = parseIdentityId(id);
    try {
      const { status, correlationId } = await this.#call(
        'delete',
        subscriptionId,
        id,
        context,
        (client, options) => client.userAssignedIdentities.delete(resourceGroup, name, options),
      );
      this.#observer?.recordDelete(id);
      return {
        result: status === 204 ? 'absent' : 'deleted',
        ...(correlationId !== undefined && { correlationId }),
      };
    } catch (thrown) {
      this.#recordIfAmbiguous(id, thrown);
      if (!missing(classify(thrown))) throw thrown;
      this.#observer?.recordDelete(id);
      return { result: 'absent' };
    }
  }

  /** All identities of a subscription that azid may read, page by page; each page is a call of its own. */
  async *list(subscriptionId: string, context: CallContext): AsyncGenerator<IdentityPage, void, undefined> {
    const scope = `/subscriptions/${subscriptionId}`;
    let continuationToken: string | undefined;
    do {
      const settings = continuationToken === undefined ? {} : { continuationToken };
      let requestedAt = this.#options.clock.monotonic();
      const { value } = await this.#call('list', subscriptionId, scope, context, (client, options) => {
        requestedAt = this.#options.clock.monotonic();
        return client.userAssignedIdentities.listBySubscription(options).byPage(settings).next();
      });
      if (value.done) return;
      yield { identities: value.value.map((each) => readIdentity(each, 'lenient')), requestedAt };
      continuationToken = getContinuationToken(value.value);
    } while (continuationToken);
  }

  async #write(
    id: string,
    context: CallContext,
    send: (client: ManagedServiceIdentityClient, options: SendOptions) => Promise<Identity>,
    isOurs: (answer: { readonly status: number }) => boolean = () => true,
  ): Promise<{ status: number; identity: AzureIdentity; correlationId?: string }> {
    const { subscriptionId } = parseIdentityId(id);
    const { clock } = this.#options;
    let requestedAt = clock.monotonic();
    try {
      const { value, ...rest } = await this.#call('write', subscriptionId, id, context, (client, options) => {
        requestedAt = clock.monotonic();
        return send(client, options);
      });
      const identity = readIdentity(value, 'written');
      if (isOurs(rest)) this.#observer?.recordWrite(identity);
      else this.#observer?.recordWriteAttempt(id);
      return { identity, ...rest };
    } catch (thrown) {
      this.#recordIfAmbiguous(id, thrown);
      // A PATCH that finds nothing says as much as a GET that finds nothing.
      if (missing(classify(thrown))) this.#observer?.recordGet(id, undefined, requestedAt);
      throw thrown;
    }
  }

  #recordIfAmbiguous(id: string, thrown: unknown): void {
    if (thrown instanceof AzureError && thrown.ambiguous) this.#observer?.recordWriteAttempt(id);
  }

  #call<T>(
    kind: CallKind,
    subscriptionId: string,
    resourceId: string,
    context: CallContext,
    send: (client: ManagedServiceIdentityClient, options: SendOptions) => Promise<T>,
  ): Promise<Answer<T>> {
    const call = { kind, subscriptionId, resourceId, provider: MANAGED_IDENTITY };
    return this.#calls.run(call, context, (options) => send(this.#client(subscriptionId), options));
  }

  #client(subscriptionId: string): ManagedServiceIdentityClient {
    let client = this.#clients.get(subscriptionId);
    if (!client) {
      const { access } = this.#options;
      client = new ManagedServiceIdentityClient(access.credential, subscriptionId, access.clientOptions);
      this.#clients.set(subscriptionId, client);
    }
    return client;
  }
}

/** What Azure reports as missing, if that proves that the identity is. */
function missing(found: Classified): 'resource' | 'resourceGroup' | undefined {
  if (found.kind !== 'notFound') return undefined;
  return found.what === 'resource' || found.what === 'resourceGroup' ? found.what : undefined;
}
