import { type Context, TraceFlags } from '@opentelemetry/api';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type Span,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';

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

/** Sends spans in batches. What waits is counted here: OpenTelemetry's own processor has the same bound, and drops what is more without anybody knowing. */
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
