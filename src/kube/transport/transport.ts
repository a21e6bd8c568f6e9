/**
 * Calls to one API server over one shared Agent: credentials, time limits, one error type. Two instances never share a
 * connection unless they are given the same Agent, which is what keeps the Lease alive when the rest is busy.
 */

import type { Readable } from 'node:stream';
import { unlessAborted } from '../../runtime/time/bounded-waits.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { EndpointCredentials, KubeEndpoint } from '../access/endpoint.ts';
import { errorOfResponse, KubeError, type KubeResponse } from '../errors.ts';
import { SharedAgent } from './agent.ts';
import { alive, jsonLines, readWhole, type StreamAnswer } from './answer.ts';
import {
  callOf,
  Deadline,
  type Interceptor,
  type KubeRequest,
  queryOf,
  type RequestSample,
} from './request.ts';
import { WatchConnection } from './watch-connection.ts';

export interface TransportOptions {
  readonly endpoint: KubeEndpoint;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly intercept?: Interceptor;
  readonly onRequest?: (sample: RequestSample) => void;
  /** How often a connection of watches is asked whether it lives, and how long it may take to say so. Defaults to 15 s. */
  readonly pingMs?: number;
  /** Connections for calls that others use as well, and that stay open. Defaults to some of its own, which end with it. */
  readonly agent?: SharedAgent;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_PING_MS = 15_000;

export class KubeTransport {
  readonly #options: TransportOptions;
  readonly #agent: SharedAgent;
  readonly #running = new Set<Deadline>();
  #closed = false;
  readonly #watches: WatchConnection;
  readonly #origin: string;
  readonly #host: string;
  /** Path prefix of the server, '' mostly. */
  readonly #prefix: string;

  constructor(options: TransportOptions) {
    const url = new URL(options.endpoint.server);
    this.#options = options;
    this.#agent = options.agent ?? new SharedAgent();
    this.#origin = url.origin;
    this.#host = url.host;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    const { clock, pingMs = DEFAULT_PING_MS } = options;
    this.#watches = new WatchConnection({ origin: this.#origin, clock, pingMs });
  }

  /** The answer's JSON; throws `KubeError` for everything else. */
  async request<T>(request: KubeRequest, signal: AbortSignal): Promise<T> {
    const next = (given: KubeRequest) => this.#exchange(given, signal);
    const response = await (this.#options.intercept ? this.#options.intercept(request, next) : next(request));
    if (response.status < 200 || response.status > 299)
      throw errorOfResponse(callOf(request), response, this.#options.clock.now());
    if (typeof response.body === 'string')
      throw new KubeError(`${callOf(request)}: the answer is no JSON`, {
        status: response.status,
        reason: 'InvalidResponse',
      });
    return response.body as T;
  }

  /**
   * One JSON value per line until the server ends the stream (a clean end returns). `idleMs`: silence that counts as a
   * dead connection and throws reason `Timeout`; keep it above 60 s for a watch, whose bookmarks come once a minute.
   * Leaving the loop early closes the connection.
   */
  async *stream(
    request: KubeRequest,
    signal: AbortSignal,
    options: { idleMs: number },
  ): AsyncGenerator<unknown> {
    const call = callOf(request);
    using deadline = new Deadline(this.#options.clock, request.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal);
    let body: Readable | undefined;
    this.#running.add(deadline);
    try {
      const answer = await this.#send(request, deadline, 'watch');
      body = answer.body;
      // The loop below reports a failure; without a listener one that comes between two reads would end the process.
      body.on('error', () => {});
      if (answer.statusCode !== 200)
        throw errorOfResponse(call, await readWhole(answer), this.#options.clock.now());
      deadline.restart(options.idleMs);
      const chunks = alive(body, () => deadline.restart(options.idleMs));
      yield* jsonLines(call, chunks);
      if (answer.wasCut?.()) throw Object.assign(new Error('the connection ended'), { code: 'ECONNRESET' });
    } catch (error) {
      throw this.#failure(call, error, deadline, signal);
    } finally {
      this.#running.delete(deadline);
      body?.destroy();
    }
  }

  /** Ends what is running and closes the connections. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#watches.close();
    if (!this.#options.agent) return this.#agent.close();
    for (const deadline of this.#running) deadline.end();
  }

  async #exchange(request: KubeRequest, signal: AbortSignal): Promise<KubeResponse> {
    using deadline = new Deadline(this.#options.clock, request.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal);
    this.#running.add(deadline);
    try {
      return await readWhole(await this.#send(request, deadline, 'call'));
    } catch (error) {
      throw this.#failure(callOf(request), error, deadline, signal);
    } finally {
      this.#running.delete(deadline);
    }
  }

  /** Until the headers. Counts the call, also one that fails. */
  async #send(request: KubeRequest, deadline: Deadline, as: 'call' | 'watch'): Promise<StreamAnswer> {
    const { endpoint, userAgent, onRequest } = this.#options;
    const { method, body } = request;
    let code = '<error>';
    if (this.#closed) throw new Error('Expected the transport to be open, got a call after close()');
    try {
      const { tls, ...credentials } = await credentialsOf(endpoint, deadline.signal);
      const path = this.#prefix + request.path + queryOf(request.query);
      const headers = {
        accept: request.accept ?? 'application/json',
        'user-agent': userAgent,
        ...(body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        ...credentials.headers,
      };
      const { signal } = deadline;
      const watched = as === 'watch' ? await this.#watches.get(path, headers, tls, signal) : undefined;
      const answer =
        watched ??
        (await this.#agent.for(tls).request({
          origin: this.#origin,
          path,
          method,
          headers,
          body: body === undefined ? null : JSON.stringify(body),
          signal,
        }));
      code = String(answer.statusCode);
      if (answer.statusCode === 401) endpoint.refresh();
      return answer;
    } finally {
      onRequest?.({ code, method, host: this.#host });
    }
  }

  #failure(call: string, error: unknown, deadline: Deadline, signal: AbortSignal): KubeError {
    if (signal.aborted) return new KubeError(`${call}: aborted`, { reason: 'Aborted', cause: signal.reason });
    if (deadline.timedOut)
      return new KubeError(`${call}: no answer within the time limit`, { reason: 'Timeout' });
    if (error instanceof KubeError) return error;
    return new KubeError(`${call}: connection failed (${codeOf(error)})`, {
      reason: 'ConnectionFailed',
      cause: error,
    });
  }
}

/** An exec plugin may hang; the call's end is not to wait for it. */
async function credentialsOf(endpoint: KubeEndpoint, signal: AbortSignal): Promise<EndpointCredentials> {
  signal.throwIfAborted();
  try {
    return await unlessAborted(endpoint.credentials(), signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new KubeError(`credentials for the API server could not be read (${codeOf(error)})`, {
      reason: 'ConnectionFailed',
      cause: error,
    });
  }
}

/** `ECONNREFUSED`, `CERT_HAS_EXPIRED`, ...: enough to know what to check, and never a piece of the request. */
function codeOf(error: unknown): string {
  const { code, name } = (typeof error === 'object' && error ? error : {}) as {
    code?: unknown;
    name?: unknown;
  };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
}
