/**
 * Hosts: resources of any provider, by raw REST (docs/design/2026-11-23-hosts-raw-rest.md). Every call goes through
 * the request scheduler and reports to the observer what it found; nothing here waits for an operation.
 */
import type { ArmRequest, ArmResponse } from '../arm/arm-access.ts';
import {
  type Answer,
  ArmCalls,
  type ArmCallsOptions,
  type AzureObserver,
  type CallContext,
  correlationOf,
  isAmbiguous,
} from '../arm/arm-calls.ts';
import { classify } from '../arm/classify.ts';
import { retryAfterFromHeaders } from '../arm/error-text.ts';
import { toAzureError } from '../arm/errors.ts';
import type { CallKind } from '../limits.ts';
import { armKey, parseResourceId } from '../names/resource-id.ts';
import { capabilityOf, hostTypeOf, PER_PARENT } from './capabilities.ts';
import type { AzureHost, HostOperation, IdentityBody, OperationState } from './host.ts';
import {
  type HostGet,
  type HostPage,
  type HostVersion,
  type HostWriteOptions,
  type HostWritten,
  hostPages,
  pathOf,
  providerOf,
  readSystemIdentity,
  type SystemIdentity,
  versionOf,
  wirePath,
} from './read/host-calls.ts';
import { isSettled, readHost, readHostIfAny } from './read/read-host.ts';
import { checkOperation, failedPoll, operationOf, operationState } from './write/operation.ts';
import type { Model } from './write/replace.ts';

export type {
  HostGet,
  HostPage,
  HostVersion,
  HostWriteOptions,
  HostWritten,
  SystemIdentity,
} from './read/host-calls.ts';

type HostsOptions = ArmCallsOptions;

export class Hosts {
  readonly #options: HostsOptions;
  readonly #calls: ArmCalls;
  #observer: AzureObserver<AzureHost> | undefined;

  constructor(options: HostsOptions) {
    this.#options = options;
    this.#calls = new ArmCalls(options);
  }

  /** At most one observer: the cache. */
  observedBy(observer: AzureObserver<AzureHost>): void {
    this.#observer = observer;
  }

  /** Live read. Only Azure's own word is an absence: any other failure is thrown. */
  async get(id: string, context: CallContext, version: HostVersion = {}): Promise<HostGet> {
    let requestedAt = this.#calls.now();
    try {
      const request = { method: 'GET', url: pathOf(id, version) } as const;
      const { value } = await this.#send('read', id, request, context, (at) => {
        requestedAt = at;
      });
      const host = readHost(value.body);
      this.#observer?.recordGet(id, host, requestedAt);
      return { found: true, host, model: value.body as Model, requestedAt };
    } catch (thrown) {
      const found = classify(thrown);
      // A subscription that azid cannot see is not proven gone.
      if (found.kind !== 'notFound' || found.what === 'subscription') throw thrown;
      this.#observer?.recordGet(id, undefined, requestedAt);
      return { found: false, missing: found.what, error: found.error, requestedAt };
    }
  }

  /** PATCH of `identity` alone. Not for types that want a `replace`. */
  patchIdentity(
    { id }: Pick<AzureHost, 'id'>,
    identity: IdentityBody,
    context: CallContext,
    options: HostWriteOptions = {},
  ): Promise<HostWritten> {
    return this.#write('PATCH', id, { identity }, context, options);
  }

  /** PUT of the whole resource: `body` is of `replaceBody`. */
  replace(
    { id }: Pick<AzureHost, 'id'>,
    body: Model,
    context: CallContext,
    options: HostWriteOptions = {},
  ): Promise<HostWritten> {
    return this.#write('PUT', id, body, context, options);
  }

  /**
   * The state of an operation. Throws `AzureError`: `ForeignOrigin` for a URL that is not of this cloud and the host's
   * subscription, and what says nothing of the operation, throttling included.
   */
  async poll(operation: HostOperation, hostId: string, context: CallContext): Promise<OperationState> {
    const { access, clock } = this.#options;
    checkOperation(operation, hostId, access.cloud.armEndpoint);
    try {
      const request = { method: 'GET', url: operation.url } as const;
      const { value } = await this.#send('read', hostId, request, context);
      const { status, body, headers } = value;
      return operationState(operation, status, body, (name) => headers.get(name), clock.now());
    } catch (thrown) {
      const state = failedPoll(operation, toAzureError(thrown));
      if (!state || classify(thrown).kind === 'throttled') throw thrown;
      return state;
    }
  }

  /**
   * All hosts of a type in a subscription that azid may read, by the provider's own list, page by page; each page is a
   * call of its own. Never filtered: filtered by tag, Azure leaves the tags out (docs/azure-facts.md section 7).
   */
  list(
    subscriptionId: string,
    type: string,
    context: CallContext,
    { apiVersion }: HostVersion = {},
  ): AsyncGenerator<HostPage, void, undefined> {
    const known = capabilityOf(type);
    if (known?.list === PER_PARENT)
      throw new TypeError(
        `Expected a type that can be listed by subscription, got ${type}: list it beneath each parent`,
      );
    const at = `/subscriptions/${subscriptionId}${known?.list ?? `/providers/${type}`}`;
    const first = `${at}?${versionOf(type, { apiVersion })}`;
    return hostPages(this.#calls, this.#options.access, { subscriptionId, type, first }, context);
  }

  /** The slots of one site: no call shows those of a subscription. Of a site that is gone it throws. */
  listSlots(siteId: string, context: CallContext): AsyncGenerator<HostPage, void, undefined> {
    const { subscriptionId } = parseResourceId(siteId);
    const type = 'Microsoft.Web/sites/slots';
    const first = `${wirePath(siteId)}/slots?${versionOf(type, {})}`;
    return hostPages(this.#calls, this.#options.access, { subscriptionId, type, first }, context);
  }

  /** See `readSystemIdentity`. */
  systemIdentity(id: string, context: CallContext): Promise<SystemIdentity | undefined> {
    return readSystemIdentity(this.#calls, this.#options.access, id, context);
  }

  async #write(
    method: 'PATCH' | 'PUT',
    id: string,
    body: unknown,
    context: CallContext,
    { ifMatch, ...version }: HostWriteOptions,
  ): Promise<HostWritten> {
    const type = hostTypeOf(id);
    const way = capabilityOf(type)?.write === 'replace' ? 'PUT' : 'PATCH';
    // A PATCH would be answered with success and ignored, a PUT could lose what a PATCH leaves alone (docs/guarantees.md G3).
    if (method !== way)
      throw new TypeError(`Expected a ${way} for the identity of a ${type}, got a ${method}`);
    const headers = ifMatch === undefined ? {} : { 'if-match': ifMatch };
    let answer: Answer<ArmResponse>;
    try {
      const request = { method, url: pathOf(id, version), body, headers };
      answer = await this.#send('write', id, request, context);
    } catch (thrown) {
      // A 404 does not prove that the host is gone: it may be about an identity that the write names.
      if (isAmbiguous(thrown)) this.#observer?.recordWriteAttempt(id);
      throw thrown;
    }
    const { value, status } = answer;
    const header = (name: string) => value.headers.get(name);
    const operation = operationOf(status, header);
    const host = readHostIfAny(value.body);
    // A 202 only means that the write was accepted: a site's answer shows the new identity already, and nothing
    // reports when it takes effect.
    const done = host !== undefined && !operation && status !== 202 && isSettled(host);
    if (done) this.#observer?.recordWrite(host);
    else this.#observer?.recordWriteAttempt(id);
    const retryAfterMs = retryAfterFromHeaders(header, this.#options.clock.now());
    return {
      done,
      ...(host && { host }),
      ...(operation && { operation }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...correlationOf(answer),
    };
  }

  #send(
    kind: CallKind,
    id: string,
    request: ArmRequest,
    context: CallContext,
    onStart?: (requestedAt: number) => void,
  ): Promise<Answer<ArmResponse>> {
    const { subscriptionId } = parseResourceId(id);
    const call = { kind, provider: providerOf(hostTypeOf(id)), subscriptionId, resourceId: id };
    const exclusive = kind === 'write' ? { exclusive: armKey(id) } : {};
    const { access } = this.#options;
    return this.#calls.run(
      { ...call, ...exclusive },
      context,
      (options) => access.send(request, options),
      onStart,
    );
  }
}
