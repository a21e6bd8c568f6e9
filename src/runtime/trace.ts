/**
 * What every module may know about traces. `src/observability/traces/` makes a tracer with OpenTelemetry; modules that have something to show take one and
 * need not know whether traces are recorded.
 */

/** Never a token, a header, a payload, or a text that azid did not write. Undefined ones are left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanOptions {
  readonly attributes?: Attributes;
  /** `client`: a call to another system; `consumer`: something that another system sent. Default: work of azid's own. */
  readonly kind?: 'client' | 'consumer';
  /** Begins a trace of its own, also while another span is open: the work is no part of that. */
  readonly isRoot?: boolean;
}

/** A stretch of work. */
export interface Span {
  set(attributes: Attributes): void;
  /** It did not do what it was for. @param type a word that can be counted, not a message */
  fail(type: string): void;
  /** For the system that is called: W3C Trace Context. Absent where nothing is traced. */
  readonly traceparent?: string;
}

export interface Tracer {
  /** What is done meanwhile, in this span and below it, is a part of it. What it throws ends the span as failed. */
  run<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
  /** A part of the span under way that has passed. @param sinceMs monotonic ms */
  passed(name: string, sinceMs: number, attributes: Attributes): void;
  /** A moment in the span under way. */
  event(name: string, attributes: Attributes): void;
  /** Called later, from another span or none, `work` belongs to the span that is under way now. */
  bind<A extends readonly unknown[], R>(work: (...args: A) => R): (...args: A) => R;
}

const noSpan: Span = { set: () => {}, fail: () => {} };

/** Costs a call. */
export const noTracer: Tracer = {
  run: (_, __, work) => work(noSpan),
  passed: () => {},
  event: () => {},
  bind: (work) => work,
};
