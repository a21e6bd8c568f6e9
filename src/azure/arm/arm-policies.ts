/** What every request to Resource Manager passes, whichever client makes it. */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';
import type { Clock } from '../../runtime/time/clock.ts';
import { CallRefused } from './errors.ts';

/** A request as outsiders may see it: without headers, so without the token. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: string;
}

/** Stands around each request at the wire: the crash harness kills before or after it. Must call `next` or throw. */
export type Intercept = (
  request: SeenRequest,
  next: () => Promise<PipelineResponse>,
) => Promise<PipelineResponse>;

/** Asked right before each write leaves; throws if azid may not write any more (not the leader). */
export type BeforeWrite = (request: SeenRequest) => void | Promise<void>;

export interface ArmMetrics {
  /** `status` is 0 when no answer came. `resource`: lower-cased type, e.g. `microsoft.managedidentity/userassignedidentities`. */
  request(seconds: number, labels: { resource: string; method: string; status: number }): void;
  /** What Azure says is left: `bucket` is the rest of the header's name, e.g. `subscription-reads`. */
  remaining(value: number, labels: { bucket: string; subscriptionId: string }): void;
}

/** POSTs that change nothing: a question that is too long for a path, or one that Azure made an action of. */
const ASKED_BY_POST =
  /\/(?:userAssignedIdentities\/[^/]+\/listAssociatedResources|providers\/Microsoft\.ResourceGraph\/resources|directoryObjects\/getByIds)\/?$/i;

export function isWrite({ method, url }: Pick<SeenRequest, 'method' | 'url'>): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return !(method === 'POST' && URL.canParse(url) && ASKED_BY_POST.test(new URL(url).pathname));
}

/**
 * Refuses a URL that is not of the configured endpoint, before a token is fetched for it: SDKs follow `nextLink` and
 * operation URLs whatever their host (docs/azure-facts.md section 15).
 */
export function sameOriginPolicy(armEndpoint: string): PipelinePolicy {
  const { origin } = new URL(armEndpoint);
  return {
    name: 'azidSameOrigin',
    sendRequest(request, next) {
      const got = URL.canParse(request.url) ? new URL(request.url).origin : 'no URL';
      if (got !== origin)
        throw new CallRefused(
          'ForeignOrigin',
          `expected a link to ${origin}, got one to ${got}; nothing was sent`,
        );
      return next(request);
    },
  };
}

interface WireOptions {
  readonly clock: Clock;
  readonly intercept?: Intercept | undefined;
  readonly beforeWrite?: BeforeWrite | undefined;
  readonly metrics?: ArmMetrics | undefined;
  /** Called when the request of this signal's call is sent. */
  readonly onSend: (signal: AbortSignal) => void;
}

/** Sits next to the wire, behind the token, which may take seconds: whether azid may still write is asked here. */
export function wirePolicy(options: WireOptions): PipelinePolicy {
  const { clock, intercept, beforeWrite, metrics, onSend } = options;
  return {
    name: 'azidWire',
    async sendRequest(request, next) {
      const seen = describe(request);
      if (isWrite(seen) && beforeWrite) await guard(beforeWrite, seen);
      const send = () => {
        const signal = request.abortSignal;
        if (signal instanceof AbortSignal) {
          // The caller stopped waiting while the token was fetched: nothing must leave behind its back.
          signal.throwIfAborted();
          onSend(signal);
        }
        return next(request);
      };
      const started = clock.monotonic();
      let status = 0;
      try {
        const response = intercept ? await intercept(seen, send) : await send();
        status = response.status;
        if (metrics) recordRemaining(metrics, response, request.url);
        return response;
      } finally {
        const seconds = (clock.monotonic() - started) / 1000;
        metrics?.request(seconds, { resource: resourceType(request.url), method: request.method, status });
      }
    },
  };
}

async function guard(beforeWrite: BeforeWrite, seen: SeenRequest): Promise<void> {
  try {
    await beforeWrite(seen);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CallRefused('WriteRefused', `a write was refused before it was sent: ${why}`, error);
  }
}

function describe(request: PipelineRequest): SeenRequest {
  return {
    method: request.method,
    url: request.url,
    ...(typeof request.body === 'string' && { body: request.body }),
  };
}

const REMAINING = 'x-ms-ratelimit-remaining-';

function recordRemaining(metrics: ArmMetrics, response: PipelineResponse, url: string): void {
  const subscriptionId = /\/subscriptions\/([^/?]+)/i.exec(url)?.[1]?.toLowerCase() ?? '';
  for (const [name, value] of response.headers) {
    const left = Number(value);
    if (name.toLowerCase().startsWith(REMAINING) && Number.isFinite(left))
      metrics.remaining(left, { bucket: name.slice(REMAINING.length).toLowerCase(), subscriptionId });
  }
}

/** The type in the path, names left out: a label must not grow with the number of resources. */
function resourceType(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname.toLowerCase() : '';
  const provider = path.lastIndexOf('/providers/');
  if (provider < 0) return path.includes('/resourcegroups') ? 'resourcegroups' : 'subscriptions';
  const [namespace, ...rest] = path.slice(provider + '/providers/'.length).split('/');
  return [namespace, ...rest.filter((_, index) => index % 2 === 0)].join('/');
}
