/** Traces, where they are switched on: only then is OpenTelemetry loaded at all. */
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Tracer } from '../../runtime/trace.ts';

export interface TraceSettings {
  /** `http://collector:4318/v1/traces` */
  readonly url: string;
  /** The share of traces that are recorded, above 0 and up to 1. */
  readonly ratio: number;
}

export interface TraceFlags {
  /** From its flag or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. */
  readonly traceEndpoint?: string;
  /** From its flag or `OTEL_TRACES_SAMPLER_ARG`. */
  readonly traceRatio: number;
}

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
  /** Sends what is left, if a collector takes it within the time; never rejects. */
  stop(): Promise<void>;
}

export async function startTraces(options: TracesOptions): Promise<Traces> {
  const { openTelemetry } = await import('./open-telemetry.ts');
  const { url, ratio } = options.settings;
  // Not the whole URL, in which there may be a password.
  options.log.info({ endpoint: new URL(url).origin, ratio }, 'traces are recorded');
  return openTelemetry(options);
}

/** opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables */
const SAMPLERS: Readonly<Record<string, (ratio: number) => number>> = {
  always_on: () => 1,
  always_off: () => 0,
  traceidratio: (ratio) => ratio,
  parentbased_always_on: () => 1,
  parentbased_always_off: () => 0,
  parentbased_traceidratio: (ratio) => ratio,
};

/** Whether traces are sent, where to, and how many: the variables that OpenTelemetry's specification names for it. Pure. */
export function traceSettings(flags: TraceFlags, env: NodeJS.ProcessEnv): TraceSettings | undefined {
  const url = flags.traceEndpoint ?? tracesBelow(env.OTEL_EXPORTER_OTLP_ENDPOINT);
  if (url === undefined || env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return undefined;
  if (env.OTEL_TRACES_EXPORTER === 'none') return undefined;
  checkOneOf('OTEL_TRACES_EXPORTER', env.OTEL_TRACES_EXPORTER, ['otlp', 'none']);
  for (const name of ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'])
    checkOneOf(name, env[name], ['http/protobuf']);
  checkOneOf('OTEL_TRACES_SAMPLER', env.OTEL_TRACES_SAMPLER, Object.keys(SAMPLERS));
  const ratio = SAMPLERS[env.OTEL_TRACES_SAMPLER || 'parentbased_traceidratio']?.(flags.traceRatio) ?? 0;
  return ratio === 0 ? undefined : { url, ratio };
}

/** The variable for all signals is a base; that for traces is taken as it is. */
function tracesBelow(base: string | undefined): string | undefined {
  if (!base) return undefined;
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Error(
      'OTEL_EXPORTER_OTLP_ENDPOINT: expected an http or https URL such as http://collector:4318',
    );
  return `${base.replace(/\/+$/, '')}/v1/traces`;
}

function checkOneOf(name: string, value: string | undefined, known: readonly string[]): void {
  if (!value || known.includes(value)) return;
  throw new Error(
    `${name}: expected ${known.join(' or ')}, got ${JSON.stringify(value)}; set it to one of these for azid, or turn its traces off by OTEL_TRACES_EXPORTER=none`,
  );
}
