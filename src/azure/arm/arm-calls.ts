/** One call of an SDK client, through the request scheduler and the access, with what logs and Kubernetes Events want of its answer. */
import type { Clock } from '../../runtime/time/clock.ts';
import { noTracer, type Tracer } from '../../runtime/trace.ts';
import type { CallKind } from '../limits.ts';
import type { ScheduledRequest } from '../requests/request.ts';
import type { RequestScheduler } from '../requests/request-scheduler.ts';
import type { ArmAccess } from './arm-access.ts';
import { AzureError } from './errors.ts';

/**
 * On whose behalf a call is made and how it may wait. `patienceMs`: a caller that holds something that others need does not wait out a
 * long 429. `isStale` is asked of writes only.
 */
export type CallContext = Pick<
  ScheduledRequest,
  'priority' | 'patienceMs' | 'turn' | 'waits' | 'isStale' | 'signal'
>;

/**
 * For a call that several callers may wait for: it has the same class and turn, but does not end when one of them
 * gives up, and none of them is reported as waiting.
 */
export function sharedContext(
  { priority, patienceMs, turn }: CallContext,
  signal?: AbortSignal,
): CallContext {
  return { priority, patienceMs, turn, signal };
}

export interface ArmCallsOptions {
  readonly access: ArmAccess;
  readonly scheduler: RequestScheduler;
  readonly clock: Clock;
  readonly tenantId: string;
  /** Name of the caller for the request scheduler. */
  readonly credential: string;
  /** Called for each write that Azure took, so that Azure's own announcement of it is recognised as azid's. */
  readonly onWritten?: ((correlationId: string, id: string) => void) | undefined;
  readonly tracer?: Tracer | undefined;
}

/** What the request scheduler needs to know of a call. */
interface ArmCall {
  readonly kind: CallKind;
  /** Resource provider namespace. */
  readonly provider: string;
  /** Absent at tenant and management-group scope. */
  readonly subscriptionId?: string | undefined;
  /** Where the provider counts per resource. */
  readonly resourceId?: string;
  /** Calls of one key never run at the same time. */
  readonly exclusive?: string;
}

export interface Answer<T> {
  readonly value: T;
  /** HTTP status: only it distinguishes 201 and 204 from 200. */
  readonly status: number;
  readonly correlationId?: string;
  /** Monotonic ms at which the request began, after its wait in the rate-limit scope. */
  readonly requestedAt: number;
}

/** What each SDK call must be given. */
export interface SendOptions {
  readonly abortSignal: AbortSignal;
  readonly onResponse: (response: {
    readonly status: number;
    readonly headers: { get(name: string): string | undefined };
    readonly request?: { readonly url: string };
  }) => void;
}

/** Gets all that calls of one kind saw and did, so that no caller can forget to hand it to the cache. Ids in any spelling. */
export interface AzureObserver<T> {
  /** @param requestedAt monotonic ms at which the request began */
  recordGet(id: string, found: T | undefined, requestedAt: number): void;
  recordWrite(resource: T): void;
  recordDelete(id: string): void;
  /** A write whose effect is unknown, or comes only with the end of its operation. */
  recordWriteAttempt(id: string): void;
}

export class ArmCalls {
  readonly #options: ArmCallsOptions;

  constructor(options: ArmCallsOptions) {
    this.#options = options;
  }

  /** Throws only `AzureError`; `onStart` is called when the request begins, also of one that fails. */
  run<T>(
    call: ArmCall,
    context: CallContext,
    send: (options: SendOptions) => Promise<T>,
    onStart?: (requestedAt: number) => void,
  ): Promise<Answer<T>> {
    const { access, scheduler, clock, onWritten, tracer = noTracer } = this.#options;
    const { signal } = context;
    const write = isWrite(call);
    const askedAt = clock.monotonic();
    // The end of another call starts it: without `bind` it would be a part of that call's span.
    const start = tracer.bind(() => {
      if (clock.monotonic() > askedAt)
        tracer.passed('wait for the rate limit', askedAt, {
          'azid.call': call.kind,
          'azid.priority': context.priority,
        });
      return access.call({ write, signal }, async (abortSignal) => {
        let status = 0;
        let correlationId: string | undefined;
        let url: string | undefined;
        const requestedAt = clock.monotonic();
        onStart?.(requestedAt);
        const value = await send({
          abortSignal,
          onResponse: (response) => {
            status = response.status;
            correlationId = response.headers.get('x-ms-correlation-request-id');
            url = response.request?.url;
          },
        });
        if (write && correlationId !== undefined && url !== undefined)
          onWritten?.(correlationId, decodeURIComponent(new URL(url).pathname));
        return { value, status, requestedAt, ...(correlationId !== undefined && { correlationId }) };
      });
    });
    return scheduler.run(this.#requestOf(call, context), start);
  }

  /** See `RequestScheduler.takePlace`. */
  takePlace(call: ArmCall, context: CallContext): Promise<void> {
    return this.#options.scheduler.takePlace(this.#requestOf(call, context));
  }

  #requestOf(call: ArmCall, context: CallContext): ScheduledRequest {
    const { tenantId, credential } = this.#options;
    const { priority, patienceMs, turn, waits, isStale, signal } = context;
    const { subscriptionId, ...rest } = call;
    return {
      tenantId,
      credential,
      priority,
      patienceMs,
      turn,
      waits,
      ...(isWrite(call) && { isStale }),
      signal,
      ...rest,
      ...(subscriptionId && { subscriptionId }),
    };
  }

  /** Monotonic ms now: for what is noted before a request began. */
  now(): number {
    return this.#options.clock.monotonic();
  }
}

const isWrite = ({ kind }: ArmCall) => kind === 'write' || kind === 'delete';

/** Whether a write may have acted although it failed. */
export function isAmbiguous(thrown: unknown): boolean {
  return thrown instanceof AzureError && thrown.ambiguous;
}

/** The part of an answer that callers hand on. */
export function correlationOf({ correlationId }: { readonly correlationId?: string }): {
  readonly correlationId?: string;
} {
  return correlationId === undefined ? {} : { correlationId };
}
