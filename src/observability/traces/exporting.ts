/** How spans get to a collector: bounded, and with a line in the log where they do not. */
import { type Context, TraceFlags } from '@opentelemetry/api';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type Span,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';

interface BoundedOptions {
  readonly exporter: SpanExporter;
  /** How many spans may wait to be sent. */
  readonly limit: number;
  readonly batchSize: number;
  readonly batchMs: number;
  readonly exportLimitMs: number;
  /** Called for each span for which there was no room. */
  readonly onDropped: () => void;
}

/** Sends spans in batches. What waits is counted here: OpenTelemetry's own processor has the same bound, and drops what is more without a report. */
export class BoundedProcessor implements SpanProcessor {
  readonly #batches: BatchSpanProcessor;
  readonly #limit: number;
  readonly #onDropped: () => void;
  #waiting = 0;

  constructor({ exporter, limit, batchSize, batchMs, exportLimitMs, onDropped }: BoundedOptions) {
    this.#limit = limit;
    this.#onDropped = onDropped;
    this.#batches = new BatchSpanProcessor({
      exporter: {
        export: (spans, done) => {
          this.#waiting -= spans.length;
          exporter.export(spans, done);
        },
        forceFlush: async () => exporter.forceFlush?.(),
        shutdown: () => exporter.shutdown(),
      },
      maxQueueSize: limit,
      maxExportBatchSize: batchSize,
      scheduledDelayMillis: batchMs,
      exportTimeoutMillis: exportLimitMs,
    });
  }

  onStart(span: Span, context: Context): void {
    this.#batches.onStart(span, context);
  }

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.#waiting >= this.#limit) {
      this.#onDropped();
      return;
    }
    this.#waiting++;
    this.#batches.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown();
  }
}

type Done = Parameters<SpanExporter['export']>[1];

/** A collector that is gone is one line a minute, and one when it is back. */
const REPORT_EVERY_MS = 60_000;

/** The exporter, and a line in the log where it fails: OpenTelemetry's own words go nowhere. */
export class ReportedExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #log: Log;
  #lost = 0;
  #reportedAt: number | undefined;
  /** The log says that nothing is delivered. */
  #isReported = false;

  constructor(exporter: SpanExporter, { clock, log }: { clock: Pick<Clock, 'monotonic'>; log: Log }) {
    this.#exporter = exporter;
    this.#clock = clock;
    this.#log = log;
  }

  export(spans: ReadableSpan[], done: Done): void {
    this.#exporter.export(spans, (result) => {
      if (result.error === undefined && result.code === 0) this.#delivered();
      else this.#failed(spans.length, result.error);
      done(result);
    });
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  /** Spans for which there was no room: they came nowhere near the collector. */
  dropped(): void {
    this.#lost++;
    this.#report();
  }

  #failed(count: number, error: Error | undefined): void {
    this.#lost += count;
    if (this.#report(error)) this.#isReported = true;
  }

  #delivered(): void {
    // What fails now and then has a line a minute, not two for each time.
    if (!this.#isReported) return;
    this.#isReported = false;
    this.#log.info({ count: this.#lost }, 'spans of traces are delivered again');
    this.#lost = 0;
  }

  #report(error?: Error): boolean {
    const now = this.#clock.monotonic();
    if (this.#reportedAt !== undefined && now - this.#reportedAt < REPORT_EVERY_MS) return false;
    this.#reportedAt = now;
    this.#log.warn({ count: this.#lost, error }, 'spans of traces could not be delivered and are lost');
    this.#lost = 0;
    return true;
  }
}
