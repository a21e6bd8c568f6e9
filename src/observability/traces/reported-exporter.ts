import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';

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
