import { describe, expect, it } from 'vitest';
import { type TraceFlags, traceSettings } from './traces.ts';

const BASE = 'http://collector:4318';
const URL_OF_TRACES = `${BASE}/v1/traces`;
const settings = (env: NodeJS.ProcessEnv, flags: Partial<TraceFlags> = {}) =>
  traceSettings({ traceRatio: 1, ...flags }, env);

describe('traces are sent', () => {
  it.each<readonly [what: string, env: NodeJS.ProcessEnv, flags: Partial<TraceFlags>, url: string]>([
    ['below the endpoint of all signals', { OTEL_EXPORTER_OTLP_ENDPOINT: BASE }, {}, URL_OF_TRACES],
    ['below one with a path', { OTEL_EXPORTER_OTLP_ENDPOINT: `${BASE}/otlp/` }, {}, `${BASE}/otlp/v1/traces`],
    [
      'where the flag says',
      { OTEL_EXPORTER_OTLP_ENDPOINT: BASE },
      { traceEndpoint: 'http://x/y' },
      'http://x/y',
    ],
    [
      'in the protocol that is asked for',
      { OTEL_EXPORTER_OTLP_ENDPOINT: BASE, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
      {},
      URL_OF_TRACES,
    ],
  ])('%s', (_, env, flags, url) => {
    expect(settings(env, flags)).toEqual({ url, ratio: 1 });
  });

  it.each<readonly [sampler: string, given: number, ratio: number]>([
    ['traceidratio', 0.25, 0.25],
    ['parentbased_traceidratio', 0.25, 0.25],
    ['always_on', 0.25, 1],
    ['parentbased_always_on', 0.25, 1],
    ['', 0.25, 0.25],
  ])('by the sampler %j with %d: a share of %d', (sampler, traceRatio, ratio) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: BASE, OTEL_TRACES_SAMPLER: sampler };
    expect(settings(env, { traceRatio })).toEqual({ url: URL_OF_TRACES, ratio });
  });
});

describe('no traces are sent', () => {
  it.each<readonly [what: string, env: NodeJS.ProcessEnv, ratio: number]>([
    ['by default', {}, 1],
    ['with an empty variable', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, 1],
    ['where OpenTelemetry is off', { OTEL_EXPORTER_OTLP_ENDPOINT: BASE, OTEL_SDK_DISABLED: 'true' }, 1],
    ['where traces are off', { OTEL_EXPORTER_OTLP_ENDPOINT: BASE, OTEL_TRACES_EXPORTER: 'none' }, 1],
    [
      'where none is to be recorded',
      { OTEL_EXPORTER_OTLP_ENDPOINT: BASE, OTEL_TRACES_SAMPLER: 'always_off' },
      1,
    ],
    ['with a share of 0', { OTEL_EXPORTER_OTLP_ENDPOINT: BASE }, 0],
    ['though another exporter is named, without an endpoint', { OTEL_TRACES_EXPORTER: 'zipkin' }, 1],
  ])('%s', (_, env, traceRatio) => {
    expect(settings(env, { traceRatio })).toBeUndefined();
  });
});

describe('is refused', () => {
  it.each<readonly [env: NodeJS.ProcessEnv, message: string]>([
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      'OTEL_EXPORTER_OTLP_PROTOCOL: expected http/protobuf, got "grpc"',
    ],
    [
      { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' },
      'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: expected http/protobuf',
    ],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER: expected otlp or none, got "zipkin"'],
    [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, 'OTEL_TRACES_SAMPLER: expected always_on or always_off or'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' },
      'OTEL_EXPORTER_OTLP_ENDPOINT: expected an http or https URL',
    ],
  ])('%j', (env, message) => {
    expect(() => settings({ OTEL_EXPORTER_OTLP_ENDPOINT: BASE, ...env })).toThrow(message);
  });
});
