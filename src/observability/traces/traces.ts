/** Traces, where somebody wants them: only then is OpenTelemetry loaded at all. */
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Tracer } from '../../runtime/trace.ts';
import type { TraceSettings } from './settings.ts';

export interface TracesOptions {
  readonly settings: TraceSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Of this process: as in its Lease. */
  readonly instance: string;
  readonly namespace: string;
  /** How long a span may wait for others to be sent with it. Default 5 s. */
  readonly batchMs?: number;
}

export interface Traces {
  readonly tracer: Tracer;
  /** Sends what is left, if somebody takes it within the time; never rejects. */
  stop(): Promise<void>;
}

export async function startTraces(options: TracesOptions): Promise<Traces> {
  const { openTelemetry } = await import('./open-telemetry.ts');
  const { url, ratio } = options.settings;
  // Not the whole URL, in which there may be a password.
  options.log.info({ endpoint: new URL(url).origin, ratio }, 'traces are recorded');
  return openTelemetry(options);
}
