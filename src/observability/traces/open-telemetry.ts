/** OpenTelemetry's SDK, put together for azid: nothing of it is global, all of it is bounded, and a collector that is gone costs some memory and no time. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { sleep } from '../../runtime/time/clock.ts';
import { BoundedProcessor, ReportedExporter } from './exporting.ts';
import { SpanTracer } from './span-tracer.ts';
import type { Traces, TracesOptions } from './traces.ts';

/** OpenTelemetry's own figures. A span is about a kilobyte: what no collector takes is 2 MiB, then the newest are dropped. */
const QUEUED_SPANS = 2_048;
const BATCH_SPANS = 512;
const BATCH_MS = 5_000;
/** For one batch, what is tried again included. */
const EXPORT_LIMIT_MS = 10_000;
/** Of the 45 s that a pod has to end, after reconciles, Events and the Lease. */
const STOP_LIMIT_MS = 2_000;
/** More of one span is not read; a name of Kubernetes has 253 characters. */
const SPAN_LIMITS = { attributeCountLimit: 32, attributeValueLengthLimit: 256, eventCountLimit: 64 };

export function openTelemetry(options: TracesOptions): Traces {
  const { clock, log, settings, version, batchMs = BATCH_MS } = options;
  // Headers, certificates and compression it takes from the variables of the specification.
  const exporter = new ReportedExporter(
    new OTLPTraceExporter({
      url: settings.url,
      timeoutMillis: EXPORT_LIMIT_MS,
      userAgent: `azid/${version}`,
    }),
    { clock, log },
  );
  const provider = new TracerProvider({
    resource: resourceOf(options),
    // No trace comes from outside, so a parent is always azid's own.
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(settings.ratio) }),
    spanLimits: SPAN_LIMITS,
    spanProcessors: [
      new BoundedProcessor({
        exporter,
        limit: QUEUED_SPANS,
        batchSize: BATCH_SPANS,
        batchMs,
        exportLimitMs: EXPORT_LIMIT_MS,
        onDropped: () => exporter.dropped(),
      }),
    ],
  });
  return {
    tracer: new SpanTracer(provider.getTracer('azid', version), clock),
    async stop() {
      const over = new AbortController();
      const flushed = provider.shutdown().catch(() => {}); // The exporter has reported it.
      await Promise.race([flushed, sleep(clock, STOP_LIMIT_MS, over.signal).catch(() => {})]);
      over.abort();
    },
  };
}

/** What people set by `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` goes before azid's own. */
function resourceOf({ version, instance, namespace }: TracesOptions) {
  const own = resourceFromAttributes({
    'service.name': 'azid',
    'service.version': version,
    'service.instance.id': instance,
    'k8s.namespace.name': namespace,
  });
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }));
}
