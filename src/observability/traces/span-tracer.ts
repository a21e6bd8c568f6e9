import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  type Attributes as OtelAttributes,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Attributes, Span, SpanOptions, Tracer } from '../../runtime/trace.ts';

const KINDS = { client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const;

/**
 * Spans by OpenTelemetry, with an own store of what is under way: its global one would be shared by all operators of a process, and by whatever else
 * is loaded there. Times are those of the clock passed in; how long something took goes by the monotonic one.
 */
export class SpanTracer implements Tracer {
  readonly #tracer: OtelTracer;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #under = new AsyncLocalStorage<OpenSpan | undefined>();

  constructor(tracer: OtelTracer, clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#tracer = tracer;
    this.#clock = clock;
  }

  async run<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const { kind, attributes = {}, isRoot = false } = options;
    const parent = isRoot ? undefined : this.#parent;
    const startedAt = this.#clock.now();
    const span = new OpenSpan(
      this.#tracer.startSpan(
        name,
        { kind: kind ? KINDS[kind] : SpanKind.INTERNAL, attributes: given(attributes), startTime: startedAt },
        contextOf(parent),
      ),
    );
    const since = this.#clock.monotonic();
    try {
      return await this.#under.run(span, () => work(span));
    } catch (error) {
      span.fail(typeOf(error));
      throw error;
    } finally {
      span.end(startedAt + this.#clock.monotonic() - since);
    }
  }

  passed(name: string, sinceMs: number, attributes: Attributes): void {
    const parent = this.#parent;
    if (!parent) return;
    const [now, tookMs] = [this.#clock.now(), this.#clock.monotonic() - sinceMs];
    this.#tracer
      .startSpan(name, { attributes: given(attributes), startTime: now - tookMs }, contextOf(parent))
      .end(now);
  }

  event(name: string, attributes: Attributes): void {
    this.#parent?.span.addEvent(name, given(attributes), this.#clock.now());
  }

  bind<A extends readonly unknown[], R>(work: (...args: A) => R): (...args: A) => R {
    const span = this.#under.getStore();
    // Where nothing is under way the caller's may not be taken for it either.
    return (...args) => this.#under.run(span, () => work(...args));
  }

  /** What has ended has no more parts: work that it left behind, a timer say, begins a trace of its own. */
  get #parent(): OpenSpan | undefined {
    const span = this.#under.getStore();
    return span?.hasEnded ? undefined : span;
  }
}

class OpenSpan implements Span {
  readonly span: OtelSpan;
  hasEnded = false;
  #hasFailed = false;

  constructor(span: OtelSpan) {
    this.span = span;
  }

  set(attributes: Attributes): void {
    this.span.setAttributes(given(attributes));
  }

  /** The first one counts: it is nearest to the cause. */
  fail(type: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.span.setAttribute('error.type', type);
    this.span.setStatus({ code: SpanStatusCode.ERROR });
  }

  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.span.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }

  end(at: number): void {
    this.hasEnded = true;
    this.span.end(at);
  }
}

function contextOf(parent: OpenSpan | undefined): Context {
  return parent ? trace.setSpan(ROOT_CONTEXT, parent.span) : ROOT_CONTEXT;
}

function given(attributes: Attributes): OtelAttributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== undefined),
  ) as OtelAttributes;
}

/** A word: messages may hold texts that azid did not write. */
function typeOf(error: unknown): string {
  const { code, reason, name } = (error ?? {}) as { code?: unknown; reason?: unknown; name?: unknown };
  const word = [code, reason, name].find((each) => typeof each === 'string' && /^[\w.-]{1,64}$/.test(each));
  return typeof word === 'string' ? word : 'Error';
}
