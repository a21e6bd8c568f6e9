/** One call to the API server: what is asked, what may stand between a caller and the wire, and the time limit. */
import type { Clock } from '../../runtime/time/clock.ts';
import type { Tracer } from '../../runtime/trace.ts';
import type { KubeResponse } from '../errors.ts';

type KubeMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface KubeRequest {
  readonly method: KubeMethod;
  /** Absolute path below the server, each segment already encoded. */
  readonly path: string;
  /** Undefined members are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` by default. */
  readonly contentType?: string;
  /** `application/json` by default; some documents have a JSON type of their own and refuse that (406). */
  readonly accept?: string;
  /** For the whole call; for a stream, until its headers. Defaults to 30 s. */
  readonly timeoutMs?: number;
}

/** Stands between a call and the wire, for the crash harness. A status of 400 and above is still a response here. */
export type Interceptor = (
  request: KubeRequest,
  next: (request: KubeRequest) => Promise<KubeResponse>,
) => Promise<KubeResponse>;

/** One finished call, for `rest_client_requests_total`. `code`: the HTTP status, or `<error>` as client-go says. */
export interface RequestSample {
  readonly code: string;
  readonly method: KubeMethod;
  readonly host: string;
}

/** For messages. */
export const callOf = (request: KubeRequest) => `${request.method} ${request.path}`;

export function queryOf(query: KubeRequest['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined) parameters.set(name, String(value));
  return parameters.size > 0 ? `?${parameters}` : '';
}

/**
 * A span for each write. Reads are of stores, and watches last: they would hide what is done. No trace context is sent along: an API server does not take
 * it from outside (kubernetes.io/docs/concepts/cluster-administration/system-traces).
 */
export function tracedWrites(tracer: Tracer, inner?: Interceptor): Interceptor {
  return async (request, next) => {
    const send = () => (inner ? inner(request, next) : next(request));
    if (request.method === 'GET') return send();
    const route = kubeRoute(request.path);
    const attributes = { 'http.request.method': request.method, 'url.template': route };
    return tracer.run(`${request.method} ${route}`, { kind: 'client', attributes }, async (span) => {
      const response = await send();
      span.set({ 'http.response.status_code': response.status });
      if (response.status >= 400) span.fail(String(response.status));
      return response;
    });
  };
}

/** `/apis/azid.dev/v1alpha1/namespaces/{namespace}/rolegrants/{name}/status` */
export function kubeRoute(path: string): string {
  const [, head = '', namespaced, rest = ''] =
    /^(\/api\/[^/]+|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/[^/]+(\/))?\/?(.*)$/.exec(path) ?? [];
  if (head === '') return '{}';
  const [plural, name, ...more] = rest.split('/').filter((each) => each !== '');
  return [
    head,
    ...(namespaced ? ['namespaces', '{namespace}'] : []),
    plural,
    ...(name ? ['{name}'] : []),
    ...more,
  ].join('/');
}

/**
 * The end of one call: the caller's signal or a time limit, whichever comes first, and which of them it was.
 * Not `AbortSignal.any`: on a long-lived signal Node keeps memory for each derived one (docs/kubernetes.md section 1).
 */
export class Deadline implements Disposable {
  readonly #clock: Clock;
  readonly #parent: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onAbort = () => this.end();
  #timer: Disposable | undefined;
  #timedOut = false;

  constructor(clock: Clock, ms: number, parent: AbortSignal) {
    this.#clock = clock;
    this.#parent = parent;
    if (parent.aborted) this.#controller.abort();
    else {
      parent.addEventListener('abort', this.#onAbort, { once: true });
      this.restart(ms);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when the time limit ended the call; false while it runs or when the caller did. */
  get timedOut(): boolean {
    return this.#timedOut;
  }

  /** Ends the call at once, for neither reason. */
  end(): void {
    this.#controller.abort();
  }

  /** Counts from now again, with a new limit. */
  restart(ms: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.timer(ms, () => {
      this.#timedOut = true;
      this.#controller.abort();
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#parent.removeEventListener('abort', this.#onAbort);
  }
}
