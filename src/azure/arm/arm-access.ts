/**
 * One way to Resource Manager for all clients: the same endpoint, token, certificates, limits and policies, whether an
 * SDK makes the request or azid itself. SDK retries are off: the request scheduler and the work queue decide when to come back.
 */
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest,
  type HttpClient,
  type Pipeline,
  type PipelinePolicy,
  RestError,
} from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Tracer } from '../../runtime/trace.ts';
import {
  type ArmMetrics,
  type BeforeWrite,
  type Intercept,
  sameOriginPolicy,
  wirePolicy,
} from './arm-policies.ts';
import type { Cloud } from './clouds.ts';
import { toAzureError } from './errors.ts';
import { policyTokenPolicy } from './policy-token.ts';
import { tracePolicy } from './trace-policy.ts';

export interface ArmAccessOptions {
  readonly cloud: Cloud;
  readonly credential: TokenCredential;
  readonly clock: Clock;
  /** azid's version, for the user agent. */
  readonly version: string;
  /** For one call, waiting for a token included. Default 60 s: creating an identity takes about one. */
  readonly timeLimitMs?: number;
  readonly intercept?: Intercept;
  readonly beforeWrite?: BeforeWrite;
  readonly metrics?: ArmMetrics;
  readonly tracer?: Tracer | undefined;
  /** In place of sockets, for tests with an Azure in the same process. */
  readonly httpClient?: HttpClient;
}

/** What the SDK clients of Resource Manager take, as far as azid sets it. */
interface ArmClientOptions {
  endpoint: string;
  credentialScopes: string[];
  tlsOptions?: { ca: string };
  retryOptions: { maxRetries: number };
  redirectOptions: { maxRetries: number };
  userAgentOptions: { userAgentPrefix: string };
  additionalPolicies: { policy: PipelinePolicy; position: 'perCall' | 'perRetry' }[];
  httpClient?: HttpClient;
}

interface CallOptions {
  /** A write that gets no answer has an unknown effect: see `AzureError.ambiguous`. */
  readonly write: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A request that azid makes itself, where no SDK offers it. */
export interface ArmRequest {
  /** POST asks, as `isWrite` has it. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** A path with its query, or an absolute URL of the same origin. */
  readonly url: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ArmResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  /** Parsed JSON; undefined where the body is empty. */
  readonly body: unknown;
}

/** As SDK calls have them: given by `call`, handed on to `send`. */
interface ArmSendOptions {
  readonly abortSignal: AbortSignal;
  readonly onResponse?: (response: Omit<ArmResponse, 'body'>) => void;
}

export class ArmAccess {
  readonly cloud: Cloud;
  readonly credential: TokenCredential;
  /** Shared by all clients: the connection pool goes by the identity of `tlsOptions`. */
  readonly clientOptions: ArmClientOptions;
  readonly #clock: Clock;
  readonly #timeLimitMs: number;
  readonly #sent = new WeakSet<AbortSignal>();
  readonly #pipeline: Pipeline;
  readonly #http: HttpClient;

  constructor(options: ArmAccessOptions) {
    const { cloud, credential, clock, version } = options;
    this.cloud = cloud;
    this.credential = credential;
    this.#clock = clock;
    this.#timeLimitMs = options.timeLimitMs ?? 60_000;
    this.#http = options.httpClient ?? createDefaultHttpClient();
    const sameOrigin = sameOriginPolicy(cloud.armEndpoint);
    const { intercept, beforeWrite, metrics } = options;
    const onSend = (signal: AbortSignal) => void this.#sent.add(signal);
    const wire = wirePolicy({ clock, intercept, beforeWrite, metrics, onSend });
    const policyToken = policyTokenPolicy();
    // Around the wire, and within what asks for a token of a policy: each request that leaves is one span.
    const behindToken = [policyToken, ...(options.tracer ? [tracePolicy(options.tracer)] : []), wire];
    this.clientOptions = {
      endpoint: cloud.armEndpoint,
      credentialScopes: [cloud.armScope],
      ...(cloud.caPem !== undefined && { tlsOptions: { ca: cloud.caPem } }),
      retryOptions: { maxRetries: 0 },
      redirectOptions: { maxRetries: 0 },
      userAgentOptions: { userAgentPrefix: `azid/${version}` },
      // `perCall` stands before the token, `perRetry` behind it.
      additionalPolicies: [
        { policy: sameOrigin, position: 'perCall' },
        // Around the wire: asking for a token and the second write pass it like any request.
        ...behindToken.map((policy) => ({ policy, position: 'perRetry' as const })),
      ],
      ...(options.httpClient && { httpClient: options.httpClient }),
    };
    this.#pipeline = createPipelineFromOptions(this.clientOptions);
    this.#pipeline.addPolicy(sameOrigin);
    this.#pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: [cloud.armScope] }));
    for (const policy of behindToken) this.#pipeline.addPolicy(policy, { afterPhase: 'Sign' });
  }

  /**
   * One call of an SDK client, with the time limit and the caller's signal. `send` must pass `abortSignal` on; it may be
   * abandoned before it settles. Throws only `AzureError`.
   */
  async call<T>(options: CallOptions, send: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, write } = options;
    // Not `AbortSignal.any`: under a signal that lives as long as the process each call would leave something behind.
    const own = new AbortController();
    let timedOut = false;
    const given = Promise.withResolvers<never>();
    const stop = () => {
      own.abort();
      given.reject(own.signal.reason);
    };
    using _limit = this.#clock.timer(this.#timeLimitMs, () => {
      timedOut = true;
      stop();
    });
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', stop, { once: true });
      return await Promise.race([send(own.signal), given.promise]);
    } catch (error) {
      throw toAzureError(error, {
        write,
        sent: this.#sent.has(own.signal),
        aborted: signal?.aborted ?? false,
        timedOut,
        nowMs: this.#clock.now(),
      });
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** GET of a path or of a `nextLink`, for what no SDK offers. Gives the parsed JSON. */
  getJson(pathOrLink: string, signal?: AbortSignal): Promise<unknown> {
    return this.call({ write: false, signal }, async (abortSignal) => {
      const { status, body } = await this.send({ method: 'GET', url: pathOrLink }, { abortSignal });
      if (status !== 200) throw new RestError(`status ${status}`, { statusCode: status });
      return body;
    });
  }

  /**
   * One request as it is, for use inside `call`: throws what SDK clients throw, `RestError` for any status but 2xx and
   * for a body that is no JSON.
   */
  async send(
    { method, url: given, body, headers }: ArmRequest,
    { abortSignal, onResponse }: ArmSendOptions,
  ): Promise<ArmResponse> {
    const url = given.startsWith('/') ? `${this.cloud.armEndpoint}${given}` : given;
    const request = createPipelineRequest({ url, method, abortSignal });
    request.headers.set('accept', 'application/json');
    for (const [name, value] of Object.entries(headers ?? {})) request.headers.set(name, value);
    if (body !== undefined) {
      request.headers.set('content-type', 'application/json');
      request.body = JSON.stringify(body);
    }
    const response = await this.#pipeline.sendRequest(this.#http, request);
    const { status, bodyAsText } = response;
    onResponse?.(response);
    const failed = { statusCode: status, request, response };
    if (status < 200 || status > 299) throw new RestError(`status ${status}`, failed);
    if (!bodyAsText) return { status, headers: response.headers, body: undefined };
    try {
      return { status, headers: response.headers, body: JSON.parse(bodyAsText) };
    } catch {
      throw new RestError('the body is no JSON', { ...failed, code: RestError.PARSE_ERROR });
    }
  }
}
