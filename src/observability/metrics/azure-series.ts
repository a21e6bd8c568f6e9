import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { PRIORITIES, type Priority } from '../../runtime/outcome.ts';
import { LONG_SECONDS } from './series.ts';

/** What is counted of calls to Azure; names and labels as Azure Service Operator has them (docs/reference/metrics.md). */
export interface AzureMetrics {
  /** One call. `responseCode` is undefined when no answer came. 4xx and 5xx count as failed. */
  request(call: {
    /** Resource type, e.g. `Microsoft.ManagedIdentity/userAssignedIdentities`. */
    readonly resource: string;
    /** HTTP method. */
    readonly requestType: string;
    readonly responseCode: number | undefined;
    readonly seconds: number;
  }): void;
  /** The answer's headers; those that are no `x-ms-ratelimit-remaining-*` are passed over. */
  remaining(subscriptionId: string, headers: Iterable<readonly [name: string, value: string]>): void;
  /** A call was let through after waiting in its rate-limit scope. */
  waited(seconds: number, labels: { readonly kind: string; readonly priority: Priority }): void;
  /** A call needed a token and got none, so it was not made. */
  signInFailed(): void;
  /** Azure answered 429: the rate-limit scope waits this long. */
  throttled(seconds: number, labels: { readonly subscriptionId: string; readonly kind: string }): void;
}

/** Of calls, by which Azure's limits are counted. */
export const CALL_KINDS: readonly string[] = ['read', 'list', 'write', 'delete'];

/** The types azid calls and by which methods, so that their series start at zero. */
export type AzureResources = Readonly<Record<string, readonly string[]>>;

export function azureSeries(registry: Registry, resources: AzureResources = {}): AzureMetrics {
  const registers = [registry];
  const callLabels = ['resource', 'requestType', 'responseCode'] as const;
  const successful = new Counter({
    name: 'azure_successful_requests_total',
    help: 'Calls to Azure that succeeded.',
    registers,
    labelNames: callLabels,
  });
  const failed = new Counter({
    name: 'azure_failed_requests_total',
    help: 'Calls to Azure that failed; responseCode "none" when no answer came.',
    registers,
    labelNames: callLabels,
  });
  const signIns = new Counter({
    name: 'azid_azure_sign_in_failures_total',
    help: 'Tokens that Entra refused or did not send. Their calls were not made, so they stand in no other series.',
    registers,
  });
  const time = new Histogram({
    name: 'azure_requests_time_seconds',
    help: 'How long calls to Azure took, waiting in the request scheduler not included.',
    registers,
    labelNames: ['resource', 'requestType'],
    buckets: [...LONG_SECONDS],
  });
  const remaining = new Gauge({
    name: 'azure_ratelimit_remaining',
    help: 'Calls left in a bucket of Azure, from the last x-ms-ratelimit-remaining header.',
    registers,
    labelNames: ['subscription', 'bucket'],
  });
  const throttled = new Counter({
    name: 'azure_throttled_seconds_total',
    help: 'Seconds that Azure asked azid to wait (429).',
    registers,
    labelNames: ['subscription', 'kind'],
  });
  const waits = new Histogram({
    name: 'azid_azure_wait_seconds',
    help: 'How long calls waited in the request scheduler.',
    registers,
    labelNames: ['kind', 'priority'],
    buckets: [...LONG_SECONDS],
  });
  for (const kind of CALL_KINDS) for (const priority of PRIORITIES) waits.zero({ kind, priority });
  for (const [resource, methods] of Object.entries(resources)) {
    for (const requestType of methods) {
      successful.inc({ resource, requestType, responseCode: '200' }, 0);
      failed.inc({ resource, requestType, responseCode: '429' }, 0);
      time.zero({ resource, requestType });
    }
  }

  return {
    request({ resource, requestType, responseCode, seconds }) {
      const labels = { resource, requestType, responseCode: String(responseCode ?? 'none') };
      (responseCode !== undefined && responseCode < 400 ? successful : failed).inc(labels);
      time.observe({ resource, requestType }, seconds);
    },
    remaining(subscription, headers) {
      for (const [bucket, left] of bucketsLeft(headers)) remaining.set({ subscription, bucket }, left);
    },
    signInFailed: () => signIns.inc(),
    waited: (seconds, { kind, priority }) => waits.observe({ kind, priority }, seconds),
    throttled: (seconds, { subscriptionId, kind }) =>
      throttled.inc({ subscription: subscriptionId, kind }, seconds),
  };
}

const PREFIX = 'x-ms-ratelimit-remaining-';
/** A bucket's name becomes a label: only names of this form, so that no answer can fill the registry with junk. */
const BUCKET = /^[A-Za-z][A-Za-z0-9./-]{0,99}$/;

/**
 * What the rate-limit headers say: a plain count (`-subscription-reads: 249`), or for compute a list of policies
 * (`-resource: Microsoft.Compute/GetVM30Min;11937,Microsoft.Compute/PutVM3Min;238`).
 */
export function* bucketsLeft(
  headers: Iterable<readonly [name: string, value: string]>,
): Generator<[bucket: string, left: number]> {
  for (const [name, value] of headers) {
    if (!name.toLowerCase().startsWith(PREFIX)) continue;
    const suffix = name.slice(PREFIX.length).toLowerCase();
    for (const part of value.split(',')) {
      const [bucket, count] = part.includes(';') ? part.trim().split(';') : [suffix, part.trim()];
      if (bucket && BUCKET.test(bucket) && count && /^\d+$/.test(count)) yield [bucket, Number(count)];
    }
  }
}
